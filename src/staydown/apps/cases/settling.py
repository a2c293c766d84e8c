"""Where a case stands, worked out from its items after each change, and the moment at which its clocks stop."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Min, QuerySet

from staydown.apps.cases.models import Action, Case, Clock, Decision, Item

TO_DECIDE = (Item.State.OPEN, Item.State.DISABLED)
SETTLED = (Item.State.REMOVED, Item.State.KEPT_DOWN, Item.State.DECLINED)


def held(case: Case) -> Case:
    """The case as it is now, locked until the transaction ends. The first lock that an action takes."""
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("A case is held only inside a transaction.")
    return Case.objects.select_for_update().get(pk=case.pk)


def settle(case: Case, now: datetime, *, action: Action | None = None, decision: Decision | None = None) -> Case:
    """Save where the held case stands now: state, deadline, version. Stops its clocks when nothing is left to do.

    Nothing is left when no item waits for a decision or for the platform's answer. ``action`` or ``decision`` is what
    then stopped the clocks; without either it was a withdrawal. A disabled item waits: disabling is not the last word.
    """
    states = set(case.items.values_list("state", flat=True))
    if not states & {*TO_DECIDE, Item.State.ASKED}:
        stop(case.clocks.filter(stopped_at=None), now, action=action, decision=decision)
    case.state = _state(case, states)
    if case.state in {Case.State.DONE, Case.State.WITHDRAWN}:
        case.due_at = None
    else:
        case.due_at = case.clocks.filter(stopped_at=None).aggregate(due=Min("due_at"))["due"]
    if case.state != Case.State.OPEN:
        case.leased_by = case.leased_until = None
    case.version += 1
    case.save(update_fields=["state", "due_at", "leased_by", "leased_until", "version"])
    return case


def stop(
    clocks: QuerySet[Clock], now: datetime, *, action: Action | None = None, decision: Decision | None = None
) -> int:
    """How many of these running clocks were stopped, by ``action``'s outcome, ``decision``, or else a withdrawal."""
    if action is not None:
        because = Clock.Because.OUTCOME
    else:
        because = Clock.Because.WITHDRAWAL if decision is None else Clock.Because.DECISION
    return clocks.update(
        stopped_at=now, stopped_because=because, stopped_by_action=action, stopped_by_decision=decision
    )


def being_hidden(case: Case) -> set[int]:
    """The items that the platform was asked to disable and has not answered about. The last word need not wait."""
    hiding = Action.objects.filter(item__case=case, kind=Action.Kind.DISABLE, state=Action.State.ASKED)
    return set(hiding.values_list("item_id", flat=True))


def _state(case: Case, states: set[str]) -> str:
    if case.state == Case.State.MINORS:
        return case.state
    if states & set(TO_DECIDE) or being_hidden(case):
        return Case.State.OPEN
    if Item.State.ASKED in states or Action.objects.filter(item__case=case, state=Action.State.ASKED).exists():
        return Case.State.DECIDED
    was_withdrawn = case.reports.exists() and not case.reports.filter(withdrawn_at=None).exists()
    if was_withdrawn or (states and not states & set(SETTLED)):
        return Case.State.WITHDRAWN
    return Case.State.DONE
