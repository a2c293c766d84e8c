"""The feed: the only way in which hashes leave the bank."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Field, Query, Router, Schema

from staydown.apps.api.keys import Needs, actor_of, key_of
from staydown.apps.banks import actions, fetching
from staydown.apps.banks.querysets import MOST_LINES, feed_page, feed_size, followers
from staydown.core import feed

router = Router(tags=["feed"])

LONGEST_WAIT: Final = 30.0
LOOK: Final = 0.15  # seconds between two looks for a new line
CONTENT_TYPE: Final = "application/x-ndjson"


class FeedAsk(Schema):
    """Where to go on, how much, and how long to wait when there is nothing new."""

    after: int = Field(0, ge=0, le=2**63 - 1, description="Number of the last line that you have")
    limit: int = Field(1000, ge=1, le=MOST_LINES)
    confirmed: int | None = Field(
        None, ge=0, le=2**63 - 1, description="Up to which line you have applied everything, if not up to `after`"
    )
    wait: float = Field(0.0, ge=0.0, le=LONGEST_WAIT, description="Seconds to hold the answer when nothing is new")
    algorithms: str = Field(
        "", max_length=200, description="What you read, with commas: pdq,sha256,vpdq,md5. Not given: the first two"
    )


@router.get(
    "/feed",
    auth=Needs("feed:read"),
    summary="Follow the feed",
    openapi_extra={
        "responses": {
            200: {
                "description": "Lines of JSON, last the signed checkpoint (docs/reference/feed.md)",
                "content": {CONTENT_TYPE: {"schema": {"type": "string"}}},
            }
        }
    },
)
async def follow(request: HttpRequest, ask: Annotated[FeedAsk, Query()]) -> HttpResponse:
    """The lines after `after`, and a checkpoint that signs for everything up to the last of them."""
    until = time.monotonic() + ask.wait
    await sync_to_async(_confirm)(request, ask.after if ask.confirmed is None else min(ask.confirmed, ask.after))
    while await sync_to_async(feed_size)() <= ask.after and (left := until - time.monotonic()) > 0:
        await asyncio.sleep(min(LOOK, left))
    return HttpResponse(await sync_to_async(_page)(request, ask), content_type=CONTENT_TYPE)


class FollowerOut(Schema):
    """A follower. ``overdue``: removals that it has not confirmed although their `delete_by` is over."""

    key: UUID
    name: str
    cursor: int
    heard_at: datetime
    overdue: int


class FollowersOut(Schema):
    """The followers, by name, and how many lines the feed has."""

    size: int
    followers: list[FollowerOut]


@router.get("/feed/followers", auth=Needs("audit:read"), response=FollowersOut, summary="List followers")
def index(request: HttpRequest) -> dict[str, Any]:
    """How far each follower has confirmed the feed, and what it owes."""
    found = followers(timezone.now())
    return {
        "size": feed_size(),
        "followers": [
            {
                "key": each.key.public_id,
                "name": each.key.name,
                "cursor": each.cursor,
                "heard_at": each.heard_at,
                "overdue": each.overdue,
            }
            for each in found
        ],
    }


def _confirm(request: HttpRequest, cursor: int) -> None:
    """Who asks for what comes after a line has verified and applied everything up to it, unless it names another."""
    if 0 < cursor <= feed_size():
        actions.record_cursor(key_of(request), cursor)


def _page(request: HttpRequest, ask: FeedAsk) -> str:
    """The answer's text. What carries lines is written down and counted; an answer without any gives nothing away."""
    if feed_size() > ask.after:
        fetching.take(key_of(request))
    page = feed_page(ask.after, ask.limit, key_of(request).banks, feed.algorithms_read(ask.algorithms))
    if page.lines:
        actions.record_pull(key_of(request), lines=len(page.lines), last=page.lines[-1].seq, by=actor_of(request))
    return "".join(f"{feed.encode(line)}\n" for line in (*page.lines, page.checkpoint))
