"""The rows of the other side: what an uploader is told of a decision, and what either side asks to be looked at again.

Nothing of a notice comes from a report: neither words, nor a time, nor who sent it.
"""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from staydown.apps.vault.fields import SealedTextField


class UploaderNotice(models.Model):
    """What the uploader of one item is told of a decision, and the code by which they appeal.

    The code is derived from the row's public id and stored nowhere; ``lookup_id`` finds the row by it. ``told_at`` is
    when the platform first fetched the text to deliver it: the time to appeal counts from then.
    """

    class Basis(models.TextChoices):
        """What the decision rests on, as the uploader is told."""

        LAW = "law", _("a law")
        TERMS = "terms", _("the platform's own terms")

    class Send(models.TextChoices):
        """Whether the uploader is told, and when."""

        NOW = "now", _("at once")
        LATER = "later", _("later")
        NEVER = "never", _("never")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    action = models.OneToOneField("staydown_cases.Action", on_delete=models.PROTECT, related_name="notice")
    lookup_id = models.BinaryField(max_length=32, unique=True)
    basis = models.CharField(max_length=8, choices=Basis.choices, default=Basis.LAW)
    terms = SealedTextField(null=True)  # which of the platform's terms
    facts = SealedTextField(null=True)  # what the moderator says to the uploader; without it a standard sentence
    send = models.CharField(max_length=8, choices=Send.choices, default=Send.NOW)
    not_before = models.DateTimeField(null=True)
    because = SealedTextField(null=True)  # why it is held back
    decided_by = models.CharField(max_length=8)  # the kind of actor: staff, key or system
    made_at = models.DateTimeField()
    told_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                name="uploader_notice_held_back_for_a_reason",
                condition=Q(send="now", not_before__isnull=True)
                | Q(send="later", not_before__isnull=False, because__isnull=False)
                | Q(send="never", not_before__isnull=True, because__isnull=False),
            ),
            models.CheckConstraint(
                name="uploader_notice_names_the_terms",
                condition=Q(basis="law", terms__isnull=True) | Q(basis="terms", terms__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"uploader notice {self.public_id}"

    def may_be_told(self, now: datetime) -> bool:
        """Whether the uploader may be told now."""
        if self.send == self.Send.LATER:
            return self.not_before is not None and self.not_before <= now
        return self.send == self.Send.NOW


class Appeal(models.Model):
    """Somebody's request that another person looks at a decision again, once a side. Their words are sealed."""

    class Side(models.TextChoices):
        """Who asks."""

        REPORTER = "reporter", _("the reporter")
        UPLOADER = "uploader", _("the uploader")

    class State(models.TextChoices):
        """What came of it."""

        OPEN = "open", _("waiting for another person")
        UPHELD = "upheld", _("the decision stays")
        REVERSED = "reversed", _("the decision is reversed")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    case = models.ForeignKey("staydown_cases.Case", on_delete=models.PROTECT, related_name="appeals")
    decision = models.ForeignKey("staydown_cases.Decision", on_delete=models.PROTECT, related_name="appeals")
    side = models.CharField(max_length=8, choices=Side.choices)
    report = models.ForeignKey("staydown_cases.Report", on_delete=models.PROTECT, null=True, related_name="appeals")
    notice = models.OneToOneField(
        "staydown_cases.UploaderNotice", on_delete=models.PROTECT, null=True, related_name="appeal"
    )
    words = SealedTextField(null=True)
    items = models.ManyToManyField("staydown_cases.Item", related_name="appeals")
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    received_at = models.DateTimeField()
    due_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    by_staff = models.ForeignKey("staydown_accounts.Staff", on_delete=models.PROTECT, null=True, related_name="+")
    reason = SealedTextField(null=True)  # for colleagues
    answer = SealedTextField(null=True)  # for whoever appealed
    replaced_by = models.ForeignKey(
        "staydown_cases.Decision", on_delete=models.PROTECT, null=True, related_name="made_on_appeal"
    )

    class Meta:
        ordering = ["due_at", "id"]
        constraints = [
            models.CheckConstraint(
                name="appeal_is_of_one_side",
                condition=Q(side="reporter", report__isnull=False, notice__isnull=True)
                | Q(side="uploader", report__isnull=True, notice__isnull=False),
            ),
            models.CheckConstraint(
                name="appeal_answer_is_whole",
                condition=Q(state="open", decided_at__isnull=True, by_staff__isnull=True, replaced_by__isnull=True)
                | Q(state="upheld", decided_at__isnull=False, by_staff__isnull=False, replaced_by__isnull=True)
                | Q(state="reversed", decided_at__isnull=False, by_staff__isnull=False, replaced_by__isnull=False),
            ),
            models.UniqueConstraint(
                name="appeal_once_a_report", fields=["decision", "report"], condition=Q(report__isnull=False)
            ),
        ]
        indexes = [models.Index(name="appeal_queue", fields=["state", "due_at", "id"])]

    def __str__(self) -> str:
        return f"appeal {self.public_id}"
