"""What a bank holds: entries, the states that an entry passes through, and what a match on one may cause.

A bank is a named collection of hashes that people reported and other people confirmed. The rules here are pure; the
rows that obey them live in ``apps/banks``.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID

from staydown.core.hashing.algorithm import Hash
from staydown.errors import HashError


class Action(enum.StrEnum):
    """What a match on an entry asks for. ``REVIEW`` is the milder one."""

    BLOCK = "block"
    REVIEW = "review"


class EntryState(enum.StrEnum):
    """Where an entry stands. The last three are ends: the hash is erased and cannot come back under the same id."""

    PENDING = "pending"  # reported, and not yet confirmed by a person
    ENFORCED = "enforced"  # confirmed by a person
    WITHDRAWN = "withdrawn"  # the person who reported it asked for it back
    EXPIRED = "expired"  # its time ran out
    REVERSED = "reversed"  # a decision, an appeal or a court said that it should not be there


class Verdict(enum.StrEnum):
    """What to do with an upload, mildest first."""

    ALLOW = "allow"
    REVIEW = "review"
    BLOCK = "block"


@dataclass(frozen=True, slots=True, repr=False)
class Entry:
    """One line of a bank, as a feed carries it and an index holds it.

    ``action`` is the effective one: a pending entry says ``REVIEW`` here whatever was wished for (`effective_action`).
    ``radius`` is in bits; an algorithm in which only equality counts has 0.
    """

    id: UUID
    bank: str
    hash: Hash
    radius: int
    action: Action

    def __post_init__(self) -> None:
        if not 0 <= self.radius <= self.hash.algorithm.widest:
            widest = self.hash.algorithm.widest
            raise HashError(f"The radius of a {self.hash.algorithm} entry is from 0 to {widest}, not {self.radius}.")

    def __repr__(self) -> str:
        return f"<Entry {self.id}>"


class Asks(Protocol):
    """Anything that was found and asks for an action, such as ``matching.Match``."""

    @property
    def action(self) -> Action: ...


LIVE: Final = frozenset({EntryState.PENDING, EntryState.ENFORCED})
"""The states in which an entry is in the feed and can match."""

_ENDS: Final = frozenset({EntryState.WITHDRAWN, EntryState.EXPIRED, EntryState.REVERSED})
_NEXT: Final[dict[EntryState, frozenset[EntryState]]] = {
    EntryState.PENDING: _ENDS | {EntryState.ENFORCED},
    EntryState.ENFORCED: _ENDS,
    EntryState.WITHDRAWN: frozenset(),
    EntryState.EXPIRED: frozenset(),
    EntryState.REVERSED: frozenset(),
}


def can_become(old: EntryState, new: EntryState) -> bool:
    """Whether an entry may go from ``old`` to ``new``. Nothing comes back from an end, and nothing becomes itself."""
    return new in _NEXT[old]


def effective_action(state: EntryState, wanted: Action) -> Action | None:
    """What a match on an entry in ``state`` may cause, or ``None`` when the entry must not match at all.

    Nothing blocks until a person has confirmed it: a pending entry causes a review at most.
    """
    if state is EntryState.PENDING:
        return Action.REVIEW
    return wanted if state is EntryState.ENFORCED else None


def verdict(matches: Iterable[Asks]) -> Verdict:
    """The strictest action that a match asks for; ``ALLOW`` when there is none."""
    found = {match.action for match in matches}
    if Action.BLOCK in found:
        return Verdict.BLOCK
    return Verdict.REVIEW if found else Verdict.ALLOW
