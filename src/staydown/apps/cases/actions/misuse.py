"""Reports without ground: recorded by a person who says why. Nothing follows from it but a figure.

What is done about misuse is a lead's decision outside this record: no report is ever slowed or refused because of it.
"""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from staydown.apps.accounts import access as accounts
from staydown.apps.accounts.models import Role, Staff
from staydown.apps.audit import actions as audit
from staydown.apps.audit.actor import Actor
from staydown.apps.cases import settling
from staydown.apps.cases.actions.noting import MOST_WORDS
from staydown.apps.cases.models import Case, Item, Report, Unfounded
from staydown.errors import InvalidError, MissingError, StateError


@transaction.atomic
def find_unfounded(report: Report, *, reason: str, staff: Staff, by: Actor | None = None) -> Unfounded:
    """The record that ``report`` had no ground, by a lead. The log keeps that it was found, not why.

    Raises `InvalidError` without a reason, and `StateError` unless all that the report brought was declined: what was
    removed, still waits or was taken back is no misuse.
    """
    accounts.require_role(staff, Role.LEAD)
    if not reason.strip() or len(reason) > MOST_WORDS:
        raise InvalidError(f"reason: say why, in at most {MOST_WORDS} characters.")
    case = settling.held(report.case)
    if case.state == Case.State.MINORS:
        raise MissingError
    states = set(report.items.values_list("state", flat=True))
    if states != {Item.State.DECLINED}:
        raise StateError("Only a report of which everything was declined can be unfounded.")
    if Unfounded.objects.filter(report=report).exists():
        raise StateError("This report is recorded as unfounded already.")
    found = Unfounded.objects.create(report=report, reason=reason.strip(), by_staff=staff, at=timezone.now())
    audit.record("report.unfounded", by=by or accounts.staff_actor(staff), about=report, also=[case])
    return found


def of_case(case: Case) -> list[Unfounded]:
    """What was found of the reports of ``case``, oldest first. Call it for those who decide: the reasons are sealed."""
    return list(Unfounded.objects.filter(report__case=case).select_related("report", "by_staff").order_by("pk"))


def possible(case: Case) -> list[Report]:
    """The reports of ``case`` that could be recorded: all that they brought was declined, and they are not yet."""
    other = Item.objects.filter(case=case, report__isnull=False).exclude(state=Item.State.DECLINED)
    reports = case.reports.filter(items__state=Item.State.DECLINED, unfounded=None, withdrawn_at=None)
    return list(reports.exclude(pk__in=other.values("report_id")).distinct().order_by("pk"))
