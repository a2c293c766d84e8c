"""The headers that every answer of this install carries, pages and static files alike.

Settings take `CSP` for django-csp; the static files, which Django's middleware never sees, take `static_headers()`.

``Referrer-Policy`` is ``same-origin`` and not ``no-referrer``: both tell other sites nothing, but under
``no-referrer`` a browser also sends ``Origin: null`` with our own forms, and then neither Django's CSRF check for staff
nor the portal's (`staydown.apps.portal.origin`) could tell our page from another site's.
"""

from __future__ import annotations

from typing import Final

from csp.constants import NONE, SELF
from csp.utils import build_policy
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.deprecation import MiddlewareMixin

#: For settings: ``CONTENT_SECURITY_POLICY = CSP``. A view that must show pictures of another origin (the console's
#: previews) widens its own answer with ``csp.decorators.csp_update``.
CSP: Final = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "worker-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "media-src": ["blob:"],  # a video that somebody chose on their device, opened where it lies; no address at all
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "require-trusted-types-for": ["'script'"],
        "trusted-types": ["staydown"],
    }
}

_OFF: Final = (
    "accelerometer", "autoplay", "browsing-topics", "camera", "display-capture", "encrypted-media", "fullscreen",
    "geolocation", "gyroscope", "hid", "idle-detection", "local-fonts", "magnetometer", "microphone", "midi", "payment",
    "picture-in-picture", "screen-wake-lock", "serial", "usb", "window-management", "xr-spatial-tracking",
)  # fmt: skip

HEADERS: Final = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in _OFF),
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

#: The only page that a search engine may show, in each language; whoever looks for help should find it.
INDEXED_PATHS: Final = frozenset({"/"})


class SecurityHeaders(MiddlewareMixin):
    """Middleware that adds what an answer does not already say. A view that sets one of these headers keeps its own.

    It works with and without async: one middleware that does not would put every async view into a thread of its own.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """The answer with the headers that it lacks."""
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        response.headers.setdefault("Cache-Control", "no-store")
        if request.path not in INDEXED_PATHS and request.path.strip("/") not in dict(settings.LANGUAGES):
            response.headers.setdefault("X-Robots-Tag", "noindex, nofollow, noarchive")
        return response


def static_headers() -> dict[str, str]:
    """The headers for a static file: a worker's script needs the same policies as the page that starts it."""
    return HEADERS | {
        "Content-Security-Policy": build_policy(config=CSP["DIRECTIVES"]),
        "X-Robots-Tag": "noindex, nofollow, noarchive",
    }
