"""A lead records that a report had no ground."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from staydown.apps.accounts.access import require_role
from staydown.apps.cases.access import case_for_staff
from staydown.apps.cases.actions.misuse import find_unfounded
from staydown.apps.console.doors import door
from staydown.errors import InvalidError, MissingError, StateError


@door("unfounded", "POST")
def unfounded(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Records one report of the case as unfounded."""
    staff = require_role(request.user)
    case = case_for_staff(staff, public_id)
    wanted = request.POST.get("report", "")
    report = next((each for each in case.reports.all() if str(each.public_id) == wanted), None)
    try:
        if report is None:
            raise MissingError("Choose the report.")
        find_unfounded(report, reason=request.POST.get("reason", ""), staff=staff)
        messages.success(request, "Recorded. The reporter is not told, and their next report is read like any other.")
    except (InvalidError, MissingError, StateError) as error:
        messages.error(request, error.message)
    return redirect("console:case", public_id)
