"""Leases: a moderator's short claim on a case, so that two people do not work on one."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.utils import timezone

from staydown.apps.accounts import access as accounts
from staydown.apps.accounts.models import Role, Staff
from staydown.apps.audit import actions as audit
from staydown.apps.audit.actor import Actor
from staydown.apps.cases import settling
from staydown.apps.cases.access import DECIDERS
from staydown.apps.cases.models import Case
from staydown.errors import LeaseError, StateError

LENGTH: Final = timedelta(minutes=15)


@transaction.atomic
def lease(case: Case, staff: Staff, *, by: Actor | None = None) -> Case:
    """The case, leased to ``staff`` for fifteen minutes from now. Raises `LeaseError` while it is somebody else's.

    A lease of one's own is renewed, a lease that ran out is taken over.
    """
    accounts.require_role(staff, *DECIDERS)
    case, now = settling.held(case), timezone.now()
    require_free(case, staff, now)
    if case.state != Case.State.OPEN:
        raise StateError("This case is not open, so nobody needs to take it.")
    is_renewal = case.leased_by_id == staff.pk and case.leased_until is not None and case.leased_until > now
    case.leased_by, case.leased_until = staff, now + LENGTH
    case.save(update_fields=["leased_by", "leased_until"])
    if not is_renewal:
        audit.record("case.leased", by=by or accounts.staff_actor(staff), about=case)
    return case


@transaction.atomic
def renew(case: Case, staff: Staff, *, by: Actor | None = None) -> Case:
    """The case with its lease running for fifteen minutes again, because ``staff`` is at work on it.

    Raises `LeaseError` when ``staff`` no longer holds it. A heartbeat, so the log keeps only the taking.
    """
    case, now = settling.held(case), timezone.now()
    if case.leased_by_id != staff.pk or case.leased_until is None or case.leased_until <= now:
        raise LeaseError("Your lease of this case has run out. Take the case again.")
    case.leased_until = now + LENGTH
    case.save(update_fields=["leased_until"])
    return case


@transaction.atomic
def release(case: Case, staff: Staff, *, by: Actor | None = None) -> Case:
    """The case handed back, if ``staff`` held it; no reason is asked."""
    case = settling.held(case)
    if case.leased_by_id != staff.pk:
        return case
    case.leased_by = case.leased_until = None
    case.save(update_fields=["leased_by", "leased_until"])
    audit.record("case.released", by=by or accounts.staff_actor(staff), about=case)
    return case


@transaction.atomic
def take_over(case: Case, staff: Staff, *, by: Actor | None = None) -> Case:
    """The case, leased to a lead although somebody else holds it: for one who fell ill or forgot a tab.

    What the other one typed is still on their page, and is refused when they send it.
    """
    accounts.require_role(staff, Role.LEAD)
    case, now = settling.held(case), timezone.now()
    if case.state != Case.State.OPEN:
        raise StateError("This case is not open, so nobody needs to take it.")
    if case.leased_by_id == staff.pk:
        return case
    before = case.leased_by
    case.leased_by, case.leased_until = staff, now + LENGTH
    case.save(update_fields=["leased_by", "leased_until"])
    facts = {"from": before.pseudonym if before else ""}
    audit.record("case.taken_over", by=by or accounts.staff_actor(staff), about=case, facts=facts)
    return case


@transaction.atomic
def assign(case: Case, to: Staff | None, *, staff: Staff, by: Actor | None = None) -> Case:
    """The case assigned to ``to``, or to nobody: whose it is when they are back. It keeps nobody from deciding it."""
    accounts.require_role(staff, *DECIDERS)
    if to is not None:
        accounts.require_role(to, *DECIDERS)
    case = settling.held(case)
    if case.assigned_to_id == (to.pk if to else None):
        return case
    case.assigned_to = to
    case.save(update_fields=["assigned_to"])
    facts = {"to": to.pseudonym if to else ""}
    audit.record("case.assigned", by=by or accounts.staff_actor(staff), about=case, facts=facts)
    return case


def require_free(case: Case, staff: Staff | None, now: datetime) -> None:
    """Raise `LeaseError` while somebody other than ``staff`` holds the case."""
    if case.leased_until is not None and case.leased_until > now and (staff is None or case.leased_by_id != staff.pk):
        raise LeaseError
