"""The only ways to get a report, a case or an action for somebody: each checks that they may have it."""

from __future__ import annotations

import hmac
from typing import Final
from uuid import UUID

from django.db.models import QuerySet

from staydown.apps.accounts import access as accounts
from staydown.apps.accounts.models import ApiKey, Role, Staff
from staydown.apps.cases.models import Action, Case, Item, Report
from staydown.apps.vault import keyring
from staydown.core import receipt
from staydown.errors import MissingError, ReceiptError

DECIDERS: Final = (Role.MODERATOR, Role.LEAD)
_NOBODYS: Final = receipt.new_code(bytes(receipt.ENTROPY_SIZE))  # a code to do the same work for when one is malformed


def lookup_id(code: str) -> bytes:
    """What a report is found by; raises `ReceiptError` for what cannot be a code."""
    return receipt.lookup_id(code, keyring.current().secret("receipt lookup"))


def report_for_code(code: str) -> Report:
    """The report of this receipt code. Raises the same `ReceiptError`, after the same work, for any other text."""
    try:
        wanted, well_formed = lookup_id(code), True
    except ReceiptError:
        wanted, well_formed = lookup_id(_NOBODYS), False
    found = Report.objects.select_related("case").filter(lookup_id=wanted).first()
    stored = bytes(found.lookup_id) if found is not None else bytes(len(wanted))
    if found is None or not hmac.compare_digest(stored, wanted) or not well_formed:
        raise ReceiptError
    return found


def case_for_staff(staff: Staff, public_id: UUID | str) -> Case:
    """The case, for anyone who works here. An under-18 case is not shown: `MissingError`, as if it were not there."""
    accounts.require_role(staff)
    return _one(Case.objects.for_staff().select_related("leased_by"), public_id)


def item_for_staff(staff: Staff, public_id: UUID | str) -> Item:
    """The item of a case that this person may see; `MissingError` otherwise."""
    accounts.require_role(staff)
    return _one(Item.objects.exclude(case__state=Case.State.MINORS).select_related("case"), public_id)


def case_for_key(key: ApiKey, public_id: UUID | str, *, scope: str = "case:read") -> Case:
    """The case, for a program with ``scope``; `MissingError` when there is none."""
    accounts.require_scope(key, scope)
    return _one(Case.objects.for_staff(), public_id)


def action_for_key(key: ApiKey, public_id: UUID | str, *, scope: str = "action:read") -> Action:
    """The action, for a program with ``scope``; `MissingError` when there is none."""
    return _one(actions_for_key(key, scope=scope), public_id)


def actions_for_key(key: ApiKey, *, scope: str = "action:read") -> QuerySet[Action]:
    """Every action that a program with ``scope`` may see, with its item and case."""
    accounts.require_scope(key, scope)
    return Action.objects.exclude(item__case__state=Case.State.MINORS).select_related("item__case", "decision")


def _one(rows, public_id):  # type: ignore[no-untyped-def] - any queryset, and its own kind of row
    """The row of this public id; `MissingError` also for what is no id at all."""
    try:
        wanted = public_id if isinstance(public_id, UUID) else UUID(public_id)
    except ValueError:
        raise MissingError from None
    found = rows.filter(public_id=wanted).first()
    if found is None:
        raise MissingError
    return found
