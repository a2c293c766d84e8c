"""The endpoints, deliveries and sources that can be named from outside. Who may, is the caller's scope or role."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet

from staydown.apps.sharing.models import Delivery, Endpoint
from staydown.apps.sharing.source_models import Record, Source
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


def source(public_id: UUID) -> Source:
    """The source; `MissingError` when there is none, or it was removed."""
    found = Source.objects.filter(public_id=public_id, removed_at=None).select_related("bank").first()
    if found is None:
        raise MissingError
    return found


def source_named(name: str) -> Source:
    """The source of that name; `MissingError` says which there are."""
    found = Source.objects.filter(name=name, removed_at=None).select_related("bank").first()
    if found is None:
        names = Source.objects.filter(removed_at=None).order_by("name").values_list("name", flat=True)
        raise MissingError(f"There is no source {name}. Sources: {', '.join(names) or 'none yet'}.")
    return found


def record(public_id: UUID) -> Record:
    """A record of a source that was not removed; `MissingError` otherwise."""
    rows = Record.objects.filter(public_id=public_id, source__removed_at=None)
    found = rows.select_related("source", "entry").first()
    if found is None:
        raise MissingError
    return found
