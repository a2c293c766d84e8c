"""Properties of the arithmetic of clocks, over every law that is shipped: zones, leap days, changes of the clocks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from staydown.core.law.clocks import Deadline, deadlines, time_left
from staydown.core.law.regime import load, load_all
from staydown.core.law.schema import Duty, Start
from staydown.errors import InvalidError

ZONES = ["UTC", "Europe/London", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Apia"]
HOUR = timedelta(hours=1)
sized = settings(max_examples=40, deadline=None)
laws = st.sampled_from(load_all())
numbers = st.datetimes(datetime(2024, 1, 1), datetime(2044, 12, 31))  # noqa: DTZ001 - zones come from the strategy
moments = st.builds(
    lambda plain, zone: plain.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)), numbers, st.sampled_from(ZONES)
)
happened = st.dictionaries(st.sampled_from(list(Start)), moments)
EUROPE, AUSTRALIA = load("eu-dsa-9"), load("au-osa-77")


def by_clock(found: list[Deadline]) -> dict[str, Deadline]:
    return {each.clock_id: each for each in found}


@sized
@given(laws, happened)
def test_each_deadline_is_its_hours_after_its_start_and_the_earliest_comes_first(law, events):
    found = deadlines(law, events)
    assert [each.due_at for each in found] == sorted(each.due_at for each in found)
    for each in found:
        clock = law.clock(each.clock_id)
        assert clock.duty is Duty.ACT
        assert each.due_at - each.starts_at == timedelta(hours=clock.hours)
        assert each.due_at.tzinfo is each.starts_at.tzinfo is UTC
        assert (each.legal_due is None) == (clock.starts not in events)


@sized
@given(laws, happened)
def test_the_same_moments_written_in_another_zone_are_the_same_deadlines(law, events):
    elsewhere = {name: moment.astimezone(ZoneInfo("Asia/Kathmandu")) for name, moment in events.items()}
    assert deadlines(law, elsewhere) == deadlines(law, events)


@sized
@given(laws, happened, st.sampled_from(list(Start)), moments)
def test_more_that_happened_never_moves_a_deadline_away(law, events, name, moment):
    more = by_clock(deadlines(law, {name: moment, **events}))  # what had happened stays as it was
    for clock_id, before in by_clock(deadlines(law, events)).items():
        assert more[clock_id].due_at <= before.due_at


@sized
@given(laws, happened, st.timedeltas(timedelta(0), timedelta(days=800)))
def test_everything_later_by_so_much_is_due_later_by_so_much(law, events, shift):
    moved = {name: moment.astimezone(UTC) + shift for name, moment in events.items()}
    for before, after in zip(deadlines(law, events), deadlines(law, moved), strict=True):
        assert after.due_at - before.due_at == shift


@sized
@given(moments, st.integers(1, 100))
def test_a_clock_of_the_machine_that_goes_back_gives_more_time_left_and_no_other_deadline(received, hours):
    (deadline,) = deadlines(load("uk-osa-10-3A"), {Start.RECEIVED: received})
    back = received.astimezone(UTC) - hours * HOUR
    assert time_left(deadline.due_at, back).seconds == (48 + hours) * 3600
    assert deadlines(load("uk-osa-10-3A"), {Start.RECEIVED: received}) == [deadline]


@sized
@given(moments, st.timedeltas(timedelta(0), timedelta(days=9)))
def test_completeness_that_seems_older_than_its_report_counts_from_itself(received, before):
    valid = received.astimezone(UTC) - before
    (deadline,) = deadlines(load("us-tida-3"), {Start.RECEIVED: received, Start.VALID: valid})
    assert deadline.due_at == deadline.legal_due == valid + 48 * HOUR


@pytest.mark.parametrize(
    ("zone", "local", "due"),
    [
        ("Europe/London", "2028-02-28T12:00", "2028-03-01T12:00"),  # 2028 has a leap day
        ("Europe/London", "2100-02-27T12:00", "2100-03-01T12:00"),  # 2100 has none
        ("Europe/London", "2027-03-27T12:00", "2027-03-29T13:00"),  # an hour is lost
        ("Europe/London", "2026-10-24T12:00", "2026-10-26T11:00"),  # an hour comes twice
        ("America/New_York", "2027-03-13T12:00", "2027-03-15T13:00"),
        ("Australia/Lord_Howe", "2026-10-03T12:00", "2026-10-05T12:30"),  # half an hour is lost
        ("Asia/Kolkata", "2026-12-31T23:59", "2027-01-02T23:59"),
    ],
)
def test_48_hours_on_the_walls_of_the_world(zone, local, due):
    received = datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(zone))
    (deadline,) = deadlines(load("uk-osa-10-3A"), {Start.RECEIVED: received})
    assert deadline.due_at.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%dT%H:%M") == due


@sized
@given(moments, st.timedeltas(timedelta(seconds=1), timedelta(days=400)))
def test_an_order_that_names_its_moment_is_due_then_and_only_where_the_law_lets_it(served, within):
    own = served.astimezone(UTC) + within
    (europe,) = deadlines(EUROPE, {Start.ORDER_SERVED: served}, ordered=own)
    (australia,) = deadlines(AUSTRALIA, {Start.NOTICE_SERVED: served}, ordered=own)
    assert europe.due_at == australia.due_at == own == australia.legal_due
    (india,) = deadlines(load("in-it-3-1-d"), {Start.ORDER_SERVED: served}, ordered=own)
    assert india.due_at == served.astimezone(UTC) + 3 * HOUR


@sized
@given(moments, st.timedeltas(timedelta(0), timedelta(days=400)))
def test_an_order_cannot_be_due_before_it_is_served(served, before):
    with pytest.raises(InvalidError, match="later than the moment it was served"):
        deadlines(EUROPE, {Start.ORDER_SERVED: served}, ordered=served.astimezone(UTC) - before)


@sized
@given(laws, moments)
def test_without_a_number_and_without_an_order_that_names_one_there_is_no_deadline(law, moment):
    everything = dict.fromkeys(Start, moment)
    named = {clock.id for clock in law.clocks if clock.hours is not None and clock.duty is Duty.ACT}
    assert set(by_clock(deadlines(law, everything))) == named
