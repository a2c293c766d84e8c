"""Staff, their roles, and the keys that other programs sign in with."""
