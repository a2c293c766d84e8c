"""What a merge has replaced goes an array at a time, and not before the queries that began earlier are done."""

from __future__ import annotations

import random
import weakref
from uuid import UUID

import pytest

from staydown.core.bank import Action, Entry
from staydown.core.matching import live, retired
from staydown.core.matching.live import LiveIndex
from staydown.core.matching.multi_index import MultiIndex
from staydown.core.matching.retired import Retired
from staydown.core.matching.shelf import Shelf
from tests.core.matching.samples import pdq


@pytest.fixture
def story(monkeypatch):
    """What went and when somebody else could run, in order; every array counts as large."""
    told: list[str] = []
    monkeypatch.setattr(retired, "LARGE", 0)
    monkeypatch.setattr(retired.time, "sleep", lambda _: told.append("a pause"))
    return told


def made(numbers: range) -> MultiIndex:
    return MultiIndex(
        (Entry(UUID(int=n), "reports", pdq(random.Random(n).randbytes(32)), 31, Action.BLOCK) for n in numbers),
        chunks=8,
    )


def noted(shelf: Shelf, story: list[str]) -> int:
    """Tells the story of the arrays of a shelf from now on; how many there are."""
    arrays = shelf.arrays()
    for array in arrays:
        weakref.finalize(array, story.append, "an array")
    return len(arrays)


def test_one_after_the_other_with_a_pause_between(story):
    index = made(range(9))
    count = noted(index.shelves[0], story)
    gone = Retired(index.shelves)
    del index
    gone.give_back()
    assert count > 4
    assert story == ["an array", "a pause"] * count


def test_not_while_a_query_has_them(story, monkeypatch):
    asking = [made(range(9)).shelves[0]]
    noted(asking[0], story)
    gone = Retired(asking)

    def pause(_: float) -> None:
        story.append("a pause")
        if len(story) == 3:
            asking.clear()

    monkeypatch.setattr(retired.time, "sleep", pause)
    gone.give_back()
    assert story[:5] == ["a pause", "a pause", "a pause", "an array", "a pause"]


def test_whoever_keeps_them_is_not_waited_for_for_ever(story, monkeypatch):
    kept = made(range(9)).shelves[0]
    noted(kept, story)
    monkeypatch.setattr(retired, "PATIENCE", 0.01)
    Retired([kept]).give_back()
    assert "an array" not in story
    del kept
    assert "an array" in story


def test_a_merge_gives_back_what_it_replaced(story, monkeypatch):
    monkeypatch.setattr(live, "DEAD_SHARE", 2)
    index = LiveIndex(made(range(40)), merge_at=4)
    count = noted(index._state.parts[0].shelves[0], story)
    index.remove_all([UUID(int=n) for n in range(30)])
    index.settle()
    assert story.count("an array") == count
    assert "an arrayan array" not in "".join(story)
    assert len(index) == 10
