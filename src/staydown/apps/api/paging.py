"""Pages by cursor. A cursor is the public id of the last row: it tells nothing of how many rows there are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final, TypeVar
from uuid import UUID

from django.db.models import Model, QuerySet
from ninja import Field, Query, Schema

from staydown.errors import InvalidError

MOST: Final = 200
Row = TypeVar("Row", bound=Model)


class Ask(Schema):
    """What a caller says about the page that they want."""

    cursor: UUID | None = Field(None, description="`next` of the page before")
    limit: int = Field(50, ge=1, le=MOST)


Asked = Annotated[Ask, Query()]


def page(rows: QuerySet[Row], ask: Ask, show: Callable[[Row], Any]) -> dict[str, Any]:
    """At most ``ask.limit`` of ``rows``, the oldest first, and where the next page begins (None: this was the last)."""
    if ask.cursor is not None:
        last = rows.model.objects.filter(public_id=ask.cursor).values_list("pk", flat=True).first()
        if last is None:
            raise InvalidError("cursor: this is no cursor of ours. Begin again without one.")
        rows = rows.filter(pk__gt=last)
    found = list(rows.order_by("pk")[: ask.limit + 1])
    shown = found[: ask.limit]
    more = len(found) > ask.limit
    return {"items": [show(row) for row in shown], "next": shown[-1].public_id if more else None}  # type: ignore[attr-defined]
