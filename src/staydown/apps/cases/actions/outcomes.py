"""The platform's answer to what it was asked."""

from __future__ import annotations

from typing import Final

from django.db import transaction
from django.utils import timezone

from staydown.apps.audit import actions as audit
from staydown.apps.audit.actor import Actor
from staydown.apps.cases import settling, support
from staydown.apps.cases.intake import MOST_LINE
from staydown.apps.cases.models import Action, Item
from staydown.errors import InvalidError, StateError

Kind, Result, State = Action.Kind, Action.Result, Action.State

#: What may be answered to each kind of action.
ANSWERS: Final = {
    Kind.REMOVE: {Result.REMOVED, Result.NOT_FOUND, Result.FAILED},
    Kind.DISABLE: {Result.DISABLED, Result.REMOVED, Result.NOT_FOUND, Result.FAILED},
    Kind.RESTORE: {Result.RESTORED, Result.NOT_FOUND, Result.FAILED},
}


@transaction.atomic
def record_outcome(action: Action, *, result: str, detail: str = "", by: Actor) -> Action:
    """The action with the platform's answer. The same answer again changes nothing; another one is a `StateError`.

    The clocks of the case stop when nothing is left to do. ``failed`` leaves them running and puts the item back to be
    decided; a later success of the same action is taken. An answer to an action that was cancelled is only kept.
    """
    if result not in Result.values:
        raise InvalidError(f"result: one of {', '.join(Result.values)}.")
    if len(detail) > MOST_LINE:
        raise InvalidError(f"detail: at most {MOST_LINE} characters fit.")
    case = settling.held(action.item.case)
    action = Action.objects.select_for_update(of=("self",)).select_related("item").get(pk=action.pk)
    if result not in ANSWERS[Kind(action.kind)]:
        raise InvalidError(f"result: an action to {action.kind} cannot be answered with {result}.")
    if action.result == result:
        return action
    _check_may_answer(action, Result(result))
    now = timezone.now()
    if action.state != State.CANCELLED:
        action.state = State.FAILED if result == Result.FAILED else State.DONE
        _move(action.item, Kind(action.kind), Result(result))
    action.result, action.done_at, action.detail = result, now, detail.strip() or None
    action.save(update_fields=["state", "result", "done_at", "detail"])
    settling.settle(case, now, action=action)
    _record(action, by)
    return action


def _check_may_answer(action: Action, result: Result) -> None:
    """Raise `StateError` unless this is the first answer, or success after failure with nothing decided in between."""
    if action.state == State.ASKED or (action.state == State.CANCELLED and not action.result):
        return
    is_latest = not action.item.actions.filter(pk__gt=action.pk).exists()
    waits = action.item.state == (Item.State.DECLINED if action.kind == Kind.RESTORE else _before(action.item))
    if action.state == State.FAILED and result != Result.FAILED and is_latest and waits:
        return
    raise StateError(f"This action is {action.state} with another answer.")


def _move(item: Item, kind: Kind, result: Result) -> None:
    """The item after the answer. What was to be shown again is declined already, whatever the answer is."""
    if kind is Kind.RESTORE:
        return
    if result is Result.FAILED:
        item.state = _before(item)
    else:
        item.state = Item.State.REMOVED if kind is Kind.REMOVE else Item.State.DISABLED
    item.save(update_fields=["state"])


def _before(item: Item) -> str:
    """Where an item waits for a decision: hidden by the platform, or not."""
    hidden = item.actions.filter(kind=Kind.DISABLE, state=State.DONE).exists()
    return Item.State.DISABLED if hidden else Item.State.OPEN


def _record(action: Action, by: Actor) -> None:
    """One line about the action, which also stands in the history of the case and of each report it concerns."""
    item = action.item
    reports = support.reports_about(item.case, [item])
    facts = {"kind": action.kind, "state": action.state, "result": action.result}
    audit.record("action.answered", by=by, about=action, also=[item.case, item, *reports], facts=facts)
