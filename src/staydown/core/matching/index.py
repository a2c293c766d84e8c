"""What an index owes whoever asks it, and what it answers with.

A miss is a picture that stays up, so an index is *exact*: it finds every entry that lies within its own radius, never
a sample of them, at every size and for every content, an empty index and one entry included. `linear.LinearIndex` is
the oracle that says what is right; every other index is held to it by property tests.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from staydown.core.bank import Action, Asks, Entry
from staydown.core.hashing.algorithm import Algorithm, Hash

Found = TypeVar("Found", bound=Asks)


@dataclass(frozen=True, slots=True)
class Match:
    """An entry that lies within its radius of a hash that was asked for, and how many bits away."""

    entry: Entry
    distance: int

    @property
    def action(self) -> Action:
        """What it asks for: what the entry says."""
        return self.entry.action

    @property
    def algorithm(self) -> Algorithm:
        """By what the entry was found."""
        return self.entry.hash.algorithm


class Index(Protocol):
    """Something that holds entries and finds those near a picture.

    **One picture, several hashes.** The hashes of one `query` are views of one picture: its eight rotations and
    mirrors, its SHA-256 and MD5 beside its PDQ. An entry is answered once, with the distance of the nearest view.

    **Which entries.** An entry matches when a hash *of its own algorithm* is at most `entry.radius` bits away. Radii
    differ from entry to entry, and the widest one in the index never widens another. Algorithms never mix; SHA-256
    and MD5 have radius 0, which is equality.

    **In which order.** By distance, then by id, so that two indexes with the same entries give the same answer.

    **How much.** Everything, unless ``most`` says otherwise. A picture that went viral may have a hundred thousand
    near copies in a bank, and a caller that only decides does not need them all: ``most`` keeps the first so many,
    and when none of those blocks but a later one does, the first that blocks takes the last place. The verdict over
    a shortened answer is therefore always the verdict over the whole. ``most`` is at least 1.

    **Nothing else.** No index logs, keeps or counts what it was asked. A query raises nothing for a well-formed hash.
    """

    def query(self, hashes: Sequence[Hash], *, most: int | None = None) -> list[Match]:
        """Every entry within its own radius of one of ``hashes``, nearest first."""
        ...

    def __len__(self) -> int:
        """How many entries it holds."""
        ...


def shortened(matches: list[Found], most: int) -> list[Found]:
    """The first ``most``; if none of them blocks and a later one does, the first that does takes the last place."""
    kept = matches[:most]
    blocking = next((match for match in matches if match.action is Action.BLOCK), None)
    if blocking is not None and blocking not in kept:
        kept[-1] = blocking
    return kept
