"""Notices to uploaders, for the platform to deliver, and appeals. Who appealed and in which words is in no answer.

There is no way to answer an appeal from here: the law wants another person to look, so it is done in the console.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, Query, Router, Schema
from ninja.responses import Status

from staydown.apps.api.keys import Needs, actor_of, key_of
from staydown.apps.api.paging import Asked, page
from staydown.apps.api.repeats import once
from staydown.apps.api.schemas import Page, Strict
from staydown.apps.cases import access, appeals, statement
from staydown.apps.cases import actions as casework
from staydown.apps.cases.models import Appeal

router = Router(tags=["appeals"])
State = Literal["open", "upheld", "reversed"]


class StatementOut(Schema):
    """The statement of reasons, field by field as the Digital Services Act asks them. ``source`` may be empty."""

    restriction: str
    scope: str
    duration: str
    facts: str
    source: str
    detection: str
    decision: str
    ground: str
    why: str
    redress: list[str]


class NoticeOut(Schema):
    """What the uploader is to be told. Without a text: not now (``deliver``), and nobody is to be told why."""

    action: UUID
    deliver: Literal["now", "later", "never"]
    not_before: datetime | None
    language: str | None
    text: str | None
    statement: StatementOut | None
    appeal_url: str | None
    appeal_until: datetime | None


class AppealOut(Schema):
    """An appeal. ``replaced_by`` is the decision that took the place of the one appealed against."""

    id: UUID
    case: UUID
    decision: UUID
    side: Literal["reporter", "uploader"]
    state: State
    items: list[UUID]
    received_at: datetime
    due_at: datetime
    decided_at: datetime | None
    replaced_by: UUID | None


class AppealsOut(Page):
    """Appeals, the oldest first."""

    items: list[AppealOut]


class AppealIn(Strict):
    """An uploader's appeal, passed on: the code of their notice and what they say."""

    code: str = Field(max_length=100)
    words: str = Field(max_length=20_000)


@router.get(
    "/actions/{uuid:action_id}/notice", auth=Needs("action:read"), response=NoticeOut, summary="Read an action's notice"
)
def notice(
    request: HttpRequest, action_id: UUID, language: str = Query("", max_length=35, description="Such as `de`")
) -> dict[str, Any]:
    """What to tell the uploader, in their `language` where we have it. The time to appeal counts from this call.

    The link holds the code behind a `#`. Deliver the text as it is, and keep no copy of the code.
    """
    found = casework.hand_over(access.notice_for_key(key_of(request), action_id), by=actor_of(request))
    if not found.may_be_told(timezone.now()):
        held = {"deliver": found.send, "not_before": found.not_before}
        return {"action": action_id, "language": None, **held, **dict.fromkeys(TOLD)}
    said, spoken = statement.of_notice(found, language)
    return {
        "action": action_id,
        "deliver": "now",
        "not_before": None,
        "language": spoken,
        "text": said.text,
        "statement": said,
        "appeal_url": statement.link(found),
        "appeal_until": appeals.ends_at(found),
    }


TOLD = ("text", "statement", "appeal_url", "appeal_until")


@router.get("/appeals", auth=Needs("case:read"), response=AppealsOut, summary="List appeals")
def index(request: HttpRequest, ask: Asked, state: State | None = None) -> dict[str, Any]:
    """Appeals of both sides, the oldest first; `state` narrows the list."""
    rows = access.appeals_for_key(key_of(request)).prefetch_related("items")
    return page(rows.filter(state=state) if state else rows, ask, shown)


@router.get("/appeals/{uuid:appeal_id}", auth=Needs("case:read"), response=AppealOut, summary="Read an appeal")
def show(request: HttpRequest, appeal_id: UUID) -> dict[str, Any]:
    """What `appeal.received` or `appeal.decided` was about."""
    return shown(access.appeal_for_key(key_of(request), appeal_id))


@router.post("/appeals", auth=Needs("report:create"), response={201: AppealOut}, summary="Pass an appeal on")
def create(request: HttpRequest, body: AppealIn) -> Status:
    """Pass on an uploader's appeal, from a form of the platform's own. Sent twice, the first one stands."""

    def send() -> dict[str, Any]:
        made = casework.appeal(access.notice_for_code(body.code), words=body.words, by=actor_of(request))
        return {"id": str(made.public_id)}

    kept = once(request, send)
    return Status(
        201, shown(Appeal.objects.select_related("case", "decision", "replaced_by").get(public_id=kept["id"]))
    )


def shown(asked: Appeal) -> dict[str, Any]:
    """An appeal without a word of what somebody wrote."""
    return {
        "id": asked.public_id,
        "case": asked.case.public_id,
        "decision": asked.decision.public_id,
        "side": asked.side,
        "state": asked.state,
        "items": [item.public_id for item in asked.items.all()],
        "received_at": asked.received_at,
        "due_at": asked.due_at,
        "decided_at": asked.decided_at,
        "replaced_by": asked.replaced_by and asked.replaced_by.public_id,
    }
