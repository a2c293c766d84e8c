"""An order that words of a closed case are erased before their time: with two people where policy asks for them.

Never before a law of the case allows it, and while somebody may still appeal only what a reporter could delete anyway.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from django.db import transaction
from django.utils import timezone

from staydown.apps.accounts import access as accounts
from staydown.apps.accounts.models import Role, Staff
from staydown.apps.audit.actor import Actor
from staydown.apps.banks import proposals
from staydown.apps.banks.models import Proposal
from staydown.apps.banks.proposals import Kind
from staydown.apps.cases import settling
from staydown.apps.cases.access import DECIDERS
from staydown.apps.cases.actions.forgetting import forget
from staydown.apps.cases.actions.restoring import not_locked
from staydown.apps.cases.keeping import ARTEFACTS, CLOSED, owed_until
from staydown.apps.cases.models import Appeal, Case, Keeping
from staydown.errors import InvalidError, StateError


def kept_until(case: Case, today: date) -> dict[str, date | None]:
    """The day until which each artefact of ``case`` that is not erased yet has to be kept; None: it may go now."""
    keeping = Keeping.objects.filter(case=case, version=case.version).first()
    keeping = keeping or Keeping(case=case, version=case.version, closed_on=today)
    ends = {each: owed_until(keeping, each) for each in ARTEFACTS if each not in keeping.forgotten}
    return {each: end if end > today else None for each, end in ends.items()}


@transaction.atomic
def erase_or_propose(case: Case, artefacts: Collection[str], *, reason: str, staff: Staff, by: Actor) -> int | Proposal:
    """How many of these artefacts of a closed ``case`` were erased; where that takes two people, the proposal of it.

    With one person it is a lead. Raises `InvalidError` naming the field, `StateError` for a case that is open or has
    an appeal that waits, and for what a law still has kept.
    """
    two = proposals.needs_two(Kind.ERASE)
    accounts.require_role(staff, *(DECIDERS if two else (Role.LEAD,)))
    case = settling.held(case)
    _check(case, artefacts)
    if two:
        details = {"artefacts": sorted(artefacts)}
        return proposals.propose(Kind.ERASE, case, reason=reason, details=details, staff=staff, by=by)
    if not reason.strip():
        raise InvalidError("reason: say why, in your own words.")
    return _erase(case, artefacts, by)


def erase_as_proposed(case: Case, proposal: Proposal, by: Actor) -> int:
    """How many artefacts of the held ``case`` were erased, as an approved ``proposal`` says. Raises as above."""
    artefacts = proposal.details["artefacts"]
    _check(case, artefacts)
    return _erase(case, artefacts, by)


def _erase(case: Case, artefacts: Collection[str], by: Actor) -> int:
    today = timezone.now().date()
    kept, _ = Keeping.objects.get_or_create(case=case, defaults={"version": case.version, "closed_on": today})
    if kept.version != case.version:  # opened and closed again since the last daily turn
        kept.version, kept.closed_on, kept.forgotten = case.version, today, []
        kept.save(update_fields=["version", "closed_on", "forgotten"])
    return forget(case, artefacts, by=by, is_ordered=True)


def _check(case: Case, artefacts: Collection[str]) -> None:
    not_locked(case)
    if not artefacts or not set(artefacts) <= ARTEFACTS.keys():
        raise InvalidError("artefacts: choose what is erased.")
    if case.state not in CLOSED:
        raise StateError("This case is not closed. What people wrote is needed until it is.")
    if Appeal.objects.filter(case=case, state=Appeal.State.OPEN).exists():
        raise StateError("An appeal in this case waits for its answer. What people wrote is needed until then.")
    until = kept_until(case, timezone.now().date())
    if gone := sorted(set(artefacts) - until.keys()):
        raise StateError(f"This is erased already: {', '.join(gone)}.")
    if held := {each: until[each] for each in artefacts if until[each]}:
        last = max(day for day in held.values() if day)
        raise StateError(f"A law of the case, or the time to appeal, has this kept until {last.day} {last:%B %Y}.")
