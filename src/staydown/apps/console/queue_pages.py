"""A page of a lane in a few small queries, however long the lane is: by index, and rows only for what is shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.utils.functional import cached_property

from staydown.apps.accounts.models import Staff
from staydown.apps.cases import regimes
from staydown.apps.cases.models import Case, SavedView
from staydown.apps.cases.querysets import CaseQuerySet
from staydown.apps.console import queue_rows

PER_PAGE: Final = 25
MOST_NARROW: Final = 400  # pages of a narrowed lane: each is walked to from the beginning
ONLY: Final = {"overdue": "Overdue", "mine": "Mine", "free": "Nobody’s"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which cases somebody asked for: a lane, and what narrows it."""

    lane: str = "open"
    only: str = ""
    law: str = ""

    @property
    def is_narrowed(self) -> bool:
        """Whether it is less than the whole lane."""
        return bool(self.only or self.law)

    @property
    def query(self) -> str:
        """The same as the query of an address."""
        given = {"lane": self.lane, "only": self.only, "law": self.law}
        return urlencode({name: value for name, value in given.items() if value})

    def cases(self, staff: Staff, now: datetime) -> CaseQuerySet:
        """Those cases, in no order."""
        found: CaseQuerySet = queue_rows.lane(self.lane).order_by()
        if self.only == "overdue":
            found = found.filter(due_at__lt=now)
        elif self.only == "mine":
            found = found.of(staff, now)
        elif self.only == "free":
            found = found.of_nobody(now)
        return found.under(self.law) if self.law else found


@dataclass(frozen=True, slots=True)
class View:
    """A view that somebody saved. It has no count: that would look at every case of the lane."""

    row: SavedView
    wanted: Wanted
    is_stale: bool  # its law binds no longer, so that it would show more than its name says


def views_of(staff: Staff, now: datetime) -> list[View]:
    """The views that this person saved, the oldest first."""
    known = {regime.id for regime in regimes.in_force(now)}
    rows = SavedView.objects.filter(staff=staff)
    return [View(row, Wanted(row.lane, row.only, row.law), bool(row.law) and row.law not in known) for row in rows]


class Rows:
    """The cases of a lane in its order, to be sliced: first the ids by an index, then the rows of that slice.

    What has no deadline comes last; asking for it apart lets both databases walk the index instead of sorting it all.
    With a ``length`` the second half is walked from the end, so that the last page costs as little as the first.
    """

    def __init__(self, found: CaseQuerySet, lane: str, length: int = 0) -> None:
        self._length = length
        self._parts = (
            [found.order_by("-pk")]
            if lane == "done"
            else [
                found.filter(due_at__isnull=False).order_by("due_at", "pk"),
                found.filter(due_at__isnull=True).order_by("pk"),
            ]
        )

    def __getitem__(self, wanted: slice) -> list[Case]:
        start, stop = wanted.start or 0, wanted.stop or 0
        if 2 * start > self._length > 0:
            end = min(stop, self._length)
            backwards = [part.reverse() for part in reversed(self._parts)]
            pks = _walked(backwards, self._length - end, end - start)[::-1]
        else:
            pks = _walked(self._parts, start, stop - start)
        rows = Case.objects.select_related("leased_by", "assigned_to").in_bulk(pks)
        return [rows[pk] for pk in pks]


def _walked(parts: Sequence[CaseQuerySet], start: int, left: int) -> list[int]:
    """The primary keys of so many cases from ``start``, where one part follows the other."""
    pks: list[int] = []
    for number, part in enumerate(parts):
        found = list(part.values_list("pk", flat=True)[start : start + left])
        pks += found
        left -= len(found)
        if left <= 0 or number == len(parts) - 1:
            break
        start = 0 if found else max(0, start - part.count())
    return pks


class LanePages(Paginator):  # type: ignore[type-arg] - of `Rows`, which is no queryset
    """The pages of a whole lane, whose length is known already."""

    def __init__(self, rows: Rows, length: int) -> None:
        super().__init__(rows, PER_PAGE)  # type: ignore[arg-type]
        self.length = length

    @cached_property
    def count(self) -> int:
        """How many cases there are."""
        return self.length


@dataclass(frozen=True, slots=True)
class NarrowPage:
    """A page of a narrowed lane. How many there are is not counted: that would look at every case."""

    object_list: Sequence[Case]
    number: int
    more: bool

    @property
    def is_cut_off(self) -> bool:
        """Whether there are cases after it which no page of this list shows."""
        return self.more and self.number >= MOST_NARROW

    def has_next(self) -> bool:
        """Whether there is a page after it."""
        return self.more and not self.is_cut_off

    def has_previous(self) -> bool:
        """Whether there is a page before it."""
        return self.number > 1

    def next_page_number(self) -> int:
        """The number of the page after it."""
        return self.number + 1

    def previous_page_number(self) -> int:
        """The number of the page before it."""
        return self.number - 1

    def has_other_pages(self) -> bool:
        """Whether it is not the only one."""
        return self.has_next() or self.has_previous()


def narrow_page(rows: Rows, number: int) -> NarrowPage:
    """The page of this number, or the last one that there may be."""
    number = min(number, MOST_NARROW)
    start = (number - 1) * PER_PAGE
    found = rows[start : start + PER_PAGE + 1]
    return NarrowPage(found[:PER_PAGE], number, len(found) > PER_PAGE)
