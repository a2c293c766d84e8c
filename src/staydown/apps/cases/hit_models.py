"""The rows of hits: matches on real uploads, counted, and the ids by which a repeated one is known."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from staydown.apps.vault.fields import SealedTextField


class Hit(models.Model):
    """Matches of one entry with one upload, counted. Without a content id, all matches of the entry are one row."""

    class Action(models.TextChoices):
        """What screening answered to the upload."""

        BLOCK = "block", _("blocked")
        REVIEW = "review", _("sent to a person")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    case = models.ForeignKey("staydown_cases.Case", on_delete=models.PROTECT, related_name="hits")
    entry = models.ForeignKey("staydown_banks.Entry", on_delete=models.PROTECT, related_name="hits")
    item = models.ForeignKey("staydown_cases.Item", on_delete=models.PROTECT, null=True, related_name="hits")
    action = models.CharField(max_length=8, choices=Action.choices)
    content_ref = SealedTextField(null=True)
    content_key = models.BinaryField(max_length=32)  # a keyed digest of content_ref
    preview_url = SealedTextField(null=True)
    count = models.PositiveIntegerField(default=1)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(name="hit_action_known", condition=Q(action__in=["block", "review"])),
            models.CheckConstraint(name="hit_counts", condition=Q(count__gte=1)),
            models.UniqueConstraint(name="hit_once_an_upload", fields=["case", "entry", "action", "content_key"]),
        ]

    def __str__(self) -> str:
        return f"hit {self.public_id}"


class HeardHit(models.Model):
    """The id that a node gave to a hit, so that the same hit sent twice counts once. Kept for some weeks."""

    given_id = models.UUIDField(unique=True)
    hit = models.ForeignKey("staydown_cases.Hit", on_delete=models.PROTECT, related_name="heard")
    at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"heard hit {self.pk}"
