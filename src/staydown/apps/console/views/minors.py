"""Cases in which somebody under 18 may be shown: how they leave the console, and the pages of the one role for them."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from staydown.apps.accounts.access import require_role, staff_actor
from staydown.apps.accounts.models import Staff
from staydown.apps.banks.models import Proposal
from staydown.apps.banks.proposals import Kind, waiting
from staydown.apps.cases import regimes
from staydown.apps.cases.access import case_for_staff, minors_case, minors_cases
from staydown.apps.cases.actions import answer_proposal, minors, unlocking
from staydown.apps.cases.actions.viewing import view_case
from staydown.apps.cases.settling import TO_DECIDE
from staydown.apps.console import history
from staydown.apps.console.doors import door
from staydown.apps.console.links import defanged
from staydown.apps.console.views.proposals import wanted
from staydown.core.law.clocks import time_left
from staydown.errors import CaseworkError, InvalidError, MissingError, StateError

PER_PAGE = 25


@door("suspect", "POST")
def suspect(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Locks the case. Whoever pressed does not see it again."""
    staff = require_role(request.user)
    case = case_for_staff(staff, public_id)
    minors.suspect_minor(case, staff)
    messages.success(request, f"Case {case.number} is locked. The people for child protection have it now.")
    return redirect("console:queue")


@door("minors")
def show(request: HttpRequest) -> HttpResponse:
    """The locked cases, the earliest deadline first."""
    now = timezone.now()
    page = Paginator(minors_cases(require_role(request.user)), PER_PAGE).get_page(request.GET.get("page"))
    rows = [(case, time_left(case.due_at, now) if case.due_at else None) for case in page.object_list]
    return render(request, "console/minors.html", {"rows": rows, "page": page, "now": now, "menu": "minors"})


@door("minor")
def case(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """One locked case: where it is, what was asked, to whom it was referred. Links are text, and no preview is left."""
    staff, now = require_role(request.user), timezone.now()
    found = minors_case(staff, public_id)
    view_case(found, staff)
    pinned = regimes.pinned(found)
    items = list(found.items.all())
    context = {
        "case": found,
        "left": time_left(found.due_at, now) if found.due_at else None,
        "rows": [(item, defanged(item.url) if item.url else item.content_ref or "") for item in items],
        "waiting": [item for item in items if item.state in TO_DECIDE and (item.url or item.content_ref)],
        "reports": found.reports.order_by("pk"),
        "minors": [(regime.short_name, regime.minors) for regime in pinned],
        "notes": found.notes.select_related("by_staff"),
        "history": history.of_case(found, pinned),
        "refusal": unlocking.refusal(found),
        "proposal": (proposal := waiting(Kind.UNLOCK, found)),
        "is_own": proposal is not None and proposal.proposed_by_id == staff.pk,
        "others": Staff.objects.filter(role="protection", is_active=True).exclude(pk=staff.pk).exists(),
        "menu": "minors",
    }
    return render(request, "console/minor.html", context)


@door("minor_remove", "POST")
def remove(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Asks the platform to take everything of it down."""
    staff = require_role(request.user)
    try:
        minors.ask_removal(minors_case(staff, public_id), staff)
        messages.success(request, "The platform was asked to take it down.")
    except StateError as error:
        messages.error(request, error.message)
    return redirect("console:minor", public_id)


@door("minor_refer", "POST")
def refer(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Notes to whom the case was referred."""
    staff = require_role(request.user)
    told = {name: request.POST.get(name, "") for name in ("service", "reference")}
    try:
        minors.note_referral(minors_case(staff, public_id), staff, **told)
        messages.success(request, "The referral is noted.")
    except InvalidError as error:
        messages.error(request, error.message)
    return redirect("console:minor", public_id)


@door("minor_unlock", "POST")
def unlock(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Proposes that the case was locked by mistake."""
    staff = require_role(request.user)
    found = minors_case(staff, public_id)
    try:
        unlocking.propose_unlock(found, reason=request.POST.get("reason", ""), staff=staff, by=staff_actor(staff))
    except CaseworkError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, "It is proposed. Another person of child protection has to approve it.")
    return redirect("console:minor", public_id)


@door("minor_answer", "POST")
def answer(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Approves, rejects or voids that proposal."""
    staff = require_role(request.user)
    proposal = waiting(Kind.UNLOCK, minors_case(staff, public_id))
    if proposal is None:
        raise MissingError
    try:
        because = request.POST.get("because", "")
        done = answer_proposal(proposal, wanted(request), because=because, staff=staff, by=staff_actor(staff))
    except CaseworkError as error:
        messages.error(request, error.message)
        return redirect("console:minor", public_id)
    if done.state == Proposal.State.DONE:
        messages.success(request, "The case is back in the ordinary list.")
        return redirect("console:minors")
    messages.success(request, f"The proposal is {done.get_state_display()}.")
    return redirect("console:minor", public_id)
