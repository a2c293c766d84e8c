"""The rows of what needs two people: one proposes with a reason, another one approves, rejects or voids."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from staydown.apps.vault.fields import SealedTextField


class Proposal(models.Model):
    """Something that one person may not do alone. ``about`` names a row as the audit log does (``case:<id>``);
    ``details`` hold ids, names of lists and counts. ``approved`` is a permission that is used once, or voided before
    it is; ``done`` was carried out.
    """

    class Kind(models.TextChoices):
        """What is proposed."""

        RESTORE = "restore", _("show again what was taken down, and let its copies pass")
        EXPORT = "export", _("let hashes out of a bank")
        ENFORCE = "enforce", _("have entries block at once, without a case")
        UNBLOCK = "unblock", _("let copies of one entry pass again")
        ERASE = "erase", _("erase the words of a case before their time")
        UNLOCK = "unlock", _("give a case back that was locked because somebody under 18 may be shown")

    class State(models.TextChoices):
        """What came of it. Void: it should never have been proposed, or no longer makes sense."""

        OPEN = "open", _("waiting for a second person")
        APPROVED = "approved", _("approved, not used yet")
        DONE = "done", _("done")
        REJECTED = "rejected", _("rejected")
        VOID = "void", _("void")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    about = models.CharField(max_length=80)
    details = models.JSONField(default=dict)
    reason = SealedTextField()
    proposed_by = models.ForeignKey("staydown_accounts.Staff", on_delete=models.PROTECT, null=True, related_name="+")
    proposed_label = models.CharField(max_length=80)
    proposed_at = models.DateTimeField()
    decided_by = models.ForeignKey("staydown_accounts.Staff", on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    decided_because = SealedTextField(null=True)
    used_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                name="proposal_answer_is_whole",
                condition=Q(state="open", decided_at__isnull=True, decided_by__isnull=True)
                | (~Q(state="open") & Q(decided_at__isnull=False, decided_by__isnull=False)),
            ),
            # Whoever proposed it does not approve it: not even by a mistake in our own code.
            models.CheckConstraint(
                name="proposal_by_two_people",
                condition=~Q(state__in=["approved", "done"])
                | Q(proposed_by__isnull=True)
                | ~Q(proposed_by=F("decided_by")),
            ),
            models.CheckConstraint(
                name="proposal_used_once_approved", condition=Q(used_at__isnull=True) | Q(state="done")
            ),
            models.UniqueConstraint(
                name="proposal_open_once", fields=["kind", "about"], condition=Q(state__in=["open", "approved"])
            ),
        ]
        indexes = [models.Index(name="proposal_by_state", fields=["state", "id"])]

    def __str__(self) -> str:
        return f"proposal {self.public_id}"

    @property
    def wants(self) -> str:
        """What is proposed, in words: of what can be erased, the words of a case or lines of the log."""
        return "erase reasons from the audit log" if self.about.startswith("line:") else self.get_kind_display()
