"""Hasher-Matcher-Actioner's HTTP API, answered by a screening node."""
