"""The way back from a mistaken press of the minors button: two people of the one role for it.

What was erased stays erased: hashes and previews. The rest is as it was, and clocks count from the receipt as ever.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from staydown.apps.accounts import access as accounts
from staydown.apps.accounts.models import Role, Staff
from staydown.apps.audit import actions as audit
from staydown.apps.audit.actor import Actor
from staydown.apps.banks import proposals
from staydown.apps.banks.models import Proposal
from staydown.apps.banks.proposals import Kind
from staydown.apps.cases import settling, support
from staydown.apps.cases.models import Action, Case, Clock, Item, Keeping, Lock
from staydown.apps.sharing import actions as sharing
from staydown.apps.sharing.events import Event
from staydown.errors import StateError


def refusal(case: Case) -> str:
    """Why ``case`` cannot be given back; empty when it can."""
    if case.state != Case.State.MINORS:
        return "This case is not locked."
    if not Lock.objects.filter(case=case, lifted_at=None).exists():
        return "Its reporter said that somebody under 18 is shown. Nobody here takes that back for them."
    if Keeping.objects.filter(case=case).exclude(forgotten=[]).exists():
        return "What people wrote in it is erased already. There is nothing to go on with."
    return ""


@transaction.atomic
def propose_unlock(case: Case, *, reason: str, staff: Staff, by: Actor) -> Proposal:
    """The proposal that ``case`` was locked by mistake. Raises `StateError` where it cannot be given back."""
    accounts.require_role(staff, Role.PROTECTION)
    case = settling.held(case)
    if why := refusal(case):
        raise StateError(why)
    return proposals.propose(Kind.UNLOCK, case, reason=reason, staff=staff, by=by)


def unlock_as_proposed(case: Case, proposal: Proposal, by: Actor) -> Case:
    """The held ``case`` back in the ordinary queue, as an approved ``proposal`` says. Raises as above.

    Pictures wait again although their hashes are gone: their reporters are asked to choose them again.
    """
    if why := refusal(case):
        raise StateError(why)
    now = timezone.now()
    lock = Lock.objects.select_for_update().get(case=case, lifted_at=None)
    lock.lifted_at = now
    lock.save(update_fields=["lifted_at"])
    reopened = _restore_items(case, lock.items)
    _ask_again(case, lock.actions)
    _release_laws(case, lock.laws)
    stopped = case.clocks.filter(public_id__in=lock.clocks, stopped_because=Clock.Because.WITHDRAWAL)
    stopped.filter(report__withdrawn_at=None).update(stopped_at=None, stopped_because="")
    case.state = Case.State.OPEN
    settling.settle(case, now)
    reports = list(case.reports.filter(withdrawn_at=None).order_by("pk"))
    audit.record("case.unlocked", by=by, about=case, also=reports, facts={"items": reopened})
    return case


def ended_by_locking(case: Case, before: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """What of ``case`` locking it has changed now, of what ``before`` remembers: the fields of its `Lock`."""
    states = dict(case.items.values_list("public_id", "state"))
    changed = {str(each): old for each, old in before["items"].items() if states[each] != old}
    stopped = case.clocks.filter(stopped_at=now).values_list("public_id", flat=True)
    return {
        "items": changed,
        "clocks": [str(each) for each in stopped],
        "actions": before["actions"],
        "laws": [pin["id"] for pin in case.regimes if pin["id"] not in before["laws"]],
    }


def state_before(case: Case) -> dict[str, Any]:
    """What locking ``case`` may change."""
    asked = Action.objects.filter(item__case=case, kind=Action.Kind.RESTORE, state=Action.State.ASKED)
    return {
        "items": dict(case.items.values_list("public_id", "state")),
        "actions": [str(each) for each in asked.values_list("public_id", flat=True)],
        "laws": {pin["id"] for pin in case.regimes},
    }


def _restore_items(case: Case, before: Mapping[str, str]) -> int:
    """How many items have the state again that locking took from them. What changed since, or was taken back, stays."""
    count = 0
    for item in case.items.filter(public_id__in=list(before)).select_related("report"):
        was, is_back = before[str(item.public_id)], item.report is None or item.report.withdrawn_at is None
        by_lock = Item.State.OPEN if was in support.GONE else Item.State.WITHDRAWN
        if item.state == by_lock and is_back:
            item.state = was
            item.save(update_fields=["state"])
            count += 1
    return count


def _ask_again(case: Case, actions: list[str]) -> None:
    """Ask again for what was to be shown again, where the item is still one that may be seen."""
    asked = Action.objects.filter(public_id__in=actions, state=Action.State.CANCELLED, item__state=Item.State.DECLINED)
    for action in asked.exclude(item__actions__state=Action.State.ASKED):
        action.state = Action.State.ASKED
        action.save(update_fields=["state"])
        told = {"action": str(action.public_id), "case": str(case.public_id)}
        sharing.announce(Event.ACTION_REQUESTED, told)


def _release_laws(case: Case, laws: list[str]) -> None:
    """Take out the laws on minors that locking pinned, with their clocks, unless something was decided under them."""
    used = set(case.decisions.values_list("regime_id", flat=True))
    gone = [law for law in laws if law not in used]
    case.clocks.filter(regime_id__in=gone, stopped_at=None).delete()
    case.regimes = [pin for pin in case.regimes if pin["id"] not in gone]
    case.save(update_fields=["regimes"])
