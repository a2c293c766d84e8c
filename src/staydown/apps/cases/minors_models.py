"""The row that remembers what a case was like before somebody locked it because a person under 18 may be shown."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q


class Lock(models.Model):
    """Somebody who works here locked a case. What its reporter said themselves makes no such row, so nobody lifts it.

    ``items`` are the states that items had before it changed them; ``clocks`` and ``actions`` were ended by it, and
    ``laws`` were pinned: all by id. Nothing of them is a hash or somebody's words.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    case = models.ForeignKey("staydown_cases.Case", on_delete=models.PROTECT, related_name="locks")
    at = models.DateTimeField()
    items = models.JSONField(default=dict)
    clocks = models.JSONField(default=list)
    actions = models.JSONField(default=list)
    laws = models.JSONField(default=list)
    lifted_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(name="lock_once_a_case", fields=["case"], condition=Q(lifted_at__isnull=True))
        ]

    def __str__(self) -> str:
        return f"lock {self.public_id}"
