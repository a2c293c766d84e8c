"""Keys whose hashes block without a case: to give that power takes two people where policy says so."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final, NamedTuple

from django.db import transaction

from staydown.apps.accounts import actions as accounts
from staydown.apps.accounts.models import ApiKey, Staff
from staydown.apps.audit.actor import Actor
from staydown.apps.banks import proposals
from staydown.apps.banks.models import Proposal
from staydown.apps.banks.proposals import Kind
from staydown.errors import InvalidError, StateError

ENFORCE: Final = "entry:enforce"


class Made(NamedTuple):
    """A new key, its text, and the proposal that it may enforce, where that waits for a second person."""

    key: ApiKey
    text: str
    proposal: Proposal | None


@transaction.atomic
def make_key(
    name: str,
    scopes: Sequence[str],
    banks: Sequence[str] = (),
    *,
    reason: str = "",
    expires_on: date | None = None,
    staff: Staff | None = None,
    by: Actor,
) -> Made:
    """A new key that ``staff`` makes; its text can be shown this once only.

    Where `ENFORCE` takes two people the key works without it until another person approves, and ``reason`` says why.
    Raises `InvalidError` naming the field.
    """
    waits = ENFORCE in scopes and proposals.needs_two(Kind.ENFORCE)
    given = [scope for scope in scopes if scope != ENFORCE or not waits]
    if waits and not given:
        raise InvalidError(f"scopes: {ENFORCE} alone lets a key do nothing. Tick what it may do besides.")
    if waits and not reason.strip():
        raise InvalidError("reason: say why what it banks may block without a case. Another person has to approve it.")
    key, text = accounts.create_key(name, given, banks, expires_on=expires_on, made_by=staff, by=by)
    proposal = proposals.propose(Kind.ENFORCE, key, reason=reason, staff=staff, by=by) if waits else None
    return Made(key, text, proposal)


def held_key(public_id: str) -> ApiKey:
    """The key, locked until the transaction ends; raises `StateError` when it no longer works."""
    key = ApiKey.objects.live().select_for_update(of=("self",)).filter(public_id=public_id).first()
    if key is None:
        raise StateError("This key no longer works. Void the proposal.")
    return key
