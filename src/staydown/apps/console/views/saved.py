"""A person's own views of the list of cases: save the present filters, rename, remove."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse

from staydown.apps.accounts.access import require_role
from staydown.apps.cases.actions import arranging
from staydown.apps.console.doors import door
from staydown.apps.console.queue_pages import Wanted
from staydown.apps.console.views.queue import wanted_of
from staydown.errors import InvalidError


@door("view_save", "POST")
def save(request: HttpRequest) -> HttpResponse:
    """Saves the filters that the list was shown with."""
    staff, wanted = require_role(request.user), wanted_of(request.POST)
    try:
        view = arranging.save_view(
            staff, request.POST.get("name", ""), lane=wanted.lane, only=wanted.only, law=wanted.law
        )
        messages.success(request, f"The view “{view.name}” is saved. It stands above the list.")
    except InvalidError as error:
        messages.error(request, error.message)
    return _back(wanted)


@door("view_change", "POST")
def change(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Renames the view, or removes it when that button was pressed."""
    staff = require_role(request.user)
    try:
        if request.POST.get("do") == "remove":
            gone = arranging.remove_view(staff, public_id)
            messages.success(request, f"The view “{gone.name}” is removed. No case has changed.")
        else:
            view = arranging.rename_view(staff, public_id, request.POST.get("name", ""))
            messages.success(request, f"The view is called “{view.name}” now.")
    except InvalidError as error:
        messages.error(request, error.message)
    return _back(wanted_of(QueryDict(request.POST.get("back", ""))))


def _back(wanted: Wanted) -> HttpResponse:
    return redirect(f"{reverse('console:queue')}?{wanted.query}")
