"""Every address of the URL configuration, walked: its headers, and whose door it has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from uuid import UUID

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from tests.apps.console.conftest import signed_in

pytestmark = pytest.mark.django_db

#: What may stand in an address, and a value that fits it.
FITTING = {"uuid": str(UUID(int=7)), "uuidstr": str(UUID(int=7)), "int": "7", "str": "x", "slug": "x", "path": "x"}
#: Where each address must begin: the parts of the install that have a matrix or a list of their own in the tests.
PARTS = ("staff/accounts/", "staff/", "api/", "stopncii/v1/", "ncmec/v2/")
PORTAL = {"", "safety/", "report/", "status/", "appeal/", "help/", "under-18/", "leave/"}
#: What a program may read without a key: the description of the interface, and the public keys to verify with.
OPEN_TO_PROGRAMS = {"api/v1/openapi.json", "api/v1/keys"}


def walked(patterns: list[URLPattern | URLResolver], before: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Each address with the pattern that it ends in."""
    for each in patterns:
        route = before + str(each.pattern)
        if isinstance(each, URLResolver):
            yield from walked(each.url_patterns, route)
        else:
            yield route, each


def filled(route: str) -> str:
    """An address that the route fits."""
    path = re.sub(r"<(?:(\w+):)?\w+>", lambda found: FITTING[found[1] or "str"], route)
    return "/" + path.replace("^", "").replace("$", "").replace("\\", "")


def routes() -> list[str]:
    return sorted({route for route, _ in walked(get_resolver().url_patterns)})


def checked(answer) -> None:
    """The headers, the same ones for a page, a redirect, a refusal and what is not there."""
    where = answer.wsgi_request.path
    policy = dict(part.partition(" ")[::2] for part in answer["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'", where
    assert policy["script-src"] == policy["style-src"] == policy["img-src"] == "'self'", where
    assert policy["base-uri"] == policy["frame-ancestors"] == "'none'", where
    assert policy["require-trusted-types-for"] == "'script'", where
    assert policy["trusted-types"] == "staydown", where
    assert "unsafe" not in answer["Content-Security-Policy"], where
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin", where
    assert answer["Cross-Origin-Embedder-Policy"] == "require-corp", where
    assert answer["Cross-Origin-Resource-Policy"] == "same-origin", where
    assert answer["Referrer-Policy"] in {"same-origin", "no-referrer"}, where  # both tell other sites nothing
    assert answer["X-Content-Type-Options"] == "nosniff", where
    assert answer["X-Frame-Options"] == "DENY", where
    assert "no-store" in answer["Cache-Control"], where
    if not answer.streaming and answer.get("Content-Type", "").startswith("text/html"):
        page = answer.content.decode()
        assert not re.search(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)", page), where
        assert not re.search(r"<[^>]*\s(?:on[a-z]+|style)=|<style|javascript:", page), where


def test_every_address_carries_the_headers_for_strangers():
    for route in routes():
        for method in ("GET", "POST"):
            checked(Client().generic(method, filled(route)))


def test_every_address_carries_the_headers_for_who_works_here(ada):
    client = signed_in(ada)
    for route in routes():
        checked(client.get(filled(route)))


def test_what_is_nowhere_carries_them_too():
    checked(Client().get("/no/such/page/"))


def test_every_address_belongs_to_a_part_that_is_tested():
    unknown = [route for route in routes() if not route.startswith(PARTS) and route not in PORTAL]
    assert unknown == [], "give a new address a part with its own matrix"


def test_nobody_reads_a_page_of_the_console_by_any_method_without_a_sign_in():
    doors = [route for route in routes() if route.startswith("staff/") and not route.startswith("staff/accounts/")]
    assert len(doors) > 30
    for route in doors:
        for method in ("GET", "POST", "PUT", "DELETE"):
            answer = Client().generic(method, filled(route))
            assert answer.status_code == 302, (method, route)
            assert answer["Location"].startswith("/staff/accounts/login/")


def test_no_program_is_answered_without_a_key():
    for route in routes():
        if not route.startswith(("api/", "stopncii/", "ncmec/")):
            continue
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            answer = Client().generic(method, filled(route), data=b"{}", content_type="application/json")
            if answer.status_code < 300:
                assert route in OPEN_TO_PROGRAMS, (method, route)
