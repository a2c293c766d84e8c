"""Numbers in words."""

from __future__ import annotations

from collections.abc import Iterable


def spoken(number: int, thing: str, things: str = "") -> str:
    """``1 link``, ``1,000 links``."""
    return f"{number:,} {thing if number == 1 else things or thing + 's'}"


def listed(parts: Iterable[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    found = list(parts)
    return found[0] if len(found) == 1 else f"{', '.join(found[:-1])} and {found[-1]}" if found else ""
