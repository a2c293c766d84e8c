"""What the programs that a test starts are given."""

from __future__ import annotations

import os


def clean() -> dict[str, str]:
    """The environment without what the tests themselves run under."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("STAYDOWN_", "DJANGO_"))}
