"""The way back from a removal: a new decision that shows it again and reverses its entries everywhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import transaction
from django.utils import timezone

from staydown.apps.accounts import access as accounts
from staydown.apps.accounts.models import Staff
from staydown.apps.audit.actor import Actor
from staydown.apps.banks import feed_writing
from staydown.apps.cases import regimes, settling
from staydown.apps.cases.access import DECIDERS
from staydown.apps.cases.actions.carrying_out import Work, carry_out
from staydown.apps.cases.actions.deciding import NOW, checked_form, written
from staydown.apps.cases.actions.leases import require_free
from staydown.apps.cases.models import Case, Decision, Item
from staydown.core.law.regime import Regime
from staydown.errors import ConflictError, GroundError, MissingError, StateError

RESTORE = Decision.Verdict.RESTORE
#: What a removal leaves behind. What still waits for its decision is declined instead.
REMOVED = (Item.State.ASKED, Item.State.REMOVED, Item.State.KEPT_DOWN)


def restore(
    case: Case,
    *,
    items: Iterable[Item],
    regime_id: str,
    ground: str = "",
    reason: str,
    version: int,
    staff: Staff,
    by: Actor,
) -> Decision:
    """The decision that takes a removal of ``items`` back: the platform is asked to show them again.

    Entries that nothing else supports are reversed, so copies pass everywhere. Raises as `decide` does. Where policy
    asks for two people and copies are blocked now, propose it instead (`staydown.apps.cases.actions.proposing`).
    """
    _, reason = checked_form(RESTORE, reason)
    accounts.require_role(staff, *DECIDERS)
    with transaction.atomic():
        case, now = settling.held(case), timezone.now()
        not_locked(case)
        require_free(case, staff, now)
        if version != case.version:
            raise ConflictError
        check_ground(regimes.pinned_one(case, regime_id), ground)
        feed_writing.hold()
        chosen = removed_among(case, items)
        said = {"verdict": RESTORE, "regime_id": regime_id, "ground": ground, "reason": reason}
        decision = written(chosen, case=case, staff=staff, by=by, at=now, **said)
        carry_out(Work(case, decision, by, now, NOW), chosen)
    return decision


def not_locked(case: Case) -> None:
    """Raise `MissingError` for a case about a minor: nothing of it is ever shown again from here."""
    if case.state == Case.State.MINORS:
        raise MissingError


def check_ground(regime: Regime, ground: str) -> None:
    """Raise `GroundError` unless ``ground`` is one of the law's own; a law that lists none takes none."""
    allowed = [each.id for each in regime.grounds]
    if ground not in (allowed or [""]):
        raise GroundError(f"ground: {regime.short_name} allows only these: {', '.join(allowed) or 'none'}.")


def removed_among(case: Case, items: Iterable[Item]) -> Sequence[Item]:
    """These items as they are now; raises `StateError` where one was not decided to be removed."""
    hiding = settling.being_hidden(case)
    wanted = {item.pk for item in items}
    found = [item for item in case.items.filter(pk__in=wanted, state__in=REMOVED) if item.pk not in hiding]
    if not wanted or len(found) != len(wanted):
        raise StateError("items: one of these was not taken down by a decision. Reload to see.")
    return found
