"""The rows of the law: the exact texts that cases were received under, their time limits, orders that were served."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

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


class Clock(models.Model):
    """One time limit of a regime on one case. ``report`` is the receipt that started it; a hit starts one without."""

    class Because(models.TextChoices):
        """What stopped a clock."""

        OUTCOME = "outcome", _("the platform answered")
        DECISION = "decision", _("the decision")
        WITHDRAWAL = "withdrawal", _("the report was withdrawn")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    case = models.ForeignKey("staydown_cases.Case", on_delete=models.PROTECT, related_name="clocks")
    report = models.ForeignKey("staydown_cases.Report", on_delete=models.PROTECT, null=True, related_name="clocks")
    regime_id = models.CharField(max_length=40)
    clock_id = models.CharField(max_length=40)
    starts_at = models.DateTimeField()
    due_at = models.DateTimeField()
    legal_due_at = models.DateTimeField(null=True)  # what the law itself counts, once its own clock has started
    stopped_at = models.DateTimeField(null=True)
    stopped_because = models.CharField(max_length=12, choices=Because.choices, blank=True, default="")
    stopped_by_action = models.ForeignKey(
        "staydown_cases.Action", on_delete=models.PROTECT, null=True, related_name="stopped_clocks"
    )
    stopped_by_decision = models.ForeignKey(
        "staydown_cases.Decision", on_delete=models.PROTECT, null=True, related_name="stopped_clocks"
    )

    class Meta:
        ordering = ["due_at", "id"]
        constraints = [
            models.CheckConstraint(
                name="clock_stopped_has_a_stopper",
                condition=Q(
                    stopped_at__isnull=True,
                    stopped_because="",
                    stopped_by_action__isnull=True,
                    stopped_by_decision__isnull=True,
                )
                | Q(
                    stopped_at__isnull=False,
                    stopped_because="outcome",
                    stopped_by_action__isnull=False,
                    stopped_by_decision__isnull=True,
                )
                | Q(
                    stopped_at__isnull=False,
                    stopped_because="decision",
                    stopped_by_action__isnull=True,
                    stopped_by_decision__isnull=False,
                )
                | Q(
                    stopped_at__isnull=False,
                    stopped_because="withdrawal",
                    stopped_by_action__isnull=True,
                    stopped_by_decision__isnull=True,
                ),
            ),
            models.CheckConstraint(name="clock_ends_after_it_starts", condition=Q(due_at__gt=F("starts_at"))),
            models.UniqueConstraint(
                name="clock_once_a_report",
                fields=["report", "regime_id", "clock_id"],
                condition=Q(report__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"clock {self.public_id}"
