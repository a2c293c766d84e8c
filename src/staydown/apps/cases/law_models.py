"""The rows of the law: the exact texts that cases were received under, and orders that were served."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import F, Q

from staydown.apps.vault.fields import SealedTextField


class PinnedRegime(models.Model):
    """The whole text of a regime version that some case was received under. Never changed, never deleted."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    regime_id = models.CharField(max_length=40)
    version = models.CharField(max_length=64)
    text = models.TextField()
    pinned_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(name="pinned_regime_once_a_version", fields=["regime_id", "version"])]

    def __str__(self) -> str:
        return f"regime {self.regime_id} version {self.version}"


class Order(models.Model):
    """An order that was served. Its case has no reporter; ``due_at`` is the moment that the order itself names."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    case = models.OneToOneField("staydown_cases.Case", on_delete=models.PROTECT, related_name="order")
    regime_id = models.CharField(max_length=40)
    authority = SealedTextField()
    reference = SealedTextField()
    words = SealedTextField(null=True)  # what it demands, as it was entered
    served_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    entered_at = models.DateTimeField()
    entered_by = models.ForeignKey(  # null: a program did
        "staydown_accounts.Staff", on_delete=models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                name="order_is_due_after_it_is_served", condition=Q(due_at__isnull=True) | Q(due_at__gt=F("served_at"))
            ),
            models.CheckConstraint(name="order_is_under_a_regime", condition=~Q(regime_id="")),
        ]

    def __str__(self) -> str:
        return f"order {self.public_id}"
