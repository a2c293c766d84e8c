"""Somebody under 18 may be shown: out of adult casework at once, while what is here still comes down.

A press by mistake is taken back by two people, in `unlocking`. Such a case is seen by the role `protection` alone. It
has no hash in any bank and no preview; its clocks go on.
"""

from __future__ import annotations

from typing import Final

from django.db import transaction
from django.utils import timezone

from staydown.apps.accounts import access as accounts
from staydown.apps.accounts.models import Role, Staff
from staydown.apps.audit import actions as audit
from staydown.apps.audit.actor import Actor
from staydown.apps.banks import feed_writing
from staydown.apps.cases import clocks, intake, regimes, settling, support
from staydown.apps.cases.access import DECIDERS
from staydown.apps.cases.actions import interim, unlocking
from staydown.apps.cases.actions.reporting import Submitted, acknowledge, code_for, open_case, report_of, store_report
from staydown.apps.cases.intake import MinorsForm, ReportForm
from staydown.apps.cases.models import Action, Case, Decision, Hit, Item, Lock, Note
from staydown.apps.sharing import actions as sharing
from staydown.apps.sharing.events import Event
from staydown.core.law.schema import Shown
from staydown.errors import InvalidError, StateError

REASON: Final = "Somebody under 18 may be shown."
LONGEST_REFERENCE: Final = 80


def submit_minors_report(form: MinorsForm, *, by: Actor) -> Submitted:
    """Receive links to a picture of somebody under 18; raises `InvalidError` naming the field.

    Nothing is hashed. The case is locked from its first moment, and its clocks start at receipt like any other's.
    """
    intake.check_minors(form)
    with transaction.atomic():
        now = timezone.now()
        feed_writing.hold()  # whoever sends the same draft twice at once gets one report
        code = code_for(form)
        if sent_before := report_of(code):
            return Submitted(sent_before, sent_before.case, code)
        case = open_case(now, laws=regimes.in_force(now, shown=Shown.MINOR))
        case.state = Case.State.MINORS
        case.save(update_fields=["state"])
        told = ReportForm(contact=form.contact, words=form.words, language=form.language, links=form.links)
        report = store_report(case, told, code, now)
        links = dict.fromkeys(link.strip() for link in form.links)
        own = {"case": case, "report": report, "added_at": now, "kind": Item.Kind.LINK}
        Item.objects.bulk_create(Item(url=link, **own) for link in links)
        clocks.open_clocks(case, now, report=report)
        settling.settle(case, now)
        audit.record("report.received", by=by, about=report, also=[case], facts={"minors": True, "links": len(links)})
        acknowledge(report, by=by)
        interim.hide_at_once(case, report, now=now)
    return Submitted(report, case, code)


@transaction.atomic
def suspect_minor(case: Case, staff: Staff, *, by: Actor | None = None) -> Case:
    """The case, taken out of adult casework because ``staff`` sees that somebody under 18 may be shown. Twice: nothing.

    Whatever supports them, its entries are withdrawn from every bank, which erases the hashes; its previews are
    forgotten and its lease ends. What the platform was asked to take down stays asked. One press: to be wrong costs an
    adult some speed, to wait costs a child more. What it changes is remembered, for two people to take it back.
    """
    accounts.require_role(staff, *DECIDERS, Role.PROTECTION)
    actor = by or accounts.staff_actor(staff)
    case, now = settling.held(case), timezone.now()
    if case.state == Case.State.MINORS:
        return case
    feed_writing.hold()
    before = unlocking.state_before(case)
    entries = support.own_entries(case.items.all())
    for entry in entries:
        support.withdraw(entry, by=actor)
    nowhere = case.items.filter(url=None, content_ref=None).exclude(state__in=support.GONE)
    dropped = nowhere.update(state=Item.State.WITHDRAWN)
    # What was declined or taken back is asked about again: of a child's picture that is not the reporter's to decide.
    Action.objects.filter(item__case=case, kind=Action.Kind.RESTORE, state=Action.State.ASKED).update(
        state=Action.State.CANCELLED
    )
    again = [item.pk for item in case.items.filter(state__in=support.GONE) if item.url or item.content_ref]
    reopened = case.items.filter(pk__in=again).update(state=Item.State.OPEN)
    case.items.update(preview_url=None)
    Hit.objects.filter(case=case).update(preview_url=None)
    case.state = Case.State.MINORS
    clocks.take_in_laws_on_minors(case, now)
    settling.settle(case, now)
    Lock.objects.create(case=case, at=now, **unlocking.ended_by_locking(case, before, now))
    facts = {"entries": len(entries), "dropped": dropped, "reopened": reopened}
    reports = list(case.reports.filter(withdrawn_at=None).order_by("pk"))
    audit.record("case.minor_suspected", by=actor, about=case, also=reports, facts=facts)
    return case


@transaction.atomic
def ask_removal(case: Case, staff: Staff, *, by: Actor | None = None) -> Decision:
    """The decision that everything of a locked case which is somewhere must go; the platform is asked. No look needed.

    Raises `StateError` when nothing is left to ask for.
    """
    accounts.require_role(staff, Role.PROTECTION)
    actor = by or accounts.staff_actor(staff)
    case, now = _locked(case), timezone.now()
    waiting = [item for item in case.items.filter(state__in=settling.TO_DECIDE) if item.url or item.content_ref]
    if not waiting:
        raise StateError("Nothing of this case is left to be taken down.")
    pinned = regimes.pinned(case)
    decision = Decision.objects.create(
        case=case,
        verdict=Decision.Verdict.REMOVE,
        regime_id=pinned[0].id if pinned else "none",
        reason=REASON,
        by_staff=staff,
        by_label=actor.label,
        at=now,
    )
    decision.items.set(waiting)
    for item in waiting:
        item.actions.filter(state=Action.State.ASKED).update(state=Action.State.CANCELLED)
        item.state = Item.State.ASKED
        item.save(update_fields=["state"])
    asked = [
        Action.objects.create(decision=decision, item=item, kind=Action.Kind.REMOVE, asked_at=now) for item in waiting
    ]
    settling.settle(case, now, decision=decision)
    facts = {"verdict": decision.verdict, "items": [str(item.public_id) for item in waiting], "actions": len(asked)}
    audit.record("case.decided", by=actor, about=case, also=[decision, *case.reports.order_by("pk")], facts=facts)
    for action in asked:
        told = {"action": str(action.public_id), "case": str(case.public_id)}
        sharing.announce(Event.ACTION_REQUESTED, told)
    return decision


@transaction.atomic
def note_referral(case: Case, staff: Staff, *, service: str, reference: str, by: Actor | None = None) -> Note:
    """A note that the case was referred to ``service``, and under which number there. The log keeps that it was."""
    accounts.require_role(staff, Role.PROTECTION)
    case = _locked(case)
    service, reference = service.strip(), reference.strip()
    if not service or max(len(service), len(reference)) > LONGEST_REFERENCE:
        raise InvalidError(f"service: name it and its number, each in at most {LONGEST_REFERENCE} characters.")
    words = f"Referred to {service}, number {reference}" if reference else f"Referred to {service}"
    made = Note.objects.create(case=case, words=words, by_staff=staff, at=timezone.now())
    audit.record("case.referred", by=by or accounts.staff_actor(staff), about=made, also=[case])
    return made


def _locked(case: Case) -> Case:
    """The case, held; raises `StateError` unless it is one of a minor."""
    held = settling.held(case)
    if held.state != Case.State.MINORS:
        raise StateError("This is not a case about somebody under 18.")
    return held
