"""The Django apps: records below, screens above."""
