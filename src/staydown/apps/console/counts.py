"""Numbers in words."""

from __future__ import annotations

from collections.abc import Iterable

from staydown.apps.cases.models import Item


def things(items: Iterable[Item]) -> int:
    """How many things ``items`` are: a link that several reports name is one."""
    return len({thing(item) for item in items})


def thing(item: Item) -> str | int:
    """What an item is one of: its link, which other items may be too, or itself."""
    return item.url or item.pk


def spoken(number: int, thing: str, things: str = "") -> str:
    """``1 link``, ``1,000 links``."""
    return f"{number:,} {thing if number == 1 else things or thing + 's'}"


def listed(parts: Iterable[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    found = list(parts)
    return found[0] if len(found) == 1 else f"{', '.join(found[:-1])} and {found[-1]}" if found else ""
