"""A decision: what it does to the items, what it asks of the platform, what becomes of the entries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from staydown.apps.accounts import access as accounts
from staydown.apps.accounts.models import Staff
from staydown.apps.audit.actor import Actor
from staydown.apps.audit.querysets import history
from staydown.apps.banks import feed_writing
from staydown.apps.cases import regimes, settling
from staydown.apps.cases.access import DECIDERS
from staydown.apps.cases.actions import notices
from staydown.apps.cases.actions.carrying_out import Work, carry_out, is_located
from staydown.apps.cases.actions.leases import require_free
from staydown.apps.cases.actions.notices import NoticeForm
from staydown.apps.cases.intake import MOST_WORDS
from staydown.apps.cases.models import Case, Decision, Item
from staydown.core.law.regime import Regime
from staydown.errors import ConflictError, GroundError, InvalidError, StateError

Verdict = Decision.Verdict
NOW: Final = NoticeForm()


def decide(
    case: Case,
    *,
    verdict: str,
    items: Iterable[Item] | None = None,
    regime_id: str,
    ground: str = "",
    reason: str,
    version: int,
    notice: NoticeForm = NOW,
    staff: Staff | None = None,
    by: Actor,
) -> Decision:
    """The decision about ``items`` (None: all that wait), carried out: entries changed, the platform asked.

    ``version`` is the one of the case that the person saw; ``notice`` is what the uploaders are told. Raises
    `ConflictError` when what is decided about has changed since, `LeaseError` when somebody else holds it,
    `GroundError` for a law or a ground that does not bind it, `StateError`, and `InvalidError` naming the field.
    """
    chosen_verdict, reason = checked_form(verdict, reason)
    if chosen_verdict is Verdict.RESTORE:
        raise InvalidError("verdict: what was decided is changed by an appeal, or by taking the decision back.")
    named = None if items is None else list(items)
    if staff is not None:
        accounts.require_role(staff, *DECIDERS)
    with transaction.atomic():
        case, now = settling.held(case), timezone.now()
        require_free(case, staff, now)
        _require_as_seen(case, version, named)
        notices.check(notice, case, now)
        _check_ground(regimes.pinned_one(case, regime_id), chosen_verdict, ground)
        feed_writing.hold()
        chosen = _chosen(case, named, chosen_verdict)
        said = {"verdict": chosen_verdict, "regime_id": regime_id, "ground": ground, "reason": reason}
        decision = written(chosen, case=case, staff=staff, by=by, at=now, **said)
        carry_out(Work(case, decision, by, now, notice), chosen)
    return decision


def written(items: Sequence[Item], *, staff: Staff | None, by: Actor, **said: Any) -> Decision:
    """A decision about ``items`` that says this (its other fields), saved and not yet carried out."""
    decision = Decision(by_staff=staff, by_label=by.label, **said)
    decision.save(force_insert=True)
    decision.items.set(items)
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


def checked_form(verdict: str, reason: str) -> tuple[Verdict, str]:
    """The verdict and the reason; raises `InvalidError` naming the field."""
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
        return item.state == Item.State.OPEN and is_located(item)
    return item.state in settling.TO_DECIDE or item.pk in hiding
