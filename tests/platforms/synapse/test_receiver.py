"""The address for webhooks: a genuine one leads to a look at what waits, and nothing else does anything."""

from __future__ import annotations

import asyncio
import json

import pytest

from staydown.exchange.webhooks import SigningKey, headers
from staydown.platforms.synapse.receiver import LONGEST, build
from tests.screening.web import Web

KEY, OTHER = SigningKey(bytes(32)), SigningKey(bytes([1]) * 32)
NOW = 1_800_000_000
BODY = json.dumps({"type": "action.requested", "data": {"action": "1", "case": "2"}}).encode()


class Looks:
    """In the place of the rounds: counts how often it was woken."""

    def __init__(self) -> None:
        self.woken = 0
        self.fault: str | None = None
        self.is_running = False

    def start(self) -> None:
        """Begin."""
        self.is_running = True

    def end(self) -> None:
        """Stop."""
        self.is_running = False

    def wake(self) -> None:
        """Count."""
        self.woken += 1


@pytest.fixture
def looks() -> Looks:
    return Looks()


@pytest.fixture
def web(looks):
    return Web(build(looks, [KEY.public], lambda: NOW), {})


def sent(body: bytes = BODY, key: SigningKey = KEY, at: int = NOW) -> dict:
    return {"content": body, "headers": headers("msg_1", at, body, key)}


def test_a_genuine_one_wakes(web, looks):
    assert web.post("/webhook", **sent()).status_code == 204
    assert looks.woken == 1


@pytest.mark.parametrize(
    "given",
    [{"content": BODY}, sent(key=OTHER), sent(at=NOW - 301), {**sent(), "content": BODY + b" "}],
    ids=["unsigned", "of another key", "a recording", "altered"],
)
def test_one_that_is_not_genuine_does_nothing_and_is_told_nothing(web, looks, given):
    reply = web.post("/webhook", **given)
    assert (reply.status_code, reply.json()["code"], looks.woken) == (401, "bad_webhook", 0)


@pytest.mark.parametrize("body", [b'{"type": "entry.enforced"}', b"[]", b"no json", b"[" * 3000])
def test_other_events_and_odd_bodies_are_taken_and_left(web, looks, body):
    assert web.post("/webhook", **sent(body)).status_code == 204
    assert looks.woken == 0


def test_one_that_is_too_long_is_refused_before_it_is_checked(web, looks):
    assert web.post("/webhook", **sent(b" " * (LONGEST + 1))).status_code == 413
    assert looks.woken == 0


def test_ready_is_whether_decisions_are_carried_out(web, looks):
    assert web.get("/readyz").status_code == 200
    looks.fault = "unreachable"
    reply = web.get("/readyz")
    assert (reply.status_code, reply.json()) == (503, {"ready": False, "fault": "unreachable"})
    assert web.get("/livez").status_code == 200


def test_without_a_key_no_webhook_is_genuine(looks):
    assert Web(build(looks, [], lambda: NOW), {}).post("/webhook", **sent()).status_code == 401


def test_the_rounds_begin_and_end_with_the_server(looks):
    app = build(looks, [])

    async def serve() -> None:
        async with app.router.lifespan_context(app):
            assert looks.is_running

    asyncio.run(serve())
    assert not looks.is_running
