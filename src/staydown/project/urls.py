"""Which address belongs to which screen."""

from __future__ import annotations

from pathlib import Path

from django.urls import URLPattern, URLResolver, include, path

SCREENS = {
    "api/": "staydown.apps.api.urls",
    "staff/": "staydown.apps.console.urls",
    "": "staydown.apps.portal.urls",
}

urlpatterns: list[URLPattern | URLResolver] = [
    path("staff/accounts/", include("staydown.project.sign_in")),
    *(
        path(at, include(urls))
        for at, urls in SCREENS.items()
        if (Path(__file__).parent.parent / urls.removeprefix("staydown.").replace(".", "/")).with_suffix(".py").exists()
    ),
]
