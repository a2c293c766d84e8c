"""Hits: reported once each whatever happens on the way, none lost while the process lives, and memory bounded."""

from __future__ import annotations

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from staydown.core.bank import Action
from staydown.core.hashing.algorithm import Algorithm, Hash
from staydown.exchange.testing import Fault, Publisher
from staydown.screening.hits import IDLE, LINGER, Hit, Hits
from staydown.screening.settings import Settings
from tests.screening.nodes import Stepped, entry, near, pdq


def hit(of: uuid.UUID | None = None, *, ref: str = "", action: Action = Action.BLOCK) -> Hit:
    return Hit(str(uuid.uuid4()), of or uuid.uuid4(), action, ref, "")


@pytest.fixture
def publisher() -> Publisher:
    return Publisher()


def hits_to(publisher: Publisher, **settings: int) -> Hits:
    return Hits(publisher.client(), Settings(**settings))


def test_a_hit_is_reported_with_what_the_platform_calls_it():
    stepped = Stepped().sync()
    stepped.publisher.add(one := entry(action=Action.REVIEW))
    stepped.sync()
    reply = stepped.screen(one.hash, content_ref="post/1", preview_url="https://platform.test/p/1").json()
    assert stepped.node.hits.waiting == 1
    assert stepped.node.hits.step() == LINGER
    assert stepped.publisher.hits == {
        reply["hit_id"]: {
            "id": reply["hit_id"],
            "entry": str(one.id),
            "action": "review",
            "count": 1,
            "content_ref": "post/1",
            "preview_url": "https://platform.test/p/1",
        }
    }
    assert stepped.node.hits.waiting == 0
    assert stepped.node.hits.step() == IDLE
    assert stepped.publisher.posts == 1


def test_references_that_were_not_given_are_not_sent():
    stepped = Stepped().sync()
    stepped.publisher.add(one := entry())
    stepped.sync()
    stepped.screen(one.hash)
    stepped.node.hits.step()
    assert set(next(iter(stepped.publisher.hits.values()))) == {"id", "entry", "action", "count"}


def test_a_hit_on_several_entries_is_told_of_each_and_the_strictest_is_named():
    stepped = Stepped().sync()
    value = pdq()
    stepped.publisher.add(milder := entry(value, action=Action.REVIEW))
    stepped.publisher.add(stricter := entry(near(value, 9)))
    stepped.sync()
    named = stepped.screen(value).json()["hit_id"]
    stepped.node.hits.step()
    assert stepped.publisher.hits[named]["entry"] == str(stricter.id)
    told = {told["entry"]: told["action"] for told in stepped.publisher.hits.values()}
    assert told == {str(milder.id): "review", str(stricter.id): "block"}


def test_a_file_that_is_banked_twice_is_one_hit():
    """By its picture and by its bytes: one upload must not count twice on its case."""
    stepped = Stepped().sync()
    picture, file = pdq(), Hash(Algorithm.SHA256, bytes(range(32)))
    stepped.publisher.add(by_picture := entry(picture))
    stepped.publisher.add(entry(file))
    stepped.sync()
    stepped.screen(picture, file)
    stepped.node.hits.step()
    assert [told["entry"] for told in stepped.publisher.hits.values()] == [str(by_picture.id)]


def test_a_file_that_is_known_by_both_hashes_of_its_bytes_is_one_hit():
    stepped = Stepped().sync()
    file, listed = Hash(Algorithm.SHA256, bytes(range(32))), Hash(Algorithm.MD5, bytes(range(16)))
    stepped.publisher.add(entry(listed, action=Action.REVIEW))
    stepped.publisher.add(by_sha256 := entry(file, action=Action.REVIEW))
    stepped.sync()
    stepped.screen(file, listed)
    stepped.node.hits.step()
    assert [told["entry"] for told in stepped.publisher.hits.values()] == [str(by_sha256.id)]


def test_bytes_that_decide_are_told_although_the_picture_is_known_too():
    stepped = Stepped().sync()
    picture, file = pdq(), Hash(Algorithm.SHA256, bytes(range(32)))
    stepped.publisher.add(entry(picture, action=Action.REVIEW))
    stepped.publisher.add(by_bytes := entry(file))
    stepped.sync()
    reply = stepped.screen(picture, file).json()
    stepped.node.hits.step()
    assert reply["action"] == "block"
    assert stepped.publisher.hits[reply["hit_id"]]["entry"] == str(by_bytes.id)
    assert len(stepped.publisher.hits) == 2


@pytest.mark.parametrize("fault", [Fault.DOWN, Fault.KEY_REFUSED])
def test_hits_wait_while_the_publisher_is_away(publisher, fault):
    hits = hits_to(publisher)
    publisher.hit_fault = fault
    for _ in range(3):
        hits.add(hit())
    assert 0 < hits.step() <= 0.25
    assert hits.waiting == 3
    publisher.hit_fault = None
    hits.step()
    assert hits.waiting == 0
    assert publisher.total_of_hits() == 3


def test_an_answer_that_was_lost_counts_nothing_twice(publisher):
    """The publisher took the hits and the node does not know: it sends the same ids again."""
    hits = hits_to(publisher)
    publisher.hit_fault = Fault.DROPPED
    one = hit()
    hits.add(one)
    hits.step()
    assert publisher.total_of_hits() == 1
    hits.add(hit(one.entry))
    publisher.hit_fault = None
    hits.step()
    assert publisher.total_of_hits() == 2
    assert one.id in publisher.hits


def test_a_wave_goes_out_in_few_reports(publisher):
    hits = hits_to(publisher, hits_batch=100)
    of = uuid.uuid4()
    for number in range(1000):
        hits.add(hit(of, ref=f"post/{number}"))
    for _ in range(10):
        hits.step()
    assert hits.waiting == 0
    assert publisher.posts == 10
    assert publisher.total_of_hits() == 1000
    assert {told["content_ref"] for told in publisher.hits.values()} == {f"post/{number}" for number in range(1000)}


