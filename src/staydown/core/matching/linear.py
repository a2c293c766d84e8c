"""The oracle: compares a hash with every entry, one after the other. Obviously right, and slow."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

import numpy as np

from staydown.core.bank import Entry
from staydown.core.hashing.algorithm import Hash
from staydown.core.matching.index import Match, shortened


class LinearIndex:
    """What is right by definition: the other indexes are tested against this one."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self._entries: dict[UUID, Entry] = {entry.id: entry for entry in entries}

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, entry: Entry) -> None:
        """Holds ``entry`` from now on, in place of an earlier one of its id."""
        self._entries[entry.id] = entry

    def remove(self, entry_id: UUID) -> bool:
        """Forgets an entry; says whether it was held."""
        return self._entries.pop(entry_id, None) is not None

    def query(self, hashes: Sequence[Hash], *, most: int | None = None) -> list[Match]:
        """Every entry within its own radius of one of ``hashes``, nearest first; see `Index`."""
        nearest: dict[UUID, Match] = {}
        for hash_ in hashes:
            for entry, distance in self._distances(hash_):
                if distance > entry.radius:
                    continue
                if entry.id not in nearest or distance < nearest[entry.id].distance:
                    nearest[entry.id] = Match(entry, distance)
        found = sorted(nearest.values(), key=lambda match: (match.distance, match.entry.id))
        return found if most is None else shortened(found, most)

    def _distances(self, hash_: Hash) -> Iterable[tuple[Entry, int]]:
        """Each entry of the hash's algorithm with the number of bits in which it differs."""
        same = [entry for entry in self._entries.values() if entry.hash.algorithm is hash_.algorithm]
        held = np.frombuffer(b"".join(entry.hash.value for entry in same), np.uint8).reshape(
            len(same), hash_.algorithm.size
        )
        asked = np.frombuffer(hash_.value, np.uint8)
        return zip(same, np.bitwise_count(held ^ asked).sum(axis=1).tolist(), strict=True)
