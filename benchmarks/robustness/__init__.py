"""Which altered copies are still found: `make bench-robustness`."""
