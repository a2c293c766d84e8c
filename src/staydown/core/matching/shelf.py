"""Entries of one algorithm and of similar radii, and the tables by which those near a hash are found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from staydown.core.hashing.algorithm import Algorithm, Hash
from staydown.core.matching import scan
from staydown.core.matching.plan import Plan, flips
from staydown.core.matching.scan import Found, Rows, Small, Words
from staydown.core.matching.table import Table, aligned_room, words

LONG: Final = 255  # stands for the bounds of a group that holds too many rows for bounds of one byte
LINE: Final = 16  # slots that are read in one go; the last of a chunk are filled up with zeros

Wide = NDArray[np.uint32]
Asked = Mapping[Algorithm, Words]


@dataclass(frozen=True, slots=True, eq=False)
class Tables:
    """What a plan's chunks are searched by; a row for each chunk, but for the last two.

    ``ends`` has a byte for each bucket: where it ends in the ``slots``, counted from the base of its group in
    ``bases``. A group with too many rows for that has `LONG` in all its bytes, and is listed in ``long_groups``, as
    ``chunk * groups + group``, ascending; its row of ``long_ends`` has the ends in full.
    """

    bases: Wide
    ends: NDArray[np.uint8]
    slots: Wide
    long_groups: Wide
    long_ends: Wide

    def arrays(self) -> list[NDArray[Any]]:
        """All of them."""
        return [getattr(self, name) for name in self.__slots__]

    @property
    def nbytes(self) -> int:
        """Bytes of memory."""
        return sum(each.nbytes for each in self.arrays())


def are_of(plan: Plan, tables: Tables) -> bool:
    """Whether tables that were read from somewhere have the shapes that a plan needs."""
    count, buckets, groups = len(plan.chunks), 1 << plan.table_bits, len(tables.long_groups)
    shapes = {
        "bases": (count, buckets >> plan.group_bits),
        "ends": (count, buckets),
        "slots": (count, _filled_up(plan.rows)),
        "long_groups": (groups,),
        "long_ends": (groups, 1 << plan.group_bits),
    }
    kinds = dict.fromkeys(shapes, np.uint32) | {"ends": np.uint8}
    return all(
        getattr(tables, name).shape == shape and getattr(tables, name).dtype == kinds[name]
        for name, shape in shapes.items()
    )


class Chunked:
    """A plan, and the tables that it is searched by."""

    __slots__ = ("_given", "plan", "tables")

    def __init__(self, plan: Plan, tables: Tables) -> None:
        self.plan, self.tables = plan, tables
        arrays = (tables.bases, tables.ends, tables.long_groups, tables.long_ends, tables.slots)
        masks = flips(plan.table_bits, max(chunk.radius for chunk in plan.chunks))
        limits = (plan.most_slots, plan.most_blocks)
        bits = (plan.table_bits, plan.group_bits, plan.block_bits)
        self._given = (plan.radius, plan.as_array(), *bits, *arrays, *masks, *limits)

    @classmethod
    def of(cls, plan: Plan, values: Words, *, threads: int = 1) -> Self:
        """The tables for these values, made by so many threads."""
        count, buckets = len(plan.chunks), 1 << plan.table_bits
        bases = np.empty((count, buckets >> plan.group_bits), np.uint32)
        ends, slots = aligned_room((count, buckets), np.uint8), aligned_room((count, _filled_up(plan.rows)), np.uint32)
        fill = partial(_fill, plan, values, bases, ends, slots)
        shares = [range(first, count, threads) for first in range(threads)]
        if threads == 1:  # in this very thread, which may have been told to give way to others
            some = [fill(*shares)]
        else:
            with ThreadPoolExecutor(threads) as pool:
                some = list(pool.map(fill, shares))
        long = [some[number % threads][number // threads] for number in range(count)]
        groups, long_ends = (np.concatenate(column) for column in zip(*long, strict=True))
        return cls(plan, Tables(bases, ends, slots, groups, long_ends))

    def near(self, values: Words, queries: Words) -> Found:
        """Rows within the plan's radius of a query, possibly several times."""
        rows, distances, askers, finished = scan.kernels().search(values, queries, *self._given)
        found = Found(rows, distances, askers)
        if finished.all():
            return found
        if (
            not finished.any()
        ):  # nothing to renumber, which for a hundred thousand rows would cost as much as finding them
            return scan.near(values, queries, self.plan.radius)
        given_up = np.flatnonzero(finished == 0).astype(np.uint32)
        rest = scan.near(values, queries[given_up], self.plan.radius)
        return scan.joined([found, rest._replace(askers=given_up[rest.askers])])


