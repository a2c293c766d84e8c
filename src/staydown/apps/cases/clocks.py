"""Opening the clocks of a case."""

from __future__ import annotations

from datetime import datetime

from staydown.apps.cases import regimes
from staydown.apps.cases.models import Case, Clock, Report
from staydown.core.law.clocks import deadlines
from staydown.core.law.schema import Start


def open_clocks(case: Case, now: datetime, *, report: Report | None = None) -> list[Clock]:
    """A running clock for each limit of the pinned regimes, counted from receipt: that is never too late.

    Without a report it is a hit that starts them: copies are owed the same hours from the moment we know of them.
    """
    return [
        Clock.objects.create(
            case=case,
            report=report,
            regime_id=deadline.regime_id,
            clock_id=deadline.clock_id,
            starts_at=deadline.starts_at,
            due_at=deadline.due_at,
        )
        for regime in regimes.pinned(case)
        for deadline in deadlines(regime, {Start.RECEIVED: now})
    ]
