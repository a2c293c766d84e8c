"""Deadlines: plain arithmetic on moments. Elapsed hours, never working days, and never the wall clock of a zone.

Work starts at receipt. Where a law's own clock starts later, when the report is valid, the deadline that the queue
works by still counts from receipt, and the legal one is kept beside it. Work by the earlier date is always in time.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from staydown.core.law.schema import Clock, Duty, Regime, Start
from staydown.errors import InvalidError

_DAY: Final = 86_400
_HOUR: Final = 3_600
_MINUTE: Final = 60


@dataclass(frozen=True, slots=True)
class Deadline:
    """By when a regime wants something done; every moment in UTC.

    ``starts_at`` and ``due_at`` are what work goes by. ``legal_start`` and ``legal_due`` are what the law counts, and
    None as long as its clock has not started.
    """

    regime_id: str
    clock_id: str
    starts_at: datetime
    due_at: datetime
    legal_start: datetime | None
    legal_due: datetime | None


class Urgency(enum.StrEnum):
    """How pressing a deadline is."""

    OVERDUE = "overdue"
    URGENT = "urgent"  # under six hours
    SOON = "soon"  # under a day
    CALM = "calm"


@dataclass(frozen=True, slots=True)
class TimeLeft:
    """The time left: in seconds (below 0 when it is over), in plain English, and as urgency."""

    seconds: int
    words: str
    urgency: Urgency


def deadlines(regime: Regime, events: Mapping[Start, datetime], *, ordered: datetime | None = None) -> list[Deadline]:
    """The deadlines of a regime for what has happened so far, the earliest first.

    ``ordered`` is the moment that an order itself names; it takes the place of the hours of each clock that an order
    may set. A clock without either gives none, and neither does one for telling the reporter that the report arrived:
    the receipt does that. Naive datetimes raise `InvalidError`: nobody can say when they were.
    """
    moments = {start: _utc(moment) for start, moment in events.items()}
    named = None if ordered is None else _utc(ordered)
    found = [_deadline(regime, clock, moments, named) for clock in regime.clocks if clock.duty is Duty.ACT]
    return sorted((each for each in found if each), key=lambda each: (each.due_at, each.clock_id))


def _deadline(
    regime: Regime, clock: Clock, moments: Mapping[Start, datetime], ordered: datetime | None
) -> Deadline | None:
    legal = moments.get(clock.starts)
    begun = [legal] if legal else []
    if clock.starts is Start.VALID and Start.RECEIVED in moments:
        begun.append(moments[Start.RECEIVED])
    if not begun:
        return None
    work = min(begun)
    if clock.set_by_order and ordered is not None:
        if ordered <= work:
            raise InvalidError("The order's own limit must be later than the moment it was served.")
        return Deadline(regime.id, clock.id, work, ordered, legal, ordered)
    if clock.hours is None:
        return None
    limit = timedelta(hours=clock.hours)
    return Deadline(regime.id, clock.id, work, work + limit, legal, legal + limit if legal else None)


def time_left(due: datetime, now: datetime) -> TimeLeft:
    """The time from ``now`` until ``due``, in words such as "1 day 3 hours left" or "overdue by 2 hours"."""
    seconds = int((_utc(due) - _utc(now)).total_seconds() // 1)
    if seconds < 0:
        return TimeLeft(seconds, f"overdue by {_span(-seconds)}", Urgency.OVERDUE)
    urgency = Urgency.URGENT if seconds < 6 * _HOUR else Urgency.SOON if seconds < _DAY else Urgency.CALM
    return TimeLeft(seconds, f"{_span(seconds)} left", urgency)


def _span(seconds: int) -> str:
    """The two largest of days and hours, or hours and minutes; cut off, never rounded up."""
    if seconds < _MINUTE:
        return "less than a minute"
    days, hours, minutes = seconds // _DAY, seconds % _DAY // _HOUR, seconds % _HOUR // _MINUTE
    parts = [(days, "day"), (hours, "hour")] if days else [(hours, "hour"), (minutes, "minute")]
    return " ".join(f"{count} {unit}{'' if count == 1 else 's'}" for count, unit in parts if count)


def _utc(moment: datetime) -> datetime:
    if moment.utcoffset() is None:
        raise InvalidError("A moment needs a time zone. Give it one.")
    return moment.astimezone(UTC)
