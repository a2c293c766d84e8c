"""Deciding: the form is checked, its consequences are shown, and only then it is sent."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from staydown.apps.accounts.access import require_role, staff_actor
from staydown.apps.accounts.models import Staff
from staydown.apps.cases import actions
from staydown.apps.cases.access import case_for_staff
from staydown.apps.cases.actions import notices
from staydown.apps.cases.models import Case
from staydown.apps.console import casefile, told
from staydown.apps.console.consequences import of_decision
from staydown.apps.console.counts import spoken, things
from staydown.apps.console.decision_form import LABELS, DecisionForm
from staydown.apps.console.doors import door
from staydown.apps.console.views import cases
from staydown.errors import ConflictError, GroundError, InvalidError, LeaseError, StateError


@door("decide", "POST")
def decide(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """``step=check`` shows what would happen, ``step=send`` decides, ``step=change`` goes back to the form."""
    staff = require_role(request.user)
    case = cases.take(case_for_staff(staff, public_id), staff)
    file = casefile.gather(case, timezone.now(), unsealed=True)
    form = cases.decision_form(file, request.POST)
    changed = _changed(form, case, staff)
    if changed is not None:
        return _back(request, case, form, changed, file=file)
    if request.POST.get("step") == "change":
        return cases.page(request, case, form=cases.decision_form(file, **form.typed(request.POST)), file=file)
    if not _is_sendable(form, case):
        return cases.page(request, case, form=form, file=file, status=422)
    if request.POST.get("step") != "send":
        return _check(request, file, form)
    return _send(request, case, form, staff)


def _is_sendable(form: DecisionForm, case: Case) -> bool:
    """Whether the form is filled in, and tells the uploader nothing of a reporter."""
    if not form.is_valid():
        return False
    try:
        notices.check(form.notice, case, timezone.now())
    except InvalidError as error:
        form.refused(error)
        return False
    return True


def _changed(form: DecisionForm, case: Case, staff: Staff) -> str | None:
    """Why this form can no longer be sent, or None: somebody took the case, or something ticked waits no more."""
    held = case.leased_until is not None and case.leased_until > timezone.now()
    if held and case.leased_by is not None and case.leased_by_id != staff.pk:
        return f"{case.leased_by.pseudonym} took this case in the meantime. What you typed is still here."
    if not _is_as_seen(form, case):
        return "This case changed while you worked on it. Nothing was sent, and what you typed is still here."
    return None


def _is_as_seen(form: DecisionForm, case: Case) -> bool:
    """Whether what the form is about still waits. What came to the case since then changes nothing about it."""
    seen = str(form["version"].value())
    if seen == str(case.version):
        return True
    was_there = seen.isascii() and seen.isdecimal() and len(seen) < 10 and int(seen) < case.version
    return was_there and case.state == Case.State.OPEN and all(map(form.waits, form["items"].value()))


def _back(
    request: HttpRequest, case: Case, form: DecisionForm, trouble: str, *, file: casefile.CaseFile | None = None
) -> HttpResponse:
    """The page as it is now, what changed since the form was opened, and the form as it was typed."""
    file = file or casefile.gather(case, timezone.now(), unsealed=True)
    typed = form.typed(request.POST)
    seen = str(typed["seen"])
    since = int(seen) if seen.isascii() and seen.isdigit() else None
    again = cases.decision_form(file, **typed)
    return cases.page(request, case, form=again, file=file, trouble=trouble, since=since, status=409)


def _check(request: HttpRequest, file: casefile.CaseFile, form: DecisionForm) -> HttpResponse:
    """The consequences, before anything is sent."""
    _regime_id, ground_id = form.law
    regime = form.regime_chosen()
    chosen = {item.pk for item in form.chosen}
    named = [row.narrowed(chosen) for row in file.items if chosen & row.pks and not row.is_wave]
    context = {
        "case": file.case,
        "file": file,
        "form": form,
        "verdict": LABELS[form.decided],  # type: ignore[index]
        "regime": regime,
        "ground": regime.ground(ground_id) if ground_id else None,
        "chosen": named,
        "earlier": len(chosen) - sum(len(row.items) for row in named),
        "skipped": things(form.ticked) - things(form.chosen),
        "to_reporters": told.to_reporters(form, regime),
        "to_uploaders": told.to_uploaders(form, regime),
        "consequences": of_decision(form.decided, form.chosen, form.waiting, form.regimes),
        "menu": "queue",
    }
    return render(request, "console/check.html", context)


def _send(request: HttpRequest, case: Case, form: DecisionForm, staff: Staff) -> HttpResponse:
    """Decides. Whatever is refused comes back with what was typed."""
    regime_id, ground = form.law
    try:
        actions.decide(
            case,
            verdict=form.decided,
            items=form.chosen,
            regime_id=regime_id,
            ground=ground,
            reason=form.cleaned_data["reason"],
            version=form.cleaned_data["version"],
            notice=form.notice,
            staff=staff,
            by=staff_actor(staff),
        )
    except (ConflictError, LeaseError, StateError) as error:
        return _back(request, case_for_staff(staff, case.public_id), form, error.message)
    except (GroundError, InvalidError) as error:
        form.refused(error)
        return cases.page(request, case, form=form, status=422)
    messages.success(request, f"Case {case.number}: decided about {spoken(things(form.chosen), 'item')}.")
    return redirect("console:queue")
