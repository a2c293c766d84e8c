"""What every page shares: the base template, the look, the parts of a page and its security headers."""
