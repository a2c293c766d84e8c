"""Protocols that partners speak who do not follow the feed."""
