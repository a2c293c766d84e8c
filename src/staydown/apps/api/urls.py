"""The addresses below /api/."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import iscoroutinefunction
from typing import Any

from django.http import HttpResponse, HttpResponseNotAllowed
from django.urls import URLPattern, include, path

from staydown.apps.api.problems import not_allowed, not_found
from staydown.apps.api.v1.root import api

View = Callable[..., Any]


def speaking(view: View) -> View:
    """The view, whose answer to a method that it does not know is a problem document too."""
    if iscoroutinefunction(view):

        @wraps(view)
        async def waits(*args: Any, **kwargs: Any) -> HttpResponse:
            return _spoken(await view(*args, **kwargs))

        return waits

    @wraps(view)
    def answers(*args: Any, **kwargs: Any) -> HttpResponse:
        return _spoken(view(*args, **kwargs))

    return answers


def _spoken(response: HttpResponse) -> HttpResponse:
    return not_allowed(response) if isinstance(response, HttpResponseNotAllowed) else response


_version_1 = api.urls  # not called app_name: Django would take that name for the whole of /api/
for pattern in _version_1[0]:
    if isinstance(pattern, URLPattern):
        pattern.callback = speaking(pattern.callback)

urlpatterns = [
    path("v1/", _version_1),
    path("hma/c/", include("staydown.apps.api.hma.urls")),
    path("", not_found),
    path("<path:rest>", not_found),
]
