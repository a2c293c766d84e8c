"""Endpoints and deliveries through the API."""

from __future__ import annotations

import pytest
from django.utils import timezone

from staydown.apps.audit import actions as audit
from staydown.apps.audit.querysets import history
from staydown.apps.sharing import actions
from staydown.apps.sharing.models import Delivery, Endpoint
from staydown.core import note
from staydown.exchange.webhooks import PublicKey

NEW = {"name": "the platform", "url": "https://platform.test/hooks"}


@pytest.fixture
def caller(program):
    return program("webhook:write")


@pytest.fixture
def endpoint(caller):
    return caller.post("/webhooks", NEW).json()


def test_an_endpoint_is_added_with_a_public_key(caller):
    answer = caller.post("/webhooks", NEW)
    assert answer.status_code == 201
    found = answer.json()
    assert PublicKey.parse(found["public_key"])
    assert "whsk_" not in answer.content.decode()
    assert found.pop("shared_secret").startswith("whsec_")  # shown this once
    assert caller.get(f"/webhooks/{found['id']}").json() == found
    assert caller.get("/webhooks").json() == {"items": [found], "next": None}
    assert history(Endpoint.objects.get())[0].actor_kind == "key"


def test_the_same_request_twice_is_one_endpoint(caller, problem):
    first, second = (caller.post("/webhooks", NEW, Idempotency_Key="w-1") for _ in range(2))
    assert first.json() == second.json()
    assert Endpoint.objects.count() == 1
    problem(caller.post("/webhooks", {**NEW, "name": "other"}, Idempotency_Key="w-1"), 409, "conflict")


@pytest.mark.parametrize("change", [{"url": "http://platform.test/"}, {"url": "https://a:b@c.test/"}, {"name": " "}])
def test_an_endpoint_that_nothing_could_be_sent_to(caller, problem, change):
    problem(caller.post("/webhooks", {**NEW, **change}), 422, "invalid")


def test_changing_and_removing(caller, endpoint, problem):
    path = f"/webhooks/{endpoint['id']}"
    assert caller.ask("patch", path, {"enabled": False}).json()["enabled"] is False
    found = caller.ask("patch", path, {"name": "new name", "enabled": True}).json()
    assert (found["name"], found["url"], found["enabled"]) == ("new name", NEW["url"], True)
    problem(caller.ask("patch", path, {"url": "nonsense"}), 422, "invalid")
    problem(caller.ask("patch", path, {"surprise": 1}), 422, "invalid")
    assert caller.ask("delete", path).status_code == 204
    problem(caller.get(path), 404, "not_found")
    assert caller.get("/webhooks").json()["items"] == []


def test_dead_letters_are_seen_and_sent_again(caller, endpoint):
    for number in range(3):
        actions.announce("case.decided", {"case": str(number)})
    Delivery.objects.filter(payload__data__case="1").update(
        state="dead", next_at=None, settled_at=timezone.now(), attempts=10, last_status=500
    )
    path = f"/webhooks/{endpoint['id']}/deliveries"
    assert len(caller.get(path).json()["items"]) == 3
    (dead,) = caller.get(f"{path}?state=dead").json()["items"]
    assert (dead["event"], dead["attempts"], dead["last_status"]) == ("case.decided", 10, 500)
    again = caller.post(f"/deliveries/{dead['id']}/replay").json()
    assert (again["id"], again["state"], again["attempts"]) == (dead["id"], "waiting", 0)


def test_nothing_is_sent_again_to_an_endpoint_that_is_off(caller, endpoint, problem):
    actions.announce("case.decided", {"case": "1"})
    caller.ask("patch", f"/webhooks/{endpoint['id']}", {"enabled": False})
    problem(caller.post(f"/deliveries/{Delivery.objects.get().public_id}/replay"), 409, "wrong_state")


def test_the_logs_checkpoint_verifies_with_the_published_key(program, stranger):
    caller = program("audit:read")  # made with a line in the log
    signed = caller.get("/audit/checkpoint").json()["note"]
    found = note.open_checkpoint(signed, note.Verifier.parse(stranger.get("/keys").json()["audit"]))
    assert found.size == audit.verify().size == 1
