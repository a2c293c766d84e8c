"""How the work stands, in numbers: for the console and for Prometheus. Reads only, and nobody's name is in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median
from typing import Final

from django.db.models import Count, Min

from staydown.apps.cases.models import Appeal, Case, Clock, Decision, HeardHit, Report, Unfounded

LATELY: Final = timedelta(days=30)
DAYS_OF_HITS: Final = 14
BUCKETS: Final = (("overdue", 0), ("6 hours", 6), ("24 hours", 24), ("48 hours", 48))


@dataclass(frozen=True, slots=True)
class Figures:
    """The state of one moment. Times are medians over the last 30 days, None where nothing happened."""

    at: datetime
    waiting: dict[str, dict[str, int]]  # regime -> time left -> running clocks of open cases
    open_cases: int
    overdue_cases: int
    to_first_decision: timedelta | None
    to_removal: timedelta | None
    clocks_met: int  # stopped in time, in the last 30 days
    clocks_missed: int  # stopped late, or still running and late
    verdicts: dict[str, int]
    appeals: dict[str, int]
    reports: int  # received in the last 30 days
    unfounded: int  # recorded as unfounded in the last 30 days
    hits: dict[date, int]


def figures(now: datetime) -> Figures:
    """How the work stands at ``now``. Eleven queries, each over an index or over the last 30 days."""
    since = now - LATELY
    stopped = list(
        Clock.objects.filter(stopped_at__gte=since)
        .exclude(stopped_because=Clock.Because.WITHDRAWAL)
        .values_list("case_id", "starts_at", "due_at", "stopped_at", "stopped_because")
    )
    late_now = Clock.objects.filter(stopped_at=None, due_at__lt=now).count()
    removals: dict[int, timedelta] = {}
    for case, starts, _, ended, because in stopped:
        if because == Clock.Because.OUTCOME:
            removals[case] = max(removals.get(case, timedelta(0)), ended - starts)
    return Figures(
        at=now,
        waiting=_waiting(now),
        open_cases=Case.objects.queue().count(),
        overdue_cases=Case.objects.overdue(now).count(),
        to_first_decision=_middle(_first_decisions(since)),
        to_removal=_middle(removals.values()),
        clocks_met=sum(ended <= due for _, _, due, ended, _ in stopped),
        clocks_missed=sum(ended > due for _, _, due, ended, _ in stopped) + late_now,
        verdicts=_counted(Decision.objects.filter(at__gte=since).values_list("verdict"), Decision.Verdict.values),
        appeals=_counted(Appeal.objects.filter(received_at__gte=since).values_list("state"), Appeal.State.values),
        reports=Report.objects.filter(received_at__gte=since).count(),
        unfounded=Unfounded.objects.filter(at__gte=since).count(),
        hits=_hits(now),
    )


def _waiting(now: datetime) -> dict[str, dict[str, int]]:
    """How many running clocks of open cases each law has, by the time that is left."""
    running = Clock.objects.filter(stopped_at=None, case__state=Case.State.OPEN).values_list("regime_id", "due_at")
    found: dict[str, Counter[str]] = {}
    for regime, due in running.iterator():
        found.setdefault(regime, Counter())[_bucket(due - now)] += 1
    return {regime: {name: found[regime][name] for name in names()} for regime in sorted(found)}


def names() -> tuple[str, ...]:
    """The names of the times left, the most urgent first."""
    return (*(name for name, _ in BUCKETS), "longer")


def _bucket(left: timedelta) -> str:
    return next((name for name, hours in BUCKETS if left < timedelta(hours=hours)), "longer")


def _first_decisions(since: datetime) -> list[timedelta]:
    firsts = (
        Case.objects.for_staff().annotate(first=Min("decisions__at")).filter(first__gte=since, reports__isnull=False)
    )
    return [first - opened for opened, first in firsts.distinct().values_list("opened_at", "first")]


def _middle(times: Iterable[timedelta]) -> timedelta | None:
    seconds = [each.total_seconds() for each in times]
    return timedelta(seconds=median(seconds)) if seconds else None


def _counted(values: Iterable[tuple[str]], every: Iterable[str]) -> dict[str, int]:
    found = Counter(value for (value,) in values)
    return {name: found[name] for name in every}


def _hits(now: datetime) -> dict[date, int]:
    """How many hits the nodes reported on each of the last days; a hit stands for one or more uploads."""
    first = now.date() - timedelta(days=DAYS_OF_HITS - 1)
    rows = HeardHit.objects.filter(at__date__gte=first).values_list("at__date").annotate(count=Count("id"))
    found = dict(rows.order_by())
    return {day: found.get(day, 0) for day in (first + timedelta(days=n) for n in range(DAYS_OF_HITS))}
