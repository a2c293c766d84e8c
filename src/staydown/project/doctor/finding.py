"""What the doctor found: one sentence, and what to do about it."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Level(enum.StrEnum):
    """How bad it is."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. ``code`` is stable; ``do`` is empty when there is nothing to do."""

    code: str
    level: Level
    says: str
    do: str = ""


def ok(code: str, says: str) -> Finding:
    """All is well."""
    return Finding(code, Level.OK, says)


def warn(code: str, says: str, do: str) -> Finding:
    """It works, but somebody should look at it."""
    return Finding(code, Level.WARN, says, do)


def fail(code: str, says: str, do: str) -> Finding:
    """Unsafe, or broken."""
    return Finding(code, Level.FAIL, says, do)
