"""Who keeps an entry. It ends on its own only when nobody keeps it: no report, no import, no source.

The apps above know their own reasons, and banks must not know those apps: each says at start what it keeps.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Final

from staydown.apps.banks.models import Entry

Keeper = Callable[[Collection[int]], set[int]]
"""Which of these entries, by primary key, somebody wants to keep."""

_keepers: Final[dict[str, Keeper]] = {}


def register(name: str, keeper: Keeper) -> None:
    """Have ``keeper`` asked from now on. The same name again: the newer one is asked."""
    _keepers[name] = keeper


def kept(entries: Collection[int]) -> set[int]:
    """Those of ``entries``, by primary key, that somebody keeps. The head of the feed is held, so that it stays so."""
    found: set[int] = set()
    for keeper in (_imported, *_keepers.values()):
        left = set(entries) - found
        if left:
            found |= keeper(left)
    return found


def _imported(entries: Collection[int]) -> set[int]:
    """What an import names outlives its reports and its sources."""
    return set(Entry.objects.filter(pk__in=entries, source__startswith="import").values_list("pk", flat=True))
