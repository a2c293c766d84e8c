"""What a moderator asks a reporter on the status page, and the answer. Both are sealed."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from staydown.apps.vault.fields import SealedTextField


class Question(models.Model):
    """One question to the reporter of one report. It blocks nothing: clocks go on while it waits for its answer."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    report = models.ForeignKey("staydown_cases.Report", on_delete=models.PROTECT, related_name="questions")
    text = SealedTextField()
    by_staff = models.ForeignKey("staydown_accounts.Staff", on_delete=models.PROTECT, null=True, related_name="+")
    asked_at = models.DateTimeField()
    answer = SealedTextField(null=True)
    answered_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                name="question_answer_is_dated",
                condition=Q(answered_at__isnull=False) | Q(answer__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return f"question {self.public_id}"
