"""The REST API: parses, calls an action, serialises. Owns no rows and writes none."""
