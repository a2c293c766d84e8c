"""Showing again what blocks copies, with two people where the operator's policy asks for them."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from staydown.apps.accounts import access as accounts
from staydown.apps.accounts.models import Staff
from staydown.apps.audit.actor import Actor
from staydown.apps.banks import proposals
from staydown.apps.banks.models import Entry, Proposal, State
from staydown.apps.banks.proposals import Kind
from staydown.apps.cases import regimes, settling, support
from staydown.apps.cases.access import DECIDERS
from staydown.apps.cases.actions.deciding import checked_form
from staydown.apps.cases.actions.leases import require_free
from staydown.apps.cases.actions.restoring import RESTORE, check_ground, not_locked, removed_among, restore
from staydown.apps.cases.models import Case, Decision, Item
from staydown.errors import ConflictError, StateError


def needs_two(items: Sequence[Item]) -> bool:
    """Whether showing ``items`` again takes two people: policy asks for them, and copies of one are blocked now."""
    return proposals.needs_two(Kind.RESTORE) and any(_blocks(entry) for entry in support.own_entries(items))


def restore_or_propose(
    case: Case,
    *,
    items: Sequence[Item],
    regime_id: str,
    ground: str = "",
    reason: str,
    version: int,
    staff: Staff,
    by: Actor,
) -> Decision | Proposal:
    """The decision that shows ``items`` again; where that takes two people, the proposal of it. Raises as `restore`."""
    if not needs_two(items):
        said = {"regime_id": regime_id, "ground": ground, "reason": reason, "version": version}
        return restore(case, items=items, staff=staff, by=by, **said)  # type: ignore[arg-type]
    _, reason = checked_form(RESTORE, reason)
    accounts.require_role(staff, *DECIDERS)
    with transaction.atomic():
        case = settling.held(case)
        not_locked(case)
        require_free(case, staff, timezone.now())
        if version != case.version:
            raise ConflictError
        check_ground(regimes.pinned_one(case, regime_id), ground)
        chosen = removed_among(case, items)
        ids = [str(item.public_id) for item in chosen]
        details = {"items": ids, "regime": regime_id, "ground": ground}
        return proposals.propose(Kind.RESTORE, case, reason=reason, details=details, staff=staff, by=by)


def held_case(public_id: str) -> Case:
    """The case, locked until the transaction ends."""
    return settling.held(Case.objects.get(public_id=public_id))


def restore_as_proposed(case: Case, proposal: Proposal, by: Actor) -> Decision:
    """The decision, of whoever proposed it, that shows the items of an approved ``proposal`` again."""
    proposer = proposal.proposed_by
    if proposer is None or not proposer.is_active or proposer.role not in DECIDERS:
        raise StateError("Whoever proposed this does not decide here any more. Void it, and propose it anew.")
    if case.leased_by_id is not None:  # the second person looked at it, or somebody else does: this does not wait
        case.leased_by = case.leased_until = None
        case.save(update_fields=["leased_by", "leased_until"])
    return restore(
        case,
        items=items_of(proposal),
        regime_id=proposal.details["regime"],
        ground=proposal.details["ground"],
        reason=proposal.reason,
        version=case.version,
        staff=proposer,
        by=accounts.staff_actor(proposer),
    )


def case_of(proposal: Proposal) -> Case:
    """The case that a proposal to show something again is about."""
    return Case.objects.get(public_id=proposal.about.partition(":")[2])


def items_of(proposal: Proposal) -> list[Item]:
    """The items that it is about."""
    return list(Item.objects.filter(public_id__in=proposal.details["items"], case=case_of(proposal)))


def _blocks(entry: Entry) -> bool:
    return entry.state == State.ENFORCED
