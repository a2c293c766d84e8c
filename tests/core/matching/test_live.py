"""The index that changes: told as a story of changes against the oracle, and asked by many threads at once."""

from __future__ import annotations

import random
import sys
import threading
from uuid import UUID

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from staydown.core.bank import Action, Entry
from staydown.core.hashing.algorithm import Algorithm, Hash
from staydown.core.matching import live, part
from staydown.core.matching.index import Match
from staydown.core.matching.linear import LinearIndex
from staydown.core.matching.live import LiveIndex
from staydown.core.matching.multi_index import MultiIndex
from tests.core.matching.samples import entries, flipped, pdq

POOL = entries(1, 40, "clustered") + entries(2, 40, "twins")
IDS = [entry.id for entry in POOL[:20]]


def with_id(entry: Entry, entry_id: UUID) -> Entry:
    return Entry(entry_id, entry.bank, entry.hash, entry.radius, entry.action)


def numbered(number: int, action: Action = Action.BLOCK) -> Entry:
    """One of many entries that are far from each other."""
    return Entry(UUID(int=number), "reports", pdq(random.Random(number).randbytes(32)), 31, action)


some_entries = st.builds(with_id, st.sampled_from(POOL), st.sampled_from(IDS))


class Changes(RuleBasedStateMachine):
    """Whatever is done to it, in whatever order, it answers like the oracle."""

    def __init__(self) -> None:
        super().__init__()
        self.oracle = LinearIndex()
        self.index = LiveIndex(merge_at=4)

    @rule(entry=some_entries)
    def add(self, entry: Entry) -> None:
        self.oracle.add(entry)
        self.index.add(entry)

    @rule(entry_id=st.sampled_from(IDS))
    def remove(self, entry_id: UUID) -> None:
        assert self.index.remove(entry_id) == self.oracle.remove(entry_id)

    @rule(entry_ids=st.lists(st.sampled_from(IDS), max_size=6, unique=True))
    def remove_all(self, entry_ids: list[UUID]) -> None:
        assert self.index.remove_all(entry_ids) == sum([self.oracle.remove(each) for each in entry_ids])

    @rule(held=st.lists(some_entries, max_size=12))
    def load(self, held: list[Entry]) -> None:
        for entry in held:
            self.oracle.add(entry)
        self.index.load(held)

    @rule()
    def settle(self) -> None:
        self.index.settle()

    @rule()
    def start_again_from_the_whole(self) -> None:
        self.index = LiveIndex(self.index.whole(), merge_at=4)

    @rule(seed=st.integers(0, 1000), most=st.sampled_from([None, 1, 4]))
    def ask(self, seed: int, most: int | None) -> None:
        rng = random.Random(seed)
        entry = rng.choice(POOL)
        asked = [entry.hash, flipped(entry.hash, entry.radius, rng)]
        assert self.index.query(asked, most=most) == self.oracle.query(asked, most=most)

    @rule(seed=st.integers(0, 1000), most=st.sampled_from([None, 1]), threads=st.integers(1, 3))
    def ask_many(self, seed: int, most: int | None, threads: int) -> None:
        rng = random.Random(seed)
        views = [entry.hash for entry in rng.choices(POOL, k=12)]
        pictures = [views[:3], [], [flipped(views[3], 20, rng)], views[4:6], views[4:5], views[6:]]
        expected = [self.oracle.query(asked, most=most) for asked in pictures]
        assert self.index.query_many(pictures, most=most, threads=threads) == expected

    @invariant()
    def as_many(self) -> None:
        assert len(self.index) == len(self.oracle)

    def teardown(self) -> None:
        self.index.settle()
        asked = [entry.hash for entry in POOL]
        assert self.index.query(asked) == self.oracle.query(asked)


TestChanges = pytest.mark.proof(Changes.TestCase)
TestChanges.settings = settings(deadline=None, max_examples=40, stateful_step_count=30)


@pytest.fixture
def held_up(monkeypatch):
    """Merges wait, once begun, until the second event is set; the first says that one has begun."""
    begun, go_on = threading.Event(), threading.Event()

    class Slow(MultiIndex):
        def __init__(self, *arguments: object, **options: object) -> None:
            begun.set()
            assert go_on.wait(60)
            super().__init__(*arguments, **options)

    monkeypatch.setattr(live, "MultiIndex", Slow)
    yield begun, go_on
    go_on.set()


def test_changes_show_at_once_while_a_merge_runs(held_up):
    begun, go_on = held_up
    index = LiveIndex(merge_at=4)
    for number in range(4):
        index.add(numbered(number))
    assert begun.wait(60)
    index.add(numbered(7))
    assert index.query([numbered(7).hash])
    assert index.remove(UUID(int=1))
    assert not index.remove(UUID(int=1))
    assert index.query([numbered(1).hash]) == []
    index.add(numbered(2, Action.REVIEW))
    assert [match.entry.action for match in index.query([numbered(2).hash])] == [Action.REVIEW]
    assert not go_on.is_set()
    go_on.set()
    index.settle()
    assert index.query([numbered(1).hash]) == []
    assert [match.entry.action for match in index.query([numbered(2).hash])] == [Action.REVIEW]
    found = [bool(index.query([numbered(number).hash])) for number in range(8)]
    assert found == [True, False, True, True, False, False, False, True]
    assert len(index) == 4


