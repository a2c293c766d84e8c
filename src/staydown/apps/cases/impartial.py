"""Who may look again at what was appealed about: somebody who has decided nothing about it. Reads only.

The laws that we know ask for a timely answer by qualified people (DSA article 20, UK OSA section 21) and for nobody in
particular, so an appeal does not wait for ever: where everybody has decided about its items before, somebody who did
not make the decision itself answers, a lead if there is one, and the log says so.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q

from staydown.apps.accounts.models import Role, Staff
from staydown.apps.audit.facts import reference
from staydown.apps.banks.models import Entry, Proposal
from staydown.apps.cases.access import DECIDERS
from staydown.apps.cases.models import Appeal, Decision, Item

Kind, State = Proposal.Kind, Proposal.State


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether somebody may answer an appeal: ``refusal`` says why not, ``is_exception`` that they decided before."""

    refusal: str = ""
    is_exception: bool = False


def standing(asked: Appeal, staff: Staff) -> Standing:
    """Whether ``staff``, who decides, may answer ``asked``."""
    makers, before = made_by(asked.decision), decided_on(asked.items.select_related("case"))
    if staff.pk not in makers | before:
        return Standing()
    roles = dict(Staff.objects.filter(is_active=True, role__in=DECIDERS).values_list("pk", "role"))
    others = roles.keys() - makers
    if staff.pk in makers:
        wait = "" if others else " Nobody else here may answer it: an administrator has to add somebody."
        return Standing(f"You made this decision. Another person has to look at it again.{wait}")
    if others - before:
        return Standing("You decided about this before. Another person has to look at it again.")
    leads = {pk for pk in others if roles[pk] == Role.LEAD}
    if leads and staff.pk not in leads:
        return Standing("You decided about this before. A lead has to look at it again.")
    return Standing(is_exception=True)


def made_by(decision: Decision) -> set[int]:
    """Those who made ``decision``, by primary key: who decided, and whoever approved it where it took two."""
    makers = {decision.by_staff_id} - {None}
    if decision.verdict != Decision.Verdict.RESTORE:
        return makers
    items = set(map(str, decision.items.values_list("public_id", flat=True)))
    done = Proposal.objects.filter(kind=Kind.RESTORE, about=reference(decision.case), state=State.DONE)
    return makers | {each.decided_by_id for each in done if items & set(each.details["items"])}


def decided_on(items: Iterable[Item]) -> set[int]:
    """Everybody who has decided anything about one of ``items``, by primary key.

    By a decision, by answering an appeal, by proposing or answering that it is shown again or its copies pass. What was
    voided was no decision.
    """
    items = list(items)
    pks = [item.pk for item in items]
    found = set(Decision.objects.filter(items__in=pks).values_list("by_staff", flat=True))
    found |= set(Appeal.objects.filter(items__in=pks).values_list("by_staff", flat=True))
    entries = Entry.objects.filter(Q(pdq_items__in=pks) | Q(sha256_items__in=pks) | Q(hits__item__in=pks))
    about = {reference(entry) for entry in entries} | {f"case:{item.case.public_id}" for item in items}
    named = {str(item.public_id) for item in items}
    weighed = Proposal.objects.filter(kind__in=[Kind.RESTORE, Kind.UNBLOCK], about__in=about).exclude(state=State.VOID)
    for each in weighed:
        if each.kind == Kind.UNBLOCK or named & set(each.details["items"]):
            found |= {each.proposed_by_id, each.decided_by_id}
    return found - {None}
