"""Which deliveries to look at."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q


class DeliveryQuerySet(models.QuerySet):
    """Deliveries by how far they are."""

    def newest_first(self) -> Self:
        """All, the latest event first."""
        return self.select_related("endpoint").order_by("-created_at", "-id")

    def dead(self) -> Self:
        """Those that we stopped trying, the latest first."""
        return self.newest_first().filter(state="dead")

    def due(self, now: datetime) -> Self:
        """Those that should be tried at ``now`` and that nobody is trying."""
        free = Q(leased_until__isnull=True) | Q(leased_until__lte=now)
        return self.filter(free, state="waiting", next_at__lte=now, endpoint__enabled=True)
