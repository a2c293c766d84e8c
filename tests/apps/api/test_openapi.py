"""The OpenAPI document: there, complete, and with nothing of a browser in it."""

from __future__ import annotations

import asyncio
from inspect import iscoroutinefunction
from pathlib import Path

import pytest
from django.conf import settings
from django.urls import resolve
from django.utils.module_loading import import_string

from staydown.apps.api.v1.root import api

DOCUMENT = Path(__file__).parents[3] / "docs" / "reference" / "api.md"


def operations():
    document = api.get_openapi_schema()
    return [(method, path, spec) for path, ops in document["paths"].items() for method, spec in ops.items()]


def test_the_document_is_served_to_anyone(client):
    answer = client.get("/api/v1/openapi.json")
    assert answer.status_code == 200
    assert answer.json()["info"]["title"] == "staydown"


def test_there_is_no_page_with_scripts_of_its_own(client):
    assert client.get("/api/v1/docs").status_code == 404


@pytest.mark.parametrize(("method", "path", "spec"), operations(), ids=lambda value: str(value)[:40])
def test_every_operation_says_what_it_does(method, path, spec):
    assert spec["summary"][0].isupper()
    assert spec["description"].strip().endswith(".")
    assert spec["tags"]


def test_the_reference_page_names_every_operation():
    text = DOCUMENT.read_text("utf-8")
    wanted = [f"`{method.upper()} {path.removeprefix('/api/v1')}`" for method, path, _ in operations()]
    assert [each for each in wanted if each not in text] == []


def test_following_the_feed_holds_no_thread():
    view = resolve("/api/v1/feed").func
    assert iscoroutinefunction(view) or asyncio.iscoroutinefunction(view)
    not_async = [name for name in settings.MIDDLEWARE if not getattr(import_string(name), "async_capable", False)]
    assert not_async == []
