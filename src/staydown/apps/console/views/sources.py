"""Sources: what we follow, how far each is, what it asks, and what is said back to it."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from staydown.apps.accounts.access import require_role, staff_actor
from staydown.apps.banks import proposals
from staydown.apps.console import source_pages
from staydown.apps.console.doors import door, may
from staydown.apps.console.source_forms import NewSourceForm, PolicyForm
from staydown.apps.sharing import access, saying, sources
from staydown.apps.sharing.source_models import Opinion, Source
from staydown.errors import CaseworkError
from staydown.exchange.kinds import KINDS

#: What a button does, and what is said once it is done.
DONE = {
    "look": "It is looked at in a moment.",
    "whole": "All of it is read again in a moment. What it no longer holds is then taken out.",
    "pause": "It is paused. What it brought stays.",
    "resume": "It is followed again.",
    "yes": "It goes on.",
    "no": "It is paused. Nothing of that was applied.",
}

WAITS = "It is proposed that it blocks without a person here. A lead has to approve that; until then nothing changes."


@door("sources")
def index(request: HttpRequest) -> HttpResponse:
    """Every source, with how far it is."""
    context = {
        "rows": source_pages.rows(timezone.now()),
        "may_add": may(request.user, "source_add"),
        "menu": "sources",
    }
    return render(request, "console/sources.html", context)


@door("source_add", "GET", "HEAD", "POST")
def add(request: HttpRequest) -> HttpResponse:
    """First which kind, then what that kind asks for and the policy."""
    kind = KINDS.get(request.POST.get("kind") or request.GET.get("kind") or "")
    if kind is None:
        return render(request, "console/source_kinds.html", {"kinds": KINDS.values(), "menu": "sources"})
    if request.method != "POST":
        return _form(request, NewSourceForm(kind=kind))
    form = NewSourceForm(request.POST, kind=kind)
    if form.is_valid():
        try:
            given = form.given()
            staff = require_role(request.user)
            source = sources.add_source(**given, policy=form.policy(), staff=staff, by=staff_actor(staff))
        except CaseworkError as error:
            form.refused(error)
        else:
            followed = f"{source.name} is followed from now on."
            messages.success(request, followed if source.enabled else WAITS)
            return redirect("console:source", source.public_id)
    return _form(request, form, status=422)


@door("source")
def show(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """One source: its state, its question, its policy, its matches here, its history."""
    source = access.source(public_id)
    context = {
        "page": source_pages.page(source, timezone.now()),
        "may_change": may(request.user, "source_do"),
        "may_say": may(request.user, "source_say"),
        "menu": "sources",
    }
    return render(request, "console/source.html", context)


@door("source_do", "POST")
def do(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Look now, pause, resume, or answer what it asks."""
    source, wanted, by = access.source(public_id), request.POST.get("do", ""), staff_actor(request.user)
    try:
        if wanted in {"yes", "no"}:
            sources.answer(source, request.POST.get("question", ""), yes=wanted == "yes", by=by)
        elif wanted in {"look", "whole"}:
            sources.look_now(source, by=by, is_whole=wanted == "whole")
        elif wanted in {"pause", "resume"}:
            {"pause": sources.pause, "resume": sources.resume}[wanted](source, by=by)
    except CaseworkError as error:
        messages.error(request, error.message)
    else:
        if wanted in DONE:
            messages.success(request, DONE[wanted])
    return redirect("console:source", public_id)


@door("source_change", "GET", "HEAD", "POST")
def change(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Another policy, for what it brings from now on."""
    source = access.source(public_id)
    if request.method != "POST":
        return _form(request, PolicyForm.of(source), source)
    form = PolicyForm(request.POST, source=source)
    if form.is_valid():
        try:
            staff = require_role(request.user)
            sources.change_source(source, form.policy(), staff=staff, by=staff_actor(staff))
        except CaseworkError as error:
            form.refused(error)
        else:
            waits = proposals.waiting(proposals.Kind.ENFORCE, source) is not None
            messages.success(request, WAITS if waits else "The policy is changed, for what it brings from now on.")
            return redirect("console:source", public_id)
    return _form(request, form, source, status=422)


@door("source_remove", "GET", "HEAD", "POST")
def remove(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Asks, then follows it no more and takes out what it alone brought."""
    source = access.source(public_id)
    if request.method != "POST":
        return render(request, "console/source_remove.html", {"source": source, "menu": "sources"})
    sources.remove_source(source, by=staff_actor(request.user))
    messages.success(request, f"{source.name} is removed. What nobody else keeps is withdrawn in the next minutes.")
    return redirect("console:sources")


@door("source_say", "POST")
def say(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Confirms or disputes one record to its source."""
    record = access.record(public_id)
    try:
        word = Opinion.Word(request.POST.get("word", ""))
        saying.give_opinion(record, word, by=staff_actor(request.user))
    except ValueError:
        messages.error(request, "Say whether you confirm or dispute it.")
    except CaseworkError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, f"{record.source.name} is told in a moment.")
    return redirect("console:source", record.source.public_id)


def _form(
    request: HttpRequest, form: PolicyForm | NewSourceForm, source: Source | None = None, status: int = 200
) -> HttpResponse:
    context = {"form": form, "kind": form.kind, "source": source, "menu": "sources"}
    return render(request, "console/source_form.html", context, status=status)
