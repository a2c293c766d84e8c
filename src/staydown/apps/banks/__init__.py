"""Banks of entries, and the signed feed that is the only way hashes leave them."""
