"""The rows of the moderators' own desk: notes for colleagues, saved views, and how much each person has looked at."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from staydown.apps.vault.fields import SealedTextField


class Note(models.Model):
    """What somebody who works here wrote for colleagues about a case. Neither side ever sees it."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    case = models.ForeignKey("staydown_cases.Case", on_delete=models.PROTECT, related_name="notes")
    words = SealedTextField()
    by_staff = models.ForeignKey("staydown_accounts.Staff", on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"note {self.public_id}"


class Unfounded(models.Model):
    """That a report was sent without ground, and why somebody found so. Nothing follows from it by itself."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    report = models.OneToOneField("staydown_cases.Report", on_delete=models.PROTECT, related_name="unfounded")
    reason = SealedTextField()
    by_staff = models.ForeignKey("staydown_accounts.Staff", on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"unfounded {self.public_id}"


class Exposure(models.Model):
    """How many previews a person uncovered on one day: for their own sake, never to measure their work."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    staff = models.ForeignKey("staydown_accounts.Staff", on_delete=models.PROTECT, related_name="+")
    day = models.DateField()
    reveals = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="exposure_once_a_day", fields=["staff", "day"]),
            models.CheckConstraint(name="exposure_counts", condition=Q(reveals__gte=1)),
        ]

    def __str__(self) -> str:
        return f"exposure {self.public_id}"


class SavedView(models.Model):
    """What a person narrows the list of cases to, under a name of their own. Nobody else sees it."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    staff = models.ForeignKey("staydown_accounts.Staff", on_delete=models.CASCADE, related_name="saved_views")
    name = models.CharField(max_length=40)
    lane = models.CharField(max_length=20)
    only = models.CharField(max_length=20, blank=True)
    law = models.CharField(max_length=60, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(name="saved_view_once", fields=["staff", "lane", "only", "law"]),
            models.CheckConstraint(name="saved_view_named", condition=~Q(name="")),
        ]

    def __str__(self) -> str:
        return f"saved view {self.public_id}"