class Crowd:
    """Threads that change and ask one index, and note what should not be."""

    def __init__(self) -> None:
        self.index = LiveIndex(merge_at=8)
        self.steady = [numbered(number) for number in range(4)]
        self.faults: set[str] = set()
        self.done = threading.Event()
        for entry in self.steady:
            self.index.add(entry)

    def check(self, found: list[Match], count: int, fault: str) -> None:
        if len(found) != count:
            self.faults.add(fault)

    def write(self, first: int) -> None:
        for number in range(first, first + 60):
            entry = numbered(number)
            self.index.add(entry)
            self.check(self.index.query([entry.hash]), 1, "an added entry does not match")
            if number % 3:
                assert self.index.remove(entry.id)
                self.check(self.index.query([entry.hash]), 0, "a removed entry matches")

    def replace(self) -> None:
        while not self.done.is_set():
            for entry in self.steady:
                self.index.add(Entry(entry.id, "other", entry.hash, entry.radius, Action.REVIEW))

    def read(self) -> None:
        while not self.done.is_set():
            for entry in self.steady:
                self.check(self.index.query([entry.hash]), 1, "a replaced entry is missed or doubled")

    def run(self) -> None:
        writers = [threading.Thread(target=self.write, args=(first,)) for first in (900, 1800)]
        others = [threading.Thread(target=self.replace), threading.Thread(target=self.read)]
        for thread in writers + others:
            thread.start()
        for thread in writers:
            thread.join()
        self.done.set()
        for thread in others:
            thread.join()
        self.index.settle()


@pytest.fixture
def hasty():
    """Threads take turns a hundred times as often as they would."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(usual / 100)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("hasty")
@pytest.mark.proof
def test_many_threads_see_every_change_at_once():
    crowd = Crowd()
    crowd.run()
    assert crowd.faults == set()
    assert len(crowd.index) == len(crowd.steady) + 2 * 20


@pytest.mark.proof
def test_a_removal_by_the_thousand(monkeypatch):
    monkeypatch.setattr(part, "MOST_LATE", 8)
    index = LiveIndex()
    index.load(numbered(number) for number in range(5000))
    for number in range(0, 5000, 50):
        assert index.remove(UUID(int=number))
    assert len(index) == 4900
    assert index.query([numbered(50).hash]) == []
    assert index.query([numbered(51).hash])
    index.load(numbered(number) for number in range(4500, 9000))
    assert len(index) == 9000 - 90
    assert index.query([numbered(4500).hash])
    assert index.query([numbered(50).hash]) == []
    assert {entry.id.int for entry in index.whole().entries()} == {n for n in range(9000) if n % 50 or n >= 4500}


def test_most_of_it_removed_is_written_anew():
    index = LiveIndex(merge_at=10)
    index.load(numbered(number) for number in range(400))
    size = index.nbytes
    for number in range(390):
        index.remove(UUID(int=number))
    index.settle()
    assert index.nbytes < size / 2
    assert len(index.query([numbered(395).hash])) == 1


def test_parts_stay_few():
    index = LiveIndex(merge_at=2)
    for number in range(300):
        index.add(numbered(number))
    for start in range(1000, 2000, 50):
        index.load(numbered(number) for number in range(start, start + 50))
    index.settle()
    assert len(index._state.parts) <= live.MOST_PARTS + 1
    assert len(index) == 1300


def test_a_merge_that_fails_loses_nothing_and_is_tried_again(monkeypatch):
    failed, seen = threading.Event(), []

    class Failing(MultiIndex):
        def __init__(self, *_: object, **__: object) -> None:
            raise MemoryError

    def note(fault: threading.ExceptHookArgs) -> None:
        seen.append(fault.exc_type)
        failed.set()

    monkeypatch.setattr(threading, "excepthook", note)
    with monkeypatch.context() as broken:
        broken.setattr(live, "MultiIndex", Failing)
        index = LiveIndex(merge_at=4)
        for number in range(4):
            index.add(numbered(number))
        assert failed.wait(60)
        index.settle()
    for number in range(4, 8):
        index.add(numbered(number))
    index.settle()
    assert seen == [MemoryError]
    assert all(index.query([numbered(number).hash]) for number in range(8))
    assert any(len(part) == 8 for part in index._state.parts)


def test_the_whole_of_an_untouched_index_is_what_it_was_made_of():
    base = MultiIndex([numbered(number) for number in range(9)])
    assert LiveIndex(base).whole().shelves is base.shelves
    assert len(LiveIndex().whole()) == 0


def test_it_says_of_each_algorithm_whether_it_may_hold_one():
    md5 = Entry(UUID(int=1), "lists", Hash(Algorithm.MD5, bytes(16)), 0, Action.REVIEW)
    index = LiveIndex(MultiIndex([numbered(number) for number in range(9)]), merge_at=4)
    assert (index.may_hold(Algorithm.PDQ), index.may_hold(Algorithm.MD5)) == (True, False)
    index.add(md5)
    assert index.may_hold(Algorithm.MD5)
    assert index.whole().may_hold(Algorithm.MD5)
    index.remove(md5.id)
    for number in range(10, 20):  # until it is merged away
        index.add(numbered(number))
        index.settle()
    assert not index.may_hold(Algorithm.MD5)
    assert not index.whole().may_hold(Algorithm.SHA256)
