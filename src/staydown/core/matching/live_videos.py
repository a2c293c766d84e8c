"""Banked videos that change while they are asked: their frames are rows of a `LiveIndex`, counted by video."""

from __future__ import annotations

import hashlib
import threading
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final, NamedTuple
from uuid import UUID

import numpy as np

from staydown.core.bank import Action, Entry
from staydown.core.hashing import bag
from staydown.core.hashing.algorithm import Algorithm, Hash
from staydown.core.matching.live import MERGE_AT, LiveIndex
from staydown.core.matching.multi_index import MultiIndex
from staydown.core.matching.shelf import Shelf
from staydown.core.matching.table import WORDS, Kind, Kinds, Table
from staydown.core.matching.video import (
    BYTES_OF_A_VIDEO,
    HASHES_OF_A_FRAME,
    Banked,
    Found,
    VideoIndex,
    VideoSearch,
    found_of,
)

_KINDS: Final = Kinds(Kind(Algorithm.PDQ, "", radius, Action.BLOCK) for radius in range(Algorithm.PDQ.widest + 1))


class _Held(NamedTuple):
    """A video that is held: its number in the rows, how many hashes each frame has, and what tells its frames."""

    number: int
    counts: bytes
    mark: bytes

    def rows(self) -> list[UUID]:
        """The ids of its rows."""
        places = ((place, at) for place, count in enumerate(self.counts) for at in range(count))
        return [UUID(int=self.number << 64 | place * HASHES_OF_A_FRAME + at) for place, at in places]


class LiveVideos(VideoSearch):
    """An index of videos that are added and removed while it answers, as `LiveIndex` is for pictures.

    A video can match from the moment `load` returns and cannot from the moment `remove` returns, with all its frames at
    once. Many threads may ask; changes wait for each other. ``base`` is an index to start from, such as one from a
    snapshot.
    """

    def __init__(self, base: VideoIndex | None = None, *, merge_at: int = MERGE_AT) -> None:
        base = base or VideoIndex()
        self._frames = LiveIndex(base.frames, merge_at=merge_at)
        self._held = {entry.id: _held(number, entry) for number, entry in enumerate(base.entries())}
        self._banked = dict(enumerate(base.banked))  # what is in here can match; its rows are there before and after
        self._next = len(base.banked)
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """How many videos it holds."""
        return len(self._held)

    @property
    def hashes(self) -> int:
        """How many hashes of frames it holds."""
        return len(self._frames)

    @property
    def nbytes(self) -> int:
        """Bytes of memory of the hashes and of what is kept of each video beside them."""
        return self._frames.nbytes + len(self) * BYTES_OF_A_VIDEO

    def load(self, entries: Iterable[Entry]) -> None:
        """Holds these videos from now on, each in place of an earlier one of its id."""
        with self._lock:
            new = [entry for entry in entries if not self._changed(entry)]
            if not new:
                return
            numbered = list(enumerate(new, start=self._next))
            self._next += len(numbered)
            self._frames.load(_table(numbered))
            for number, entry in numbered:
                held = _held(number, entry)
                replaced = self._held.get(entry.id)
                self._banked[number] = Banked(entry.id, entry.bank, entry.action, len(held.counts))
                self._held[entry.id] = held
                if replaced is not None:
                    self._drop(replaced)

    def remove(self, entry_id: UUID) -> bool:
        """Forgets a video with all its frames; says whether it was held."""
        with self._lock:
            held = self._held.pop(entry_id, None)
            if held is not None:
                self._drop(held)
            return held is not None

    def whole(self) -> VideoIndex:
        """Everything that is held now as one unchanging index, for a snapshot."""
        with self._lock:
            banked, frames = dict(self._banked), self._frames.whole()
        numbers = np.array(sorted(banked), np.uint64)
        shelves = []
        for shelf in frames.shelves:  # numbers of videos that are gone are given to others; the order stays
            high = np.searchsorted(numbers, shelf.table.high).astype(np.uint32)
            table = replace(shelf.table, high=high, low=shelf.table.low.astype(np.uint32, copy=False))
            shelves.append(Shelf(table, shelf.chunked))
        return VideoIndex.of(MultiIndex.of_shelves(shelves), [banked[number] for number in sorted(banked)])

    def settle(self) -> None:
        """Waits until no merge of the rows is under way."""
        self._frames.settle()

    def _changed(self, entry: Entry) -> bool:
        """Whether a video with these very frames was held, and now says what ``entry`` says: usually, one confirmed."""
        held = self._held.get(entry.id)
        if held is None or held.mark != _mark(entry):
            return False
        self._banked[held.number] = Banked(entry.id, entry.bank, entry.action, len(held.counts))
        return True

    def _drop(self, held: _Held) -> None:
        """Let a video match no more, which holds at once, and then forget its rows."""
        del self._banked[held.number]
        self._frames.remove_all(held.rows())

    def _near(self, frame: Sequence[Hash]) -> Found:
        return found_of(self._frames.near(frame))

    def _banked_at(self, number: int) -> Banked | None:
        return self._banked.get(number)


def _held(number: int, entry: Entry) -> _Held:
    counts = bytes(len(value) // Algorithm.PDQ.size for value in bag.values_of(entry.hash))
    return _Held(number, counts, _mark(entry))


def _mark(entry: Entry) -> bytes:
    return hashlib.blake2b(entry.hash.value, digest_size=16, key=bytes([entry.radius])).digest()


def _table(numbered: Iterable[tuple[int, Entry]]) -> Table:
    """A row for each hash of each frame, whose id is the number of the video and the place in it."""
    values, videos, places, radii = bytearray(), array("I"), array("I"), array("H")
    for number, entry in numbered:
        for place, value in enumerate(bag.values_of(entry.hash)):
            count = len(value) // Algorithm.PDQ.size
            values += value
            videos.extend([number] * count)
            places.extend(place * HASHES_OF_A_FRAME + at for at in range(count))
            radii.extend([entry.radius] * count)
    words = np.frombuffer(bytes(values), "<u8").astype(np.uint64).reshape(-1, WORDS)
    high, low = np.array(videos, np.uint32), np.array(places, np.uint32)
    return Table(words, high, low, np.array(radii, np.uint16), _KINDS)
