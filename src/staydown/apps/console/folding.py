"""A wave of uploads of one picture on one page: the newest few one by one, all before them as one row with one box."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable
from typing import Final

from staydown.apps.cases.models import Item

NEWEST: Final = 10  # uploads of one picture that stand in rows of their own
UP_TO: Final = "up-to-"  # before an item's id: that upload and all before it


class Uploads:
    """Uploads in groups, each of those that a person would decide about alike."""

    def __init__(self, grouped: Iterable[tuple[Hashable, Item]]) -> None:
        """``grouped``: each upload with what its group has in common, the oldest first."""
        groups: dict[Hashable, list[Item]] = defaultdict(list)
        self._places: dict[str, tuple[list[Item], int]] = {}
        for key, item in grouped:
            groups[key].append(item)
            self._places[str(item.public_id)] = groups[key], len(groups[key])
        #: What is folded, by the key of the newest in each fold. One upload alone is no shorter as a fold.
        self.folds = {group[-NEWEST - 1].pk: group[:-NEWEST] for group in groups.values() if len(group) > NEWEST + 1}

    def up_to(self, public_id: str) -> list[Item]:
        """That upload and all before it in its group. What came after the page was made is never among them."""
        group, place = self._places.get(public_id, ([], 0))
        return group[:place]
