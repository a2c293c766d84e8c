"""What needs two people: to propose, approve, reject, void, and to use an approval once. Each is a line in the log."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone

from staydown.apps.accounts import access as accounts
from staydown.apps.accounts.models import Role, Staff
from staydown.apps.audit import actions as audit
from staydown.apps.audit import querysets
from staydown.apps.audit.actor import Actor
from staydown.apps.audit.facts import reference
from staydown.apps.banks.models import Proposal
from staydown.errors import DeniedError, InvalidError, MissingError, StateError

Kind, State = Proposal.Kind, Proposal.State

STRANGE_FOR: Final = timedelta(days=7)
MAKES_ACCOUNTS: Final = ("staff.created", "staff.role_changed", "staff.sign_in_reset")
MOST_WORDS: Final = 5_000


#: Whoever answers a proposal has this role; where none is named, they are a lead.
ANSWERED_BY: Final = {Kind.UNLOCK: Role.PROTECTION}
WAITING: Final = (State.OPEN, State.APPROVED)


def needs_two(kind: Kind) -> bool:
    """Whether a second person is asked for: by the operator's policy (STAYDOWN_TWO_PEOPLE), for an unlock always."""
    return kind == Kind.UNLOCK or kind.value in settings.STAYDOWN_TWO_PEOPLE


@transaction.atomic
def propose(
    kind: Kind,
    about: models.Model | str,
    *,
    reason: str,
    details: Mapping[str, Any] | None = None,
    staff: Staff | None = None,
    by: Actor,
) -> Proposal:
    """The proposal. ``staff`` is who proposes, or who answers for the program that does: they do not approve it.

    Raises `StateError` while the same is proposed already, `InvalidError` without a reason.
    """
    reason = _checked(reason)
    ref = reference(about)
    if waiting(kind, about) is not None:
        raise StateError("This is proposed already. Another person has to answer it first.")
    made = Proposal.objects.create(
        kind=kind,
        about=ref,
        details=dict(details or {}),
        reason=reason,
        proposed_by=staff,
        proposed_label=by.label,
        proposed_at=timezone.now(),
    )
    audit.record("proposal.made", by=by, about=made, also=[ref], facts={"kind": made.kind})
    return made


@transaction.atomic
def answer(proposal: Proposal, state: State, *, because: str = "", staff: Staff, by: Actor) -> Proposal:
    """The proposal approved, rejected or voided by another person of the role for it; its proposer may void it too.

    An approval that nobody has used yet can still be voided, else one for a list that is lost would wait for ever.
    Raises `DeniedError` for everybody else, `StateError` once it is answered, `InvalidError` without a reason to
    reject or void.
    """
    if state not in {State.APPROVED, State.REJECTED, State.VOID}:
        raise InvalidError("answer: approve, reject or void it.")
    is_own = proposal.proposed_by_id == staff.pk
    if not (is_own and state == State.VOID):
        accounts.require_role(staff, ANSWERED_BY.get(Kind(proposal.kind), Role.LEAD))
    if is_own and state != State.VOID:
        raise DeniedError("You proposed this. Another person has to answer it.")
    if state == State.APPROVED and proposal.proposed_by and _is_made_by(staff, proposal.proposed_by):
        raise DeniedError(
            "Whoever proposed this has made or changed your account in the last days. Somebody else answers."
        )
    words = because.strip() if state == State.APPROVED else _checked(because)
    proposal = Proposal.objects.select_for_update(of=("self",)).get(pk=proposal.pk)
    if proposal.state != State.OPEN and (proposal.state, state) != (State.APPROVED, State.VOID):
        raise StateError("Somebody has answered this proposal already. Reload to see what they decided.")
    proposal.state, proposal.decided_by, proposal.decided_at = state, staff, timezone.now()
    proposal.decided_because = words or None
    proposal.save(update_fields=["state", "decided_by", "decided_at", "decided_because"])
    audit.record(f"proposal.{state.value}", by=by, about=proposal, also=[proposal.about], facts={"kind": proposal.kind})
    return proposal


def waiting(kind: Kind, about: models.Model | str) -> Proposal | None:
    """The proposal of ``kind`` about this row that is not settled yet, if there is one."""
    return Proposal.objects.filter(kind=kind, about=reference(about), state__in=WAITING).first()


def is_approved(kind: Kind, about: models.Model | str) -> bool:
    """Whether somebody has approved ``kind`` about this row, and it was not used yet."""
    return Proposal.objects.filter(kind=kind, about=reference(about), state=State.APPROVED).exists()


def held_approval(kind: Kind, about: models.Model | str) -> Proposal:
    """The approval of ``kind`` about this row, locked until the transaction ends: nobody voids or uses it meanwhile.

    Raises `StateError` where nobody has approved it, or it was used before.
    """
    found = Proposal.objects.select_for_update(of=("self",)).filter(
        kind=kind, about=reference(about), state=State.APPROVED
    )
    proposal = found.first()
    if proposal is None:
        raise StateError("This needs a second person: propose it, and have a lead approve it.")
    return proposal


@transaction.atomic
def use(kind: Kind, about: models.Model | str, *, by: Actor) -> Proposal:
    """The approval of ``kind`` about this row, used up: call it in the transaction of what it permits.

    Raises as `held_approval`.
    """
    proposal = held_approval(kind, about)
    proposal.state, proposal.used_at = State.DONE, timezone.now()
    proposal.save(update_fields=["state", "used_at"])
    audit.record("proposal.used", by=by, about=proposal, also=[proposal.about], facts={"kind": proposal.kind})
    return proposal


def proposals_for_staff(staff: Staff) -> models.QuerySet[Proposal]:
    """The proposals that this person may read: an administrator their own, child protection those about its cases, and
    those who decide all others."""
    accounts.require_role(staff, Role.MODERATOR, Role.LEAD, Role.ADMIN, Role.PROTECTION)
    rows = Proposal.objects.select_related("proposed_by", "decided_by")
    if staff.role == Role.PROTECTION:
        return rows.filter(kind=Kind.UNLOCK)
    rows = rows.exclude(kind=Kind.UNLOCK)
    return rows.filter(proposed_by=staff) if staff.role == Role.ADMIN else rows


def proposal_for_staff(staff: Staff, public_id: object) -> Proposal:
    """The proposal; `MissingError` when there is none."""
    found = proposals_for_staff(staff).filter(public_id=public_id).first()
    if found is None:
        raise MissingError
    return found


def _is_made_by(staff: Staff, other: Staff) -> bool:
    """Whether ``other`` made the account of ``staff`` lately, or changed its role or its way to sign in: it may be a
    second name of theirs. After `STRANGE_FOR` its owner or a colleague would have noticed."""
    since = timezone.now() - STRANGE_FOR
    return any(querysets.was_done(verb, staff, by=str(other.public_id), since=since) for verb in MAKES_ACCOUNTS)


def _checked(words: str) -> str:
    if not words.strip() or len(words) > MOST_WORDS:
        raise InvalidError("reason: say why, in your own words.")
    return words.strip()
