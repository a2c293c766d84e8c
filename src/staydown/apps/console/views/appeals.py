"""Appeals: which wait, and answering one. Another person than decided."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from staydown.apps.accounts.access import require_role, staff_actor
from staydown.apps.accounts.models import Staff
from staydown.apps.cases import actions, regimes
from staydown.apps.cases.access import appeal_for_staff, appeals_for_staff
from staydown.apps.cases.actions import Answer
from staydown.apps.cases.actions.viewing import view_case
from staydown.apps.cases.impartial import Standing, standing
from staydown.apps.cases.models import Appeal
from staydown.apps.console import casefile, queue_rows
from staydown.apps.console.appeal_form import AppealForm
from staydown.apps.console.doors import door, may
from staydown.apps.console.views.cases import with_previews
from staydown.core.law.clocks import time_left
from staydown.errors import ConflictError, DeniedError, GroundError, InvalidError, StateError

PER_PAGE = 25


@door("appeals")
def index(request: HttpRequest) -> HttpResponse:
    """The appeals that wait, the earliest due first; ``?state=answered`` those that were answered, the newest first."""
    staff, now = require_role(request.user), timezone.now()
    found = appeals_for_staff(staff)
    is_open = request.GET.get("state") != "answered"
    shown = found.filter(state="open").order_by("due_at", "pk") if is_open else _answered(found)
    page = Paginator(shown, PER_PAGE).get_page(request.GET.get("page"))
    works = may(staff, "appeal")
    rows = [
        (each, time_left(each.due_at, now), standing(each, staff).refusal if works and is_open else "")
        for each in page.object_list
    ]
    context = {
        "rows": rows,
        "page": page,
        "is_open": is_open,
        "lanes": queue_rows.lanes(),
        "lane": "appeals",
        "may_answer": works,
        "menu": "queue",
    }
    return render(request, "console/appeals.html", context)


def _answered(found):  # type: ignore[no-untyped-def] - a queryset of appeals
    return found.exclude(state="open").order_by("-decided_at", "-pk")


@door("appeal", "GET", "HEAD", "POST")
def show(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """One appeal, and the form that answers it."""
    staff = require_role(request.user)
    asked = appeal_for_staff(staff, public_id)
    if request.method != "POST":
        return _page(request, asked, staff)
    form = _form(asked, request.POST)
    if not form.is_valid():
        return _page(request, asked, staff, form, status=422)
    given = form.cleaned_data
    answer = Answer(given["outcome"], given["reason"], given["answer"], form.chosen, given.get("ground", ""))
    try:
        actions.decide_appeal(asked, answer, staff=staff, by=staff_actor(staff))
    except (InvalidError, GroundError) as error:
        form.refused(error)
        return _page(request, asked, staff, form, status=422)
    except (StateError, ConflictError, DeniedError) as error:
        return _page(request, appeal_for_staff(staff, public_id), staff, form, trouble=error.message, status=409)
    messages.success(request, f"The appeal in case {asked.case.number} is answered.")
    return redirect("console:appeals")


def _form(asked: Appeal, data: object = None) -> AppealForm:
    return AppealForm(data, asked=asked, regime=regimes.pinned_one(asked.case, asked.decision.regime_id))


def _page(
    request: HttpRequest,
    asked: Appeal,
    staff: Staff,
    form: AppealForm | None = None,
    *,
    trouble: str = "",
    status: int = 200,
) -> HttpResponse:
    """The page of an appeal. Reading it is a line in the log of its case."""
    view_case(asked.case, staff)
    now = timezone.now()
    file = casefile.gather(asked.case, now, unsealed=True)
    about = set(asked.decision.items.values_list("pk", flat=True))
    appealed = set(asked.items.values_list("pk", flat=True))
    stands = standing(asked, staff) if asked.state == Appeal.State.OPEN else Standing()
    is_open = asked.state == Appeal.State.OPEN and not stands.refusal
    context = {
        "asked": asked,
        "case": asked.case,
        "file": file,
        "rows": [(row, bool(appealed & row.pks)) for row in file.items if about & row.pks],
        "left": time_left(asked.due_at, now),
        "form": (form or _form(asked)) if is_open else None,
        "regime": regimes.pinned_one(asked.case, asked.decision.regime_id),
        "refusal": stands.refusal,
        "is_exception": stands.is_exception,
        "trouble": trouble,
        "works": True,
        "menu": "queue",
    }
    return with_previews(render(request, "console/appeal.html", context, status=status), file)
