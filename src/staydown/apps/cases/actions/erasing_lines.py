"""Reasons erased from the audit log, where one names a person after all: by two people where policy asks for them."""

from __future__ import annotations

from django.db import transaction

from staydown.apps.audit import actions as audit
from staydown.apps.audit.actor import Actor
from staydown.apps.banks import proposals
from staydown.apps.banks.models import Proposal
from staydown.apps.banks.proposals import Kind


@transaction.atomic
def erase_lines_or_propose(first: int, last: int, *, reason: str, by: Actor) -> int | Proposal:
    """How many of these lines were erased; where that takes two people, the proposal of it. Raises as `audit.erase`."""
    if not proposals.needs_two(Kind.ERASE):
        return audit.erase(first, last, by=by)
    audit.require_reason(first, last)
    return proposals.propose(Kind.ERASE, audit.span(first, last), reason=reason, by=by)


def erase_lines_as_proposed(span: str, proposal: Proposal, by: Actor) -> int:
    """How many lines were erased, as an approved proposal says. Raises as `audit.erase`."""
    first, _, last = span.partition(":")[2].partition("-")
    return audit.erase(int(first), int(last), by=by)
