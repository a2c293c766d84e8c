"""Lists of hashes that a person brings. To block without a case takes two people where policy says so."""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Sequence
from typing import Final

from django.db import transaction

from staydown.apps.audit.actor import Actor
from staydown.apps.audit.facts import checked
from staydown.apps.banks import proposals
from staydown.apps.banks.actions import Graded, check_list_name, fingerprints, import_entries
from staydown.apps.banks.models import Bank, Proposal
from staydown.apps.banks.proposals import Kind
from staydown.apps.vault import keyring
from staydown.core.bank import Action
from staydown.errors import StateError

BATCH: Final = 200  # entries in one transaction: short enough that a decision does not wait for it


@transaction.atomic
def propose_list(
    bank: Bank, hashes: Sequence[Graded], *, name: str, action: Action, reason: str, by: Actor
) -> Proposal | None:
    """The proposal that this list block at once; None where it may: policy asks for nobody, or a lead has approved it.

    Raises `InvalidError` for a reason or a name that the log could not keep, `StateError` while another list for
    ``bank`` waits.
    """
    checked({"reason": reason})  # the log keeps it with every entry: better refused now than after the approval
    check_list_name(name)
    if not hashes or not proposals.needs_two(Kind.ENFORCE) or proposals.is_approved(Kind.ENFORCE, bank):
        return None
    details = {"list": name, "entries": len(hashes), "action": action.value, "mark": _mark(hashes)}
    return proposals.propose(Kind.ENFORCE, bank, reason=reason, details=details, by=by)


def import_list(
    bank: Bank, hashes: Sequence[Graded], *, name: str, action: Action, reason: str = "", by: Actor
) -> Iterator[int]:
    """Import the list in batches, and yield how many entries of each are new. With a ``reason`` they block at once.

    Where that takes two people, the log gets the reason that they agreed on. Their approval is used up with the last
    batch, so that an import which was interrupted can be run again; voided before, it stops. Raises `StateError`
    without an approval, or when it is not for this very list.
    """
    two = bool(reason) and proposals.needs_two(Kind.ENFORCE)
    mark = _mark(hashes) if two else ""
    for at in range(0, len(hashes), BATCH):
        with transaction.atomic():
            if two:
                reason = _agreed(bank, name=name, action=action, mark=mark).reason
            batch = hashes[at : at + BATCH]
            new = import_entries(bank, batch, name=name, action=action, enforced_because=reason, by=by)
            if two and at + BATCH >= len(hashes):
                proposals.use(Kind.ENFORCE, bank, by=by)
        yield new


def _agreed(bank: Bank, *, name: str, action: Action, mark: str) -> Proposal:
    """The approval, when it is for the list with this name, action and mark."""
    found = proposals.held_approval(Kind.ENFORCE, bank)
    agreed = found.details
    if (agreed["list"], agreed["action"], agreed["mark"]) != (name, action.value, mark):
        raise StateError(
            "A lead approved another list for this bank, or this one has changed since. Import what was approved, or "
            "have the approval voided in the console and propose this one."
        )
    return found


def _mark(hashes: Sequence[Graded]) -> str:
    """What tells this list from another one, whatever its order; without the keyring nobody can test a guess."""
    marks = sorted(set(fingerprints([each for each, _ in hashes])))
    return hmac.digest(keyring.current().secret("list mark"), b"".join(marks), "sha256").hex()
