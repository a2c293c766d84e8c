"""Reading keys and staff."""

from __future__ import annotations

from datetime import date
from typing import Any, Self

from django.db import models
from django.db.models import Q
from django.utils import timezone


class ApiKeys(models.QuerySet[Any]):
    """Keys."""

    def live(self, today: date | None = None) -> Self:
        """Those that are neither revoked nor expired. A key works through its last day."""
        today = today or timezone.now().date()
        return self.filter(Q(expires_on__isnull=True) | Q(expires_on__gte=today), revoked_at__isnull=True)
