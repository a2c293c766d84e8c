"""The rows that say how long a closed case has been closed, and what of it was forgotten."""

from __future__ import annotations

import uuid

from django.db import models


class Keeping(models.Model):
    """A closed case on its way to being forgotten. Gone again when the case is opened again.

    ``version`` is the case's when its time began: a case that was opened and closed in between begins anew.
    ``forgotten`` names the artefacts whose words and addresses are erased.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    case = models.OneToOneField("staydown_cases.Case", on_delete=models.CASCADE, related_name="keeping")
    version = models.PositiveIntegerField()
    closed_on = models.DateField()
    forgotten = models.JSONField(default=list)

    def __str__(self) -> str:
        return f"keeping {self.public_id}"
