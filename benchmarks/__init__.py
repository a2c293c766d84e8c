"""Measurements against peers: recall beside speed, both sides timed in the same run."""
