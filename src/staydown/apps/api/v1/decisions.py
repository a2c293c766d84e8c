"""Deciding a case from another program, such as a platform's own moderation tool."""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Field, Router
from ninja.responses import Status
from pydantic import AwareDatetime

from staydown.apps.api.keys import Needs, actor_of, key_of
from staydown.apps.api.repeats import once
from staydown.apps.api.schemas import Strict
from staydown.apps.api.v1.cases import DecisionOut, decision_shown
from staydown.apps.cases import access, actions
from staydown.apps.cases.models import Case, Decision, Item
from staydown.errors import InvalidError, MissingError

router = Router(tags=["cases"])


class NoticeIn(Strict):
    """What the uploaders are told. ``facts`` and ``terms`` must not repeat a reporter's words, contact or signature."""

    send: Literal["now", "later", "never"] = "now"
    not_before: AwareDatetime | None = Field(None, description="For `later`: from when on")
    because: str = Field("", description="For `later` and `never`: why. Only colleagues read it")
    facts: str = Field("", description="Empty: a standard sentence")
    terms: str = Field("", description="The clause of your own terms; empty: it rests on the law")


class DecisionIn(Strict):
    """A decision. ``version`` is that of the case as it was seen; the header ``If-Match`` says the same."""

    verdict: Literal["remove", "decline", "disable"]
    regime: str = Field(description="Id of a law that binds the case")
    ground: str = Field("", description="For a decline: one of the grounds of that law")
    reason: str
    items: list[UUID] | None = Field(None, description="Null: everything that waits")
    version: int | None = Field(None, ge=1)
    notice: NoticeIn = NoticeIn()


@router.post(
    "/cases/{uuid:case_id}/decisions",
    auth=Needs("decision:write"),
    response={201: DecisionOut},
    summary="Decide a case",
)
def create(request: HttpRequest, case_id: UUID, body: DecisionIn) -> Status:
    """Decide about items of a case. 409 when somebody else holds the case or it has changed since it was seen."""
    case = access.case_for_key(key_of(request), case_id, scope="decision:write")
    version = _version(request.headers.get("If-Match", ""), body.version)

    def decide() -> dict[str, Any]:
        decision = actions.decide(
            case,
            verdict=body.verdict,
            items=None if body.items is None else _items(case, body.items),
            regime_id=body.regime,
            ground=body.ground,
            reason=body.reason,
            version=version,
            notice=actions.NoticeForm(**body.notice.dict()),
            by=actor_of(request),
        )
        return {"id": str(decision.public_id)}

    made = once(request, decide)
    decision = Decision.objects.prefetch_related("items", "actions").get(public_id=made["id"])
    return Status(201, decision_shown(decision))


def _version(header: str, given: int | None) -> int:
    """The version that the caller saw; raises `InvalidError` when they do not say, or say two."""
    text = header.strip().removeprefix("W/").strip('"')
    if header and not (text.isascii() and text.isdecimal()):
        raise InvalidError("If-Match: send the ETag of the case as it was given.")
    said = {int(text)} if header else set()
    said |= {given} if given is not None else set()
    if len(said) != 1:
        raise InvalidError("version: say which version of the case you saw, here or in If-Match.")
    return said.pop()


def _items(case: Case, wanted: list[UUID]) -> list[Item]:
    found = list(case.items.filter(public_id__in=wanted))
    if len(found) != len(set(wanted)):
        raise MissingError("items: one of these is no item of this case.")
    return found
