"""Where a reporter wants to be told that there is news. Asked for on the status page, and nowhere else."""

from __future__ import annotations

import uuid

from django.db import models

from staydown.apps.vault.fields import SealedTextField


class MailTo(models.Model):
    """An address for one report. ``told_to`` is the newest line of the log when its owner last knew everything.

    ``claimed_at`` keeps two workers from writing the same mail, and one that cannot be sent from being tried at once.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    report = models.OneToOneField("staydown_cases.Report", on_delete=models.CASCADE, related_name="mail_to")
    address = SealedTextField()
    told_to = models.BigIntegerField(default=0)
    claimed_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"mail {self.public_id}"
