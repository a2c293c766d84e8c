"""The platform's answer to what it was asked."""

from __future__ import annotations

from typing import Final

from django.db import transaction
from django.utils import timezone

from staydown.apps.audit import actions as audit
from staydown.apps.audit.actor import Actor
from staydown.apps.cases import settling, support
from staydown.apps.cases.intake import MOST_LINE
from staydown.apps.cases.models import Action, Decision, Item
from staydown.apps.sharing import actions as sharing
from staydown.apps.sharing.events import Event
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
    decided; a later success of the same action is taken. An answer to an action that was cancelled is only kept, but
    what was hidden all the same is asked to be shown again, unless it still waits for its decision.
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
    _check_may_answer(action)
    is_overtaken, now = _is_overtaken(action), timezone.now()
    if action.state != State.CANCELLED:
        action.state = State.FAILED if result == Result.FAILED else State.DONE
    action.result, action.done_at, action.detail = result, now, detail.strip() or None
    action.save(update_fields=["state", "result", "done_at", "detail"])
    restore = _hidden_after_all(action) if is_overtaken else _move(action)
    settling.settle(case, now, action=action)
    _record(action, restore, by)
    return action


def _check_may_answer(action: Action) -> None:
    """Raise `StateError` unless this is the first answer, or success after failure with nothing decided in between.

    That something was hidden is heard at any time: it has to be shown again if it was not to be hidden any more.
    """
    if action.result and (action.result != Result.FAILED or (action.kind != Kind.DISABLE and _is_overtaken(action))):
        raise StateError(f"This action is {action.state} with another answer.")


def _is_overtaken(action: Action) -> bool:
    """Whether a later decision or a withdrawal took the request back, or came after its failure."""
    if action.state == State.ASKED:
        return False
    is_latest = not action.item.actions.filter(pk__gt=action.pk).exists()
    return action.state == State.CANCELLED or not is_latest or action.item.state != _before(action.item)


def _move(action: Action) -> None:
    """Put the item where the answer leaves it. What could not be shown again is still hidden and waits for a person."""
    item, kind = action.item, action.kind
    if action.result == Result.FAILED:
        item.state = Item.State.DISABLED if kind == Kind.RESTORE else _before(item)
    elif kind != Kind.RESTORE:
        item.state = Item.State.REMOVED if kind == Kind.REMOVE else Item.State.DISABLED
    elif item.state == Item.State.DISABLED:  # it succeeded after it had failed
        was_declined = action.decision.verdict in {Decision.Verdict.DECLINE, Decision.Verdict.RESTORE}
        item.state = Item.State.DECLINED if was_declined else Item.State.WITHDRAWN
    item.save(update_fields=["state"])


def _hidden_after_all(action: Action) -> Action | None:
    """What follows when the platform hid something that it was no longer asked to hide.

    An item that waits does so hidden; one that was declined or taken back is asked to be shown again: that request.
    """
    item = action.item
    was_taken_back = action.kind == Kind.REMOVE and item.state == Item.State.DECLINED
    if action.result not in {Result.DISABLED, Result.REMOVED} or not (action.kind == Kind.DISABLE or was_taken_back):
        return None
    if item.state == Item.State.OPEN:
        item.state = Item.State.DISABLED
        item.save(update_fields=["state"])
    if item.state not in support.GONE or item.actions.filter(state=State.ASKED).exists():
        return None
    decision = item.decisions.order_by("-pk").first() or action.decision
    restore = Action.objects.create(decision=decision, item=item, kind=Kind.RESTORE, asked_at=action.done_at)
    told = {"action": str(restore.public_id), "case": str(item.case.public_id)}
    sharing.announce(Event.ACTION_REQUESTED, told)
    return restore


def _before(item: Item) -> str:
    """Where an item waits for a decision: hidden by the platform or taken down, or not."""
    return Item.State.DISABLED if settling.is_hidden(item) or settling.is_down(item) else Item.State.OPEN


def _record(action: Action, restore: Action | None, by: Actor) -> None:
    """One line about the action, which also stands in the history of the case and of each report it concerns."""
    item = action.item
    reports = support.reports_about(item.case, [item])
    facts: dict[str, object] = {"kind": action.kind, "state": action.state, "result": action.result}
    if restore is not None:
        facts["restore"] = str(restore.public_id)
    audit.record("action.answered", by=by, about=action, also=[item.case, item, *reports], facts=facts)
