"""The statutes' own words, and the clock that each of them became."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from staydown.core.law.clocks import Urgency, deadlines, time_left
from staydown.core.law.regime import load, load_all
from staydown.core.law.schema import Clock, Duty, Regime, Start

#: (regime, clock, what the law says, hours, what it counts from). The words are of the facts, not of the files.
WORDS = [
    ("uk-osa-10-3A", "remove", "no later than 48 hours, after the provider receives the report", 48, Start.RECEIVED),
    ("us-tida-3", "remove", "not later than 48 hours after receiving such request", 48, Start.VALID),
    ("in-it-3-2-b", "remove", "two hours from the receipt of a complaint", 2, Start.RECEIVED),
    ("in-it-3-1-d", "obey", "three hours from the order", 3, Start.ORDER_SERVED),
    ("in-it-grievance", "acknowledge", "acknowledge within 24 hours", 24, Start.RECEIVED),
    ("in-it-grievance", "resolve", "resolve within seven days", 7 * 24, Start.RECEIVED),
    ("au-osa-77", "obey", "within 24 hours after the notice, or longer as allowed", 24, Start.NOTICE_SERVED),
    ("uk-osa-27", "remove", "at most 48 hours from receipt", 48, Start.RECEIVED),
    ("uk-osa-10-3", "remove", "swiftly", None, Start.RECEIVED),
    ("eu-dsa-16", "decide", "timely, diligent, non-arbitrary and objective", None, Start.RECEIVED),
    ("eu-dsa-9", "obey", "as the order says", None, Start.ORDER_SERVED),
    ("eu-dsa-9", "inform", "without undue delay", None, Start.ORDER_SERVED),
    ("eu-vaw-23", "obey", "promptly", None, Start.ORDER_SERVED),
    ("us-2258A", "report", "as soon as reasonably possible", None, Start.RECEIVED),
    ("uk-csea-nca", "report", "time frames that were not read", None, Start.RECEIVED),
    ("kr-tba-22-5", "remove", "without delay; 24 hours announced, not verified", None, Start.RECEIVED),
    ("ca-bc-iipa", "obey", "as ordered by the tribunal", None, Start.ORDER_SERVED),
]
CLOCKS = [(regime, clock) for regime in load_all() for clock in regime.clocks]
SERVED = datetime(2026, 7, 1, 9, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def test_every_clock_of_every_law_stands_in_the_table() -> None:
    assert sorted((regime, clock) for regime, clock, *_ in WORDS) == sorted((r.id, c.id) for r, c in CLOCKS)


@pytest.mark.parametrize(("regime_id", "clock_id", "words", "hours", "starts"), WORDS, ids=lambda each: str(each))
def test_the_clock_is_what_the_law_says(
    regime_id: str, clock_id: str, words: str, hours: int | None, starts: Start
) -> None:
    clock = load(regime_id).clock(clock_id)
    assert (clock.hours, clock.starts) == (hours, starts)
    if hours is None:
        assert clock.soft, f"{words}: a law without a number still says something"


@pytest.mark.parametrize("regime_id", ["uk-osa-10-3A", "us-tida-3"])
def test_a_number_in_a_quotation_is_the_number_of_the_clock(regime_id: str) -> None:
    clock = load(regime_id).clock("remove")
    assert f"{clock.hours} hours" in clock.quote


@pytest.mark.parametrize(("regime", "clock"), CLOCKS, ids=lambda each: each.id)
def test_it_is_in_time_until_the_last_second_and_overdue_after(regime: Regime, clock: Clock) -> None:
    found = {each.clock_id: each for each in deadlines(regime, dict.fromkeys(Start, SERVED))}
    if clock.hours is None or clock.duty is not Duty.ACT:
        assert clock.id not in found
        return
    due = SERVED + timedelta(hours=clock.hours)
    assert (found[clock.id].due_at, found[clock.id].legal_due) == (due, due)
    assert time_left(due, due - SECOND).urgency is not Urgency.OVERDUE
    assert time_left(due, due).urgency is not Urgency.OVERDUE
    assert time_left(due, due + SECOND).urgency is Urgency.OVERDUE


@pytest.mark.parametrize("regime", load_all(), ids=lambda each: each.id)
def test_a_report_starts_no_clock_of_an_order_and_an_order_none_of_a_report(regime: Regime) -> None:
    by_report = deadlines(regime, {Start.RECEIVED: SERVED, Start.VALID: SERVED})
    by_order = deadlines(regime, {Start.ORDER_SERVED: SERVED, Start.NOTICE_SERVED: SERVED})
    assert not {each.clock_id for each in by_report} & {each.clock_id for each in by_order}
    assert not by_report or "report" in regime.applies.intake
    assert not by_order or "order" in regime.applies.intake