def test_beyond_its_room_it_counts_instead_of_keeping(publisher):
    hits = hits_to(publisher, hits_room=10)
    publisher.hit_fault = Fault.DOWN
    first, second = uuid.uuid4(), uuid.uuid4()
    for _ in range(500):
        hits.add(hit(first))
        hits.add(hit(second))
        hits.add(hit(second, action=Action.REVIEW))
    assert hits.waiting == 1500
    assert len(hits._waiting) == 10
    publisher.hit_fault = None
    while hits.waiting:
        hits.step()
    assert publisher.total_of_hits() == 1500
    by_entry = dict.fromkeys((str(first), str(second)), 0)
    for told in publisher.hits.values():
        by_entry[told["entry"]] += told["count"]
    assert by_entry == {str(first): 500, str(second): 1000}


def test_a_hit_that_was_sent_does_not_grow_any_more(publisher):
    """It may have been taken with its old count; a repeat of its id would be ignored and the difference lost."""
    hits = hits_to(publisher, hits_room=1)
    publisher.hit_fault = Fault.DROPPED
    of = uuid.uuid4()
    hits.add(hit(of))
    hits.step()
    for _ in range(50):
        hits.add(hit(of))
    assert len(hits._waiting) == 2
    publisher.hit_fault = None
    while hits.waiting:
        hits.step()
    assert publisher.total_of_hits() == 51


def test_one_hit_that_is_refused_does_not_hold_up_the_others(publisher):
    hits = hits_to(publisher)
    bad = hit(ref="refused")
    respond = publisher.respond

    def picky(request):
        if b"refused" in request.content:
            publisher.hit_status = 422
        try:
            return respond(request)
        finally:
            publisher.hit_status = 200

    publisher.respond = picky
    hits = Hits(publisher.client(), Settings())
    for number in range(20):
        hits.add(bad if number == 7 else hit())
    for _ in range(60):
        hits.step()
    assert hits.waiting == 0
    assert publisher.total_of_hits() == 20
    assert "content_ref" not in publisher.hits[bad.id]
    assert hits.refused == 0


def test_a_hit_that_is_refused_in_any_form_is_given_up_and_counted(publisher, caplog):
    hits = hits_to(publisher)
    publisher.hit_status = 422
    one = hit(ref="post/secret")
    hits.add(one)
    hits.step()
    hits.step()
    assert (hits.waiting, hits.refused) == (0, 1)
    assert str(one.entry) in caplog.text
    assert "post/secret" not in caplog.text


def test_the_batch_grows_again_after_a_refusal(publisher):
    hits = hits_to(publisher, hits_batch=8)
    publisher.hit_status = 422
    for _ in range(8):
        hits.add(hit())
    hits.step()
    hits.step()
    publisher.hit_status = 200
    sizes = []
    for _ in range(3):
        before = hits.waiting
        hits.step()
        sizes.append(before - hits.waiting)
    assert sizes == [2, 4, 2]


def test_flush_reports_everything_in_order(publisher):
    hits = hits_to(publisher, hits_batch=10)
    given = [hit() for _ in range(35)]
    for each in given:
        hits.add(each)
    assert hits.flush(5) == 0
    assert list(publisher.hits) == [each.id for each in given]


def test_flush_gives_up_in_time_and_says_so(publisher, caplog):
    hits = hits_to(publisher)
    publisher.hit_fault = Fault.DOWN
    hits.add(hit())
    hits.add(hit())
    assert hits.flush(0.05) == 2
    assert "2 hits were not reported" in caplog.text


def test_hits_from_many_threads_are_all_reported(publisher):
    hits = hits_to(publisher, hits_room=50, hits_batch=7)
    entries = [uuid.uuid4() for _ in range(5)]
    ended = threading.Event()

    def report() -> None:
        while not ended.is_set() or hits.waiting:
            hits.step()

    def add(number: int) -> None:
        hits.add(hit(entries[number % 5]))

    reporter = threading.Thread(target=report)
    reporter.start()
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(add, range(2000)))
    ended.set()
    reporter.join(20)
    assert publisher.total_of_hits() == 2000


def test_adding_wakes_the_reporter(publisher):
    woken = []
    hits = Hits(publisher.client(), Settings(), wake=lambda: woken.append(True))
    hits.add(hit())
    assert woken == [True]


def test_a_wave_wakes_the_reporter_once(publisher):
    woken = []
    hits = Hits(publisher.client(), Settings(), wake=lambda: woken.append(True))
    for _ in range(3):
        hits.add(hit())
    hits.step()
    hits.add(hit())  # while it lingers
    assert woken == [True]
    while hits.step() != IDLE:
        pass
    hits.add(hit())
    assert woken == [True, True]


def test_it_does_not_linger_while_a_whole_report_waits(publisher):
    hits = hits_to(publisher, hits_batch=2)
    for _ in range(5):
        hits.add(hit())
    assert [hits.step() for _ in range(4)] == [0.0, LINGER, LINGER, IDLE]


def test_a_hit_shows_nothing_of_itself():
    assert "post/secret" not in repr(hit(ref="post/secret"))


def test_no_report_speaks_of_more_than_the_api_takes(publisher, monkeypatch):
    monkeypatch.setattr("staydown.screening.hits.MOST_COUNT", 100)
    hits = hits_to(publisher, hits_room=1)
    of = uuid.uuid4()
    for _ in range(250):
        hits.add(hit(of))
    hits.flush(5)
    assert [told["count"] for told in publisher.hits.values()] == [100, 100, 50]
