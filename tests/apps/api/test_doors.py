"""Every address: who is let in. Read off the OpenAPI document, so that a new address cannot be forgotten."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from staydown.apps.accounts.models import SCOPES, ApiKey
from staydown.apps.api import urls  # noqa: F401 - the addresses must be there before they are listed
from staydown.apps.api.v1.root import api
from tests import factories as make

#: Each address and the scope that opens it; None: anyone.
NEEDS = {
    ("post", "/reports"): "report:create",
    ("post", "/orders"): "order:create",
    ("get", "/cases"): "case:read",
    ("get", "/cases/{case_id}"): "case:read",
    ("post", "/cases/{case_id}/decisions"): "decision:write",
    ("get", "/actions"): "action:read",
    ("get", "/actions/{action_id}"): "action:read",
    ("post", "/actions/{action_id}/outcome"): "outcome:write",
    ("get", "/actions/{action_id}/notice"): "action:read",
    ("get", "/appeals"): "case:read",
    ("post", "/appeals"): "report:create",
    ("get", "/appeals/{appeal_id}"): "case:read",
    ("get", "/banks"): "entry:read",
    ("get", "/entries"): "entry:read",
    ("get", "/entries/{entry_id}"): "entry:read",
    ("post", "/entries/{entry_id}/withdraw"): "entry:write",
    ("get", "/feed"): "feed:read",
    ("get", "/feed/followers"): "audit:read",
    ("post", "/hits"): "hit:write",
    ("get", "/screening/keys"): "key:list",
    ("get", "/webhooks"): "webhook:write",
    ("post", "/webhooks"): "webhook:write",
    ("get", "/webhooks/{endpoint_id}"): "webhook:write",
    ("patch", "/webhooks/{endpoint_id}"): "webhook:write",
    ("delete", "/webhooks/{endpoint_id}"): "webhook:write",
    ("get", "/webhooks/{endpoint_id}/deliveries"): "webhook:write",
    ("post", "/deliveries/{delivery_id}/replay"): "webhook:write",
    ("get", "/keys"): None,
    ("get", "/audit/checkpoint"): "audit:read",
    ("get", "/figures"): "audit:read",
}
SHUT = [each for each, scope in NEEDS.items() if scope]
BODIES = {
    ("post", "/orders"): {
        "regime": "au-osa-77",
        "authority": "a",
        "reference": "b",
        "served_at": "2026-11-01T00:00:00Z",
        "links": ["https://platform.test/1"],
    },
    ("post", "/reports"): {"shown_is_adult": True, "links": ["https://platform.test/1"]},
    ("post", "/cases/{case_id}/decisions"): {"verdict": "remove", "regime": "x", "reason": "y", "version": 1},
    ("post", "/actions/{action_id}/outcome"): {"result": "removed"},
    ("post", "/appeals"): {"code": "x", "words": "y"},
    ("post", "/entries/{entry_id}/withdraw"): {},
    ("post", "/hits"): {"hits": []},
    ("post", "/webhooks"): {"name": "a", "url": "https://platform.test/"},
    ("patch", "/webhooks/{endpoint_id}"): {"name": "a"},
}


def at(path: str) -> str:
    """The path with an id that nothing has."""
    return re.sub(r"\{\w+\}", str(uuid4()), path)


def test_every_address_is_in_the_table():
    document = api.get_openapi_schema()
    found = {(method, path.removeprefix("/api/v1")) for path, ops in document["paths"].items() for method in ops}
    assert found == set(NEEDS)


@pytest.mark.parametrize("door", SHUT, ids=" ".join)
def test_nobody_comes_in_without_a_key(stranger, problem, door):
    method, path = door
    answer = stranger.ask(method, at(path), BODIES.get(door))
    problem(answer, 401, "denied")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("door", SHUT, ids=" ".join)
def test_no_other_scope_opens_it(program, problem, door):
    method, path = door
    others = program(*(scope for scope in SCOPES if scope != NEEDS[door]))
    found = problem(others.ask(method, at(path), BODIES.get(door)), 403, "denied")
    assert NEEDS[door] in found["detail"]


@pytest.mark.parametrize("door", [each for each in SHUT if "{" in each[1]], ids=" ".join)
def test_what_is_not_there_is_missing(program, problem, door):
    method, path = door
    problem(program(NEEDS[door]).ask(method, at(path), BODIES.get(door)), 404, "not_found")


@pytest.mark.parametrize("door", [each for each in SHUT if "{" not in each[1] and "code" not in BODIES.get(each, {})])
def test_the_scope_opens_it(program, door):
    method, path = door
    assert program(NEEDS[door]).ask(method, path, BODIES.get(door)).status_code in {200, 201}


@pytest.mark.parametrize("change", [{"revoked_at": timezone.now()}, {"expires_on": timezone.now() - timedelta(days=2)}])
def test_a_key_that_ended_opens_nothing(program, problem, change):
    caller = program("case:read")
    assert caller.get("/cases").status_code == 200
    ApiKey.objects.update(**change)
    problem(caller.get("/cases"), 401, "denied")


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "Bearer nonsense", "Basic eDp5", "sdn_live_x", "Bearer é"])
def test_what_is_no_key_opens_nothing(stranger, problem, header):
    problem(stranger.get("/cases", Authorization=header), 401, "denied")


def test_a_key_is_never_repeated_in_an_answer(program):
    caller = program("case:read")
    assert caller.token not in caller.get("/cases").content.decode()
    caller.token = "sdn_live_" + "a" * 38
    assert caller.token not in caller.get("/cases").content.decode()


def test_the_public_keys_are_for_anyone(stranger):
    assert set(stranger.get("/keys").json()) == {"feed", "audit"}


def test_the_cookie_of_a_moderator_opens_nothing(client, bea, problem):
    client.force_login(bea)
    problem(client.get("/api/v1/cases"), 401, "denied")


def test_factories_make_keys_of_every_scope(db):
    assert make.api_key(*SCOPES)[0].scopes == sorted(SCOPES)
