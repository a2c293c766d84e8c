"""How often a key may fetch: a minute's worth at once, then one after each pause, one count for every process."""

from __future__ import annotations

import pytest

from staydown.apps.banks import fetching
from staydown.apps.banks.models import Allowance
from staydown.errors import TooOftenError
from tests import factories as make

pytestmark = pytest.mark.django_db


class Clock:
    """Time that passes when the test says so."""

    now = 1_000.0

    def time_ns(self) -> int:
        return round(self.now * 1_000_000_000)


@pytest.fixture(autouse=True)
def clock(monkeypatch, settings) -> Clock:
    settings.STAYDOWN_FETCHES_PER_MINUTE = 3
    monkeypatch.setattr(fetching, "time", made := Clock())
    return made


@pytest.fixture
def key():
    return make.api_key("feed:read")[0]


def left(key) -> list[float]:
    """What each fetch was told until one was refused: 0, and at last the seconds."""
    told = []
    while not told or not told[-1]:
        try:
            fetching.take(key)
            told.append(0)
        except TooOftenError as error:
            told.append(error.seconds)
    return told


def test_a_minutes_worth_at_once_then_one_after_each_pause(key, clock):
    assert left(key) == [0, 0, 0, 20]
    clock.now += 19
    assert left(key) == [1]
    clock.now += 1
    assert left(key) == [0, 20]
    clock.now += 3600
    assert left(key) == [0, 0, 0, 20]


def test_being_refused_costs_nothing(key, clock, django_assert_num_queries):
    left(key)
    with django_assert_num_queries(1), pytest.raises(TooOftenError):
        fetching.take(key)
    clock.now += 20
    fetching.take(key)


def test_each_key_has_its_own(key):
    assert left(key) == left(make.api_key("feed:read")[0]) == [0, 0, 0, 20]


def test_another_process_took_the_last_one_meanwhile(key, monkeypatch):
    fetching.take(key)
    read = Allowance.objects.get()
    left(key)
    monkeypatch.setattr(Allowance.objects, "get_or_create", lambda **_: (read, False))
    with pytest.raises(TooOftenError):
        fetching.take(key)


def test_a_clock_that_was_set_back_locks_nobody_out(key, clock):
    left(key)
    clock.now -= 500
    assert left(key) == [0, 0, 0, 20]
