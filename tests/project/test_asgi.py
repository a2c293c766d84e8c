"""The doors: what goes where, and what static files may be had."""

from __future__ import annotations

import asyncio

import pytest

from staydown.apps.ui.security import static_headers
from staydown.project import asgi
from tests.project.asking import ask, named


@pytest.fixture
def doors():
    """Doors whose rooms say their names."""
    return asgi.Doors(
        django=named("django"),
        static=named("static"),
        screening=named("screening"),
        paths=("/livez", "/readyz", "/metrics", "/status"),
        prefixes=("/v1/", "/h/", "/m/", "/c/"),
    )


@pytest.mark.parametrize(
    ("path", "room"),
    [
        ("/", b"django 0"),
        ("/v1", b"django 0"),
        ("/v1/screen", b"screening 0"),
        ("/v1/anything", b"screening 0"),
        ("/livez", b"screening 0"),
        ("/metrics", b"screening 0"),
        ("/metrics/", b"django 0"),
        ("/status", b"screening 0"),
        ("/h/hash", b"screening 0"),
        ("/m/lookup", b"screening 0"),
        ("/c/banks", b"screening 0"),
        ("/c", b"django 0"),
        ("/static/ui/staydown.css", b"static 0"),
        ("/api/v1/feed", b"django 0"),
    ],
)
def test_each_address_leads_to_its_room(doors, path, room):
    assert asyncio.run(ask(doors, path))[2] == room


@pytest.fixture(scope="module")
def product():
    """The whole process without screening."""
    return asgi.compose()


def test_static_files_carry_the_headers_of_pages(product):
    status, headers, body = asyncio.run(ask(product, "/static/ui/staydown.css"))
    assert status == 200
    assert body
    assert headers["content-type"].startswith("text/css")
    for name, value in static_headers().items():
        assert headers[name.lower()] == value
    assert headers["cross-origin-embedder-policy"] == "require-corp"
    assert "default-src 'none'" in headers["content-security-policy"]


@pytest.mark.parametrize(
    "path",
    [
        "/static/none.js",
        "/static/",
        "/static/../settings.py",
        "/static/..%2f..%2fapps.py",
        "/static/ui",
        "/static/\x00",
    ],
)
def test_nothing_but_files_of_the_static_folders_is_given_out(product, path):
    status, headers, _ = asyncio.run(ask(product, path))
    assert status == 404
    assert headers["x-content-type-options"] == "nosniff"


def test_static_files_are_only_read(product):
    assert asyncio.run(ask(product, "/static/ui/staydown.css", method="POST"))[0] == 405


@pytest.mark.django_db(transaction=True)
def test_without_screening_the_process_says_itself_how_it_is(product, monkeypatch):
    assert asyncio.run(ask(product, "/livez"))[0] == 200
    assert asyncio.run(ask(product, "/readyz"))[0] == 200

    def broken():
        raise OSError

    monkeypatch.setattr(asgi, "_ask_database", broken)
    assert asyncio.run(ask(product, "/readyz"))[0] == 503
    assert asyncio.run(ask(product, "/livez"))[0] == 200
