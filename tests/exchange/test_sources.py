"""Following partners that speak each protocol over loopback: everything, in any pieces, and whatever they do wrong."""

from __future__ import annotations

import base64
import secrets
import tracemalloc
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from staydown.core.bank import Action, Entry
from staydown.core.hashing.algorithm import Algorithm, Hash
from staydown.errors import (
    CursorError,
    ExchangeError,
    FeedError,
    ReplyRefusedError,
    SettingError,
    SourceAnswerError,
    SourceDeafError,
    SourceDeniedError,
    SourceEndlessError,
    SourceWentBackError,
    UnreachableError,
)
from staydown.exchange.guarded import Rules
from staydown.exchange.kinds import KINDS, opened
from staydown.exchange.source import Given, Opinion, Page, Source, watched
from staydown.exchange.testing import Fault, Partner, PartnerFault, Publisher
from staydown.exchange.testing.wires import WIRES

CREDENTIALS = {
    "stopncii": {"fetch_key": "f", "subscription_key": "s", "feedback_key": "b"},
    "ncmec": {"username": "u", "password": "p"},
    "threatexchange": {"app_token": "1|secret", "privacy_group": "77"},
    "tat": {"username": "u", "password": "p"},
}
LOOPBACK = Rules(allow_private=True)
every_wire = pytest.mark.parametrize("kind", WIRES)
Held = dict[str, Hash]


@contextmanager
def following(partner: Partner) -> Iterator[Source]:
    kind = partner.wire.kind
    with partner.serving() as address, closing(opened(kind, Given(address, CREDENTIALS[kind], LOOPBACK))) as source:
        yield source


def apply(page: Page, held: Held) -> None:
    assert not {signal.id for signal in page.added} & set(page.removed)
    held.update({signal.id: signal.hash for signal in page.added})
    for name in page.removed:
        held.pop(name, None)


def read(source: Source, cursor: str | None, held: Held, *, pages: int = 10_000) -> str | None:
    """The place after at most so many pages; what they say is in ``held``."""
    for at, page in enumerate(source.pages(cursor), start=1):
        apply(page, held)
        cursor = page.cursor
        if at == pages:
            break
    return cursor


@every_wire
def test_everything_is_read_and_then_what_is_new(kind):
    partner, held = Partner(kind, records=25, page=10), {}
    with following(partner) as source:
        place = read(source, None, held)
        assert held.keys() == partner.live()
        assert held[partner.wire.name(partner.record(7))] == partner.record(7).hash
        partner.withdraw(3)
        asked = len(partner.asked)
        place = read(source, place, held)
        assert held.keys() == partner.live()
        assert len(partner.asked) - asked <= (3 if kind == "ncmec" else 2)
        assert read(source, place, held) == place or kind == "ncmec"  # the clock goes on


@every_wire
def test_no_credential_is_in_an_address(kind):
    partner = Partner(kind, records=25, page=10)
    with following(partner) as source:
        read(source, None, {})
    assert len(partner.asked) >= 3
    assert not [each for each in partner.asked if "secret" in str(each.url) or "token=" in str(each.url)]


@settings(deadline=None, max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=st.lists(st.integers(1, 3), max_size=6), gone=st.sets(st.integers(1, 23), max_size=5), data=st.data())
@every_wire
def test_broken_off_anywhere_and_gone_on_with_it_is_the_same(kind, parts, gone, data):
    """Also when a page was applied and its place was not kept, so that it comes twice."""
    partner, held, place = Partner(kind, records=23, page=4), {}, None
    for number in sorted(gone):
        partner.withdraw(number)
    with following(partner) as source:
        for pages in parts:
            reached = read(source, place, held, pages=pages)
            place = reached if data.draw(st.booleans()) else place
        read(source, place, held)
    assert held.keys() == partner.live()


@every_wire
def test_places_that_are_forgotten_are_found_again(kind):
    partner, held = Partner(kind, records=25, page=10), {}
    with following(partner) as source:
        place = read(source, None, held, pages=1)
        partner.page, partner.fault = 100, PartnerFault.FORGETS_PLACES
        read(source, place, held)
    assert held.keys() == partner.live()


FAILURES = {
    PartnerFault.SILENT: UnreachableError,
    PartnerFault.DOWN: UnreachableError,
    PartnerFault.REFUSES: SourceDeniedError,
    PartnerFault.WEB_PAGE: SourceAnswerError,
    PartnerFault.WRONG_SHAPE: (SourceAnswerError, SourceDeniedError),
    PartnerFault.TOO_LARGE: ReplyRefusedError,
    PartnerFault.REPEATS: SourceEndlessError,
    PartnerFault.ENDLESS: SourceEndlessError,
}


@every_wire
@pytest.mark.parametrize("fault", FAILURES, ids=lambda fault: fault.name)
def test_a_fault_has_its_name_and_nothing_is_lost_or_removed(kind, fault):
    partner, held = Partner(kind, records=25, page=10), {}
    with following(partner) as source:
        place = read(source, None, held, pages=1)
        before = dict(held)
        partner.fault = fault
        with pytest.raises(FAILURES[fault]) as caught:
            read(source, place, held)
        assert isinstance(caught.value, ExchangeError)
        assert before.items() <= held.items()
        partner.fault = None
        read(source, place, held)
    assert held.keys() == partner.live()


@pytest.mark.parametrize("kind", ["stopncii", "threatexchange", "tat"])
def test_a_list_that_went_back_is_not_believed(kind):
    partner, held = Partner(kind, records=25, page=10), {}
    with following(partner) as source:
        place = read(source, None, held)
        partner.fault = PartnerFault.WENT_BACK
        with pytest.raises(SourceWentBackError):
            read(source, place, held)
    assert held.keys() == partner.live()


