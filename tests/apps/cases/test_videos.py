"""A reported video: one item, one entry, and the same life as a picture's."""

from __future__ import annotations

from dataclasses import replace

import pytest

from staydown.apps.audit.actor import Actor
from staydown.apps.banks import feed_key
from staydown.apps.banks.feed_writing import core_entry
from staydown.apps.banks.models import Entry, FeedLine
from staydown.apps.banks.querysets import feed_page
from staydown.apps.cases import actions
from staydown.apps.cases.intake import MOST_FRAMES, HashGiven
from staydown.apps.cases.models import Case, Item
from staydown.core import feed
from staydown.core.bank import Action
from staydown.core.hashing import bag
from staydown.core.hashing.algorithm import Algorithm
from staydown.core.matching.live_videos import LiveVideos
from staydown.errors import InvalidError
from tests import factories as make
from tests.factories import NODE
from tests.people import DORA

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent():
    return make.submitted(links=0, pictures=(), hashes=[make.video(1)])


def test_a_video_is_an_item_with_one_pending_entry(sent):
    item = sent.report.items.get()
    assert (item.kind, item.is_video, item.label) == ("hash", True, "video 1")
    assert (item.pdq_entry.hash, item.pdq_entry.state) == (make.film(1), "pending")
    assert Entry.objects.count() == FeedLine.objects.count() == 1


def test_a_decision_banks_it_and_a_hit_comes_back_to_the_case(sent, bea):
    make.decided(sent.case, bea)
    entry = Entry.objects.get()
    assert (entry.state, entry.action) == ("enforced", "block")
    item = Item.objects.get()
    assert item.blocks_copies
    actions.record_hits([make.hit(entry), make.hit(entry, "review")], by=NODE)
    assert Case.objects.get().hit_count == 2


def test_taking_it_back_erases_every_frame(sent):
    actions.withdraw_report(sent.report, by=Actor.reporter())
    entry = Entry.objects.get()
    assert (entry.state, entry.value, entry.fingerprint) == ("withdrawn", None, None)


LONG = HashGiven(label="video 1", frames=tuple(make.pdq(1000 + at).hex() for at in range(2000)))


def test_a_long_video_is_an_item_for_each_quarter_of_an_hour_and_its_clips_are_found(bea):
    sent = make.submitted(links=0, pictures=(), hashes=[replace(LONG, sha256_hex=make.sha256(1).hex())])
    items = list(sent.report.items.order_by("pk"))
    assert [item.label for item in items] == ["video 1 (1/3)", "video 1 (2/3)", "video 1 (3/3)"]
    assert all(item.is_video for item in items)
    assert [item.sha256_entry is not None for item in items] == [True, False, False]
    make.decided(sent.case, bea)
    node = LiveVideos()
    node.load(core_entry(item.pdq_entry, Action.BLOCK) for item in items)
    frames = [(make.pdq(1000 + at),) for at in range(2000)]
    for start in (0, 720, 870, 1940):  # the middle one lies across the end of a part
        clip = [(float(at), frame) for at, frame in enumerate(frames[start : start + 60])]
        assert node.query_timed(clip)[0].action is Action.BLOCK
        assert node.query_timed(clip)[0].query_percent == 100


def test_the_same_long_video_joins_its_case_and_is_taken_back_whole():
    sent = make.submitted(links=0, pictures=(), hashes=[LONG])
    other = make.submitted(DORA, links=0, pictures=(), hashes=[LONG])
    assert (other.case, Entry.objects.count()) == (sent.case, 3)
    for each in (sent, other):
        actions.withdraw_report(each.report, by=Actor.reporter())
    assert set(Entry.objects.values_list("state", "value")) == {("withdrawn", None)}


def test_another_report_of_the_same_video_joins_its_case(sent):
    other = make.submitted(DORA, links=0, pictures=(), hashes=[make.video(1), make.video(2)])
    assert other.case == sent.case
    assert Entry.objects.count() == 2
    actions.withdraw_report(sent.report, by=Actor.reporter())
    assert set(Entry.objects.values_list("state", flat=True)) == {"pending"}, "the other report still wants it"


def test_from_the_report_to_the_index_of_a_node_and_out_of_it(sent, bea):
    """Each line travels as text and is verified, as a node does."""
    make.decided(sent.case, bea)
    node, cursor = LiveVideos(), feed.Cursor()

    def pulled(cursor):
        page = feed_page(cursor.seq, 100, algorithms=list(Algorithm))
        lines, note = feed.decode_page(map(feed.encode, [*page.lines, page.checkpoint]))
        for line in lines:
            if isinstance(line, feed.AddLine):
                node.load([line.entry])
            else:
                node.remove(line.entry_id)
        return feed.verify(cursor, lines, note, feed_key.signer().verifier)

    cursor = pulled(cursor)
    (match,) = node.query(bag.frames_of(make.film(1)))
    assert (match.action, match.entry_percent) == (Action.BLOCK, 100)
    actions.withdraw_entry(Entry.objects.get(), by=NODE)
    pulled(cursor)
    assert node.query(bag.frames_of(make.film(1))) == []


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (HashGiven(frames=("0f",)), "not valid"),
        (HashGiven(frames=("0f" * 32,), pdq_hex="0f" * 32, quality=90), "not both"),
        (HashGiven(frames=("0f" * 32,) * (MOST_FRAMES + 1)), "at most"),
        (HashGiven(label="nothing"), "no hash"),
    ],
)
def test_what_is_no_video_is_refused(given, message):
    with pytest.raises(InvalidError, match=message):
        make.submitted(links=0, pictures=(), hashes=[given])
    assert not Item.objects.exists()
