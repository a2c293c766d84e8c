"""The page of a case, and the lease that opening it takes."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from csp.decorators import csp_update
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone

from staydown.apps.accounts.access import require_role
from staydown.apps.accounts.models import Staff
from staydown.apps.cases import actions
from staydown.apps.cases.access import DECIDERS, case_for_staff
from staydown.apps.cases.actions import misuse, noting
from staydown.apps.cases.actions.viewing import view_case
from staydown.apps.cases.models import Case
from staydown.apps.console import casefile, history
from staydown.apps.console.decision_form import DecisionForm
from staydown.apps.console.doors import door, may
from staydown.errors import InvalidError, LeaseError, StateError


def decision_form(file: casefile.CaseFile, data: QueryDict | None = None, **typed: Any) -> DecisionForm:
    """The decision form of a case: bound to what was sent, or open with what was ``typed`` before."""
    initial = {**typed, "version": file.case.version}
    return DecisionForm(data, rows=file.items, folds=file.folds, regimes=file.regimes, initial=initial)


def page(
    request: HttpRequest,
    case: Case,
    *,
    form: DecisionForm | None = None,
    file: casefile.CaseFile | None = None,
    trouble: str = "",
    since: int | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page of ``case``. ``form``: what was typed; ``trouble``: why it was not sent; ``since``: the last line seen.

    Reading the report is a line in the log before anything of it is opened.
    """
    staff, now = require_role(request.user), timezone.now()
    works = may(staff, "decide")
    if works:
        view_case(case, staff)
    file = file or casefile.gather(case, now, unsealed=works)
    lines = history.of_case(case, file.regimes, file.links if works else ())
    holder = case.leased_by if case.leased_until and case.leased_until > now else None
    mine = holder is not None and holder.pk == staff.pk
    if form is None and works and (mine or holder is None):
        form = decision_form(file)
    if form is not None:
        form.initial["seen"] = lines[-1].seq if lines else 0
    context = {
        "file": file,
        "case": case,
        "form": form if case.state == Case.State.OPEN and file.waiting else None,
        "typed": form["reason"].value() if form is not None else "",
        "history": lines,
        "news": [line for line in lines if since is not None and line.seq > since],
        "trouble": trouble,
        "holder": holder,
        "mine": mine,
        "works": works,
        "notes": case.notes.select_related("by_staff") if works else [],
        "unfounded": misuse.of_case(case) if works else [],
        "declined_reports": misuse.possible(case) if may(staff, "unfounded") else [],
        "may_find_unfounded": may(staff, "unfounded"),
        "may_take_over": may(staff, "take_over"),
        "deciders": deciders() if works else [],
        "now": now,
        "menu": "queue",
    }
    return with_previews(render(request, "console/case.html", context, status=status), file)


def with_previews(response: HttpResponse, file: casefile.CaseFile) -> HttpResponse:
    """The answer, allowed to show pictures of the platform's preview origins, where the case has such previews."""
    if file.preview_origins:
        widened = csp_update({"img-src": file.preview_origins})
        response = widened(lambda: response)()
        # The platform's pictures rarely carry a CORP header; credentialless loads them, and sends no cookie along.
        response["Cross-Origin-Embedder-Policy"] = "credentialless"
    return response


def take(case: Case, staff: Staff) -> Case:
    """The case, leased to ``staff`` if it is open and nobody else holds it; else as it is."""
    try:
        return actions.lease(case, staff)
    except (LeaseError, StateError):
        return case_for_staff(staff, case.public_id)


@door("case")
def show(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """A case. Opening it takes the lease when it is free."""
    staff = require_role(request.user)
    case = case_for_staff(staff, public_id)
    if may(staff, "decide") and case.state == Case.State.OPEN and request.method == "GET":
        case = take(case, staff)
    return page(request, case)


@door("renew", "POST")
def renew(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Takes the case or holds it for longer. Scripts are told who holds it; a form goes back to the page."""
    staff = require_role(request.user)
    case = take(case_for_staff(staff, public_id), staff)
    if "application/json" not in request.headers.get("Accept", ""):
        return redirect("console:case", public_id)
    held = case.leased_until is not None and case.leased_until > timezone.now()
    holder = case.leased_by.pseudonym if held and case.leased_by else ""
    return JsonResponse({"held": held and case.leased_by_id == staff.pk, "holder": holder})


@door("release", "POST")
def release(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Gives the case back; no reason is asked."""
    staff = require_role(request.user)
    case = actions.release(case_for_staff(staff, public_id), staff)
    messages.success(request, f"Case {case.number} is given back. Somebody else can take it.")
    return redirect("console:queue")


@door("take_over", "POST")
def take_over(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """A lead takes a case that somebody else holds."""
    staff = require_role(request.user)
    try:
        actions.take_over(case_for_staff(staff, public_id), staff)
    except StateError as error:
        messages.error(request, error.message)
    return redirect("console:case", public_id)


@door("assign", "POST")
def assign(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Says whose case it is, or that it is nobody's."""
    staff = require_role(request.user)
    case = case_for_staff(staff, public_id)
    given = request.POST.get("to", "")
    to = next((person for person in deciders() if str(person.public_id) == given), None)
    if given and to is None:
        messages.error(request, "There is nobody like that to assign it to.")
    else:
        actions.assign(case, to, staff=staff)
        messages.success(request, f"Case {case.number} is {f'for {to.pseudonym}' if to else 'assigned to nobody'} now.")
    return redirect("console:case", public_id)


def deciders() -> list[Staff]:
    """Those whom a case can be assigned to."""
    return list(Staff.objects.filter(is_active=True, role__in=DECIDERS).order_by("pseudonym"))


@door("note", "POST")
def note(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Leaves a note for colleagues."""
    staff = require_role(request.user)
    try:
        noting.note(case_for_staff(staff, public_id), request.POST.get("words", ""), staff=staff)
    except InvalidError as error:
        messages.error(request, error.message)
    return redirect("console:case", public_id)


@door("reveal", "POST")
def reveal(request: HttpRequest) -> JsonResponse:
    """Counts one preview that this person uncovered, and says when a pause would do good."""
    count = noting.count_reveal(require_role(request.user))
    return JsonResponse({"reveals": count, "pause": noting.should_pause(count)})
