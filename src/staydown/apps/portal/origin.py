"""Who may post to the portal: only its own pages.

The portal sets no cookie, so there is no token of Django's to compare and, more to the point, nothing that another site
could ride on: what a request may do depends on what it carries (a sealed draft, a receipt code), never on who the
browser is. A forged request could at most send what its sender could as well send from their own machine. We refuse it
all the same, by what browsers themselves say and pages cannot forge: ``Sec-Fetch-Site``, or ``Origin`` where a browser
is older or the page came over plain http. A client that sends neither is no browser and is served.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt

View = Callable[..., HttpResponse]

_OWN = frozenset({"same-origin", "none"})  # none: the person's own doing, such as a reload


def own_pages_only(view: View) -> View:
    """``view``, where a POST from another site's page gets a plain refusal; stands in for Django's CSRF check."""

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method == "POST" and not _is_own(request):
            return render(request, "portal/refused.html", status=403)
        return view(request, *args, **kwargs)

    return csrf_exempt(checked)


def _is_own(request: HttpRequest) -> bool:
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in _OWN
    origin = request.headers.get("Origin")
    return origin is None or origin in {settings.STAYDOWN_ORIGIN, f"{request.scheme}://{request.get_host()}"}
