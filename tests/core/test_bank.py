"""The rules of a bank: what may follow what, and what a match may cause."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from uuid import UUID

import pytest

from staydown.core.bank import LIVE, Action, Entry, EntryState, Verdict, can_become, effective_action, verdict
from staydown.core.hashing.algorithm import Algorithm, Hash
from staydown.errors import HashError

ID = UUID(int=7)
PDQ = Hash(Algorithm.PDQ, bytes(32))
SHA256 = Hash(Algorithm.SHA256, bytes(32))
MD5 = Hash(Algorithm.MD5, bytes(16))


@dataclass
class Found:
    action: Action


def entry(action: Action) -> Entry:
    return Entry(ID, "reports", PDQ, 31, action)


@pytest.mark.parametrize("wanted", list(Action))
def test_a_pending_entry_never_blocks(wanted):
    assert effective_action(EntryState.PENDING, wanted) is Action.REVIEW


@pytest.mark.parametrize("wanted", list(Action))
def test_an_enforced_entry_does_what_was_wanted(wanted):
    assert effective_action(EntryState.ENFORCED, wanted) is wanted


@pytest.mark.parametrize(("state", "wanted"), list(itertools.product(set(EntryState) - LIVE, Action)))
def test_an_ended_entry_causes_nothing(state, wanted):
    assert effective_action(state, wanted) is None


def test_every_state_change_that_is_allowed():
    allowed = {(old, new) for old, new in itertools.product(EntryState, EntryState) if can_become(old, new)}
    ends = {EntryState.WITHDRAWN, EntryState.EXPIRED, EntryState.REVERSED}
    assert allowed == {
        (EntryState.PENDING, EntryState.ENFORCED),
        *itertools.product(LIVE, ends),
    }


@pytest.mark.parametrize(
    ("actions", "expected"),
    [
        ([], Verdict.ALLOW),
        ([Action.REVIEW], Verdict.REVIEW),
        ([Action.REVIEW, Action.REVIEW], Verdict.REVIEW),
        ([Action.REVIEW, Action.BLOCK, Action.REVIEW], Verdict.BLOCK),
    ],
)
def test_the_strictest_match_decides(actions, expected):
    assert verdict(Found(action) for action in actions) is expected


@pytest.mark.parametrize(("hash_", "radius"), [(PDQ, -1), (PDQ, 64), (SHA256, 1), (MD5, 1)])
def test_a_radius_that_the_algorithm_does_not_have_is_refused(hash_, radius):
    with pytest.raises(HashError, match="radius"):
        Entry(ID, "reports", hash_, radius, Action.BLOCK)


def test_an_entry_shows_its_id_and_nothing_else():
    value = bytes(range(32))
    shown = repr(Entry(ID, "a-private-bank", Hash(Algorithm.PDQ, value), 31, Action.BLOCK))
    assert shown == f"<Entry {ID}>"
