"""Proposals answered by a second person. What is approved is carried out at once, where nothing else has to be there.

What is proposed locks what it is about before its own row: the case, the source, the head of the feed, then the log.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from django.db import models, transaction

from staydown.apps.accounts.models import Staff
from staydown.apps.audit.actor import Actor
from staydown.apps.banks import key_actions, proposals
from staydown.apps.banks.models import Proposal
from staydown.apps.banks.proposals import Kind
from staydown.apps.cases.actions import erasing_lines, ordering_erasure, proposing, unblocking, unlocking
from staydown.apps.cases.actions.withdrawing import withdraw_entry
from staydown.apps.sharing import access as sharing
from staydown.apps.sharing import sources


class Work(NamedTuple):
    """How one kind of proposal about one kind of row is carried out: what it is about, locked, and what is done."""

    held: Callable[[str], models.Model | str]
    do: Callable[[Any, Proposal, Actor], object]


#: By kind, and by what it is about. What is not here waits to be used: a file has to be at hand for it.
WORK: Final = {
    (Kind.RESTORE, "case"): Work(proposing.held_case, proposing.restore_as_proposed),
    (Kind.ERASE, "case"): Work(proposing.held_case, ordering_erasure.erase_as_proposed),
    (Kind.ERASE, "line"): Work(lambda lines: f"line:{lines}", erasing_lines.erase_lines_as_proposed),
    (Kind.UNLOCK, "case"): Work(proposing.held_case, unlocking.unlock_as_proposed),
    (Kind.UNBLOCK, "entry"): Work(unblocking.held_entry, lambda entry, _, by: withdraw_entry(entry, by=by)),
    (Kind.ENFORCE, "apikey"): Work(key_actions.held_key, key_actions.give_power),
    (Kind.EXPORT, "apikey"): Work(key_actions.held_key, key_actions.give_power),
    (Kind.ENFORCE, "source"): Work(
        lambda public_id: sources.held(sharing.source(public_id)),
        lambda source, proposal, by: sources.enforce_source(source, proposal, by=by),
    ),
}


@transaction.atomic
def answer_proposal(proposal: Proposal, state: str, *, because: str = "", staff: Staff, by: Actor) -> Proposal:
    """The proposal answered by a second person, and what is approved done. Raises `StateError` when it can no longer
    be done, `MissingError` when what it is about is gone; then it is as it was, and can be voided."""
    what, _, public_id = proposal.about.partition(":")
    work = WORK.get((Kind(proposal.kind), what))
    if work is None or state != Proposal.State.APPROVED:
        return proposals.answer(proposal, Proposal.State(state), because=because, staff=staff, by=by)
    about = work.held(public_id)
    proposal = proposals.answer(proposal, Proposal.State.APPROVED, because=because, staff=staff, by=by)
    work.do(about, proposal, by)
    return proposals.use(Kind(proposal.kind), about, by=by)
