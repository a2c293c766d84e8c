"""Orders through the API: entered by a program, decided like any case."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from staydown.apps.audit.querysets import history
from staydown.apps.cases.models import Case, Order


def order(**changes):
    return {
        "regime": "au-osa-77",
        "authority": "eSafety Commissioner",
        "reference": "RN 2026/17",
        "served_at": (timezone.now() - timedelta(hours=1)).replace(microsecond=0).isoformat(),
        "links": ["https://platform.test/posts/1"],
        "words": "Remove it.",
        **changes,
    }


def test_an_order_is_entered_and_its_clock_counts_from_the_service(program):
    sent = order()
    answer = program("order:create").post("/orders", sent)
    assert answer.status_code == 201
    found = Order.objects.get()
    assert answer.json()["case"] == str(found.case.public_id)
    due = datetime.fromisoformat(answer.json()["due_at"])
    assert due == datetime.fromisoformat(sent["served_at"]) + timedelta(hours=24)
    assert found.entered_by is None
    (line,) = [line for line in history(found.case) if line.verb == "order.served"]
    assert line.actor_kind == "key"


def test_its_case_is_read_and_decided_like_any_other(program):
    case = program("order:create").post("/orders", order()).json()["case"]
    caller = program("case:read", "decision:write")
    read = caller.get(f"/cases/{case}").json()
    assert read["regimes"] == ["au-osa-77"]
    said = {"verdict": "remove", "regime": "au-osa-77", "reason": "As ordered.", "version": read["version"]}
    assert caller.post(f"/cases/{case}/decisions", said).status_code == 201
    assert Case.objects.get(public_id=case).state == Case.State.DECIDED


def test_the_same_call_twice_is_one_order(program):
    caller, sent = program("order:create"), order()
    first, again = (caller.post("/orders", sent, Idempotency_Key="k-1").json() for _ in range(2))
    assert first == again
    assert Order.objects.count() == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"regime": "us-tida-3"},
        {"links": []},
        {"authority": ""},
        {"served_at": "2026-11-20T09:00:00"},
        {"served_at": "2099-01-01T00:00:00Z"},
        {"due_at": "2020-01-01T00:00:00Z"},
        {"more": 1},
    ],
    ids=str,
)
def test_what_is_wrong_is_a_problem_and_nothing_is_stored(program, problem, changes):
    problem(program("order:create").post("/orders", order(**changes)), 422, "invalid")
    assert not Order.objects.exists()


def test_nothing_of_what_it_says_comes_back(program):
    answer = program("order:create").post("/orders", order())
    assert "Commissioner" not in answer.content.decode()
    read = program("case:read").get(f"/cases/{answer.json()['case']}")
    assert "Commissioner" not in read.content.decode()
    assert "RN 2026" not in read.content.decode()
