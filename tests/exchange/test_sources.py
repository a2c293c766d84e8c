"""Following partners that speak each protocol over loopback: everything, in any pieces, and whatever they do wrong."""

from __future__ import annotations

import base64
import secrets
import threading
import tracemalloc
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from staydown.core.bank import Action, Entry
from staydown.core.hashing.algorithm import Algorithm, Hash
from staydown.errors import (
    ExchangeError,
    FeedError,
    ReplyRefusedError,
    SettingError,
    SourceAnswerError,
    SourceDeniedError,
    SourceEndlessError,
    SourceWentBackError,
    TooOftenError,
    UnreachableError,
)
from staydown.exchange.kinds import KINDS, kind
from staydown.exchange.source import Page, Signal, Source, Wire, begun_again, watched
from staydown.exchange.testing import Fault, Partner, PartnerFault, Publisher
from staydown.exchange.testing.wires import WIRES

CREDENTIALS = {
    "stopncii": {"fetch_key": "f", "subscription_key": "s", "feedback_key": "b"},
    "ncmec": {"username": "u", "password": "p"},
    "threatexchange": {"access_token": "1|secret", "privacy_group": "77"},
    "tech-against-terrorism": {"username": "u", "password": "p"},
}
LOOPBACK = Wire(allow_private=True)
every_wire = pytest.mark.parametrize("name", WIRES)
PUBLIC = {
    "threatexchange": {"privacy_group": "77"},
    "staydown": {"verifier": Publisher().verifier_key},
}
AT_ITS_PLACE = ("stopncii", "tech-against-terrorism")  # the others read a while again
Held = dict[str, Hash]


@contextmanager
def following(partner: Partner) -> Iterator[Source]:
    name = partner.wire.kind
    with partner.serving() as address, kind(name).opened(address, CREDENTIALS[name], LOOPBACK) as source:
        yield source


def apply(page: Page, held: Held) -> None:
    assert not {signal.id for signal in page.added} & set(page.removed)
    held.update({signal.id: signal.hash for signal in page.added})
    for name in page.removed:
        held.pop(name, None)


def read(source: Source, cursor: str | None, held: Held, *, pages: int = 10_000) -> str | None:
    """The place after at most so many pages; what they say is in ``held``."""
    for at, page in enumerate(watched(source.pages(cursor)), start=1):
        apply(page, held)
        cursor = page.cursor
        if at == pages:
            break
    return cursor


@every_wire
@pytest.mark.parametrize("algorithm", [Algorithm.PDQ, Algorithm.MD5])
def test_everything_is_read_and_then_what_is_new(name, algorithm):
    partner, held = Partner(name, records=25, page=10, algorithm=algorithm), {}
    with following(partner) as source:
        place = read(source, None, held)
        assert held.keys() == partner.live()
        assert held[partner.wire.name(partner.record(7))] == partner.record(7).hash
        partner.withdraw(3)
        asked = len(partner.asked)
        place = read(source, place, held)
        assert held.keys() == partner.live()
        assert len(partner.asked) - asked <= (2 if name in AT_ITS_PLACE else 4)
        assert read(source, place, held) == place or name == "ncmec"  # the clock goes on


@every_wire
def test_no_credential_is_in_an_address(name):
    partner = Partner(name, records=25, page=10)
    with following(partner) as source:
        read(source, None, {})
    assert len(partner.asked) >= 3
    assert not [each for each in partner.asked if "secret" in str(each.url) or "token=" in str(each.url)]


@settings(deadline=None, max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=st.lists(st.integers(1, 3), max_size=6), gone=st.sets(st.integers(1, 23), max_size=5), data=st.data())
@every_wire
def test_broken_off_anywhere_and_gone_on_with_it_is_the_same(name, parts, gone, data):
    """Also when a page was applied and its place was not kept, so that it comes twice."""
    partner, held, place = Partner(name, records=23, page=4), {}, None
    for number in sorted(gone):
        partner.withdraw(number)
    with following(partner) as source:
        for pages in parts:
            reached = read(source, place, held, pages=pages)
            place = reached if data.draw(st.booleans()) else place
        read(source, place, held)
    assert held.keys() == partner.live()


