"""Entries in columns: fifty bytes each, where a Python object would take six hundred."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Final, NamedTuple, Self
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from staydown.core.bank import Action, Entry
from staydown.core.hashing.algorithm import Algorithm, Hash
from staydown.core.matching.scan import Rows, Small, Words

WORDS: Final = 4  # of 64 bits, in a hash
ROOM: Final = 8 * WORDS  # bytes
ABSENT: Final = -1
CACHE_LINE: Final = 64  # bytes, or a divisor of what it is
MOST_KINDS_IN_TWO_BYTES: Final = 1 << 16
_SMALL: Final = (1 << 32) - 1
_AT_A_TIME: Final = 50_000
_FEW: Final = 32  # rows


class Kind(NamedTuple):
    """What many entries have in common."""

    algorithm: Algorithm
    bank: str
    radius: int
    action: Action


class Kinds:
    """The kinds that the rows of a table name by number."""

    __slots__ = ("blocks", "listed", "reach", "widest")

    def __init__(self, kinds: Iterable[Kind]) -> None:
        self.listed: tuple[Kind, ...] = tuple(kinds)
        self.blocks = np.array([kind.action is Action.BLOCK for kind in self.listed], np.bool_)
        # A kind of another algorithm is out of every reach.
        self.reach: Mapping[Algorithm, NDArray[np.int16]] = {
            algorithm: np.array([k.radius if k.algorithm is algorithm else -1 for k in self.listed], np.int16)
            for algorithm in Algorithm
        }
        self.widest: Mapping[Algorithm, int] = {
            algorithm: int(reach.max(initial=-1)) for algorithm, reach in self.reach.items()
        }


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Table:
    """Entries as columns. ``high`` and ``low`` are the halves of the id, ``kind`` is a number in ``kinds``.

    A value is four words, the first of which holds its first eight bytes, least significant first; a shorter hash is
    filled up with zeros. Where the ids are numbers that somebody counted, both halves have half the room.
    """

    values: Words
    high: NDArray[Any]
    low: NDArray[Any]
    kind: NDArray[np.uint16] | NDArray[np.uint32]
    kinds: Kinds

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> Self:
        """The entries in the order given."""
        numbers: dict[Kind, int] = {}
        rest = iter(entries)
        pieces = []
        while piece := list(islice(rest, _AT_A_TIME)):
            named = np.array([numbers.setdefault(kind_of(entry), len(numbers)) for entry in piece], np.uint32)
            pieces.append((words(entry.hash for entry in piece), *halves(entry.id for entry in piece), named))
        kinds = Kinds(numbers)
        values, high, low, kind = (np.concatenate(column) for column in zip(_no_columns(), *pieces, strict=True))
        return cls(values, high, low, _narrow(kind, kinds), kinds)

    @staticmethod
    def joined(tables: Sequence[Table]) -> Table:
        """The rows of all tables, one table after the other."""
        if len(tables) == 1:
            return tables[0]
        numbers: dict[Kind, int] = {}
        kind = [
            np.array([numbers.setdefault(k, len(numbers)) for k in table.kinds.listed], np.uint32).take(table.kind)
            for table in tables
            if len(table)
        ]
        kinds = Kinds(numbers)
        none = _no_columns()
        return Table(
            np.concatenate([none[0], *(table.values for table in tables)]),
            _joined_halves([none[1], *(table.high for table in tables)]),
            _joined_halves([none[2], *(table.low for table in tables)]),
            _narrow(np.concatenate([none[3], *kind]), kinds),
            kinds,
        )

    def __len__(self) -> int:
        return len(self.values)

    def columns(self) -> list[NDArray[Any]]:
        """All of them."""
        return [self.values, self.high, self.low, self.kind]

    @property
    def nbytes(self) -> int:
        """Bytes of memory of the columns."""
        return sum(column.nbytes for column in self.columns())

    def take(self, rows: NDArray[np.integer]) -> Table:
        """Only ``rows``, in that order."""
        return Table(
            self.values.take(rows, axis=0),
            self.high.take(rows),
            self.low.take(rows),
            self.kind.take(rows),
            self.kinds,
        )

    def is_sorted(self) -> bool:
        """Whether the ids ascend, each once."""
        above = self.high[1:] > self.high[:-1]
        if above.all():
            return True
        same = self.high[1:] == self.high[:-1]
        return bool(np.all(above | (same & (self.low[1:] > self.low[:-1]))))

    def is_padded(self) -> bool:
        """Whether values that are shorter than a row have nothing but zeros behind them."""
        sizes = enumerate(kind.algorithm.size for kind in self.kinds.listed)
        return not any(size < ROOM and self.values[self.kind == kind, size // 8 :].any() for kind, size in sizes)

    def sorted(self) -> Table:
        """The rows by ascending id; of several rows with one id only the last."""
        if self.is_sorted():
            return self
        order = np.argsort(self.high)  # not stable, but several times faster; enough when no first half occurs twice
        high = self.high.take(order)
        if bool(np.any(high[1:] == high[:-1])):
            order = np.lexsort((self.low, self.high))
            high, low = self.high.take(order), self.low.take(order)
            order = order[np.append((high[1:] != high[:-1]) | (low[1:] != low[:-1]), True)]
        return self.take(order)

    def tidied(self) -> Table:
        """The same rows, with no kinds but those that occur, in their own order: equal entries make equal tables."""
        listed = self.kinds.listed
        order = sorted(self.present().tolist(), key=listed.__getitem__)
        if order == list(range(len(listed))):
            return self
        renumbered = np.zeros(len(listed), np.uint32)
        renumbered[order] = np.arange(len(order))
        kinds = Kinds(listed[number] for number in order)
        return Table(self.values, self.high, self.low, _narrow(renumbered.take(self.kind), kinds), kinds)

    def present(self) -> NDArray[np.intp]:
        """The numbers of the kinds that occur, ascending."""
        if len(self.kinds.listed) == 1:
            return np.zeros(min(1, len(self)), np.intp)
        occurs = np.zeros(len(self.kinds.listed), np.bool_)
        for first in range(0, len(self), _AT_A_TIME):  # a piece at a time: no query waits long for the interpreter
            occurs[self.kind[first : first + _AT_A_TIME]] = True
        return np.flatnonzero(occurs)

    def aligned(self) -> Table:
        """The same rows, no value of which lies across two lines of the processor's cache: to read one costs half."""
        if not self.values.ctypes.data % CACHE_LINE:
            return self
        values = aligned_room(self.values.shape, np.uint64)
        values[:] = self.values
        return replace(self, values=values)

    def find(self, entry_id: UUID) -> int | None:
        """The row of an id in a sorted table, or ``None``."""
        row = int(self.find_all(*halves([entry_id]))[0])
        return None if row == ABSENT else row

    def find_all(self, high: NDArray[np.uint64], low: NDArray[np.uint64]) -> NDArray[np.int64]:
        """The row of each id in a sorted table, or `ABSENT`."""
        if self.high.itemsize < high.itemsize:  # else the column would be widened for each search
            fits = np.flatnonzero((high <= _SMALL) & (low <= _SMALL))
            found = np.full(len(high), ABSENT, np.int64)
            found[fits] = self.find_all(high[fits].astype(self.high.dtype), low[fits].astype(self.low.dtype))
            return found
        first = np.searchsorted(self.high, high, side="left")
        end = np.searchsorted(self.high, high, side="right")
        for i in np.flatnonzero(end - first > 1).tolist():  # several ids with one first half: look at the second
            first[i] += np.searchsorted(self.low[first[i] : end[i]], low[i])
        known = np.flatnonzero(first < end)
        known = known[self.low[first[known]] == low[known]]
        rows = np.full(len(high), ABSENT, np.int64)
        rows[known] = first[known]
        return rows

    def entry(self, row: int) -> Entry:
        """The entry in a row."""
        kind = self.kinds.listed[int(self.kind[row])]
        value = self.values[row].astype("<u8").tobytes()[: kind.algorithm.size]
        return Entry(UUID(int=self.id(row)), kind.bank, Hash(kind.algorithm, value), kind.radius, kind.action)

    def id(self, row: int) -> int:
        """The id in a row, as a number."""
        return int(self.high[row]) << 64 | int(self.low[row])

    def entries(self) -> Iterator[Entry]:
        """Every entry, row by row."""
        return map(self.entry, range(len(self)))

    def within_own_radius(self, algorithm: Algorithm, rows: Rows, distances: Small) -> tuple[Rows, Small]:
        """Each of the rows once, with its least distance, if it is of the algorithm and that near.

        ``rows`` may name a row several times; the answer is in ascending order of rows.
        """
        if len(rows) <= _FEW:
            return self._few_within_own_radius(algorithm, rows, distances)
        keep = distances <= self.kinds.reach[algorithm][self.kind[rows]]
        rows, distances = rows[keep], distances[keep]
        if bool(np.all(rows[1:] > rows[:-1])):  # found by looking at every entry
            return rows, distances
        order = np.lexsort((distances, rows))
        rows, distances = rows[order], distances[order]
        first = np.append(True, rows[1:] != rows[:-1])
        return rows[first], distances[first]

    def _few_within_own_radius(self, algorithm: Algorithm, rows: Rows, distances: Small) -> tuple[Rows, Small]:
        """The same for so few rows that a call of NumPy costs more than all of them."""
        nearest: dict[int, int] = {}
        for row, distance in zip(rows.tolist(), distances.tolist(), strict=True):
            if distance < nearest.get(row, distance + 1):
                nearest[row] = distance
        reach = self.kinds.reach[algorithm]
        kept = sorted(row for row, distance in nearest.items() if distance <= reach[self.kind[row]])
        return np.array(kept, np.uint32), np.array([nearest[row] for row in kept], np.uint8)

    def nearest(self, rows: Rows, distances: Small, most: int) -> tuple[Rows, Small]:
        """The first ``most`` of the rows by distance and id, and beside them the first that blocks."""
        blocking = np.flatnonzero(self.kinds.blocks[self.kind[rows]])
        first = blocking[self._first(rows[blocking], distances[blocking], 1)]
        chosen = np.union1d(self._first(rows, distances, most), first)
        return rows[chosen], distances[chosen]

    def _first(self, rows: Rows, distances: Small, most: int) -> NDArray[np.intp]:
        """The places of the first ``most`` of the rows by distance and id, found without sorting all of them."""
        places = np.arange(len(rows))
        if len(rows) > most > 0:
            last = np.partition(distances, most - 1)[most - 1]
            nearer, as_near = np.flatnonzero(distances < last), np.flatnonzero(distances == last)
            high, wanted = self.high[rows[as_near]], most - len(nearer)
            as_near = as_near[high <= np.partition(high, wanted - 1)[wanted - 1]]
            places = np.append(nearer, as_near)
        some = rows[places]
        order = np.lexsort((self.low[some], self.high[some], distances[places]))
        return places[order[:most]]


