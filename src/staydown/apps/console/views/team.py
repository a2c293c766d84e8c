"""The team: who works here, new accounts, other roles, lost sign-ins."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from staydown.apps.accounts import actions, standing
from staydown.apps.accounts.access import staff_actor
from staydown.apps.accounts.models import Role, Staff
from staydown.apps.console.doors import door, may
from staydown.apps.console.forms import StaffForm
from staydown.errors import CaseworkError, ConflictError, InvalidError, MissingError


def _page(request: HttpRequest, form: StaffForm | None = None, status: int = 200) -> HttpResponse:
    context = {
        "team": Staff.objects.order_by("-is_active", "pseudonym"),
        "form": form or (StaffForm() if may(request.user, "team_add") else None),
        "may_change": may(request.user, "member"),
        "menu": "team",
    }
    return render(request, "console/team.html", context, status=status)


@door("team")
def show(request: HttpRequest) -> HttpResponse:
    """Everyone with an account, by pseudonym."""
    return _page(request)


@door("team_add", "POST")
def add(request: HttpRequest) -> HttpResponse:
    """Makes an account and shows its first password on this answer alone."""
    form = StaffForm(request.POST)
    if form.is_valid():
        password = actions.new_password()
        try:
            person = actions.create_staff(**form.cleaned_data, password=password, by=staff_actor(request.user))
        except (InvalidError, ConflictError) as error:
            form.refused(error)
        else:
            return _password_page(request, person, password, "is added")
    return _page(request, form, status=422)


@door("member", "GET", "HEAD", "POST")
def member(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """One person: another role, a new password, or the end of their sign-in."""
    person = Staff.objects.filter(public_id=public_id).first()
    if person is None:
        raise MissingError
    if request.method != "POST":
        return render(request, "console/member.html", {"person": person, "roles": Role.choices, "menu": "team"})
    by = staff_actor(request.user)
    wanted = request.POST.get("do")
    try:
        if wanted == "role":
            actions.change_role(person, role=request.POST.get("role", ""), by=by)
            messages.success(request, f"{person.pseudonym} has another role now.")
        elif wanted == "reset":
            return _password_page(request, person, actions.reset_sign_in(person, by=by), "has a new password")
        elif wanted == "sign_out":
            standing.end(person, by=by)
            messages.success(request, f"{person.pseudonym} is signed out everywhere.")
        elif wanted == "switch_off":
            actions.deactivate_staff(person, by=by)
            messages.success(request, f"{person.pseudonym} can no longer sign in.")
        else:
            raise InvalidError("Choose what to change.")
    except CaseworkError as error:
        messages.error(request, error.message)
        return redirect("console:member", person.public_id)
    return redirect("console:team")


def _password_page(request: HttpRequest, person: Staff, password: str, what: str) -> HttpResponse:
    context = {"person": person, "password": password, "what": what, "menu": "team"}
    return render(request, "console/password_once.html", context)
