"""API keys: which there are, a new one (shown once), and revoking."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from staydown.apps.accounts import actions
from staydown.apps.accounts.access import require_role, staff_actor
from staydown.apps.accounts.models import ApiKey
from staydown.apps.banks import key_actions
from staydown.apps.banks.models import Bank, Proposal
from staydown.apps.console.doors import door, may
from staydown.apps.console.forms import KeyForm
from staydown.errors import InvalidError, MissingError


def _form(data: object = None) -> KeyForm:
    banks = list(Bank.objects.order_by("name").values_list("name", flat=True))
    two = key_actions.held_back(list(key_actions.POWERS))
    return KeyForm(data, banks=banks, today=timezone.now().date(), two=two)


def _page(request: HttpRequest, form: KeyForm | None = None, status: int = 200) -> HttpResponse:
    live = ApiKey.objects.live()
    asked: dict[str, list[str]] = {}
    for each in Proposal.objects.filter(state="open", about__startswith="apikey:").order_by("pk"):
        asked.setdefault(each.about.partition(":")[2], []).append(each.details["scope"])
    context = {
        "live": [(key, asked.get(str(key.public_id), [])) for key in live],
        "gone": ApiKey.objects.exclude(pk__in=live).order_by("-pk")[:50],
        "form": form or (_form() if may(request.user, "key_create") else None),
        "may_revoke": may(request.user, "key_revoke"),
        "menu": "keys",
    }
    return render(request, "console/keys.html", context, status=status)


def _key(public_id: UUID) -> ApiKey:
    key = ApiKey.objects.live().filter(public_id=public_id).first()
    if key is None:
        raise MissingError
    return key


@door("keys")
def show(request: HttpRequest) -> HttpResponse:
    """Live keys, and those that no longer work."""
    return _page(request)


@door("key_create", "POST")
def create(request: HttpRequest) -> HttpResponse:
    """Makes a key and shows its text on this answer alone: it is kept nowhere."""
    form = _form(request.POST)
    if form.is_valid():
        given = form.cleaned_data
        try:
            made = key_actions.make_key(
                given["name"],
                given["scopes"],
                given.get("banks", []),
                reason=given.get("reason", ""),
                expires_on=given["expires_on"],
                staff=require_role(request.user),
                by=staff_actor(request.user),
            )
        except InvalidError as error:
            form.refused(error)
        else:
            return render(request, "console/key_created.html", {"made": made, "menu": "keys"})
    return _page(request, form, status=422)


@door("key_revoke", "GET", "HEAD", "POST")
def revoke(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Asks, then stops a key at once."""
    key = _key(public_id)
    if request.method != "POST":
        return render(request, "console/key_revoke.html", {"key": key, "menu": "keys"})
    actions.revoke_key(key, by=staff_actor(request.user))
    messages.success(request, f"The key {key.name} no longer works.")
    return redirect("console:keys")