@every_wire
def test_places_that_are_forgotten_are_found_again(name):
    partner, held = Partner(name, records=25, page=10), {}
    with following(partner) as source:
        place = read(source, None, held, pages=1)
        partner.page, partner.fault = 100, PartnerFault.FORGETS_PLACES
        read(source, place, held)
    assert held.keys() == partner.live()


@pytest.mark.parametrize("name", ["stopncii", "ncmec", "threatexchange"])
def test_a_place_that_is_forgotten_within_a_reading_is_found_again(name):
    partner, held = Partner(name, records=45, page=10), {}
    with following(partner) as source:
        for at, page in enumerate(watched(source.pages(None))):
            apply(page, held)
            partner.fault = PartnerFault.FORGETS_PLACES if at == 2 else None
    assert held.keys() == partner.live()
    assert at == 3 + 5  # three pages, that it was forgotten, and the five of a whole reading


@every_wire
def test_a_source_that_wants_to_be_asked_later_says_when(name):
    partner = Partner(name, records=3)
    partner.fault = PartnerFault.BUSY
    with following(partner) as source, pytest.raises(TooOftenError) as caught:
        list(source.pages(None))
    assert caught.value.seconds == 7


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
def test_a_fault_has_its_name_and_nothing_is_lost_or_removed(name, fault):
    partner, held = Partner(name, records=25, page=10), {}
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


@pytest.mark.parametrize("name", ["stopncii", "threatexchange", "tech-against-terrorism"])
def test_a_list_that_went_back_is_not_believed(name):
    partner, held = Partner(name, records=25, page=10), {}
    with following(partner) as source:
        place = read(source, None, held)
        partner.fault = PartnerFault.WENT_BACK
        with pytest.raises(SourceWentBackError):
            read(source, place, held)
    assert held.keys() == partner.live()


@every_wire
def test_a_list_that_shrinks_without_a_word_removes_nothing(name):
    partner, held = Partner(name, records=24, page=10), {}
    with following(partner) as source:
        place = read(source, None, held)
        partner.fault = PartnerFault.SHRUNK
        read(source, place, held)
        assert held.keys() == partner.live()
        anew: Held = {}
        read(source, None, anew)
    assert len(anew) == 12


@every_wire
def test_damaged_records_are_counted_and_the_others_are_used(name):
    partner, held, skipped = Partner(name, records=9), {}, 0
    partner.fault = PartnerFault.MALFORMED
    with following(partner) as source:
        for page in source.pages(None):
            apply(page, held)
            skipped += page.skipped
    assert len(held) == 6
    assert skipped == 3


@every_wire
def test_a_very_long_list_takes_no_more_room_than_a_page(name):
    partner = Partner(name, records=10_000_000, page=200)
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


@pytest.mark.parametrize("name", SAID)
def test_what_became_of_a_match_is_told(name):
    partner = Partner(name, records=2)
    record = partner.record(2)
    with following(partner) as source:
        for opinion in ("disputed", "confirmed", "reviewing"):
            source.say(partner.wire.name(record), record.hash, opinion)
    disputed, confirmed, *others = partner.said
    assert len(others) == (1 if name == "stopncii" else 0)  # the others have no word for it
    path, body = SAID[name]
    assert disputed.url.path.endswith(path)
    assert body in disputed.content
    assert body not in confirmed.content
    assert ("x-functions-key", "b") in disputed.headers.items() or name != "stopncii"


@pytest.mark.parametrize("kind", [kind for kind in KINDS.values() if not kind.listens], ids=lambda kind: kind.name)
def test_who_takes_no_opinions_says_so(kind, tmp_path):
    keys = {asked.name: "1" for asked in kind.asks if asked.required} | PUBLIC.get(kind.name, {})
    address = str(tmp_path / "list") if kind.name == "list" else "https://list.example"
    with kind.opened(address, keys, Wire(lists=tmp_path)) as source, pytest.raises(ReplyRefusedError):
        source.say("1", Hash(Algorithm.PDQ, bytes(32)), "confirmed")


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_each_kind_says_what_it_needs_and_refuses_less(kind):
    asks = {asked.name: "1" for asked in kind.asks if asked.required}
    for asked in kind.asks:
        if asked.required:
            with pytest.raises(SettingError, match=asked.label):
                kind.check("https://list.example", {**asks, asked.name: ""}, Wire())
    with pytest.raises(SettingError, match="other"):
        kind.check("https://list.example", {**asks, "other": "x"}, Wire())
    with pytest.raises(SettingError):
        kind.check("ftp://x", asks | PUBLIC.get(kind.name, {}), Wire())


