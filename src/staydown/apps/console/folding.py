"""Items that are decided about alike as one row with one box.

A wave of uploads of one picture: the newest few stand one by one, all before them are one row. A link that several
reports name is one row from the second report on.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable
from typing import Final

from staydown.apps.cases.models import Item

NEWEST: Final = 10  # uploads of one picture that stand in rows of their own
UP_TO: Final = "up-to-"  # before an item's id: that item and all before it in its group


class Folds:
    """Items in groups, each of those that a person would decide about alike."""

    def __init__(self, grouped: Iterable[tuple[Hashable, Item]]) -> None:
        """``grouped``: each item with what its group has in common, the oldest first."""
        groups: dict[Hashable, list[Item]] = defaultdict(list)
        self._places: dict[str, tuple[list[Item], int]] = {}
        for key, item in grouped:
            groups[key].append(item)
            self._places[str(item.public_id)] = groups[key], len(groups[key])
        folded = (group[: len(group) - _apart(group)] for group in groups.values())
        #: What is folded, by the key of the newest in each fold. One item alone is no shorter as a fold.
        self.folds = {fold[-1].pk: fold for fold in folded if len(fold) > 1}

    def up_to(self, public_id: str) -> list[Item]:
        """That item and all before it in its group. What came after the page was made is never among them."""
        group, place = self._places.get(public_id, ([], 0))
        return group[:place]


def _apart(group: list[Item]) -> int:
    """How many of a group, its newest, stand in rows of their own: uploads differ in what a preview shows."""
    return NEWEST if group[0].kind == Item.Kind.CONTENT else 0
