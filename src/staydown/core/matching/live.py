"""An index that changes while it is asked.

New entries go to a small part that is searched entry by entry; a thread in the background merges it into larger parts
with tables of chunks, each many times larger than the next, so there are few of them. A query reads one reference, the
state, and works on that: it takes no lock, and waits for no writer and no merge. Each change puts a new state in its
place before it returns, so it holds for every query that starts later.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import numpy as np

from staydown.core.bank import Entry
from staydown.core.hashing.algorithm import Algorithm, Hash
from staydown.core.matching.index import Match
from staydown.core.matching.multi_index import MultiIndex, matches
from staydown.core.matching.part import Fresh, Part
from staydown.core.matching.retired import Retired
from staydown.core.matching.scan import Rows, Small
from staydown.core.matching.shelf import Crowd, by_algorithm
from staydown.core.matching.table import Table, halves

MERGE_AT: Final = 4096  # new entries
MOST_PARTS: Final = 6
TIMES_LARGER: Final = 16  # how many times more entries a part must have for a merge to leave it alone
DEAD_SHARE: Final = 16  # a part is written anew when one in so many of its rows is gone


@dataclass(frozen=True, slots=True)
class State:
    """The index after one change. The last part is the fresh one."""

    parts: tuple[Part, ...]
    change: int
    size: int


@dataclass(frozen=True, slots=True)
class Merge:
    """Parts to become one, as they were when it began."""

    sources: tuple[Part, ...]

    @classmethod
    def of(cls, sources: Iterable[Part]) -> Merge:
        """A merge that begins now; called with the lock held."""
        return cls(tuple(part.frozen() for part in sources))

    def result(self) -> MultiIndex:
        """The rows that were there when it began."""
        return MultiIndex(
            Table.joined([table for part in self.sources for table in part.tables(part.dead_rows())]), threads=1
        )


class LiveIndex:
    """An index to which entries are added and from which they are removed while it answers; see `Index`.

    An entry can match from the moment `add` returns, and cannot from the moment `remove` returns. Many threads may
    ask and change it at once. ``base`` is an index to start from, such as one from a snapshot.
    """

    def __init__(self, base: MultiIndex | None = None, *, merge_at: int = MERGE_AT) -> None:
        self._merge_at = merge_at
        self._lock = threading.Lock()  # held by whoever changes something
        self._merging: threading.Thread | None = None
        self._fresh = Fresh()
        parts = (Part(base.shelves),) if base else ()
        self._state = State((*parts, self._fresh.part()), 0, sum(map(len, parts)))

    def __len__(self) -> int:
        return self._state.size

    @property
    def nbytes(self) -> int:
        """Bytes of memory of all parts."""
        return sum(part.nbytes for part in self._state.parts)

    def may_hold(self, algorithm: Algorithm) -> bool:
        """False: no entry of this algorithm is held. True: one is, or was until lately."""
        shelves = (shelf for part in self._state.parts for shelf in part.shelves)
        return any(shelf.table.kinds.widest[algorithm] >= 0 for shelf in shelves)

    @property
    def is_merging(self) -> bool:
        """Whether parts are being merged in the background."""
        return self._merging is not None

    def query(self, hashes: Sequence[Hash], *, most: int | None = None) -> list[Match]:
        """Every entry within its own radius of one of ``hashes``, nearest first; see `Index`."""
        return matches(self.near(hashes), most)

    def near(self, hashes: Sequence[Hash]) -> list[tuple[Table, Rows, Small]]:
        """The same as rows of tables, not as entries: for callers who have millions of rows and count them."""
        state, asked = self._state, by_algorithm(hashes)
        return [found for part in state.parts for found in part.near(asked, state.change)]

    def query_many(
        self, pictures: Sequence[Sequence[Hash]], *, most: int | None = None, threads: int = 1
    ) -> list[list[Match]]:
        """The answer of `query` for each of many pictures, all as of one moment: faster than one by one.

        The searches are shared out among ``threads`` threads.
        """
        state, crowd = self._state, Crowd.of(pictures, threads)
        found: list[list[tuple[Table, Rows, Small]]] = [[] for _ in pictures]
        for part in state.parts:
            for picture, table, rows, distances in part.near_each(crowd, state.change):
                found[picture].append((table, rows, distances))
        return [matches(some, most) for some in found]

    def add(self, entry: Entry) -> None:
        """Holds ``entry`` from now on, in place of an earlier one of its id."""
        with self._lock:
            state, parts = self._state, self._without(entry.id)
            self._fresh.add(entry)
            kept = (state.parts if parts is None else parts)[:-1]
            self._state = State((*kept, self._fresh.part()), state.change + 1, state.size + (parts is None))
            self._merge_if_due()

    def remove(self, entry_id: UUID) -> bool:
        """Forgets an entry; says whether it was held."""
        with self._lock:
            parts = self._without(entry_id)
            if parts is None:
                return False
            self._state = State(parts, self._state.change + 1, self._state.size - 1)
            self._merge_if_due()
            return True

    def remove_all(self, entry_ids: Sequence[UUID]) -> int:
        """Forgets many entries with one change; how many of them were held."""
        high, low = halves(entry_ids)
        with self._lock:
            state, parts, gone = self._state, [], 0
            for part in state.parts:
                found = part.find_each(entry_ids, high, low)
                parts.append(part.without(found, state.change + 1) if len(found) else part)
                gone += len(found)
            self._state = State(tuple(parts), state.change + 1, state.size - gone)
            self._merge_if_due()
            return gone

    def load(self, entries: Iterable[Entry] | Table) -> None:
        """Adds many entries, each in place of an earlier one of its id: faster than one by one."""
        table = entries if isinstance(entries, Table) else Table.of(entries)
        if len(table) < self._merge_at:
            for entry in table.entries():
                self.add(entry)
            return
        index = MultiIndex(table)
        loaded = Part(index.shelves)
        with self._lock:
            state = self._state
            replaced = [part.shared_with(loaded) for part in state.parts]
            pairs = zip(state.parts, replaced, strict=True)
            parts = [part.without(rows, state.change + 1) for part, rows in pairs]
            size = state.size + len(index) - sum(map(len, replaced))
            self._state = State((*parts[:-1], loaded, parts[-1]), state.change + 1, size)
            self._merge_if_due()

    def whole(self) -> MultiIndex:
        """Everything that is held now as one unchanging index, for a snapshot. Made anew unless it exists already."""
        with self._lock:
            merge = Merge.of(part for part in self._state.parts if len(part))
        if len(merge.sources) == 1 and merge.sources[0].places is None and not merge.sources[0].dead:
            return MultiIndex.of_shelves(merge.sources[0].shelves)
        return merge.result()

    def settle(self) -> None:
        """Waits until no merge is under way."""
        while (thread := self._merging) is not None:
            thread.join()

    def _without(self, entry_id: UUID) -> tuple[Part, ...] | None:
        """The parts once the entry goes with the next change; ``None`` when none has it."""
        state = self._state
        for place, part in enumerate(state.parts):
            row = part.find(entry_id)
            if row is not None:
                return (
                    *state.parts[:place],
                    part.without(np.array([row]), state.change + 1),
                    *state.parts[place + 1 :],
                )
        return None

    def _merge_if_due(self) -> None:
        """Starts the thread that merges, if it does not run and there is something to do."""
        if self._merging is None and self._due():
            self._merging = threading.Thread(target=self._merge, name="staydown-merge", daemon=True)
            self._merging.start()

    def _due(self) -> list[Part]:
        """The parts that should become one now, if any."""
        *others, fresh = self._state.parts
        others.sort(key=len)
        heavy = {id(part) for part in others if part.dead > max(self._merge_at, len(part) // DEAD_SHARE)}
        if len(fresh) < self._merge_at and not heavy and len(others) <= MOST_PARTS:
            return []
        sources, rows = [fresh], max(len(fresh), self._merge_at)
        for place, part in enumerate(others):
            if id(part) in heavy or len(part) <= TIMES_LARGER * rows or place <= len(others) - MOST_PARTS:
                sources.append(part)
                rows += len(part)
        return sources

    def _merge(self) -> None:
        """What the thread does: merges until nothing is due.

        Its priority is that of every other thread. With a lower one, a query on a busy machine waited a tenth of a
        second and more: a thread that has asked for the interpreter is handed it next, and the rest wait until it runs.
        """
        try:
            while (merge := self._begin()) is not None:
                self._finish(merge, merge.result())
                retired = Retired(shelf for part in merge.sources for shelf in part.shelves)
                del merge
                retired.give_back()
        except BaseException:
            with self._lock:
                self._merging = None  # the parts are as they were, only slower; the next change tries again
            raise

    def _begin(self) -> Merge | None:
        """The next merge; from here on new entries go to a new fresh part."""
        with self._lock:
            sources = self._due()
            if not sources:
                self._merging = None
                return None
            if len(self._fresh):
                self._fresh = Fresh()
                state = self._state
                self._state = State((*state.parts, self._fresh.part()), state.change, state.size)
            return Merge.of(part for part in sources if len(part))

    def _finish(self, merge: Merge, index: MultiIndex) -> None:
        """Puts the merged part in the place of its sources, without what went in the meantime."""
        with self._lock:
            state, merged = self._state, Part(index.shelves)
            now = {id(part.shelves): part for part in state.parts}
            for source in merge.sources:
                part = now.pop(id(source.shelves))
                went = part.gone_since(source)
                if len(went):
                    merged = merged.without(merged.find_all(*part.ids(went)), state.change)
            *others, fresh = now.values()
            kept = [merged] if len(merged) else []
            self._state = State((*others, *kept, fresh), state.change, state.size)