def _filled_up(rows: int) -> int:
    """Slots in the lines that hold a slot for each row."""
    return -(-rows // LINE) * LINE


def _fill(
    plan: Plan, values: Words, bases: Wide, ends: NDArray[np.uint8], slots: Wide, numbers: range
) -> list[tuple[Wide, Wide]]:
    """Writes the tables of some chunks; returns the long groups of each, and their ends."""
    room, full = np.empty(plan.rows, np.uint64), np.empty(ends.shape[1], np.uint32)
    long = []
    for number in numbers:
        chunk = plan.as_array()[number]
        full[:] = 0
        scan.kernels().build(values, chunk, plan.table_bits, plan.block_bits, room, full, slots[number])
        slots[number, plan.rows :] = 0
        groups, long_ends = _shortened(full, bases[number], ends[number])
        long.append((groups + np.uint32(number * len(bases[number])), long_ends))
    return long


def _shortened(full: Wide, bases: Wide, ends: NDArray[np.uint8]) -> tuple[Wide, Wide]:
    """Writes the ends of a chunk's buckets as bases and bytes; returns the groups too long for that, and their ends."""
    grouped = full.reshape(len(bases), -1)
    bases[0], bases[1:] = 0, grouped[:-1, -1]
    counted = grouped - bases[:, None]
    long = np.flatnonzero(counted[:, -1] >= LONG)
    counted[long] = LONG
    ends[:] = counted.reshape(-1)
    return long.astype(np.uint32), grouped[long]


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Shelf:
    """A table of entries and how to search it: by chunks, or one entry after the other."""

    table: Table
    chunked: Chunked | None = None

    def __len__(self) -> int:
        return len(self.table)

    @property
    def nbytes(self) -> int:
        """Bytes of memory."""
        return self.table.nbytes + (self.chunked.tables.nbytes if self.chunked else 0)

    def arrays(self) -> list[NDArray[Any]]:
        """All that it holds, the columns of the table included."""
        return [*self.table.columns(), *(self.chunked.tables.arrays() if self.chunked else ())]

    def near(self, asked: Asked) -> tuple[Rows, Small]:
        """Each row within its own radius of a hash that is asked for, once, with its least distance."""
        nearest = []
        for algorithm, queries in asked.items():
            found = self.all_near(algorithm, queries)
            if len(found.rows):
                nearest.append(self.table.within_own_radius(algorithm, found.rows, found.distances))
        if len(nearest) == 1:
            return nearest[0]
        rows, distances = zip(_NOTHING, *nearest, strict=True)
        return np.concatenate(rows), np.concatenate(distances)

    def near_each(self, crowd: Crowd) -> Iterator[tuple[int, Rows, Small]]:
        """The same for many pictures: for each that some row is near, its number, those rows and their distances."""
        for algorithm, queries in crowd.asked.items():
            rows, distances, askers = self._all_near_on(min(crowd.threads, len(queries)), algorithm, queries)
            if not len(rows):
                continue
            pictures = crowd.pictures[algorithm][askers]
            for picture in np.unique(pictures).tolist():
                own = pictures == picture
                yield picture, *self.table.within_own_radius(algorithm, rows[own], distances[own])

    def _all_near_on(self, threads: int, algorithm: Algorithm, queries: Words) -> Found:
        """What `all_near` finds, the queries shared out among so many threads."""
        if threads == 1:
            return self.all_near(algorithm, queries)
        pieces = np.array_split(np.arange(len(queries), dtype=np.uint32), threads)
        search = partial(self.all_near, algorithm)
        apart = zip(pieces, _pool(threads).map(search, (queries[piece] for piece in pieces)), strict=True)
        return scan.joined([found._replace(askers=piece[found.askers]) for piece, found in apart])

    def all_near(self, algorithm: Algorithm, queries: Words) -> Found:
        """The rows of an algorithm near a query, those included that lie beyond their own radius."""
        widest = self.table.kinds.widest[algorithm]
        if widest < 0:
            return scan.NOTHING
        if self.chunked is not None:
            return self.chunked.near(self.table.values, queries)
        return scan.near(self.table.values, queries, widest)


_NOTHING: Final = (np.empty(0, np.uint32), np.empty(0, np.uint8))


@dataclass(frozen=True, slots=True)
class Crowd:
    """Many pictures at once: the hashes of each algorithm, the number of the picture of each, and how many threads."""

    asked: Asked
    pictures: Mapping[Algorithm, NDArray[np.int64]]
    threads: int

    @classmethod
    def of(cls, pictures: Sequence[Sequence[Hash]], threads: int) -> Self:
        """The pictures, numbered in their order."""
        asked: dict[Algorithm, dict[tuple[int, bytes], Hash]] = {}
        for number, hashes in enumerate(pictures):
            for hash_ in hashes:
                asked.setdefault(hash_.algorithm, {})[number, hash_.value] = hash_
        return cls(
            {algorithm: words(some.values()) for algorithm, some in asked.items()},
            {algorithm: np.array([number for number, _ in some], np.int64) for algorithm, some in asked.items()},
            threads,
        )


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    """Threads that wait for work."""
    return ThreadPoolExecutor(threads, "staydown-match")


def by_algorithm(hashes: Sequence[Hash]) -> Asked:
    """The hashes of each algorithm, every one once, as rows of words."""
    if len(hashes) == 1:
        return {hashes[0].algorithm: words(hashes)}
    sorted_out: dict[Algorithm, dict[bytes, Hash]] = {}
    for hash_ in hashes:
        sorted_out.setdefault(hash_.algorithm, {})[hash_.value] = hash_
    return {algorithm: words(some.values()) for algorithm, some in sorted_out.items()}
