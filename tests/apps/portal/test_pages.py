"""The pages that only tell, and the headers that every answer carries."""

from __future__ import annotations

import pytest
from django.test import Client

from staydown.apps.portal.urls import urlpatterns

pytestmark = pytest.mark.django_db

PAGES = ["/", "/safety/", "/report/", "/status/", "/help/", "/under-18/", "/appeal/", "/leave/", "/no-such-page/"]


def test_no_page_is_forgotten_here():
    assert {f"/{each.pattern}" for each in urlpatterns} <= set(PAGES)


@pytest.mark.parametrize("path", PAGES)
def test_every_answer_carries_the_headers(client, path):
    response = client.get(path)
    policy = dict(part.split(" ", 1) for part in response["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["img-src"] == policy["worker-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["form-action"] == "'self'"
    assert policy["require-trusted-types-for"] == "'script'"
    assert "unsafe" not in response["Content-Security-Policy"]
    assert response["Cross-Origin-Opener-Policy"] == "same-origin"
    assert response["Cross-Origin-Embedder-Policy"] == "require-corp"
    assert response["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "camera=()" in response["Permissions-Policy"]
    assert response["Referrer-Policy"] == "same-origin"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Cache-Control"] == "no-store"
    assert not client.cookies


@pytest.mark.parametrize("path", PAGES)
def test_only_the_start_may_be_found_by_search_engines(client, path):
    assert client.get(path).has_header("X-Robots-Tag") == (path != "/")


@pytest.mark.parametrize("path", PAGES)
def test_no_page_has_a_script_or_style_of_its_own(client, path):
    page = client.get(path).content.decode()
    assert " style=" not in page
    assert "<style" not in page
    assert "<script>" not in page
    assert "javascript:" not in page
    assert not any(f" on{event}=" in page for event in ("click", "load", "submit", "error", "change"))


@pytest.mark.parametrize("path", ["/", "/safety/", "/help/", "/under-18/", "/leave/"])
def test_pages_that_tell_take_nothing(client, path):
    assert client.post(path, {}).status_code == 405


@pytest.mark.parametrize("path", ["/", "/safety/", "/report/", "/status/", "/help/", "/under-18/"])
def test_the_way_out_is_on_every_page_as_a_plain_link(client, path):
    page = client.get(path).content.decode()
    assert page.count('href="/leave/"') == 2, "the button, and the link for keyboards"


def test_leaving_clears_and_goes_elsewhere(settings):
    settings.STAYDOWN_EXIT_URL = "https://weather.test/"
    response = Client().get("/leave/")
    assert response.status_code == 303
    assert response["Location"] == "https://weather.test/"
    assert response["Clear-Site-Data"] == '"cache", "cookies", "storage"'


def test_the_start_says_what_this_cannot_do_and_has_both_doors(client, settings):
    settings.STAYDOWN_NAME = "Pebble & Co"
    page = client.get("/").content.decode()
    assert "What we cannot do" in page
    assert "Pebble &amp; Co" in page
    assert 'href="/safety/"' in page
    assert 'href="/status/"' in page


def test_the_safety_page_comes_before_the_first_question_and_says_that_history_stays(client):
    page = client.get("/safety/").content.decode()
    assert "does not erase your history" in page
    assert "Shift key three times" in page
    assert "private window" in page
    assert 'href="/report/"' in page


def test_the_help_page_names_the_command_and_never_asks_for_the_picture(client):
    page = client.get("/help/").content.decode()
    assert "staydown hash --json" in page
    assert "never ask you to send the picture" in page
