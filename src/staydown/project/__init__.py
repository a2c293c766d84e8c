"""The composition root: settings, addresses, and how the parts run together."""
