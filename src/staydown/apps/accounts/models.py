"""Staff, and the keys that other programs sign in with."""

from __future__ import annotations

import uuid
from typing import Final

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from staydown.apps.accounts.querysets import ApiKeys

SCOPES: Final = (
    "screen",
    "screen:explain",
    "report:create",
    "order:create",
    "case:read",
    "decision:write",
    "action:read",
    "outcome:write",
    "entry:read",
    "entry:write",
    "entry:enforce",
    "feed:read",
    "hit:write",
    "key:list",
    "webhook:write",
    "audit:read",
)


class Role(models.TextChoices):
    """What a member of staff is here for. A role does not include another one."""

    MODERATOR = "moderator", _("moderator: works cases")
    LEAD = "lead", _("lead: works cases, and confirms what needs a second person")
    AUDITOR = "auditor", _("auditor: reads the log, changes nothing")
    ADMIN = "admin", _("administrator: keys, webhooks and staff")
    PROTECTION = "protection", _("child protection: the cases of people under 18, and nothing else")


class Staff(AbstractUser):
    """A person who works here. Other people see the pseudonym; the name they sign in with is never shown or logged."""

    first_name = None  # type: ignore[assignment] - not needed, so not kept
    last_name = None  # type: ignore[assignment]
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.MODERATOR)
    pseudonym = models.CharField(max_length=40, unique=True)

    REQUIRED_FIELDS = ["pseudonym"]

    class Meta:
        verbose_name_plural = "staff"
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=Q(role__in=Role.values), name="staff_role_known"),
            models.CheckConstraint(condition=~Q(pseudonym=""), name="staff_pseudonym_given"),
        ]

    def __str__(self) -> str:
        return f"staff {self.public_id}"


class SignIn(models.Model):
    """One browser that somebody is signed in with. No address and no name of the browser is kept."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    staff = models.ForeignKey("staydown_accounts.Staff", on_delete=models.CASCADE, related_name="sign_ins")
    began_at = models.DateTimeField()
    seen_at = models.DateTimeField()  # to some minutes

    class Meta:
        ordering = ["-seen_at", "-pk"]

    def __str__(self) -> str:
        return f"sign-in {self.public_id}"


class ApiKey(models.Model):
    """A key that a program signs in with. Only its SHA-256 is kept: 190 random bits need no slow hash."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=60, help_text="What the key is for")
    prefix = models.CharField(max_length=13, help_text="How the key begins, to tell it from others")
    digest = models.BinaryField(max_length=32, unique=True)
    scopes = models.JSONField(default=list)
    banks = models.JSONField(default=list, blank=True, help_text="Names of the banks it may see; empty for all of them")
    created_at = models.DateTimeField(auto_now_add=True)
    made_by = models.ForeignKey("staydown_accounts.Staff", on_delete=models.PROTECT, null=True, related_name="+")
    expires_on = models.DateField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_on = models.DateField(null=True, blank=True)

    objects = ApiKeys.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [models.CheckConstraint(condition=~Q(name=""), name="api_key_name_given")]

    def __str__(self) -> str:
        return f"key {self.public_id}"

    def may(self, scope: str) -> bool:
        """Whether the key was given this scope."""
        return scope in self.scopes

    def sees(self, bank: str) -> bool:
        """Whether the key may see the bank of this name."""
        return not self.banks or bank in self.banks
