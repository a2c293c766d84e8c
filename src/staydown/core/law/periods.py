"""Calendar time: what a law means by six months or a year."""

from __future__ import annotations

import calendar
from datetime import datetime, timedelta

from staydown.core.law.schema import Period


def later(moment: datetime, period: Period) -> datetime:
    """``moment`` and a period of calendar time; a month that is too short ends on its last day. None stated: none."""
    value = period.value or 0
    if period.unit in {"", "hours", "days"}:
        return moment + timedelta(**{period.unit or "days": value})
    months = value * (12 if period.unit == "years" else 1)
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    day = min(moment.day, calendar.monthrange(year, month + 1)[1])
    return moment.replace(year=year, month=month + 1, day=day)
