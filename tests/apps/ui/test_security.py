"""The headers, for pages and for static files."""

from __future__ import annotations

from django.http import HttpResponse
from django.test import RequestFactory

from staydown.apps.ui import security


def answer(path: str = "/x/", **headers: str) -> HttpResponse:
    return security.SecurityHeaders(lambda request: HttpResponse(headers=headers))(RequestFactory().get(path))


def test_adds_every_header():
    response = answer()
    assert all(response[name] == value for name, value in security.HEADERS.items())


def test_a_view_keeps_what_it_says_itself():
    response = answer(**{"Cache-Control": "max-age=60", "Cross-Origin-Embedder-Policy": "unsafe-none"})
    assert response["Cache-Control"] == "max-age=60"
    assert response["Cross-Origin-Embedder-Policy"] == "unsafe-none"


def test_search_engines_see_the_start_alone():
    assert not answer("/").has_header("X-Robots-Tag")
    assert "noindex" in answer("/report/")["X-Robots-Tag"]


def test_static_files_carry_the_policy_of_the_pages():
    headers = security.static_headers()
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["Cross-Origin-Embedder-Policy"] == "require-corp", "without it a worker would not start"
    assert headers.items() >= security.HEADERS.items()
