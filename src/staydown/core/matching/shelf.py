"""Entries of one algorithm and of similar radii, and the tables by which those near a hash are found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Self

import numpy as np
from numpy.typing import NDArray

from staydown.core.hashing.algorithm import Algorithm, Hash
from staydown.core.matching import scan
from staydown.core.matching.plan import Plan, flips
from staydown.core.matching.scan import Rows, Small, Words
from staydown.core.matching.table import Table, words

Tables = NDArray[np.uint32]
Asked = Mapping[Algorithm, Words]

_WORTH_A_THREAD = 500_000  # rows


class Chunked:
    """The tables of a plan, a row for each chunk: where each bucket begins in the slots, and the slots."""

    __slots__ = ("_tables", "bounds", "plan", "slots")

    def __init__(self, plan: Plan, bounds: Tables, slots: Tables) -> None:
        self.plan, self.bounds, self.slots = plan, bounds, slots
        masks = flips(plan.table_bits, max(chunk.radius for chunk in plan.chunks))
        limits = (plan.most_slots, plan.most_rows)
        self._tables = (plan.as_array(), plan.table_bits, plan.row_bits, bounds, slots, *masks, *limits)

    @classmethod
    def of(cls, plan: Plan, values: Words) -> Self:
        """The tables for these values."""
        bounds = np.zeros((len(plan.chunks), (1 << plan.table_bits) + 2), np.uint32)
        slots = np.empty((len(plan.chunks), plan.rows), np.uint32)
        fill = partial(_fill, plan, values, bounds, slots)
        numbers = range(len(plan.chunks))
        if plan.rows < _WORTH_A_THREAD:
            for number in numbers:
                fill(number)
        else:
            with ThreadPoolExecutor(2) as threads:
                list(threads.map(fill, numbers))
        return cls(plan, bounds, slots)

    @property
    def nbytes(self) -> int:
        """Bytes of memory of the tables."""
        return self.bounds.nbytes + self.slots.nbytes

    def near(self, values: Words, queries: Words) -> tuple[Rows, Small]:
        """Rows within the plan's radius of a query, possibly several times, and the distances."""
        search, radius = scan.kernels().search, self.plan.radius
        found, given_up = [], []
        for number in range(len(queries)):
            rows, distances, finished = search(values, queries[number : number + 1], radius, *self._tables)
            if finished:
                found.append((rows, distances))
            else:
                given_up.append(number)
        if given_up:
            found.append(scan.near(values, queries[given_up], radius))
        return scan.joined(found)


def _fill(plan: Plan, values: Words, bounds: Tables, slots: Tables, number: int) -> None:
    """Writes the tables of one chunk."""
    chunk = plan.chunks[number]
    scan.kernels().build(
        values, chunk.start, chunk.width, plan.table_bits, plan.row_bits, bounds[number], slots[number]
    )


@dataclass(frozen=True, slots=True)
class Shelf:
    """A table of entries and how to search it: by chunks, or one entry after the other."""

    table: Table
    chunked: Chunked | None = None

    def __len__(self) -> int:
        return len(self.table)

    @property
    def nbytes(self) -> int:
        """Bytes of memory."""
        return self.table.nbytes + (self.chunked.nbytes if self.chunked else 0)

    def near(self, asked: Asked) -> tuple[Rows, Small]:
        """Each row within its own radius of a hash that is asked for, once, with its least distance."""
        found = [
            self.table.within_own_radius(algorithm, *self._near(queries, reach))
            for algorithm, queries in asked.items()
            if (reach := self.table.kinds.widest[algorithm]) >= 0
        ]
        return scan.joined(found)

    def _near(self, queries: Words, radius: int) -> tuple[Rows, Small]:
        if self.chunked is not None:
            return self.chunked.near(self.table.values, queries)
        return scan.near(self.table.values, queries, radius)


def by_algorithm(hashes: Iterable[Hash]) -> Asked:
    """The hashes of each algorithm, every one once, as rows of words."""
    sorted_out: dict[Algorithm, dict[bytes, Hash]] = {}
    for hash_ in hashes:
        sorted_out.setdefault(hash_.algorithm, {})[hash_.value] = hash_
    return {algorithm: words(some.values()) for algorithm, some in sorted_out.items()}
