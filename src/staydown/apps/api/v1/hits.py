"""Hits, as screening nodes report them."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Field, Router, Schema

from staydown.apps.api.keys import Needs, actor_of, key_of
from staydown.apps.api.schemas import Strict
from staydown.apps.banks import access
from staydown.apps.cases import actions
from staydown.apps.cases.actions.hits import MOST_COUNT, MOST_HITS
from staydown.apps.cases.intake import HitGiven

router = Router(tags=["screening"])


class HitIn(Strict):
    """A match on a real upload. ``id`` is yours: the same one sent twice counts once."""

    id: UUID
    entry: UUID
    action: Literal["block", "review"]
    content_ref: str = Field("", max_length=500)
    preview_url: str = Field("", max_length=2000)
    count: int = Field(1, ge=1, le=MOST_COUNT)


class HitsIn(Strict):
    """A batch of hits."""

    hits: list[HitIn] = Field(max_length=MOST_HITS)


class AcceptedOut(Schema):
    """How many are counted, those known from an earlier call among them. Hits of entries that ended are dropped."""

    accepted: int


@router.post("/hits", auth=Needs("hit:write"), response=AcceptedOut, summary="Report hits")
def report(request: HttpRequest, body: HitsIn) -> dict[str, int]:
    """Count hits on the cases of their entries. Repeat the call as it was until it is answered with 200."""
    seen = access.seen_by_key(key_of(request), [hit.entry for hit in body.hits])
    given = [HitGiven(**hit.dict()) for hit in body.hits if hit.entry in seen]
    return {"accepted": actions.record_hits(given, by=actor_of(request))}
