"""Every change of sharing: endpoints, what is announced to them, and each attempt to deliver it."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from staydown.apps.audit import actions as audit
from staydown.apps.audit.actor import Actor
from staydown.apps.sharing import delivering, tasks
from staydown.apps.sharing.events import Event
from staydown.apps.sharing.models import Delivery, Endpoint
from staydown.errors import InvalidError, MissingError, StateError
from staydown.exchange.webhooks import SigningKey

LONGEST_NAME: Final = 80
LONGEST_URL: Final = 500
GRACE: Final = timedelta(seconds=30)  # a task that has not started by then is taken for lost


@transaction.atomic
def add_endpoint(name: str, url: str, *, by: Actor) -> Endpoint:
    """A new endpoint, with a key of its own: its receiver verifies with one of ``public_key`` and ``shared_secret``."""
    _check_endpoint(name, url)
    key = SigningKey(secrets.token_bytes(32))
    endpoint = Endpoint.objects.create(name=name, url=url, signing_key=key.text(), added_at=timezone.now())
    audit.record("endpoint.added", by=by, about=endpoint)
    return endpoint


@transaction.atomic
def change_endpoint(
    endpoint: Endpoint, *, by: Actor, name: str | None = None, url: str | None = None, enabled: bool | None = None
) -> Endpoint:
    """The endpoint with what is given changed. Enabling it again lets what waits for it go out."""
    endpoint = delivering.held(endpoint.pk)
    if endpoint.removed_at is not None:
        raise MissingError
    endpoint.name = endpoint.name if name is None else name
    endpoint.url = endpoint.url if url is None else url
    _check_endpoint(endpoint.name, endpoint.url)
    if enabled is not None and enabled != endpoint.enabled:
        endpoint.enabled = enabled
        endpoint.disabled_at = None if enabled else timezone.now()
    endpoint.save(update_fields=["name", "url", "enabled", "disabled_at"])
    facts = {"renamed": name is not None, "moved": url is not None, "enabled": endpoint.enabled}
    audit.record("endpoint.changed", by=by, about=endpoint, facts=facts)
    return endpoint


@transaction.atomic
def remove_endpoint(endpoint: Endpoint, *, by: Actor) -> Endpoint:
    """The endpoint removed: nothing goes there any more, and what waited for it is given up. Twice: nothing happens."""
    endpoint = delivering.held(endpoint.pk)
    if endpoint.removed_at is not None:
        return endpoint
    now = timezone.now()
    endpoint.enabled, endpoint.removed_at, endpoint.disabled_at = False, now, endpoint.disabled_at or now
    endpoint.save(update_fields=["enabled", "removed_at", "disabled_at"])
    given_up = endpoint.deliveries.filter(state=Delivery.State.WAITING).update(
        state=Delivery.State.DEAD, next_at=None, leased_until=None, settled_at=now, last_error="endpoint_removed"
    )
    audit.record("endpoint.removed", by=by, about=endpoint, facts={"given_up": given_up})
    return endpoint


def announce(event: str, data: Mapping[str, str]) -> int:
    """How many endpoints will hear of ``event``. Must be called inside the transaction of the change that it tells of.

    ``data`` holds identifiers only. Each delivery is a row and a task, which come to be with the change or not at all.
    """
    return announce_all([(event, data)])


def announce_all(events: Sequence[tuple[str, Mapping[str, str]]]) -> int:
    """How many deliveries these events become, as `announce` does with one."""
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("announce() belongs inside the transaction of the change.")
    if not events:
        return 0
    now, endpoints = timezone.now(), list(Endpoint.objects.filter(enabled=True).order_by("pk"))
    told = [{"type": Event(event).value, "timestamp": now.isoformat(), "data": dict(data)} for event, data in events]
    deliveries = Delivery.objects.bulk_create(
        Delivery(endpoint=endpoint, event=payload["type"], payload=payload, created_at=now, next_at=now)
        for payload in told
        for endpoint in endpoints
    )
    for delivery in deliveries:
        tasks.enqueue(str(delivery.public_id))
    return len(deliveries)


def deliver(delivery: Delivery, *, make_client: delivering.MakeClient = delivering.guarded_client) -> Delivery:
    """The delivery after one attempt, if it was due. Not atomic as a whole: no call is made inside a transaction."""
    delivering.attempt(delivery.public_id, make_client=make_client)
    delivery.refresh_from_db()
    return delivery


@transaction.atomic
def replay(delivery: Delivery, *, by: Actor) -> Delivery:
    """The delivery put in line again from its first attempt, under the same webhook id. Also one that was delivered."""
    delivery = Delivery.objects.select_for_update().get(pk=delivery.pk)
    if not delivery.endpoint.enabled:
        raise StateError("This endpoint is off. Turn it on, then send again.")
    delivery.state, delivery.attempts, delivery.settled_at = Delivery.State.WAITING, 0, None
    delivery.next_at, delivery.leased_until = timezone.now(), None
    delivery.save(update_fields=["state", "attempts", "settled_at", "next_at", "leased_until"])
    audit.record("webhook.replayed", by=by, about=delivery, also=[delivery.endpoint], facts={"event": delivery.event})
    tasks.enqueue(str(delivery.public_id))
    return delivery


@transaction.atomic
def requeue_overdue() -> int:
    """How many deliveries were put in line again because their task never ran: its worker was killed, say.

    The worker calls this now and then. ``next_at`` moves to now, so a delivery is not put in line at every call.
    """
    now = timezone.now()
    overdue = Delivery.objects.due(now - GRACE).select_for_update(skip_locked=True, of=("self",))
    ids = list(overdue.order_by("pk").values_list("pk", "public_id")[:1000])
    Delivery.objects.filter(pk__in=[pk for pk, _ in ids]).update(next_at=now)
    for _, public_id in ids:
        tasks.enqueue(str(public_id))
    return len(ids)


def _check_endpoint(name: str, url: str) -> None:
    """Raise `InvalidError` for a name or an address that no webhook could be sent under."""
    if not name.strip() or len(name) > LONGEST_NAME:
        raise InvalidError(f"name: give the endpoint a name of at most {LONGEST_NAME} characters.")
    try:
        parts = urlsplit(url)
        usable = bool(parts.hostname) and "@" not in parts.netloc and not parts.fragment and parts.port != 0
    except ValueError:
        usable = False
    allowed = {"https", "http"} if settings.STAYDOWN_WEBHOOK_PRIVATE else {"https"}
    if not usable or parts.scheme not in allowed or len(url) > LONGEST_URL or any(c.isspace() for c in url):
        raise InvalidError("url: give a whole https address, without a user name, a password or a # part.")
