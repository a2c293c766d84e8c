"""Errors: always a problem document with a stable code, never a word of what was sent or of what is inside."""

from __future__ import annotations

import inspect

import pytest

from staydown import errors
from staydown.apps.api import problems
from staydown.apps.cases import actions
from staydown.errors import StaydownError

ALL = [each for _, each in inspect.getmembers(errors, inspect.isclass) if issubclass(each, StaydownError)]


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_every_error_is_a_problem(kind, problem):
    error = kind()
    answer = problems.for_error(error)
    problem(answer, answer.status_code, kind.code)
    if answer.status_code == 500:
        assert error.message not in answer.content.decode()


@pytest.mark.parametrize("path", ["/nothing", "/cases/nonsense", "/cases/1/decisions", "/../v2/", "/docs", ""])
def test_an_address_that_is_none_is_missing(stranger, problem, path):
    problem(stranger.get(path), 404, "not_found")


def test_addresses_outside_the_version_are_problems_too(client, problem):
    for path in ("/api/", "/api/v2/cases", "/api/v1"):
        problem(client.get(path), 404, "not_found")


@pytest.mark.parametrize(("method", "path"), [("put", "/cases"), ("delete", "/feed"), ("post", "/keys")])
def test_a_method_that_an_address_does_not_know(stranger, problem, method, path):
    answer = stranger.ask(method, path)
    problem(answer, 405, "method_not_allowed")
    assert "GET" in answer.headers["Allow"]


def test_a_body_that_is_no_json(program, problem):
    caller = program("report:create")
    answer = caller.http.post(
        "/api/v1/reports", "{no", content_type="application/json", headers={"Authorization": f"Bearer {caller.token}"}
    )
    problem(answer, 400, "invalid")


def test_each_field_that_is_not_valid_is_named_and_not_repeated(program, problem):
    secret = "amara.canary@reporter.test"
    body = {"shown_is_adult": "perhaps", "role": secret, "links": [1], "surprise": secret}
    answer = program("report:create").post("/reports", body)
    found = problem(answer, 422, "invalid")
    assert {each["field"] for each in found["errors"]} == {"shown_is_adult", "role", "links.0", "surprise"}
    assert secret not in answer.content.decode()


@pytest.mark.parametrize("query", ["?limit=0", "?limit=1000", "?cursor=nonsense", "?state=minors"])
def test_a_query_that_is_not_valid(program, problem, query):
    problem(program("case:read").get(f"/cases{query}"), 422, "invalid")


def test_what_is_our_fault_says_nothing_of_it(program, problem, monkeypatch, caplog):
    def broken(*args, **kwargs):
        raise RuntimeError("canary-inside")

    monkeypatch.setattr(actions, "submit_report", broken)
    body = {"shown_is_adult": True, "links": ["https://platform.test/1"]}
    answer = program("report:create").post("/reports", body)
    problem(answer, 500, "error")
    assert "canary-inside" not in answer.content.decode()
    assert "canary-inside" in caplog.text  # the operator does learn of it


def test_no_answer_is_kept_by_anyone(stranger):
    assert stranger.get("/keys").headers["Cache-Control"] == "no-store"
