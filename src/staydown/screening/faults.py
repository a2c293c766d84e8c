"""What the log may say of a fault of our own."""

from __future__ import annotations

import traceback


def trace(error: BaseException) -> str:
    """The kind of ``error`` and the lines of code it passed, without its message, which may quote what was sent."""
    return f"{type(error).__name__}\n{''.join(traceback.format_tb(error.__traceback__))}"
