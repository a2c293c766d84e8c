"""The tests; folders mirror src/staydown."""
