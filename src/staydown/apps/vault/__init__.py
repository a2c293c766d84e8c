"""Fields that are sealed in their row with a key from outside the database."""
