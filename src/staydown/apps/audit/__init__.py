"""The append-only log: one line for every change, in the change's own transaction."""
