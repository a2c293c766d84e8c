"""What the platform is asked to do, and its answer."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Field, Router, Schema

from staydown.apps.api.keys import Needs, actor_of, key_of
from staydown.apps.api.paging import Asked, page
from staydown.apps.api.schemas import Page, Strict
from staydown.apps.cases import access, settling
from staydown.apps.cases import actions as casework
from staydown.apps.cases.models import Action

router = Router(tags=["actions"])
State = Literal["asked", "done", "failed", "cancelled"]


class ActionOut(Schema):
    """One thing to do: what (``kind``), with what (``url`` or ``content_ref``), for which case and until when."""

    id: UUID
    kind: Literal["remove", "disable", "restore"]
    state: State
    case: UUID
    case_number: str
    item: UUID
    url: str | None
    content_ref: str | None
    asked_at: datetime
    due_at: datetime | None
    result: str
    done_at: datetime | None


class ActionsOut(Page):
    """Actions, the oldest first."""

    items: list[ActionOut]


class OutcomeIn(Strict):
    """The platform's answer."""

    result: Literal["removed", "disabled", "restored", "not_found", "failed"]
    detail: str = Field("", max_length=500)


@router.get("/actions", auth=Needs("action:read"), response=ActionsOut, summary="List actions")
def index(request: HttpRequest, ask: Asked, state: State | None = None) -> dict[str, Any]:
    """Actions, the oldest first. `state=asked` is what is still to do: poll it if you cannot receive webhooks."""
    rows = access.actions_for_key(key_of(request))
    return page(rows.filter(state=state) if state else rows, ask, shown)


@router.get("/actions/{uuid:action_id}", auth=Needs("action:read"), response=ActionOut, summary="Read an action")
def show(request: HttpRequest, action_id: UUID) -> dict[str, Any]:
    """What `action.requested` was about."""
    return shown(access.action_for_key(key_of(request), action_id))


@router.post(
    "/actions/{uuid:action_id}/outcome", auth=Needs("outcome:write"), response=ActionOut, summary="Answer an action"
)
def answer(request: HttpRequest, action_id: UUID, body: OutcomeIn) -> dict[str, Any]:
    """Say what came of it. The clocks of the case stop at the last answer. The same answer twice is fine."""
    action = access.action_for_key(key_of(request), action_id, scope="outcome:write")
    casework.record_outcome(action, result=body.result, detail=body.detail, by=actor_of(request))
    return shown(access.action_for_key(key_of(request), action_id, scope="outcome:write"))


def shown(action: Action) -> dict[str, Any]:
    """An action as the platform needs it."""
    case = action.item.case
    return {
        "id": action.public_id,
        "kind": action.kind,
        "state": action.state,
        "case": case.public_id,
        "case_number": case.number,
        "item": action.item.public_id,
        "url": action.item.url,
        "content_ref": action.item.content_ref,
        "asked_at": action.asked_at,
        "due_at": settling.due_of(action),
        "result": action.result,
        "done_at": action.done_at,
    }
