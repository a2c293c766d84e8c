"""Which address belongs to which screen."""

from __future__ import annotations

import importlib

from django.urls import URLPattern, URLResolver, include, path

SCREENS = {
    "api/": "staydown.apps.api.urls",
    "staff/": "staydown.apps.console.urls",
    "": "staydown.apps.portal.urls",
}


def built(urls: str) -> bool:  # while the parts are being built; goes away
    try:
        importlib.import_module(urls)
    except (ImportError, SyntaxError, AttributeError):
        return False
    return True


urlpatterns: list[URLPattern | URLResolver] = [
    path("staff/accounts/", include("staydown.project.sign_in")),
    *(path(at, include(urls)) for at, urls in SCREENS.items() if built(urls)),
]
