"""The rows of sharing: who wants to hear of what happens here, and what they have been told so far."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from staydown.apps.sharing.querysets import DeliveryQuerySet
from staydown.apps.sharing.source_models import Opinion, Record, Source  # noqa: F401 - rows of this app
from staydown.apps.vault.fields import SealedTextField
from staydown.exchange.webhooks import SigningKey


class Endpoint(models.Model):
    """An address that webhooks go to. ``signing_key`` is the secret half (``whsk_``); the receiver has the other."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=80)
    url = models.URLField(max_length=500)
    signing_key = SealedTextField()
    enabled = models.BooleanField(default=True)
    added_at = models.DateTimeField()
    disabled_at = models.DateTimeField(null=True)
    removed_at = models.DateTimeField(null=True)  # kept as a row, because deliveries refer to it

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="endpoint_off_has_a_time",
                condition=Q(enabled=True, disabled_at__isnull=True) | Q(enabled=False, disabled_at__isnull=False),
            ),
            models.CheckConstraint(
                name="endpoint_removed_is_off", condition=Q(removed_at__isnull=True) | Q(enabled=False)
            ),
        ]

    def __str__(self) -> str:
        return f"endpoint {self.public_id}"

    @property
    def public_key(self) -> str:
        """What the receiver verifies with: ``whpk_`` and base64."""
        return SigningKey.parse(self.signing_key).public.text()

    @property
    def shared_secret(self) -> str:
        """What a receiver verifies with whose library knows ``v1`` alone: ``whsec_`` and base64. Shown once."""
        return SigningKey.parse(self.signing_key).shared_text()


class Delivery(models.Model):
    """One event on its way to one endpoint. ``public_id`` is the webhook's id: a repeat carries the same one."""

    class State(models.TextChoices):
        """How far it is."""

        WAITING = "waiting", _("waiting")
        DELIVERED = "delivered", _("delivered")
        DEAD = "dead", _("given up")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    endpoint = models.ForeignKey("staydown_sharing.Endpoint", on_delete=models.PROTECT, related_name="deliveries")
    event = models.CharField(max_length=40)
    payload = models.JSONField()  # thin: the event's name, its time, and identifiers
    state = models.CharField(max_length=12, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField()
    next_at = models.DateTimeField(null=True)
    leased_until = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
    last_status = models.PositiveSmallIntegerField(null=True)
    last_error = models.CharField(max_length=40, blank=True, default="")  # one of our codes, never the receiver's words

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="delivery_is_waiting_or_settled",
                condition=Q(state="waiting", next_at__isnull=False, settled_at__isnull=True)
                | Q(state__in=["delivered", "dead"], next_at__isnull=True, settled_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(name="delivery_due", fields=["next_at"], condition=Q(state="waiting")),
            models.Index(name="delivery_by_state", fields=["state", "-created_at"]),
        ]

    def __str__(self) -> str:
        return f"delivery {self.public_id}"


class Reply(models.Model):
    """What a program was answered to a request with an Idempotency-Key, so that asking again changes nothing.

    ``given`` and ``request`` are keyed digests of the key and of the request. Kept for some days.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    key = models.ForeignKey("staydown_accounts.ApiKey", on_delete=models.PROTECT, related_name="+")
    given = models.BinaryField(max_length=32)
    request = models.BinaryField(max_length=32)
    body = SealedTextField(null=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(name="reply_once_a_key", fields=["key", "given"])]
        indexes = [models.Index(name="reply_by_age", fields=["at"])]

    def __str__(self) -> str:
        return f"reply {self.public_id}"
