"""Where somebody is signed in, and how they end it elsewhere."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from staydown.apps.accounts import standing
from staydown.apps.accounts.access import staff_actor
from staydown.apps.accounts.models import SignIn
from staydown.apps.console.doors import door


@door("sign_ins", "GET", "HEAD", "POST")
def show(request: HttpRequest) -> HttpResponse:
    """Their own sign-ins; POST ends one of them, or all the others."""
    here = standing.current(request)
    if request.method == "POST":
        wanted = _wanted(request.POST.get("end", ""))
        if wanted is None:
            ended = standing.end(request.user, by=staff_actor(request.user), but=here)
        else:
            ended = standing.end(request.user, by=staff_actor(request.user), only=wanted)
        messages.success(request, "Signed out there." if ended else "You were signed out there already.")
        return redirect("console:sign_ins")
    context = {"sign_ins": SignIn.objects.filter(staff=request.user), "here": here}
    return render(request, "console/sign_ins.html", context)


def _wanted(text: str) -> UUID | None:
    """The sign-in that a form names; None for all the others."""
    try:
        return UUID(text)
    except ValueError:
        return None
