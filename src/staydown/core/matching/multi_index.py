"""The fast index: exact by pigeonhole over chunks of the bits, in arrays, and unchanging.

`plan` says why it finds everything, `shelf` holds the tables, `kernels` has the loops.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter
from typing import Final, Self

import numpy as np

from staydown.core.bank import Entry
from staydown.core.hashing.algorithm import WIDEST_PDQ, Algorithm, Hash
from staydown.core.matching import scan
from staydown.core.matching.index import Match, shortened
from staydown.core.matching.plan import Plan, best_plan, plan_with
from staydown.core.matching.scan import Rows, Small
from staydown.core.matching.shelf import Chunked, Shelf, by_algorithm
from staydown.core.matching.table import Table

BANDS: Final = (31, 47, WIDEST_PDQ)
"""Entries stand apart by radius, up to each of these: one with a wide radius must not slow the search for all."""
WORTH_A_THREAD: Final = 500_000  # rows of which more than one thread makes the tables


class MultiIndex:
    """An index of entries that are all known at the start; `LiveIndex` is made of these.

    How each shelf is searched is chosen by what it would cost, looking at every entry included. ``chunks`` forces a
    number of chunks instead, however few the entries are, and never gives up: for tests of the fast path.
    """

    __slots__ = ("shelves",)

    def __init__(self, entries: Iterable[Entry] | Table = (), *, chunks: int | None = None, threads: int = 2) -> None:
        table = (entries if isinstance(entries, Table) else Table.of(entries)).sorted()
        self.shelves: tuple[Shelf, ...] = tuple(_shelf(part, chunks, threads) for part in _parted(table))

    @classmethod
    def of_shelves(cls, shelves: Iterable[Shelf]) -> Self:
        """An index of shelves that exist already."""
        index = cls.__new__(cls)
        index.shelves = tuple(shelves)
        return index

    def __len__(self) -> int:
        return sum(map(len, self.shelves))

    @property
    def nbytes(self) -> int:
        """Bytes of memory."""
        return sum(shelf.nbytes for shelf in self.shelves)

    def may_hold(self, algorithm: Algorithm) -> bool:
        """Whether an entry of this algorithm is held."""
        return any(shelf.table.kinds.widest[algorithm] >= 0 for shelf in self.shelves)

    def entries(self) -> Iterator[Entry]:
        """Every entry."""
        for shelf in self.shelves:
            yield from shelf.table.entries()

    def query(self, hashes: Sequence[Hash], *, most: int | None = None) -> list[Match]:
        """Every entry within its own radius of one of ``hashes``, nearest first; see `Index`."""
        asked = by_algorithm(hashes)
        return matches([(shelf.table, *shelf.near(asked)) for shelf in self.shelves], most)


def matches(found: Iterable[tuple[Table, Rows, Small]], most: int | None) -> list[Match]:
    """The rows of each table as matches, in order, and no more than ``most``; see `Index`."""
    keyed: list[tuple[int, int, Table, int]] = []
    for table, rows, distances in found:
        if most is not None and len(rows) > most:
            rows, distances = table.nearest(rows, distances, most)
        listed = zip(rows.tolist(), distances.tolist(), strict=True)
        keyed += [(distance, table.id(row), table, row) for row, distance in listed]
    if not keyed:
        return []
    keyed.sort(key=itemgetter(0, 1))
    answer = [Match(table.entry(row), distance) for distance, _, table, row in keyed]
    return answer if most is None else shortened(answer, most)


def _parted(table: Table) -> list[Table]:
    """A table for each algorithm and band of radii that occurs."""
    bands = np.array([_band(kind.algorithm, kind.radius) for kind in table.kinds.listed], np.uint8)
    present = np.unique(bands[table.present()]).tolist()
    if len(present) == 1:
        return [table.tidied()]
    band = bands.take(table.kind)
    return [table.take(np.flatnonzero(band == number)).tidied() for number in present]


def _band(algorithm: Algorithm, radius: int) -> int:
    """Which shelf an entry stands on, as a number."""
    if algorithm is Algorithm.PDQ:
        return int(np.searchsorted(BANDS, radius))
    return len(BANDS) + list(Algorithm).index(algorithm)


def _shelf(table: Table, chunks: int | None, threads: int) -> Shelf:
    """The table with the tables of chunks that suit it."""
    if len(table) > scan.ALONE:
        scan.kernels()  # now, so that no query waits for it
    widest = max(table.kinds.widest.values())
    plan = best_plan(len(table), widest) if chunks is None else _forced(len(table), widest, chunks)
    if plan is None:
        return Shelf(table)
    table = table.aligned()
    return Shelf(table, Chunked.of(plan, table.values, threads=threads if len(table) >= WORTH_A_THREAD else 1))


def _forced(rows: int, radius: int, chunks: int) -> Plan:
    """The plan with so many chunks, or with the next possible number of them."""
    possible = (plan_with(rows, radius, m) for m in range(min(chunks, radius + 1), radius + 2))
    return next(plan for plan in possible if plan is not None)
