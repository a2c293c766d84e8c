"""Following: each line is in the index at once, a lie changes nothing, and the lag says how old the answers may be."""

from __future__ import annotations

import itertools

import pytest

from staydown.core.bank import Action
from staydown.core.matching.live import LiveIndex
from staydown.errors import FeedError, FeedUnreachableError
from staydown.exchange.testing import Fault, Publisher
from staydown.screening.follower import ASK_AGAIN, Follower
from staydown.screening.settings import Settings
from tests.screening.nodes import entry

LIES = [
    Fault.CUT_OFF,
    Fault.GAP,
    Fault.REPEATED,
    Fault.CHANGED_LINE,
    Fault.WRONG_KEY,
    Fault.REWRITTEN,
    Fault.NOT_A_FEED,
]


class Clock:
    """Time that passes when the test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Following:
    """A follower of a publisher in memory, with a clock of its own."""

    def __init__(self, **settings: float) -> None:
        self.publisher = Publisher()
        self.clock = Clock()
        self.index = LiveIndex()
        self.stopping = False
        given = {"max_lag": 30, "wait": 0.01} | settings
        self.follower = Follower(
            self.publisher.client(),
            self.index,
            Settings(**given),
            clock=self.clock,
            is_stopping=lambda: self.stopping,
        )

    def until_synced(self) -> None:
        while not self.follower.is_synced:
            self.follower.step()
            assert self.follower.fault is None


@pytest.fixture
def following() -> Following:
    return Following()


def test_an_empty_feed_is_synced_at_once(following):
    assert following.follower.lag is None
    assert not following.follower.is_synced
    following.follower.step()
    assert following.follower.is_synced
    assert following.follower.lag == 0


@pytest.mark.parametrize(("most_gathered", "sizes"), [(100, [0, 0, 0, 4]), (3, [0, 4, 3, 4])])
def test_half_a_feed_is_not_called_whole(monkeypatch, most_gathered, sizes):
    monkeypatch.setattr("staydown.screening.follower.MOST_GATHERED", most_gathered)
    following = Following(page=2)
    entries = [entry() for _ in range(5)]
    for each in entries:
        following.publisher.add(each)
    found = []
    for number in range(4):
        assert following.follower.step() == 0.0
        found.append((following.follower.seq, following.follower.is_synced, len(following.index)))
        if number == 0:
            following.publisher.withdraw(entries[0].id)  # after its line was read
    assert found == list(zip([2, 4, 6, 6], [False, False, False, True], sizes, strict=True))
    assert following.index.query([entries[0].hash]) == []


def test_the_history_before_the_start_counts_in_its_order(following):
    gone, replaced = entry(), entry(action=Action.REVIEW)
    following.publisher.add(gone)
    following.publisher.add(replaced)
    following.publisher.add(type(replaced)(replaced.id, "house", replaced.hash, 31, Action.BLOCK))
    following.publisher.withdraw(gone.id)
    following.until_synced()
    assert len(following.index) == 1
    assert [match.entry.action for match in following.index.query([replaced.hash])] == [Action.BLOCK]
    assert following.index.query([gone.hash]) == []


def test_each_line_is_in_the_index_after_the_step_that_pulled_it(following):
    following.until_synced()
    following.publisher.add(one := entry())
    following.follower.step()
    assert [match.entry for match in following.index.query([one.hash])] == [one]
    following.publisher.withdraw(one.id)
    following.follower.step()
    assert following.index.query([one.hash]) == []


def test_removing_what_is_not_there_is_no_fault(following):
    following.until_synced()
    following.publisher.withdraw(entry().id)
    following.follower.step()
    assert following.follower.fault is None


@pytest.mark.parametrize("fault", LIES)
def test_a_lie_changes_nothing(following, fault):
    following.publisher.add(kept := entry())
    following.until_synced()
    following.publisher.add(new := entry())
    following.publisher.withdraw(kept.id)
    following.publisher.fault = fault
    assert following.follower.step() > 0
    assert type(following.follower.fault) is FeedError
    assert following.follower.seq == 1
    assert len(following.index.query([kept.hash])) == 1
    assert following.index.query([new.hash]) == []
    following.publisher.fault = None
    following.follower.step()
    assert following.follower.fault is None
    assert following.follower.seq == 3
    assert len(following.index.query([new.hash])) == 1
    assert following.index.query([kept.hash]) == []


@pytest.mark.parametrize("fault", [Fault.DOWN, Fault.DROPPED, Fault.KEY_REFUSED])
def test_while_the_publisher_is_away_the_last_state_stays_and_ages(following, fault):
    following.publisher.add(one := entry())
    following.until_synced()
    following.publisher.fault = fault
    following.clock.now += 12
    following.follower.step()
    assert isinstance(following.follower.fault, FeedUnreachableError)
    assert following.follower.lag == 12
    assert len(following.index.query([one.hash])) == 1
    following.publisher.fault = None
    following.follower.step()
    assert (following.follower.lag, following.follower.fault) == (0, None)


def test_delays_grow_to_a_bound_and_start_over(following):
    following.until_synced()
    following.publisher.fault = Fault.DOWN
    delays = [following.follower.step() for _ in range(20)]
    assert 0.1 < delays[0] <= 0.25
    assert all(2.5 <= delay <= 5 for delay in delays[-10:])
    following.publisher.fault = None
    following.follower.step()
    following.publisher.fault = Fault.DOWN
    assert following.follower.step() <= 0.25


def test_after_a_failure_it_asks_without_waiting(following):
    """Otherwise a node would learn up to a whole wait late that it missed nothing."""
    waits: list[str] = []
    respond = following.publisher.respond

    def watched(request):
        waits.append(request.url.params.get("wait"))
        return respond(request)

    following.publisher.respond = watched
    following.follower._client = following.publisher.client()
    following.until_synced()
    following.follower.step()
    following.publisher.fault = Fault.DOWN
    following.follower.step()
    following.publisher.fault = None
    following.follower.step()
    following.follower.step()
    assert waits == ["0", "0.01", "0.01", "0", "0.01"]


def test_lines_are_followed_by_a_pull_that_does_not_wait(following):
    """A server may give fewer lines than it was asked for: only an empty answer means that this was everything."""
    following.until_synced()
    following.publisher.add(entry())
    following.clock.now += 5
    assert following.follower.step() == 0.0
    assert following.follower.lag == 5
    following.follower.step()
    assert following.follower.lag == 0


def test_a_publisher_that_does_not_hold_its_answers_is_not_asked_in_a_circle(following):
    following.until_synced()
    assert following.follower.step() == ASK_AGAIN


def test_a_publisher_that_holds_them_is_asked_again_at_once(following):
    following.until_synced()
    ticks = itertools.count(2000.0, 5.0)
    following.follower._clock = lambda: next(ticks)
    assert following.follower.step() == 0.0


def test_what_arrives_while_it_is_stopped_is_not_applied(following):
    following.until_synced()
    following.publisher.add(one := entry())
    following.stopping = True
    following.follower.step()
    assert following.index.query([one.hash]) == []
    assert following.follower.seq == 0


def test_the_log_says_once_what_is_wrong_and_no_hash(following, caplog):
    following.until_synced()
    following.publisher.add(one := entry())
    following.publisher.fault = Fault.WRONG_KEY
    for _ in range(3):
        following.follower.step()
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert one.hash.hex()[:10] not in caplog.text
    following.publisher.fault = Fault.DOWN
    following.follower.step()
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]


def test_a_publisher_that_wants_to_be_asked_later_is_asked_then_and_no_fault_is_noted(following, caplog):
    following.until_synced()
    following.publisher.add(entry())
    following.publisher.fault = Fault.BUSY
    assert [following.follower.step(), following.follower.step()] == [7, 7]
    assert following.follower.fault is None
    assert not caplog.records
    following.publisher.fault = None
    following.follower.step()
    assert len(following.index) == 1