@every_wire
def test_a_list_that_shrinks_without_a_word_removes_nothing(kind):
    partner, held = Partner(kind, records=24, page=10), {}
    with following(partner) as source:
        place = read(source, None, held)
        partner.fault = PartnerFault.SHRUNK
        read(source, place, held)
        assert held.keys() == partner.live()
        anew: Held = {}
        read(source, None, anew)
    assert len(anew) == 12


@every_wire
def test_damaged_records_are_counted_and_the_others_are_used(kind):
    partner, held, skipped = Partner(kind, records=9), {}, []
    partner.fault = PartnerFault.MALFORMED
    with following(partner) as source:
        for page in source.pages(None):
            apply(page, held)
            skipped += page.skipped
    assert len(held) == 6
    assert [each.code for each in skipped] == ["bad_record"] * 3
    assert skipped[1].place.endswith("[3]")


@every_wire
def test_a_very_long_list_takes_no_more_room_than_a_page(kind):
    partner = Partner(kind, records=10_000_000, page=200)
    with following(partner) as source:
        pages = source.pages(None)
        for _ in range(3):
            next(pages)
        tracemalloc.start()
        count = sum(len(next(pages).added) for _ in range(5))
        partner.asked.clear()
        kept, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert count == 1000
    assert kept < 2_000_000


SAID = {
    "stopncii": ("/SubmitFeedback", b'"feedbackValue":"NotBlocked"'),
    "ncmec": ("/PDQ/feedback", b"<negative><reasonIds><guid>6f1d9d4c"),
    "threatexchange": ("/91", b"reactions=DISAGREE_WITH_TAGS"),
}


@pytest.mark.parametrize("kind", SAID)
def test_what_became_of_a_match_is_told(kind):
    partner = Partner(kind, records=2)
    record = partner.record(2)
    with following(partner) as source:
        source.say(partner.wire.name(record), record.hash, Opinion.DISPUTED)
        source.say(partner.wire.name(record), record.hash, Opinion.CONFIRMED)
        if Opinion.REVIEWING not in KINDS[kind].opinions:
            with pytest.raises(SourceDeafError):
                source.say(partner.wire.name(record), record.hash, Opinion.REVIEWING)
    disputed, confirmed = partner.said[:2]
    path, body = SAID[kind]
    assert disputed.url.path.endswith(path)
    assert body in disputed.content
    assert body not in confirmed.content
    assert ("x-functions-key", "b") in disputed.headers.items() or kind != "stopncii"


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_says_what_it_needs_and_refuses_less(kind):
    asks = {asked.name: "1" for asked in KINDS[kind].asks if asked.required}
    for name in asks:
        with pytest.raises(SettingError, match=name):
            opened(kind, Given("https://list.example", {**asks, name: ""}))
    with pytest.raises(SettingError, match="other"):
        opened(kind, Given("https://list.example", {**asks, "other": "x"}))
    with pytest.raises(SettingError):
        opened(kind, Given("ftp://x", asks))
    with pytest.raises(SettingError, match="kind"):
        opened("nothing", Given("https://list.example"))


@every_wire
@pytest.mark.parametrize("cursor", ["", "[]", "{", '{"since":"x"}', '{"other":1}', "[" * 9000])
def test_a_cursor_of_another_kind_is_refused(kind, cursor):
    with closing(opened(kind, Given("https://list.example", CREDENTIALS[kind]))) as source, pytest.raises(CursorError):
        next(source.pages(cursor))


def test_pages_that_bring_nothing_come_to_an_end():
    with pytest.raises(SourceEndlessError):
        list(watched(Page((), (), str(at), more=True) for at in range(5000)))


class TestStaydown:
    """The signed feed of another house."""

    @contextmanager
    def following(self, publisher: Publisher) -> Iterator[Source]:
        keys = {"key": publisher.key, "verifier_key": publisher.verifier_key}
        with (
            publisher.serving() as address,
            closing(opened("staydown", Given(address, keys, LOOPBACK))) as source,
        ):
            yield source

    def entry(self) -> Entry:
        return Entry(uuid.uuid4(), "house", Hash(Algorithm.PDQ, secrets.token_bytes(32)), 31, Action.BLOCK)

    def test_a_withdrawal_there_is_one_here(self):
        publisher, held, entries = Publisher(), {}, [self.entry() for _ in range(3)]
        for each in entries:
            publisher.add(each)
        with self.following(publisher) as source:
            place = read(source, None, held)
            assert held == {str(each.id): each.hash for each in entries}
            publisher.withdraw(entries[1].id)
            read(source, place, held)
        assert held.keys() == {str(entries[0].id), str(entries[2].id)}

    @pytest.mark.parametrize("fault", [Fault.WRONG_KEY, Fault.GAP, Fault.REWRITTEN, Fault.DOWN, Fault.CUT_OFF])
    def test_a_lie_changes_nothing(self, fault):
        publisher, held = Publisher(), {}
        publisher.add(self.entry())
        with self.following(publisher) as source:
            place = read(source, None, held)
            before = dict(held)
            publisher.add(self.entry())
            publisher.fault = fault
            with pytest.raises(FeedError):
                read(source, place, held)
        assert held == before

    @pytest.mark.parametrize("cursor", ["x", base64.b64encode(b"no cursor").decode(), "{}"])
    def test_a_cursor_of_another_kind_is_refused(self, cursor):
        with self.following(Publisher()) as source, pytest.raises(CursorError):
            next(source.pages(cursor))
