"""Where a case stands, worked out from its items after each change, and the moment at which its clocks stop."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Min, QuerySet

from staydown.apps.cases import clocks
from staydown.apps.cases.models import Action, Case, Clock, Decision, Item

TO_DECIDE = (Item.State.OPEN, Item.State.DISABLED)
WAITING: Final = (*TO_DECIDE, Item.State.ASKED)
RESTORE_WITHIN: Final = timedelta(hours=24)
"""How long the platform has to show something again. Ours: the laws that we know name no hours for it."""
SETTLED = (Item.State.REMOVED, Item.State.KEPT_DOWN, Item.State.DECLINED)


def held(case: Case) -> Case:
    """The case as it is now, locked until the transaction ends. The first lock that an action takes."""
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("A case is held only inside a transaction.")
    return Case.objects.select_for_update().get(pk=case.pk)


def settle(case: Case, now: datetime, *, action: Action | None = None, decision: Decision | None = None) -> Case:
    """Save where the held case stands now: state, deadline, version. Stops each clock when nothing of its own is left.

    Nothing is left when no item waits for a decision or for the platform's answer. ``action`` or ``decision`` is what
    then stopped the clocks; without either it was a withdrawal. A disabled item waits: disabling is not the last word.
    """
    items = list(case.items.only("case_id", "report_id", "kind", "state", "added_at"))
    _keep_time(case, items, now, action, decision)
    case.state = _state(case, {item.state for item in items})
    if case.state in {Case.State.DONE, Case.State.WITHDRAWN}:
        case.due_at = None
    else:
        case.due_at = _due(case)
    if case.state != Case.State.OPEN:
        case.leased_by = case.leased_until = None
    case.version += 1
    case.save(update_fields=["state", "due_at", "leased_by", "leased_until", "version"])
    return case


def due_of(action: Action) -> datetime | None:
    """Until when the platform should have answered ``action``; None when nothing presses."""
    return action.asked_at + RESTORE_WITHIN if action.kind == Action.Kind.RESTORE else action.item.case.due_at


def _due(case: Case) -> datetime | None:
    """The earliest deadline of ``case``: of a running clock, or of something that is to be shown again."""
    clock = case.clocks.filter(stopped_at=None).aggregate(due=Min("due_at"))["due"]
    restoring = Action.objects.filter(item__case=case, kind=Action.Kind.RESTORE, state=Action.State.ASKED)
    asked = restoring.aggregate(first=Min("asked_at"))["first"]
    return min((due for due in (clock, asked and asked + RESTORE_WITHIN) if due), default=None)


def _keep_time(case: Case, items: list[Item], now: datetime, action: Action | None, decision: Decision | None) -> None:
    """Stop the clocks of each report whose own items are settled, and those of no report when all the rest is.

    What waits while no clock runs gets one: an upload that outlived the reports, or what is hidden and perhaps should
    not be.
    """
    waiting = [item for item in items if item.state in WAITING]
    running = case.clocks.filter(stopped_at=None)
    own = running.filter(report__isnull=False).exclude(report__in={item.report_id for item in waiting} - {None})
    stop(own, now, action=action, decision=decision)
    if action is not None or decision is not None:
        stop(clocks.stopped_by_hiding(case, running, waiting), now, action=action, decision=decision)
    timed = set(running.filter(report__isnull=False).values_list("report", flat=True))
    left = [item for item in waiting if item.report_id not in timed]
    if not left:
        stop(running.filter(report=None), now, action=action, decision=decision)
    elif not running.exists():
        found = [item.added_at for item in left if item.kind == Item.Kind.CONTENT and item.state != Item.State.DISABLED]
        clocks.open_clocks(case, min(found, default=now), waiting=left)


def stop(
    running: QuerySet[Clock], now: datetime, *, action: Action | None = None, decision: Decision | None = None
) -> int:
    """How many of these running clocks were stopped, by ``action``'s outcome, ``decision``, or else a withdrawal."""
    if action is not None:
        because = Clock.Because.OUTCOME
    else:
        because = Clock.Because.WITHDRAWAL if decision is None else Clock.Because.DECISION
    return running.update(
        stopped_at=now, stopped_because=because, stopped_by_action=action, stopped_by_decision=decision
    )


def being_hidden(case: Case) -> set[int]:
    """The items that the platform was asked to disable and has not answered about. The last word need not wait."""
    hiding = Action.objects.filter(item__case=case, kind=Action.Kind.DISABLE, state=Action.State.ASKED)
    return set(hiding.values_list("item_id", flat=True))


def is_down(item: Item) -> bool:
    """Whether the last that the platform answered to have done with ``item`` was to hide it or take it down."""
    last = item.actions.exclude(result__in=["", Action.Result.FAILED]).order_by("-done_at", "-pk").first()
    return last is not None and last.result in {Action.Result.REMOVED, Action.Result.DISABLED}


def is_hidden(item: Item) -> bool:
    """Whether the platform hides ``item``: the last that it answered to have done was to hide it, not to show it again.

    That it was not asked for any more when it answered changes nothing: what is hidden is hidden.
    """
    done = item.actions.filter(kind__in=[Action.Kind.DISABLE, Action.Kind.RESTORE])
    last = done.exclude(result__in=["", Action.Result.FAILED]).order_by("-done_at", "-pk").first()
    return last is not None and last.kind == Action.Kind.DISABLE


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
