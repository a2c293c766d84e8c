"""The only ways to get a report, a case or an action for somebody: each checks that they may have it."""

from __future__ import annotations

import hmac
from typing import Final
from uuid import UUID

from django.db.models import F, QuerySet
from django.utils import timezone

from staydown.apps.accounts import access as accounts
from staydown.apps.accounts.models import ApiKey, Role, Staff
from staydown.apps.cases import notice_codes
from staydown.apps.cases.models import Action, Appeal, Case, Report, UploaderNotice
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
    return _by_code(Report.objects.select_related("case"), code, lookup_id)


def notice_for_code(code: str) -> UploaderNotice:
    """The notice of this code, which its uploader was given. Raises the same `ReceiptError` for any other text, also
    for a notice that is held back and in a case about a minor: nobody was given its code."""
    shown = UploaderNotice.objects.exclude(action__item__case__state=Case.State.MINORS)
    try:
        found = _by_code(shown.select_related("action__decision", "action__item__case"), code, notice_codes.lookup_id)
    except ReceiptError:
        raise ReceiptError("We know no decision with this code. Check each letter and digit.") from None
    if not found.may_be_told(timezone.now()):
        raise ReceiptError("We know no decision with this code. Check each letter and digit.")
    return found


def _by_code(rows, code, derive):  # type: ignore[no-untyped-def] - any queryset, and its own kind of row
    """The row whose ``lookup_id`` is derived from ``code``; as much work is done for a text that is no code."""
    try:
        wanted, well_formed = derive(code), True
    except ReceiptError:
        wanted, well_formed = derive(_NOBODYS), False
    found = rows.filter(lookup_id=wanted).first()
    stored = bytes(found.lookup_id) if found is not None else bytes(len(wanted))
    if found is None or not hmac.compare_digest(stored, wanted) or not well_formed:
        raise ReceiptError
    return found


def case_for_staff(staff: Staff, public_id: UUID | str) -> Case:
    """The case, for anyone who works here. An under-18 case is not shown: `MissingError`, as if it were not there."""
    accounts.require_role(staff)
    return _one(Case.objects.for_staff().select_related("leased_by"), public_id)


def case_for_key(key: ApiKey, public_id: UUID | str, *, scope: str = "case:read") -> Case:
    """The case, for a program with ``scope``; `MissingError` when there is none."""
    accounts.require_scope(key, scope)
    return _one(Case.objects.for_staff(), public_id)


def minors_cases(staff: Staff) -> QuerySet[Case]:
    """The cases of people under 18, the earliest deadline first; `DeniedError` for every role but the one for them."""
    accounts.require_role(staff, Role.PROTECTION)
    return Case.objects.filter(state=Case.State.MINORS).order_by(F("due_at").asc(nulls_last=True), "id")


def minors_case(staff: Staff, public_id: UUID | str) -> Case:
    """One of them; `MissingError` when there is none."""
    return _one(minors_cases(staff), public_id)


def action_for_key(key: ApiKey, public_id: UUID | str, *, scope: str = "action:read") -> Action:
    """The action, for a program with ``scope``; `MissingError` when there is none."""
    return _one(actions_for_key(key, scope=scope), public_id)


def actions_for_key(key: ApiKey, *, scope: str = "action:read") -> QuerySet[Action]:
    """Every action that a program with ``scope`` may see, with its item and case. Of an under-18 case too: what is
    asked there is to take it down."""
    accounts.require_scope(key, scope)
    return Action.objects.select_related("item__case", "decision")


def notice_for_key(key: ApiKey, action_id: UUID | str) -> UploaderNotice:
    """The notice that goes with an action, for a program that may read actions; `MissingError` where there is none, and
    in a case about a minor, whose uploader must not be warned."""
    action = action_for_key(key, action_id)
    found = UploaderNotice.objects.select_related("action__decision", "action__item__case").filter(action=action)
    if (notice := found.exclude(action__item__case__state=Case.State.MINORS).first()) is None:
        raise MissingError("There is no notice with this action: its uploader is not told of it.")
    return notice


def appeals_for_staff(staff: Staff) -> QuerySet[Appeal]:
    """Every appeal that people who work here may see, the earliest due first."""
    accounts.require_role(staff)
    return _appeals()


def appeal_for_staff(staff: Staff, public_id: UUID | str) -> Appeal:
    """The appeal, for those who decide: what somebody wrote is in it. `MissingError` otherwise."""
    accounts.require_role(staff, *DECIDERS)
    return _one(_appeals(), public_id)


def appeals_for_key(key: ApiKey) -> QuerySet[Appeal]:
    """Every appeal, for a program that may read cases."""
    accounts.require_scope(key, "case:read")
    return _appeals()


def appeal_for_key(key: ApiKey, public_id: UUID | str) -> Appeal:
    """The appeal, for a program that may read cases; `MissingError` when there is none."""
    return _one(appeals_for_key(key), public_id)


def _appeals() -> QuerySet[Appeal]:
    shown = Appeal.objects.exclude(case__state=Case.State.MINORS)
    return shown.select_related("case", "decision", "report", "notice", "by_staff", "replaced_by")


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
