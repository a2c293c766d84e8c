"""One attempt to deliver one webhook: claim the row, call outside any transaction, settle the row.

A process that is killed in between has claimed the row and told nobody of the answer: the claim runs out, the next
attempt repeats the delivery under the same webhook id, and the receiver drops the second one.
"""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import httpx
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from staydown.apps.audit import actions as audit
from staydown.apps.audit.actor import Actor
from staydown.apps.sharing import schedule
from staydown.apps.sharing.models import Delivery, Endpoint
from staydown.errors import StaydownError
from staydown.exchange import guarded, webhooks

LEASE: Final = timedelta(seconds=60)  # longer than a guarded call can take
GONE: Final = 410

MakeClient = Callable[[], httpx.Client]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a call: the status, or the code of the error that kept us from one."""

    status: int | None = None
    error: str = ""

    @property
    def is_success(self) -> bool:
        """Whether the receiver took it. A redirect is no success."""
        return self.status is not None and 200 <= self.status < 300


def guarded_client() -> httpx.Client:
    """A client that calls public https addresses only, or also private ones where the operator allowed that."""
    return guarded.client(guarded.Rules(allow_private=settings.STAYDOWN_WEBHOOK_PRIVATE))


def held(endpoint_id: int) -> Endpoint:
    """The endpoint, locked until the transaction ends.

    The order of locks is: endpoint, then delivery, then the audit log. Whoever announces holds the log already and adds
    a delivery, which only refers to the endpoint; the lock lets that pass, since nobody changes an endpoint's key.
    """
    return Endpoint.objects.select_for_update(no_key=True).get(pk=endpoint_id)


def attempt(delivery_id: uuid.UUID, *, make_client: MakeClient = guarded_client) -> datetime | None:
    """Try a delivery that is due, and say when to try again; None when it is settled, not due, or somebody else's."""
    claimed = _claim(delivery_id)
    if claimed is None:
        return None
    return _settle(claimed, _call(claimed, make_client))


@transaction.atomic
def _claim(delivery_id: uuid.UUID) -> Delivery | None:
    """The delivery, leased to us, with the attempt counted."""
    now = timezone.now()
    found = Delivery.objects.due(now).select_for_update(of=("self",)).filter(public_id=delivery_id).first()
    if found is None:
        return None
    found.attempts += 1
    found.leased_until = now + LEASE
    found.save(update_fields=["attempts", "leased_until"])
    return found


def _call(delivery: Delivery, make_client: MakeClient) -> Answer:
    """Send it. Nothing of the answer but its status is kept: the receiver's words belong in no row of ours."""
    body = json.dumps(delivery.payload, separators=(",", ":"), sort_keys=True).encode()
    key = webhooks.SigningKey.parse(delivery.endpoint.signing_key)
    headers = webhooks.headers(str(delivery.public_id), int(timezone.now().timestamp()), body, key)
    try:
        with make_client() as client:
            reply = client.post(
                delivery.endpoint.url, content=body, headers={**headers, "content-type": "application/json"}
            )
    except StaydownError as error:
        return Answer(error=error.code)
    except (httpx.HTTPError, httpx.InvalidURL):
        return Answer(error="unreachable")
    return Answer(status=reply.status_code)


@transaction.atomic
def _settle(claimed: Delivery, answer: Answer) -> datetime | None:
    """Write down what came of the attempt, and say when to try again."""
    endpoint = held(claimed.endpoint_id) if answer.status == GONE else None
    delivery = Delivery.objects.select_for_update().get(pk=claimed.pk)
    if delivery.state != Delivery.State.WAITING or delivery.attempts != claimed.attempts:
        return None  # our claim ran out and another attempt took over, or the endpoint was removed
    now = timezone.now()
    delivery.leased_until, delivery.last_status, delivery.last_error = None, answer.status, answer.error
    again_at = None
    if answer.is_success:
        delivery.state = Delivery.State.DELIVERED
    elif answer.status != GONE:
        again_at = schedule.next_attempt(delivery.attempts, now, random.random())  # noqa: S311 - jitter
    if again_at is None and not answer.is_success:
        delivery.state = Delivery.State.DEAD
    delivery.next_at = again_at
    delivery.settled_at = None if again_at else now
    delivery.save()
    _record(delivery, answer)
    if endpoint is not None:
        _disable(endpoint, now)
    return again_at


def _record(delivery: Delivery, answer: Answer) -> None:
    verb = {"waiting": "webhook.failed", "delivered": "webhook.delivered", "dead": "webhook.dead"}[delivery.state]
    facts = {"event": delivery.event, "attempt": delivery.attempts, "status": answer.status, "error": answer.error}
    audit.record(verb, by=Actor.system(), about=delivery, also=[delivery.endpoint], facts=facts)


def _disable(endpoint: Endpoint, now: datetime) -> None:
    """Stop sending to a receiver who said that the address is gone for good."""
    if endpoint.enabled:
        endpoint.enabled, endpoint.disabled_at = False, now
        endpoint.save(update_fields=["enabled", "disabled_at"])
        audit.record("endpoint.disabled", by=Actor.system(), about=endpoint, facts={"status": GONE})
