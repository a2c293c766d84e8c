"""Deadlines: elapsed hours in every zone, over every change of clocks, and never a naive moment."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from staydown.core.law.clocks import Urgency, deadlines, time_left
from staydown.core.law.regime import load, parse
from staydown.core.law.schema import Start
from staydown.errors import InvalidError

FOLDER = Path(__file__).parents[2] / "golden/law"
GOLDEN = json.loads((FOLDER / "deadlines.json").read_text(encoding="utf-8"))["cases"]
THIRD = parse((FOLDER / "zz-test-1.toml").read_text(encoding="utf-8"))
UK, US = load("uk-osa-10-3A"), load("us-tida-3")
ZONES = ["UTC", "Europe/London", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "America/St_Johns"]
NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
sized = settings(max_examples=30, deadline=None)


def naive(*parts: int) -> datetime:
    """A moment that says nothing of its zone."""
    return datetime(*parts, tzinfo=UTC).replace(tzinfo=None)  # type: ignore[misc]


moments = st.datetimes(
    naive(2025, 1, 1), naive(2040, 12, 31), timezones=st.sampled_from(ZONES).map(ZoneInfo), allow_imaginary=False
)


def moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


@pytest.mark.parametrize("case", GOLDEN, ids=lambda each: each["what"])
def test_the_golden_deadlines(case: dict[str, Any]) -> None:
    events = {Start(name): datetime.fromisoformat(at) for name, at in case["events"].items()}
    found = deadlines(load(case["regime"]), events)
    assert [(each.due_at, each.legal_due) for each in found] == (
        [(moment(case["work"]), moment(case["legal"]))] if case["work"] else []
    )


@sized
@given(moments)
def test_48_hours_are_48_hours_everywhere(received: datetime) -> None:
    (deadline,) = deadlines(UK, {Start.RECEIVED: received})
    assert deadline.due_at - received.astimezone(UTC) == timedelta(hours=48)
    assert deadline.due_at.tzinfo is UTC
    assert deadline.starts_at == received.astimezone(UTC)
    assert (deadline.legal_start, deadline.legal_due) == (deadline.starts_at, deadline.due_at)
    assert deadlines(UK, {Start.RECEIVED: received.astimezone(UTC)}) == [deadline]


@pytest.mark.parametrize(
    ("zone", "before"),
    [("Europe/London", naive(2027, 3, 27, 12)), ("Europe/London", naive(2026, 10, 24, 12))],
    ids=["an hour is lost", "an hour is gained"],
)
def test_a_change_of_clocks_moves_the_wall_clock_and_not_the_limit(zone: str, before: datetime) -> None:
    (deadline,) = deadlines(UK, {Start.RECEIVED: before.replace(tzinfo=ZoneInfo(zone))})
    local = deadline.due_at.astimezone(ZoneInfo(zone))
    assert local.hour in (11, 13)
    assert deadline.due_at - deadline.starts_at == timedelta(hours=48)


def test_the_hour_that_comes_twice_is_two_moments() -> None:
    twice = datetime(2026, 10, 25, 1, 30, tzinfo=ZoneInfo("Europe/London"))
    (first,) = deadlines(UK, {Start.RECEIVED: twice})
    (second,) = deadlines(UK, {Start.RECEIVED: twice.replace(fold=1)})
    assert second.due_at - first.due_at == timedelta(hours=1)


@sized
@given(moments, st.timedeltas(timedelta(0), timedelta(days=30)))
def test_work_never_waits_for_validity_and_is_never_later_than_the_law(received: datetime, after: timedelta) -> None:
    valid = received.astimezone(UTC) + after
    (working,) = deadlines(US, {Start.RECEIVED: received})
    (complete,) = deadlines(US, {Start.RECEIVED: received, Start.VALID: valid})
    assert working.legal_start is working.legal_due is None
    assert complete.due_at == working.due_at == received.astimezone(UTC) + timedelta(hours=48)
    assert complete.legal_start == valid
    assert complete.legal_due is not None
    assert complete.due_at <= complete.legal_due


def test_validity_alone_starts_a_clock_that_waits_for_it() -> None:
    (deadline,) = deadlines(US, {Start.VALID: NOON})
    assert deadline.starts_at == deadline.legal_start == NOON


def test_several_clocks_come_earliest_first_and_those_without_hours_not_at_all() -> None:
    found = deadlines(THIRD, {Start.RECEIVED: NOON, Start.ORDER_SERVED: NOON - timedelta(hours=23)})
    assert [each.clock_id for each in found] == ["obey", "look"]
    assert [each.clock_id for each in deadlines(THIRD, {Start.RECEIVED: NOON})] == ["look"]
    assert deadlines(THIRD, {}) == []


@pytest.mark.parametrize("start", Start)
def test_a_moment_without_a_zone_is_refused(start: Start) -> None:
    with pytest.raises(InvalidError, match="time zone"):
        deadlines(UK, {start: naive(2026, 7, 1)})


def test_time_left_refuses_a_moment_without_a_zone() -> None:
    for due, now in ((naive(2026, 7, 1), NOON), (NOON, naive(2026, 7, 1))):
        with pytest.raises(InvalidError):
            time_left(due, now)


@pytest.mark.parametrize(
    ("left", "words", "urgency"),
    [
        (timedelta(hours=48), "2 days left", Urgency.CALM),
        (timedelta(days=1, hours=3, minutes=59), "1 day 3 hours left", Urgency.CALM),
        (timedelta(days=1), "1 day left", Urgency.CALM),
        (timedelta(hours=23, minutes=59, seconds=59), "23 hours 59 minutes left", Urgency.SOON),
        (timedelta(hours=6), "6 hours left", Urgency.SOON),
        (timedelta(hours=5, minutes=59), "5 hours 59 minutes left", Urgency.URGENT),
        (timedelta(hours=1, minutes=1), "1 hour 1 minute left", Urgency.URGENT),
        (timedelta(minutes=1), "1 minute left", Urgency.URGENT),
        (timedelta(seconds=59), "less than a minute left", Urgency.URGENT),
        (timedelta(0), "less than a minute left", Urgency.URGENT),
        (timedelta(microseconds=-1), "overdue by less than a minute", Urgency.OVERDUE),
        (timedelta(minutes=-2), "overdue by 2 minutes", Urgency.OVERDUE),
        (timedelta(hours=-2), "overdue by 2 hours", Urgency.OVERDUE),
        (timedelta(days=-3, hours=-1), "overdue by 3 days 1 hour", Urgency.OVERDUE),
    ],
)
def test_time_left_in_words(left: timedelta, words: str, urgency: Urgency) -> None:
    found = time_left(NOON + left, NOON)
    assert (found.words, found.urgency) == (words, urgency)


@sized
@given(moments, moments)
def test_time_left_is_the_same_in_every_zone(due: datetime, now: datetime) -> None:
    there = timezone(timedelta(hours=-9, minutes=-30))
    assert time_left(due, now) == time_left(due.astimezone(there), now.astimezone(UTC))
    assert (time_left(due, now).urgency is Urgency.OVERDUE) == (due.astimezone(UTC) < now.astimezone(UTC))
