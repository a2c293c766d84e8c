"""Reading cases. What a person wrote, signed or how to reach them is in no answer."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema

from staydown.apps.api.keys import Needs, key_of
from staydown.apps.api.paging import Asked, page
from staydown.apps.api.schemas import Page
from staydown.apps.cases import access, checklist
from staydown.apps.cases.models import Case, Decision, Item

router = Router(tags=["cases"])
State = Literal["open", "decided", "done", "withdrawn"]


class CaseOut(Schema):
    """A case in a list."""

    id: UUID
    number: str
    state: State
    opened_at: datetime
    due_at: datetime | None
    version: int
    hit_count: int
    regimes: list[str]


class CasesOut(Page):
    """Cases, the oldest first."""

    items: list[CaseOut]


class ItemOut(Schema):
    """One thing in a case."""

    id: UUID
    kind: str
    state: str
    url: str | None
    content_ref: str | None
    preview_url: str | None
    quality: int | None


class ClockOut(Schema):
    """One time limit."""

    regime: str
    clock: str
    starts_at: datetime
    due_at: datetime
    stopped_at: datetime | None
    stopped_because: str


class DecisionOut(Schema):
    """What was decided, without the moderator's own words."""

    id: UUID
    verdict: str
    regime: str
    ground: str
    at: datetime
    by: str
    items: list[UUID]
    actions: list[UUID]


class LawOut(Schema):
    """One law, and the required elements that one report lacks."""

    regime: str
    version: str
    is_valid: bool
    missing: list[str]


class CaseReportOut(Schema):
    """One report of a case, without a word of what the person wrote."""

    id: UUID
    role: str
    received_at: datetime
    laws: list[LawOut]


class WholeCaseOut(CaseOut):
    """A case with everything in it that a program may see."""

    items: list[ItemOut]
    clocks: list[ClockOut]
    reports: list[CaseReportOut]
    decisions: list[DecisionOut]


@router.get("/cases", auth=Needs("case:read"), response=CasesOut, summary="List cases")
def index(request: HttpRequest, ask: Asked, state: State | None = None) -> dict[str, Any]:
    """Cases, the oldest first; `state` narrows the list."""
    rows = Case.objects.for_staff()
    return page(rows.filter(state=state) if state else rows, ask, shown)


@router.get("/cases/{uuid:case_id}", auth=Needs("case:read"), response=WholeCaseOut, summary="Read a case")
def show(request: HttpRequest, case_id: UUID, response: HttpResponse) -> dict[str, Any]:
    """One case. The `ETag` is its version: send it back as `If-Match` with a decision."""
    case = access.case_for_key(key_of(request), case_id)
    response.headers["ETag"] = f'"{case.version}"'
    items = case.items.order_by("pk")
    decisions = case.decisions.order_by("pk").prefetch_related("items", "actions")
    return {
        **shown(case),
        "items": [_item(item) for item in items],
        "clocks": [
            {
                "regime": clock.regime_id,
                "clock": clock.clock_id,
                "starts_at": clock.starts_at,
                "due_at": clock.due_at,
                "stopped_at": clock.stopped_at,
                "stopped_because": clock.stopped_because,
            }
            for clock in case.clocks.all()
        ],
        "reports": [_report(each) for each in checklist.for_case(case)],
        "decisions": [decision_shown(each) for each in decisions],
    }


def shown(case: Case) -> dict[str, Any]:
    """A case as a list shows it."""
    return {
        "id": case.public_id,
        "number": case.number,
        "state": case.state,
        "opened_at": case.opened_at,
        "due_at": case.due_at,
        "version": case.version,
        "hit_count": case.hit_count,
        "regimes": [pin["id"] for pin in case.regimes],
    }


def decision_shown(decision: Decision) -> dict[str, Any]:
    """A decision without the moderator's own words."""
    return {
        "id": decision.public_id,
        "verdict": decision.verdict,
        "regime": decision.regime_id,
        "ground": decision.ground,
        "at": decision.at,
        "by": decision.by_label,
        "items": [item.public_id for item in decision.items.all()],
        "actions": [action.public_id for action in decision.actions.all()],
    }


def _item(item: Item) -> dict[str, Any]:
    return {
        "id": item.public_id,
        "kind": item.kind,
        "state": item.state,
        "url": item.url,
        "content_ref": item.content_ref,
        "preview_url": item.preview_url,
        "quality": item.quality,
    }


def _report(found: checklist.ReportChecklist) -> dict[str, Any]:
    report = found.report
    return {
        "id": report.public_id,
        "role": report.role,
        "received_at": report.received_at,
        "laws": [
            {
                "regime": law.regime.id,
                "version": law.regime.version,
                "is_valid": law.is_valid,
                "missing": [element.id for element in law.missing],
            }
            for law in found.laws
        ],
    }
