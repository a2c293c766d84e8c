"""Banks and their entries. No answer holds a hash: those leave by the feed alone."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema, Status
from pydantic import Field

from staydown.apps.api.keys import Needs, actor_of, key_of
from staydown.apps.api.paging import Asked, page
from staydown.apps.api.schemas import Page
from staydown.apps.banks import access
from staydown.apps.banks.models import Bank, Entry, Proposal
from staydown.apps.cases import actions as casework

router = Router(tags=["banks"])
NEXT = "Copies are blocked until a lead has approved this in the console. Ask again to learn whether they have."
State = Literal["pending", "enforced", "withdrawn", "expired", "reversed"]


class BankOut(Schema):
    """A bank."""

    id: UUID
    name: str
    opened_at: datetime


class BanksOut(Page):
    """Banks, the oldest first."""

    items: list[BankOut]


class EntryOut(Schema):
    """An entry, without its hash."""

    id: UUID
    bank: str
    algorithm: str
    radius: int
    action: str
    state: State
    source: str
    quality: int | None
    lapses_at: datetime | None
    added_at: datetime
    changed_at: datetime


class EntriesOut(Page):
    """Entries, the oldest first."""

    items: list[EntryOut]


class WithdrawIn(Schema):
    """Why. Whoever has to approve it reads this."""

    reason: str = Field("", max_length=1000)


class ProposedOut(Schema):
    """What waits for a second person: the entry as it still is, the proposal, and what happens next."""

    proposal: UUID
    entry: EntryOut
    next: str


@router.get("/banks", auth=Needs("entry:read"), response=BanksOut, summary="List banks")
def banks(request: HttpRequest, ask: Asked) -> dict[str, Any]:
    """The banks that the key may see."""
    return page(access.banks_for_key(key_of(request)), ask, _bank)


@router.get("/entries", auth=Needs("entry:read"), response=EntriesOut, summary="List entries")
def index(request: HttpRequest, ask: Asked, bank: str = "", state: State | None = None) -> dict[str, Any]:
    """Entries of the banks that the key may see, the oldest first; `bank` and `state` narrow the list."""
    rows = access.entries_for_key(key_of(request))
    rows = rows.filter(bank__name=bank) if bank else rows
    return page(rows.filter(state=state) if state else rows, ask, shown)


@router.get("/entries/{uuid:entry_id}", auth=Needs("entry:read"), response=EntryOut, summary="Read an entry")
def show(request: HttpRequest, entry_id: UUID) -> dict[str, Any]:
    """One entry."""
    return shown(access.entry_for_key(key_of(request), entry_id, scope="entry:read"))


@router.post(
    "/entries/{uuid:entry_id}/withdraw",
    auth=Needs("entry:write"),
    response={200: EntryOut, 202: ProposedOut},
    summary="Withdraw an entry",
)
def withdraw(request: HttpRequest, entry_id: UUID, body: WithdrawIn | None = None) -> Status:
    """Match it no more, everywhere, and erase its hash. Twice is fine.

    202 for one that blocks copies, where the operator has two people decide: it is proposed, and blocks until a lead
    has approved it. Ask again to learn whether that has happened.
    """
    key = key_of(request)
    entry = access.entry_for_key(key, entry_id, scope="entry:write")
    done = casework.withdraw_or_propose(entry, reason=body.reason if body else "", key=key, by=actor_of(request))
    if isinstance(done, Proposal):
        return Status(202, {"proposal": done.public_id, "entry": shown(entry), "next": NEXT})
    return Status(200, shown(done))


def shown(entry: Entry) -> dict[str, Any]:
    """An entry without its hash."""
    return {
        "id": entry.public_id,
        "bank": entry.bank.name,
        "algorithm": entry.algorithm,
        "radius": entry.radius,
        "action": entry.action,
        "state": entry.state,
        "source": entry.source,
        "quality": entry.quality,
        "lapses_at": entry.lapses_at,
        "added_at": entry.added_at,
        "changed_at": entry.changed_at,
    }


def _bank(bank: Bank) -> dict[str, Any]:
    return {"id": bank.public_id, "name": bank.name, "opened_at": bank.opened_at}
