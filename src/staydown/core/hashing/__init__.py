"""Picture bytes in, hashes out."""
