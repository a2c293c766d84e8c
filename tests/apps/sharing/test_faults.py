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
from staydown.exchange.testing import Fault, Partner, PartnerFault, Publisher
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


@pytest.mark.parametrize(
    "fault", [each for each in Fault if each not in {Fault.STALLED, Fault.BUSY}], ids=lambda each: each.name
)
def test_a_feed_that_fails_or_lies_changes_nothing_and_is_told(publisher, system, fault):
    keys = {"key": publisher.key, "verifier": publisher.verifier_key}
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


def test_what_a_feed_takes_back_is_confirmed_once_it_is_gone_here_and_not_while_a_person_is_asked(publisher, system):
    for seed in range(3, 33):
        publisher.add(published(seed))
    source = followed(system, "staydown", {"key": publisher.key, "verifier": publisher.verifier_key})
    assert follow(source, publisher.respond).caught_up
    held = publisher.size
    for seed in range(1, 33):
        publisher.withdraw(UUID(int=seed))
    assert follow(source, publisher.respond).question == "shrunk"
    assert (publisher.confirmed, len(live())) == (held, 32)
    sources.answer(source, "shrunk", yes=True, by=system)
    for _ in range(2):  # the second reading confirms what the first has done
        assert follow(source, publisher.respond).caught_up
    assert (publisher.confirmed, live()) == (publisher.size, set())


# StopNCII's protocol -------------------------------------------------------------------------------------------------


def hashes(partner, numbers):
    """Those of the records of these numbers."""
    return {partner.record(number).hash for number in numbers}


def caught_up(system, records, **changes):
    """A partner with so many records, and the source that has read them all."""
    partner = Partner("stopncii", records=records)
    source = followed(system, "stopncii", KEYS, **changes)
    assert follow(source, partner.respond).caught_up
    return partner, source


def test_a_withdrawal_arrives(system):
    partner, source = caught_up(system, 3)
    partner.withdraw(2)
    assert follow(source, partner.respond).changes.removed == 1
    assert live() == hashes(partner, (1, 3))
    assert partner.record(1).hash.hex() not in Record.objects.first().name


def test_malformed_records_are_counted_and_the_others_used(system):
    partner, source = Partner("stopncii", records=7), followed(system, "stopncii", KEYS)
    partner.fault = PartnerFault.MALFORMED
    follow(source, partner.respond)
    source.refresh_from_db()
    assert (live(), source.skipped) == (hashes(partner, (2, 3, 5, 6)), 3)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (PartnerFault.SILENT, "unreachable"),
        (PartnerFault.DOWN, "unreachable"),
        (PartnerFault.REFUSES, "source_denied"),
        (PartnerFault.WEB_PAGE, "source_answer"),
        (PartnerFault.WRONG_SHAPE, "source_answer"),
    ],
)
def test_who_does_not_answer_or_answers_something_else_changes_nothing(system, fault, error):
    partner, source = caught_up(system, 3)
    partner.fault = fault
    assert follow(source, partner.respond).error == error
    assert len(live()) == 3


def test_shrinking_by_half_asks(system):
    partner, source = caught_up(system, 100)
    for number in range(1, 51):
        partner.withdraw(number)
    assert follow(source, partner.respond).question == "shrunk"
    assert len(live()) == 100


def test_a_whole_list_that_lost_half_asks(system):
    partner, source = caught_up(system, 100)
    partner.fault = PartnerFault.SHRUNK
    assert follow(source, partner.respond, is_whole=True).question == "shrunk"
    assert len(live()) == 100


def test_going_back_asks(system):
    partner, source = caught_up(system, 2)
    partner.fault = PartnerFault.WENT_BACK
    assert follow(source, partner.respond).question == "back"
    assert len(live()) == 2


@pytest.mark.parametrize("fault", [PartnerFault.ENDLESS, PartnerFault.REPEATS])
def test_pages_for_ever_are_told_and_what_they_brought_is_kept(system, monkeypatch, fault):
    monkeypatch.setattr(following, "ENDLESS", 20)
    partner = Partner("stopncii", records=3, page=3)
    source = followed(system, "stopncii", KEYS, most_growth=3)
    partner.fault = fault
    assert follow(source, partner.respond).error == "source_endless"
    assert live() == hashes(partner, (1, 2, 3))


def test_pages_for_ever_with_nothing_on_them(system, monkeypatch):
    monkeypatch.setattr(exchange, "MOST_EMPTY", 20)
    partner, source = Partner("stopncii"), followed(system, "stopncii", KEYS)
    partner.fault = PartnerFault.ENDLESS
    assert follow(source, partner.respond).error == "source_endless"


def test_ten_million_records_stop_at_the_policy_and_ask(system):
    partner = Partner("stopncii", records=10_000_000, page=100)
    source = followed(system, "stopncii", KEYS, most_growth=250)
    assert follow(source, partner.respond).question == "growth"
    assert live() == hashes(partner, range(1, 201))
    assert Source.objects.get().records == 200


@pytest.mark.parametrize("body", [b"", b"[]", b"<html>", b'{"hashRecords": 1}', b'{"hashRecords": []}', b"[" * 10_000])
def test_what_is_no_answer_changes_nothing(system, body):
    _, source = caught_up(system, 2)
    assert follow(source, lambda request: httpx.Response(200, content=body)).error == "source_answer"
    assert len(live()) == 2
