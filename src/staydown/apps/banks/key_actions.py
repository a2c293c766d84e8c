"""Keys that one person alone does not give their power: to block without a case, and to take hashes out of a bank."""

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
#: The scopes that take two people, and what each is a case of.
POWERS: Final = {ENFORCE: Kind.ENFORCE, "feed:read": Kind.EXPORT}


class Made(NamedTuple):
    """A new key, its text, and the scopes that wait for a second person."""

    key: ApiKey
    text: str
    waits: list[str]


def held_back(scopes: Sequence[str]) -> list[str]:
    """Those of ``scopes`` that take two people, as the operator's policy is."""
    return [scope for scope, kind in POWERS.items() if scope in scopes and proposals.needs_two(kind)]


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

    Of `POWERS` those that take two people are proposed, and ``reason`` says why; the key works without them until
    another person approves. Raises `InvalidError` naming the field.
    """
    waits = held_back(scopes)
    given = [scope for scope in scopes if scope not in waits]
    if not given and waits == [ENFORCE]:
        raise InvalidError(f"scopes: {ENFORCE} alone lets a key do nothing. Tick what it may do besides.")
    if waits and not reason.strip():
        raise InvalidError(f"reason: say why it may {' and '.join(waits)}. Another person has to approve that.")
    key, text = accounts.create_key(
        name, given, banks, expires_on=expires_on, made_by=staff, is_waiting=bool(waits), by=by
    )
    for scope in waits:
        proposals.propose(POWERS[scope], key, reason=reason, details={"scope": scope}, staff=staff, by=by)
    return Made(key, text, waits)


def give_power(key: ApiKey, proposal: Proposal, by: Actor) -> ApiKey:
    """The held ``key`` with the scope that an approved ``proposal`` is about."""
    return accounts.widen_key(key, proposal.details["scope"], by=by)


def held_key(public_id: str) -> ApiKey:
    """The key, locked until the transaction ends; raises `StateError` when it no longer works."""
    key = ApiKey.objects.live().select_for_update(of=("self",)).filter(public_id=public_id).first()
    if key is None:
        raise StateError("This key no longer works. Void the proposal.")
    return key
