"""A hash and entries in, matches out."""
