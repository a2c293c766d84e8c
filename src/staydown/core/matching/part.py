"""What a live index is made of: entries that do not change, and which of them are gone since when.

Every change of a live index has a number. A query works on the state after one change, whatever happens meanwhile: rows
that went with a later change are still there for it, so a replaced entry is seen exactly once, old or new.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import accumulate
from typing import Final
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from staydown.core.bank import Entry
from staydown.core.matching.scan import Rows, Small, Words
from staydown.core.matching.shelf import Asked, Crowd, Shelf
from staydown.core.matching.table import ABSENT, WORDS, Kind, Kinds, Table, halves, kind_of, padded

MOST_LATE: Final = 4096  # rows whose going is remembered with its number, before they move to the mask

_FIRST_ROOM: Final = 1024

RowNumbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Shelves, and the rows on them that are gone. Rows are numbered over all shelves.

    ``late`` has the rows that went, each with the number of the change; from time to time they move to the mask
    ``gone``, in a new part, so that a query on an earlier state keeps what it works on. ``places`` finds ids on
    shelves that are not sorted: those of the newest entries.
    """

    shelves: tuple[Shelf, ...]
    places: dict[UUID, int] | None = None
    gone: NDArray[np.bool_] | None = None
    gone_rows: int = 0
    late: dict[int, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return sum(map(len, self.shelves))

    @property
    def dead(self) -> int:
        """How many rows are gone."""
        return self.gone_rows + len(self.late)

    @property
    def nbytes(self) -> int:
        """Bytes of memory, without the few late rows."""
        return sum(shelf.nbytes for shelf in self.shelves) + (self.gone.nbytes if self.gone is not None else 0)

    def near(self, asked: Asked, change: int) -> Iterator[tuple[Table, Rows, Small]]:
        """For each shelf the rows near a hash that is asked for, as of a change."""
        for base, shelf in self._based():
            if len(shelf):
                rows, distances = self._there(base, *shelf.near(asked), change)
                if len(rows):
                    yield shelf.table, rows, distances

    def near_each(self, crowd: Crowd, change: int) -> Iterator[tuple[int, Table, Rows, Small]]:
        """The same for many pictures: for each shelf and picture that some row is near, its number and the rows."""
        for base, shelf in self._based():
            if len(shelf):
                for picture, rows, distances in shelf.near_each(crowd):
                    rows, distances = self._there(base, rows, distances, change)
                    if len(rows):
                        yield picture, shelf.table, rows, distances

    def find(self, entry_id: UUID) -> int | None:
        """The row of an id, unless it is gone."""
        if self.places is not None:
            return self.places.get(entry_id)
        row = int(self.find_all(*halves([entry_id]))[0])
        return None if row == ABSENT else row

    def find_each(self, entry_ids: Iterable[UUID], high: Words, low: Words) -> RowNumbers:
        """The rows of those of the ids that are here and not gone; ``high`` and ``low`` are their halves."""
        if self.places is not None:
            return np.array([row for each in entry_ids if (row := self.places.get(each)) is not None], np.int64)
        rows = self.find_all(high, low)
        found: RowNumbers = rows[rows != ABSENT]
        return found

    def find_all(self, high: Words, low: Words) -> RowNumbers:
        """The row of each id on the sorted shelves, or `ABSENT` where there is none or it is gone."""
        rows = np.full(len(high), ABSENT, np.int64)
        for base, shelf in self._based():
            found = shelf.table.find_all(high, low)
            rows = np.where(found == ABSENT, rows, found + base)
        known = np.flatnonzero(rows != ABSENT)
        rows[known[~self._present(rows[known], None)]] = ABSENT
        return rows

    def without(self, rows: RowNumbers, change: int) -> Part:
        """This part after the rows went with a change; mostly the same object."""
        if self.places is not None or len(self.late) + len(rows) <= MOST_LATE:
            self.late.update(dict.fromkeys(rows.tolist(), change))
            if self.places is not None:
                for row in rows.tolist():
                    del self.places[UUID(int=self.shelves[0].table.id(row))]
            return self
        gone = np.zeros(len(self), np.bool_) if self.gone is None else self.gone.copy()
        gone[list(self.late)] = True
        gone[rows] = True
        return replace(self, gone=gone, gone_rows=self.dead + len(rows), late={})

    def dead_rows(self) -> RowNumbers:
        """The rows that are gone, ascending."""
        if self.gone is None:
            return np.array(sorted(self.late), np.int64)
        gone = self.gone.copy()
        gone[list(self.late)] = True
        return np.flatnonzero(gone)

    def frozen(self) -> Part:
        """This part as it is now: rows that go later do not show in it."""
        return replace(self, late=dict(self.late))

    def gone_since(self, before: Part) -> RowNumbers:
        """The rows, ascending, that went since this part was as it was ``before``."""
        if self.gone is before.gone:  # so all that went since are late: no need to look at every row
            return np.array(sorted(self.late.keys() - before.late.keys()), np.int64)
        went: RowNumbers = np.setdiff1d(self.dead_rows(), before.dead_rows(), assume_unique=True)
        return went

    def tables(self, dead: RowNumbers) -> list[Table]:
        """The rows that are not in ``dead``, shelf by shelf."""
        if not len(dead):
            return [shelf.table for shelf in self.shelves]
        alive = np.ones(len(self), np.bool_)
        alive[dead] = False
        return [shelf.table.take(np.flatnonzero(alive[base : base + len(shelf)])) for base, shelf in self._based()]

    def ids(self, rows: RowNumbers) -> tuple[Words, Words]:
        """The halves of the ids of some rows, in ascending order of rows."""
        high, low = [], []
        for base, shelf in self._based():
            here = rows[(rows >= base) & (rows < base + len(shelf))] - base
            high.append(shelf.table.high[here])
            low.append(shelf.table.low[here])
        return np.concatenate(high), np.concatenate(low)

    def shared_with(self, other: Part) -> RowNumbers:
        """The rows, ascending, whose ids are in the sorted part ``other`` too; those that are gone left out."""
        rows: RowNumbers
        if self.places is None and len(other) < len(self):
            rows = np.sort(self.find_all(*other.ids(np.arange(len(other)))))
            return rows[np.searchsorted(rows, 0) :]
        rows = np.arange(len(self)) if self.places is None else np.array(sorted(self.places.values()), np.int64)
        rows = rows[self._present(rows, None)]
        shared: RowNumbers = rows[other.find_all(*self.ids(rows)) != ABSENT]
        return shared

    def _based(self) -> Iterator[tuple[int, Shelf]]:
        """Each shelf with the number of its first row."""
        return zip(accumulate(map(len, self.shelves), initial=0), self.shelves, strict=False)

    def _there(self, base: int, rows: Rows, distances: Small, change: int) -> tuple[Rows, Small]:
        """Those of the rows of a shelf that were there as of a change."""
        if not len(rows) or not (self.late or self.gone is not None):
            return rows, distances
        kept = self._present(rows + np.int64(base), change)
        return rows[kept], distances[kept]

    def _present(self, rows: RowNumbers, change: int | None) -> NDArray[np.bool_]:
        """Which rows were there as of a change; ``None``: are there now."""
        present = np.ones(len(rows), np.bool_) if self.gone is None else ~self.gone[rows]
        if late := self.late:
            for place, row in enumerate(rows.tolist()):
                went = late.get(row)
                if went is not None and (change is None or went <= change):
                    present[place] = False
        return present


class Fresh:
    """The newest entries, in the order in which they came, in columns that grow."""

    def __init__(self) -> None:
        self._rows = 0
        self._numbers: dict[Kind, int] = {}
        self._kinds = Kinds(())
        self._places: dict[UUID, int] = {}
        self._late: dict[int, int] = {}
        self._make_room(_FIRST_ROOM)

    def __len__(self) -> int:
        return self._rows

    def add(self, entry: Entry) -> None:
        """Appends an entry."""
        kind, row = kind_of(entry), self._rows
        if kind not in self._numbers:
            self._numbers[kind] = len(self._numbers)
            self._kinds = Kinds(self._numbers)
        if row == len(self._values):
            self._make_room(2 * row)
        self._values[row] = np.frombuffer(padded(entry.hash.value), "<u8")
        self._high[row], self._low[row] = divmod(entry.id.int, 1 << 64)
        self._kind[row] = self._numbers[kind]
        self._places[entry.id] = row
        self._rows += 1

    def part(self) -> Part:
        """The entries so far. Later ones do not show in it, later goings do."""
        rows = slice(self._rows)
        table = Table(self._values[rows], self._high[rows], self._low[rows], self._kind[rows], self._kinds)
        return Part((Shelf(table),), self._places, late=self._late)

    def _make_room(self, rows: int) -> None:
        """Moves to columns of so many rows; parts that exist keep the old ones."""
        old = self.part().shelves[0].table if self._rows else None
        self._values, self._high = np.empty((rows, WORDS), np.uint64), np.empty(rows, np.uint64)
        self._low, self._kind = np.empty(rows, np.uint64), np.empty(rows, np.uint32)
        if old is not None:
            kept = slice(len(old))
            self._values[kept], self._high[kept] = old.values, old.high
            self._low[kept], self._kind[kept] = old.low, old.kind
