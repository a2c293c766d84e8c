"""Entering an order of an authority or a tribunal, as the operator's own program for legal requests does."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.http import HttpRequest
from ninja import Field, Router, Schema
from ninja.responses import Status

from staydown.apps.api.keys import Needs, actor_of
from staydown.apps.api.repeats import once
from staydown.apps.api.schemas import Strict
from staydown.apps.cases import actions
from staydown.apps.cases.actions import OrderGiven
from staydown.apps.cases.models import Order

router = Router(tags=["orders"])


class OrderIn(Strict):
    """What an authority or a tribunal demands."""

    regime: str = Field(description="The law under which it was served: one that begins with an order")
    authority: str = Field(description="Who issued it")
    reference: str = Field(description="Its number")
    served_at: datetime = Field(description="When it was served, with a time zone: the clock counts from here")
    due_at: datetime | None = Field(None, description="The moment that the order itself names, where its law allows")
    links: list[str] = Field(description="The addresses that it names")
    words: str = ""


class OrderOut(Schema):
    """An order that was entered, and its case."""

    id: UUID
    case: UUID
    due_at: datetime | None = Field(description="The earliest deadline; null: neither the law nor the order names one")


@router.post("/orders", auth=Needs("order:create"), response={201: OrderOut}, summary="Enter an order")
def create(request: HttpRequest, body: OrderIn) -> Status:
    """Enter an order that was served: a case of its own, with clocks from the moment of service."""
    said = body.dict(exclude={"regime"})

    def serve() -> dict[str, Any]:
        given = OrderGiven(id=uuid4(), regime_id=body.regime, **said)
        return _shown(actions.serve_order(given, by=actor_of(request)))

    return Status(201, once(request, serve))


def _shown(order: Order) -> dict[str, Any]:
    due = order.case.clocks.order_by("due_at").values_list("due_at", flat=True).first()
    return {"id": str(order.public_id), "case": str(order.case.public_id), "due_at": due and due.isoformat()}
