"""Pages that only tell: the start, the safety page, help, and the way out."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from staydown.apps.portal.helplines import FOR_ADULTS, FOR_CHILDREN, in_order


@require_safe
def start(request: HttpRequest) -> HttpResponse:
    """What this is, what it can and cannot do, and its doors."""
    return render(request, "portal/start.html")


@require_safe
def safety(request: HttpRequest) -> HttpResponse:
    """What a device remembers, and how to leave fast: read before the first question."""
    return render(request, "portal/safety.html")


@require_safe
def help_page(request: HttpRequest) -> HttpResponse:
    """What is kept, how a fingerprint is made, other ways to make one, and who else helps."""
    return render(request, "portal/help.html", {"helplines": in_order(FOR_ADULTS, get_language() or "")})


@require_safe
def under_18(request: HttpRequest) -> HttpResponse:
    """The services for pictures of someone under 18."""
    return render(request, "portal/under_18.html", {"helplines": in_order(FOR_CHILDREN, get_language() or "")})


@require_safe
def leave(request: HttpRequest) -> HttpResponse:
    """To a harmless page, leaving nothing of this site in the browser but what history itself keeps."""
    response = HttpResponse(status=303)
    response["Location"] = settings.STAYDOWN_EXIT_URL
    response["Clear-Site-Data"] = '"cache", "cookies", "storage"'
    return response
