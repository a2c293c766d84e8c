"""Sources that misbehave, through their real clients: nothing lost, nothing wrongly removed, the operator told."""

from __future__ import annotations

from uuid import UUID

import httpx
import pytest
from django.utils import timezone

from staydown.apps.banks import actions as banks
from staydown.apps.banks.models import Entry
from staydown.apps.sharing import following, opening, sources, standing
from staydown.apps.sharing.source_models import Record, Source
from staydown.core.bank import Action
from staydown.core.bank import Entry as Published
from staydown.exchange import source as exchange
from staydown.exchange.kinds import KINDS
from staydown.exchange.source import Wire
from staydown.exchange.testing import Fault, Publisher
from tests.apps.sharing.scripted import KEYS
from tests.factories import pdq

pytestmark = pytest.mark.django_db


def through(answer):
    """Opens a source whose calls ``answer`` answers."""
    wire = Wire(allow_private=True, transport=httpx.MockTransport(answer))
    return lambda row: KINDS[row.kind].opened(row.address, opening.credentials_of(row), wire)


def followed(system, kind, credentials, **changes):
    policy = sources.Policy(banks.open_bank("shared", by=system), **changes)
    address = f"https://theirs.test{'/v1' if kind == 'stopncii' else ''}"
    return sources.add_source("theirs", kind, address, credentials, policy, by=system)


def follow(source, answer, **how):
    return following.follow(source, make=through(answer), is_due=False, **how)


def live():
    return {entry.hash for entry in Entry.objects.filter(state__in=["pending", "enforced"])}


# The feed of another staydown ----------------------------------------------------------------------------------------


@pytest.fixture
def publisher():
    publisher = Publisher()
    for seed in (1, 2):
        publisher.add(published(seed))
    return publisher


def published(seed):
    return Published(UUID(int=seed), "theirs", pdq(seed), 31, Action.BLOCK)


@pytest.mark.parametrize("fault", [fault for fault in Fault if fault is not Fault.STALLED], ids=lambda each: each.name)
def test_a_feed_that_fails_or_lies_changes_nothing_and_is_told(publisher, system, fault):
    keys = {"key": publisher.key, "verifier_key": publisher.verifier_key}
    source = followed(system, "staydown", keys)
    assert follow(source, publisher.respond).caught_up
    publisher.add(published(3))
    publisher.fault = fault
    done = follow(source, publisher.respond)
    assert (done.caught_up, live()) == (False, {pdq(1), pdq(2)})
    source.refresh_from_db()
    assert done.error == source.last_error != ""
    assert standing.of(source, timezone.now()) == standing.Standing.FAILS
    publisher.fault = None
    publisher.withdraw(UUID(int=1))
    assert follow(source, publisher.respond).caught_up
    assert live() == {pdq(2), pdq(3)}


# StopNCII's protocol -------------------------------------------------------------------------------------------------


class Helpline:
    """Answers FetchHashes: one page for each list in ``pages``."""

    def __init__(self, *pages):
        self.pages = list(pages)
        self.at = 1000
        self.forever = self.silent = False
        self.said = []

    def __call__(self, request):
        if self.silent:
            raise httpx.ConnectTimeout("silence")
        if request.method == "POST":
            self.said.append(request.content)
            return httpx.Response(200, json={})
        number = int(request.url.params.get("nextPageToken", "0"))
        records = self.pages[min(number, len(self.pages) - 1)]
        more = self.forever or number + 1 < len(self.pages)
        following = str(number + 1) if more else None
        told = {"count": len(records), "hashRecords": records, "hasMoreRecords": more, "nextPageToken": following}
        return httpx.Response(200, json={**told, "nextSetTimestamp": self.at})


def record(seed, status="Active", **changes):
    whole = {"lastModtimestamp": 2000, "signalType": "ImagePDQ", "hashValue": pdq(seed).hex(), "hashStatus": status}
    return {**whole, "caseNumbers": {}, **changes}


def records(count, status="Active"):
    return [record(seed, status) for seed in range(count)]


def test_a_withdrawal_arrives(system):
    source, helpline = followed(system, "stopncii", KEYS), Helpline(records(3))
    follow(source, helpline)
    helpline.pages = [[record(1, "Withdrawn")]]
    assert follow(source, helpline).changes.removed == 1
    assert live() == {pdq(0), pdq(2)}
    assert pdq(0).hex() not in Record.objects.first().name


def test_malformed_records_are_counted_and_the_others_used(system):
    source = followed(system, "stopncii", KEYS)
    broken = [None, 7, {}, record(1, hashValue="zz"), record(2, hashValue=None), record(3, "What?"), record(4)]
    follow(source, Helpline(broken))
    source.refresh_from_db()
    assert (live(), source.skipped) == ({pdq(4)}, 6)


def test_silence_keeps_everything(system):
    source, helpline = followed(system, "stopncii", KEYS), Helpline(records(3))
    follow(source, helpline)
    helpline.silent = True
    assert follow(source, helpline).error == "unreachable"
    assert len(live()) == 3


def test_shrinking_by_half_asks(system):
    source, helpline = followed(system, "stopncii", KEYS), Helpline(records(100))
    follow(source, helpline)
    helpline.pages = [records(50, "Deleted")]
    assert follow(source, helpline).question == "shrunk"
    assert len(live()) == 100


def test_a_whole_list_that_lost_half_asks(system):
    source, helpline = followed(system, "stopncii", KEYS), Helpline(records(100))
    follow(source, helpline)
    helpline.pages = [records(50)]
    assert follow(source, helpline, is_whole=True).question == "shrunk"
    assert len(live()) == 100


def test_going_back_asks(system):
    source, helpline = followed(system, "stopncii", KEYS), Helpline(records(2))
    follow(source, helpline)
    helpline.at, helpline.pages = 500, [[]]
    assert follow(source, helpline).question == "back"
    assert len(live()) == 2


def test_pages_for_ever_are_told_and_what_they_brought_is_kept(system, monkeypatch):
    monkeypatch.setattr(following, "ENDLESS", 20)
    source, helpline = followed(system, "stopncii", KEYS, most_growth=3), Helpline(records(3))
    helpline.forever = True
    assert follow(source, helpline).error == "source_endless"
    assert len(live()) == 3


def test_pages_for_ever_with_nothing_on_them(system, monkeypatch):
    monkeypatch.setattr(exchange, "MOST_EMPTY", 20)
    source, helpline = followed(system, "stopncii", KEYS), Helpline([])
    helpline.forever = True
    assert follow(source, helpline).error == "source_endless"


def test_ten_million_records_stop_at_the_policy_and_ask(system):
    source, helpline = followed(system, "stopncii", KEYS, most_growth=250), Helpline(records(100))
    pages = iter(range(10_000_000 // 100))

    def endless(request):
        at = next(pages)
        helpline.pages = [[record(seed) for seed in range(at * 100, at * 100 + 100)]]
        helpline.forever = True
        return httpx.Response(200, json={**helpline(request).json(), "nextPageToken": str(at)})

    assert follow(source, endless).question == "growth"
    assert len(live()) == 200
    assert Source.objects.get().records == 200


@pytest.mark.parametrize("body", [b"", b"[]", b"<html>", b'{"hashRecords": 1}', b'{"hashRecords": []}', b"[" * 10_000])
def test_what_is_no_answer_changes_nothing(system, body):
    source = followed(system, "stopncii", KEYS)
    follow(source, Helpline(records(2)))
    assert follow(source, lambda request: httpx.Response(200, content=body)).error == "source_answer"
    assert len(live()) == 2
