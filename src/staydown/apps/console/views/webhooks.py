"""Webhooks: where they go, how far each is, what was given up, and sending again."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from staydown.apps.accounts.access import staff_actor
from staydown.apps.console.doors import door, may
from staydown.apps.console.forms import EndpointForm
from staydown.apps.sharing import actions
from staydown.apps.sharing.models import Delivery, Endpoint
from staydown.errors import CaseworkError, InvalidError, MissingError

PER_PAGE = 50


def _page(request: HttpRequest, form: EndpointForm | None = None, status: int = 200) -> HttpResponse:
    counts = {
        f"{state}_count": Count("deliveries", filter=Q(deliveries__state=state)) for state in Delivery.State.values
    }
    endpoints = Endpoint.objects.filter(removed_at__isnull=True).annotate(**counts).order_by("name", "pk")
    wanted = request.GET.get("state", "")
    state = wanted if wanted in Delivery.State.values else ""
    deliveries = Delivery.objects.newest_first()
    page = Paginator(deliveries.filter(state=state) if state else deliveries, PER_PAGE).get_page(
        request.GET.get("page")
    )
    context = {
        "endpoints": endpoints,
        "deliveries": page,
        "dead": Delivery.objects.dead().count(),
        "state": state,
        "states": Delivery.State.choices,
        "form": form or (EndpointForm() if may(request.user, "endpoint_add") else None),
        "may_replay": may(request.user, "replay"),
        "may_change": may(request.user, "endpoint"),
        "menu": "webhooks",
    }
    return render(request, "console/webhooks.html", context, status=status)


@door("webhooks")
def show(request: HttpRequest) -> HttpResponse:
    """Endpoints and deliveries; ``?state=dead`` shows what was given up."""
    return _page(request)


@door("endpoint_add", "POST")
def add(request: HttpRequest) -> HttpResponse:
    """Adds an endpoint and shows what its receiver verifies with."""
    form = EndpointForm(request.POST)
    if form.is_valid():
        try:
            endpoint = actions.add_endpoint(**form.cleaned_data, by=staff_actor(request.user))
        except InvalidError as error:
            form.refused(error)
        else:
            return render(request, "console/endpoint_added.html", {"endpoint": endpoint, "menu": "webhooks"})
    return _page(request, form, status=422)


@door("endpoint", "GET", "HEAD", "POST")
def endpoint(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """One endpoint: on, off, or the end of it."""
    found = Endpoint.objects.filter(public_id=public_id, removed_at__isnull=True).first()
    if found is None:
        raise MissingError
    wanted, by = request.POST.get("do"), staff_actor(request.user)
    if wanted in {"on", "off"}:
        actions.change_endpoint(found, enabled=wanted == "on", by=by)
        messages.success(request, f"{found.name} is {wanted}.")
    elif wanted == "remove":
        actions.remove_endpoint(found, by=by)
        messages.success(request, f"{found.name} is removed. Nothing goes there any more.")
    else:
        waiting = found.deliveries.filter(state=Delivery.State.WAITING).count()
        context = {"endpoint": found, "waiting": waiting, "menu": "webhooks"}
        return render(request, "console/endpoint.html", context)
    return redirect("console:webhooks")


@door("replay", "POST")
def replay(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Puts a delivery in line again under the same webhook id."""
    delivery = Delivery.objects.filter(public_id=public_id).first()
    if delivery is None:
        raise MissingError
    try:
        actions.replay(delivery, by=staff_actor(request.user))
    except CaseworkError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, "It is in line again and goes out in a moment.")
    return redirect("console:webhooks")