def test_a_kind_of_no_name_is_refused():
    with pytest.raises(SettingError, match="kind"):
        kind("nothing")


@pytest.mark.parametrize("name", [name for name in WIRES if name != "tech-against-terrorism"])
@pytest.mark.parametrize("cursor", ["", "[]", "{", '{"since":"x"}', '["x", 1]', "[" * 9000])
def test_a_cursor_of_another_kind_is_the_start_so_nothing_is_missed(name, cursor):
    partner, held = Partner(name, records=5), {}
    with following(partner) as source:
        read(source, cursor, held)
    assert held.keys() == partner.live()


def test_a_cursor_of_another_list_by_time_is_refused():
    with following(Partner("tech-against-terrorism", records=5)) as source, pytest.raises(SourceAnswerError):
        read(source, "no time", {})


def page_of(number: int, cursor: int) -> Page:
    return Page([Signal(str(number), Hash(Algorithm.PDQ, bytes(32)))], (), str(cursor), more=True)


def test_the_same_records_at_ever_new_places_come_to_an_end():
    with pytest.raises(SourceEndlessError):
        list(watched(page_of(at % 7, at) for at in range(5000)))


def test_what_is_read_again_after_a_forgotten_place_is_no_repetition():
    once = [page_of(at, at) for at in range(200)]
    assert len(list(watched([*once, begun_again("0"), *once]))) == 401


def test_a_source_that_forgets_every_place_comes_to_an_end():
    with pytest.raises(SourceEndlessError):
        list(watched(page for at in range(100) for page in (page_of(at, at), begun_again("0"))))


def test_pages_that_bring_nothing_come_to_an_end():
    with pytest.raises(SourceEndlessError):
        list(watched(Page((), (), str(at), more=True) for at in range(5000)))


class TestStaydown:
    """The signed feed of another house."""

    @contextmanager
    def following(self, publisher: Publisher) -> Iterator[Source]:
        keys = {"key": publisher.key, "verifier": publisher.verifier_key}
        with (
            publisher.serving() as address,
            kind("staydown").opened(address, keys, LOOPBACK) as source,
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

    def test_a_reading_confirms_what_was_applied_before_it(self):
        publisher, held = Publisher(), {}
        for _ in range(3):
            publisher.add(self.entry())
        with self.following(publisher) as source:
            place = read(source, None, held)
            assert publisher.confirmed == 0
            publisher.add(self.entry())
            place = read(source, place, held)
            assert publisher.confirmed == 3
            read(source, place, held)
        assert publisher.confirmed == 4

    def test_at_its_end_the_next_line_is_waited_for(self):
        publisher, held = Publisher(), {}
        keys = {"key": publisher.key, "verifier": publisher.verifier_key}
        publisher.add(first := self.entry())
        wire = Wire(allow_private=True, wait=30.0)
        with publisher.serving() as address, kind("staydown").opened(address, keys, wire) as source:
            place = read(source, None, held)  # there are lines, so nothing is waited for
            withdrawn = threading.Timer(0.2, publisher.withdraw, [first.id])
            withdrawn.start()
            read(source, place, held)
            withdrawn.join()
        assert held == {}
        assert publisher.pulls == 4  # of two readings: what is new, and that there is no more

    def test_who_learns_to_read_another_algorithm_begins_again(self):
        publisher, held = Publisher(), {}
        publisher.add(Entry(uuid.uuid4(), "house", Hash(Algorithm.MD5, secrets.token_bytes(16)), 0, Action.BLOCK))
        publisher.add(self.entry())
        with self.following(publisher) as source:
            place = read(source, None, held)
            algorithms, _, text = place.partition(" ")
            assert algorithms.split(",") == list(Algorithm)
            for older in (text, f"pdq,sha256 {text}"):
                again = {}
                read(source, older, again)
                assert again == held
            read(source, place, nothing := {})
            assert (len(held), nothing) == (2, {})

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
        with self.following(Publisher()) as source, pytest.raises(FeedError):
            next(source.pages(cursor))
