"""Which cases to look at, and in which order."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import DurationField, ExpressionWrapper, F, Value


class CaseQuerySet(models.QuerySet):
    """Cases for people who work on them. Under-18 cases are in none of these."""

    def for_staff(self) -> Self:
        """Every case that staff may see."""
        return self.exclude(state="minors")

    def queue(self) -> Self:
        """The open cases, the earliest deadline first."""
        return self.filter(state="open").order_by(F("due_at").asc(nulls_last=True), "id")

    def with_time_left(self, now: datetime) -> Self:
        """The same with ``time_left``, a timedelta that is negative once the deadline has passed; None without one."""
        left = ExpressionWrapper(F("due_at") - Value(now, models.DateTimeField()), output_field=DurationField())
        return self.annotate(time_left=left)

    def overdue(self, now: datetime) -> Self:
        """Those whose deadline has passed while a clock was running."""
        return self.for_staff().filter(due_at__lt=now)
