"""A question to a reporter, who finds it on the status page."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from staydown.apps.accounts.access import require_role
from staydown.apps.cases.access import case_for_staff
from staydown.apps.cases.actions.asking import ask_reporter
from staydown.apps.console.doors import door
from staydown.errors import InvalidError, MissingError, StateError


@door("ask", "POST")
def ask(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Asks the reporter of one report of the case."""
    staff = require_role(request.user)
    case = case_for_staff(staff, public_id)
    wanted = request.POST.get("report", "")
    report = next((each for each in case.reports.all() if str(each.public_id) == wanted), None)
    try:
        if report is None:
            raise MissingError("Choose whom you ask.")
        ask_reporter(report, staff, text=request.POST.get("text", ""))
        messages.success(request, "The question is on the reporter’s status page. No clock waits for the answer.")
    except (InvalidError, MissingError, StateError) as error:
        messages.error(request, error.message)
    return redirect("console:case", public_id)
