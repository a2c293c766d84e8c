"""A staydown follows a staydown by the doors for other people's clients."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import pytest
from django.test import Client

from staydown.apps.banks import actions as banks
from staydown.apps.banks.models import Bank, Feedback
from staydown.exchange import ncmec
from staydown.exchange.kinds import KINDS as ALL
from staydown.exchange.source import Source, Wire, watched
from tests import factories as make

KINDS = ["stopncii", "ncmec"]


def respond(request: httpx.Request) -> httpx.Response:
    """What the house answers, without a socket."""
    headers = {name: value for name, value in request.headers.items() if name not in ("content-length", "host")}
    kind = headers.pop("content-type", "application/json")
    target = request.url.raw_path.decode()
    answer = Client(raise_request_exception=False).generic(
        request.method, target, request.read(), content_type=kind, headers=headers
    )
    return httpx.Response(answer.status_code, content=answer.content)


def follower(kind: str, key: str) -> Source:
    wire = Wire(transport=httpx.MockTransport(respond))
    if kind == "ncmec":  # the second that is not over yet is outside of its window, so the tests ask a minute later
        keys = {"username": "partner", "password": key}
        return ncmec.Client(
            "https://house.example/ncmec", keys, wire, now=lambda: datetime.now(UTC) + timedelta(minutes=1)
        )
    keys = {"fetch_key": key, "subscription_key": key, "feedback_key": key}
    return ALL[kind].opened("https://house.example/stopncii/v1", keys, wire)


def read(source: Source, cursor: str | None = None) -> tuple[dict[str, str], set[str], str | None]:
    added, removed = {}, set()
    for page in watched(source.pages(cursor)):
        added.update({signal.hash.hex(): signal.id for signal in page.added})
        removed |= set(page.removed)
        cursor = page.cursor
        assert not page.skipped
    return added, removed, cursor


@pytest.fixture
def house(db, system) -> Bank:
    bank = banks.open_bank("house", by=system)
    made = banks.add_entries(bank, [(make.pdq(n), None) for n in range(5)], source="import", by=system)
    banks.enforce_all(made, by=system)
    return bank


@pytest.fixture
def key() -> str:
    return make.api_key("feed:read")[1]


@pytest.mark.parametrize("kind", KINDS)
def test_everything_confirmed_arrives(house, key, kind):
    with follower(kind, key) as source:
        added, removed, place = read(source)
        assert added.keys() == {make.pdq(n).hex() for n in range(5)}
        assert not removed
        again, _, _ = read(source, place)
        assert again.items() <= added.items()


def test_a_withdrawal_is_told_by_ncmecs_protocol(house, key, system):
    with follower("ncmec", key) as source:
        added, _, place = read(source)
        entry = house.entries.order_by("pk").first()
        banks.withdraw(entry, by=system)
        _, removed, _ = read(source)
    assert removed == {f"1-{entry.public_id}"}
    assert removed < set(added.values())
    assert place


def test_a_withdrawal_is_absent_from_the_whole_list_by_stopnciis(house, key, system):
    with follower("stopncii", key) as source:
        banks.withdraw(house.entries.order_by("pk").first(), by=system)
        added, _, _ = read(source)
    assert len(added) == 4


@pytest.mark.parametrize("kind", KINDS)
def test_feedback_arrives(house, key, kind):
    with follower(kind, key) as source:
        added, _, _ = read(source)
        source.say(added[make.pdq(2).hex()], make.pdq(2), "disputed")
        source.say(added[make.pdq(3).hex()], make.pdq(3), "confirmed")
    assert sorted(Feedback.objects.values_list("opinion", flat=True)) == ["confirmed", "disputed"]