def aligned_room(shape: tuple[int, ...], kind: type[np.unsignedinteger[Any]]) -> NDArray[Any]:
    """An array, not yet filled, that begins where a line of the processor's cache does."""
    size = math.prod(shape) * np.dtype(kind).itemsize
    room = np.empty(size + CACHE_LINE, np.uint8)
    start = -room.ctypes.data % CACHE_LINE
    return room[start : start + size].view(kind).reshape(shape)


def kind_of(entry: Entry) -> Kind:
    """What the entry has in common with others."""
    return Kind(entry.hash.algorithm, entry.bank, entry.radius, entry.action)


def words(hashes: Iterable[Hash]) -> Words:
    """The values of the hashes, a row each."""
    values = [h.value for h in hashes]
    joined = b"".join(values)
    if len(joined) != ROOM * len(values):  # rare, and tens of millions of hashes pass here
        joined = b"".join(map(padded, values))
    return np.frombuffer(joined, "<u8").astype(np.uint64).reshape(-1, WORDS)


def padded(value: bytes) -> bytes:
    """The value as a row holds it: a shorter one filled up with zeros. Rows of two algorithms are never compared."""
    return value.ljust(ROOM, b"\0")


def halves(ids: Iterable[UUID]) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """The ids as two columns whose order, taken together, is that of the ids."""
    both = np.frombuffer(b"".join(i.bytes for i in ids), ">u8").astype(np.uint64).reshape(-1, 2)
    return np.ascontiguousarray(both[:, 0]), np.ascontiguousarray(both[:, 1])


def _joined_halves(columns: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """One column of halves of ids; in four bytes each where one of them was and all still fit."""
    whole: NDArray[Any] = np.concatenate(columns)
    is_small = any(column.dtype == np.uint32 for column in columns) and whole.max(initial=0) <= _SMALL
    return whole.astype(np.uint32) if is_small else whole


def _narrow(kind: Rows, kinds: Kinds) -> NDArray[np.uint16] | Rows:
    """The column of kinds in two bytes a row where that is enough."""
    return kind.astype(np.uint16) if len(kinds.listed) <= MOST_KINDS_IN_TWO_BYTES else kind


def _no_columns() -> tuple[Words, Words, Words, Rows]:
    """The columns of no rows."""
    none = np.empty(0, np.uint64)
    return none.reshape(0, WORDS), none, none, np.empty(0, np.uint32)
