"""The endpoints and deliveries that can be named from outside. Who may, is the caller's scope or role."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet

from staydown.apps.sharing.models import Delivery, Endpoint
from staydown.errors import MissingError


def endpoints() -> QuerySet[Endpoint]:
    """Those that were not removed."""
    return Endpoint.objects.filter(removed_at__isnull=True)


def endpoint(public_id: UUID) -> Endpoint:
    """The endpoint; `MissingError` when there is none, or it was removed."""
    found = endpoints().filter(public_id=public_id).first()
    if found is None:
        raise MissingError
    return found


def delivery(public_id: UUID) -> Delivery:
    """The delivery; `MissingError` when there is none."""
    found = Delivery.objects.select_related("endpoint").filter(public_id=public_id).first()
    if found is None:
        raise MissingError
    return found
