"""When a webhook is tried again: the schedule of the Standard Webhooks specification. And when a source is."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

#: How long after the attempt before it each attempt comes. Three and a half days in all, then it is dead.
WAITS: Final = (
    timedelta(0),
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
#: How long after each failure in a row a source is asked again; the last of them from then on. It is never given up.
LOOKS: Final = tuple(timedelta(minutes=each) for each in (1, 5, 15, 60))
JITTER: Final = 0.2  # a fifth longer at most, so that what failed together does not come back together


def next_attempt(attempts: int, now: datetime, jitter: float) -> datetime | None:
    """When to try after ``attempts`` failed ones, ``jitter`` being 0 to 1; None when it is enough."""
    if attempts >= len(WAITS):
        return None
    return now + WAITS[attempts] * (1 + JITTER * jitter)


def next_look(failures: int, now: datetime, jitter: float) -> datetime:
    """When to ask a source again that failed ``failures`` times in a row, ``jitter`` being 0 to 1."""
    return now + LOOKS[min(failures, len(LOOKS)) - 1] * (1 + JITTER * jitter)
