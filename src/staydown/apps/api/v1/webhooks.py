"""Where webhooks go, how far each is, and sending one again."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema
from ninja.responses import Status

from staydown.apps.api.keys import Needs, actor_of
from staydown.apps.api.paging import Asked, page
from staydown.apps.api.repeats import once
from staydown.apps.api.schemas import Page, Strict
from staydown.apps.sharing import access, actions
from staydown.apps.sharing.models import Delivery, Endpoint

router = Router(tags=["webhooks"])
NEEDS = Needs("webhook:write")
State = Literal["waiting", "delivered", "dead"]


class EndpointIn(Strict):
    """A new endpoint."""

    name: str
    url: str


class EndpointChange(Strict):
    """What to change; what is left out stays."""

    name: str | None = None
    url: str | None = None
    enabled: bool | None = None


class EndpointOut(Schema):
    """An endpoint. ``public_key`` (``whpk_…``) is what its receiver verifies with."""

    id: UUID
    name: str
    url: str
    enabled: bool
    added_at: datetime
    disabled_at: datetime | None
    public_key: str


class EndpointMade(EndpointOut):
    """A new endpoint, and the one time that ``shared_secret`` (``whsec_…``) is shown."""

    shared_secret: str


class EndpointsOut(Page):
    """Endpoints, the oldest first."""

    items: list[EndpointOut]


class DeliveryOut(Schema):
    """One event on its way. ``id`` is the webhook's id."""

    id: UUID
    endpoint: UUID
    event: str
    state: State
    attempts: int
    created_at: datetime
    next_at: datetime | None
    settled_at: datetime | None
    last_status: int | None
    last_error: str


class DeliveriesOut(Page):
    """Deliveries, the oldest first."""

    items: list[DeliveryOut]


@router.get("/webhooks", auth=NEEDS, response=EndpointsOut, summary="List endpoints")
def index(request: HttpRequest, ask: Asked) -> dict[str, Any]:
    """The endpoints, also those that are off."""
    return page(access.endpoints(), ask, shown)


@router.post("/webhooks", auth=NEEDS, response={201: EndpointMade}, summary="Add an endpoint")
def create(request: HttpRequest, body: EndpointIn) -> Status:
    """Add an endpoint. Each has a signing key of its own; the answer holds what its receiver verifies with."""

    def add() -> dict[str, Any]:
        return {"id": str(actions.add_endpoint(body.name, body.url, by=actor_of(request)).public_id)}

    endpoint = access.endpoint(UUID(once(request, add)["id"]))
    return Status(201, {**shown(endpoint), "shared_secret": endpoint.shared_secret})


@router.get("/webhooks/{uuid:endpoint_id}", auth=NEEDS, response=EndpointOut, summary="Read an endpoint")
def show(request: HttpRequest, endpoint_id: UUID) -> dict[str, Any]:
    """One endpoint."""
    return shown(access.endpoint(endpoint_id))


@router.patch("/webhooks/{uuid:endpoint_id}", auth=NEEDS, response=EndpointOut, summary="Change an endpoint")
def change(request: HttpRequest, endpoint_id: UUID, body: EndpointChange) -> dict[str, Any]:
    """Rename it, move it, turn it off or on."""
    given = body.dict(exclude_unset=True, exclude_none=True)
    return shown(actions.change_endpoint(access.endpoint(endpoint_id), by=actor_of(request), **given))


@router.api_operation(
    ["DELETE"], "/webhooks/{uuid:endpoint_id}", auth=NEEDS, response={204: None}, summary="Remove an endpoint"
)
def remove(request: HttpRequest, endpoint_id: UUID) -> Status:
    """Send nothing there any more, and give up what waits for it."""
    actions.remove_endpoint(access.endpoint(endpoint_id), by=actor_of(request))
    return Status(204, None)


@router.get("/webhooks/{uuid:endpoint_id}/deliveries", auth=NEEDS, response=DeliveriesOut, summary="List deliveries")
def deliveries(request: HttpRequest, endpoint_id: UUID, ask: Asked, state: State | None = None) -> dict[str, Any]:
    """What was announced to an endpoint, the oldest first. `state=dead`: what was given up."""
    rows = access.endpoint(endpoint_id).deliveries.select_related("endpoint")
    return page(rows.filter(state=state) if state else rows, ask, _delivery)


@router.post("/deliveries/{uuid:delivery_id}/replay", auth=NEEDS, response=DeliveryOut, summary="Send it again")
def replay(request: HttpRequest, delivery_id: UUID) -> dict[str, Any]:
    """Put a delivery in line again, under the same webhook id."""
    return _delivery(actions.replay(access.delivery(delivery_id), by=actor_of(request)))


def shown(endpoint: Endpoint) -> dict[str, Any]:
    """An endpoint with the public half of its key."""
    return {
        "id": endpoint.public_id,
        "name": endpoint.name,
        "url": endpoint.url,
        "enabled": endpoint.enabled,
        "added_at": endpoint.added_at,
        "disabled_at": endpoint.disabled_at,
        "public_key": endpoint.public_key,
    }


def _delivery(delivery: Delivery) -> dict[str, Any]:
    return {
        "id": delivery.public_id,
        "endpoint": delivery.endpoint.public_id,
        "event": delivery.event,
        "state": delivery.state,
        "attempts": delivery.attempts,
        "created_at": delivery.created_at,
        "next_at": delivery.next_at,
        "settled_at": delivery.settled_at,
        "last_status": delivery.last_status,
        "last_error": delivery.last_error,
    }
