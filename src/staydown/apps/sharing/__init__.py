"""Webhooks out: what happened is told to the platform, again and again until it is heard."""
