"""A decision: what it does to the items, what it asks of the platform, what becomes of the entries."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from staydown.apps.accounts import access as accounts
from staydown.apps.accounts.models import Staff
from staydown.apps.audit import actions as audit
from staydown.apps.audit.actor import Actor
from staydown.apps.audit.querysets import history
from staydown.apps.banks import feed_writing
from staydown.apps.cases import regimes, settling, support
from staydown.apps.cases.access import DECIDERS
from staydown.apps.cases.actions.leases import require_free
from staydown.apps.cases.intake import MOST_WORDS
from staydown.apps.cases.models import Action, Case, Decision, Item
from staydown.apps.sharing import actions as sharing
from staydown.apps.sharing.events import Event
from staydown.core.law.regime import Regime
from staydown.errors import ConflictError, GroundError, InvalidError, StateError

Verdict = Decision.Verdict


@dataclass(frozen=True, slots=True)
class _Work:
    """A decision being carried out."""

    case: Case
    decision: Decision
    by: Actor
    now: datetime


def decide(
    case: Case,
    *,
    verdict: str,
    items: Iterable[Item] | None = None,
    regime_id: str,
    ground: str = "",
    reason: str,
    version: int,
    staff: Staff | None = None,
    by: Actor,
) -> Decision:
    """The decision about ``items`` (None: all that wait), carried out: entries changed, the platform asked.

    ``version`` is the one of the case that the person saw. Raises `ConflictError` when what is decided about has
    changed since, `LeaseError` when somebody else holds it, `GroundError` for a law or a ground that does not bind it,
    `StateError`, and `InvalidError` naming the field.
    """
    chosen_verdict, reason = _checked_form(verdict, reason)
    named = None if items is None else list(items)
    if staff is not None:
        accounts.require_role(staff, *DECIDERS)
    with transaction.atomic():
        case, now = settling.held(case), timezone.now()
        require_free(case, staff, now)
        _require_as_seen(case, version, named)
        _check_ground(regimes.pinned_one(case, regime_id), chosen_verdict, ground)
        feed_writing.hold()
        chosen = _chosen(case, named, chosen_verdict)
        decision = Decision(
            case=case, verdict=chosen_verdict, regime_id=regime_id, ground=ground, reason=reason, at=now
        )
        decision.by_staff, decision.by_label = staff, by.label
        decision.save(force_insert=True)
        decision.items.set(chosen)
        _carry_out(_Work(case, decision, by, now), chosen)
    return decision


def _require_as_seen(case: Case, version: int, named: list[Item] | None) -> None:
    """Raise `ConflictError` when the case has changed since it was seen, `StateError` when it is not open.

    Where items are named, what came after them changes nothing about them: else a wave of uploads, each a change, would
    keep every decision from being made. Only a decision about one of them counts then.
    """
    if version > case.version or (version != case.version and (named is None or _was_decided_since(named, version))):
        raise ConflictError
    if case.state != Case.State.OPEN:
        raise StateError("This case is not open. Reload to see what was decided.")


def _was_decided_since(items: list[Item], version: int) -> bool:
    """Whether somebody decided about one of ``items`` after that version of the case, as the log has it."""
    decisions = Decision.objects.filter(items__in=[item.pk for item in items]).distinct()
    lines = [line for decision in decisions for line in history(decision) if line.verb == "case.decided"]
    return any(int((line.facts or {}).get("case_version", 0)) > version for line in lines)


def _checked_form(verdict: str, reason: str) -> tuple[Verdict, str]:
    if verdict not in Verdict.values:
        raise InvalidError(f"verdict: choose one of {', '.join(Verdict.values)}.")
    if not reason.strip() or len(reason) > MOST_WORDS:
        raise InvalidError("reason: say in your own words why, so that both sides can be told.")
    return Verdict(verdict), reason.strip()


def _check_ground(regime: Regime, verdict: Verdict, ground: str) -> None:
    """Raise `GroundError` unless a decline names one of the closed list of grounds, and nothing else names one."""
    allowed = [each.id for each in regime.grounds]
    if verdict is Verdict.DECLINE and ground not in allowed:
        raise GroundError(f"ground: {regime.short_name} allows only these: {', '.join(allowed) or 'none'}.")
    if verdict is not Verdict.DECLINE and ground:
        raise GroundError("ground: only a decline has a ground.")


def _chosen(case: Case, items: list[Item] | None, verdict: Verdict) -> list[Item]:
    """The items that the decision is about, as they are now; raises `StateError` for one that does not wait for it."""
    hiding = settling.being_hidden(case)
    waiting = {item.pk: item for item in case.items.all() if _waits(item, verdict, hiding)}
    wanted = waiting.keys() if items is None else {item.pk for item in items}
    if not wanted <= waiting.keys():
        raise StateError("items: one of these items does not wait for such a decision. Reload to see.")
    if not wanted:
        raise StateError("items: no item waits for such a decision.")
    return [waiting[pk] for pk in sorted(wanted)]


def _waits(item: Item, verdict: Verdict, hiding: set[int]) -> bool:
    """Whether ``item`` waits for this verdict. Only what is somewhere can be disabled, and only once."""
    if verdict is Verdict.DISABLE:
        return item.state == Item.State.OPEN and _is_located(item)
    return item.state in settling.TO_DECIDE or item.pk in hiding


def _is_located(item: Item) -> bool:
    """Whether the platform can be asked to act on ``item``: a link, or an upload that it gave an id."""
    return item.kind == Item.Kind.LINK or (item.kind == Item.Kind.CONTENT and item.content_ref is not None)


def _carry_out(work: _Work, chosen: list[Item]) -> None:
    """Change items and entries, ask the platform, write the line, tell the platform."""
    # A later decision takes back what the platform was asked before and has not done: one request an item.
    Action.objects.filter(item__in=chosen, state=Action.State.ASKED).update(state=Action.State.CANCELLED)
    enforced = ended = 0
    match work.decision.verdict:
        case Verdict.REMOVE:
            asked = [_remove(work, item) for item in chosen]
            enforced = support.enforce(support.entries_of(chosen), by=work.by)
        case Verdict.DISABLE:
            asked = [_ask(work, item, Action.Kind.DISABLE) for item in chosen]
        case _:
            asked = [_decline(work, item) for item in chosen]
            ended = support.reverse_unsupported(support.own_entries(chosen), by=work.by)
    actions = [action for action in asked if action is not None]
    settling.settle(work.case, work.now, decision=work.decision)
    _record(work, chosen, {"actions": len(actions), "entries_enforced": enforced, "entries_reversed": ended})
    decided = {"case": str(work.case.public_id), "decision": str(work.decision.public_id)}
    sharing.announce(Event.CASE_DECIDED, decided)
    for action in actions:
        sharing.announce(Event.ACTION_REQUESTED, {"action": str(action.public_id), "case": decided["case"]})


def _remove(work: _Work, item: Item) -> Action | None:
    """Ask the platform to remove ``item``; a picture that is nowhere in particular is kept down instead."""
    if _is_located(item):
        return _ask(work, item, Action.Kind.REMOVE)
    item.state = Item.State.KEPT_DOWN
    item.save(update_fields=["state"])
    return None


def _decline(work: _Work, item: Item) -> Action | None:
    """Decline ``item``, and ask the platform to show it again where it was asked to disable it."""
    was_hidden = item.state in {Item.State.DISABLED, Item.State.ASKED}  # asked: perhaps hidden, not yet answered
    action = _ask(work, item, Action.Kind.RESTORE) if was_hidden else None
    item.state = Item.State.DECLINED
    item.save(update_fields=["state"])
    return action


def _ask(work: _Work, item: Item, kind: Action.Kind) -> Action:
    item.state = Item.State.ASKED
    item.save(update_fields=["state"])
    return Action.objects.create(decision=work.decision, item=item, kind=kind, asked_at=work.now)


def _record(work: _Work, chosen: list[Item], counts: dict[str, int]) -> None:
    """One line about the case, which also stands in the history of each report that it concerns."""
    case, decision = work.case, work.decision
    reports = support.reports_about(case, chosen)
    facts = {
        "verdict": decision.verdict,
        "regime": decision.regime_id,
        "ground": decision.ground,
        "items": [str(item.public_id) for item in chosen],
        "case_version": case.version,
        **counts,
    }
    audit.record("case.decided", by=work.by, about=case, also=[decision, *reports], facts=facts)
