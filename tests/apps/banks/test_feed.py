"""The feed: complete, in order, signed, scoped, and silent about what was erased."""

from __future__ import annotations

import threading

import pytest
from django.db import connection, transaction

from staydown.apps.banks import actions, feed_key, feed_writing
from staydown.apps.banks.models import Entry, FeedHead, FeedLine
from staydown.apps.banks.querysets import feed_page, feed_size, live_entries
from staydown.core import feed
from staydown.core.bank import Action
from staydown.core.hashing.algorithm import Algorithm
from staydown.errors import ConflictError
from tests.factories import md5, pdq, sha256


def follow(cursor: feed.Cursor, limit: int = 100, banks=()) -> tuple[list[feed.Line], feed.Cursor]:
    """What a follower takes in who verifies everything."""
    page = feed_page(cursor.seq, limit, banks)
    sent = [feed.encode(line) for line in (*page.lines, page.checkpoint)]
    lines, note = feed.decode_page(sent)
    return lines, feed.verify(cursor, lines, note, feed_key.verifier())


@pytest.fixture
def house(db, system):
    return actions.open_bank("house", by=system)


@pytest.fixture
def entries(house, system):
    return [actions.add_entry(house, pdq(seed), source="report", by=system) for seed in range(5)]


def test_an_empty_feed_is_signed_too(db):
    lines, cursor = follow(feed.Cursor())
    assert (lines, cursor.seq) == ([], 0)


def test_a_follower_gets_every_line_and_verifies_it(entries, system):
    actions.enforce(entries[0], by=system)
    lines, cursor = follow(feed.Cursor())
    assert [line.seq for line in lines] == [1, 2, 3, 4, 5, 6]
    assert {line.entry.hash for line in lines} == {pdq(seed) for seed in range(5)}
    assert (lines[0].entry.action, lines[5].entry.action) == (Action.REVIEW, Action.BLOCK)
    assert lines[5].entry.id == entries[0].public_id
    assert cursor.seq == feed_size() == 6


def test_pages_of_any_size_lead_to_the_same_place(entries):
    whole = follow(feed.Cursor())[1]
    cursor, seen = feed.Cursor(), 0
    while lines := (page := follow(cursor, limit=2))[0]:
        cursor, seen = page[1], seen + len(lines)
    assert (cursor, seen) == (whole, 5)


def test_an_up_to_date_follower_gets_a_checkpoint_alone(entries):
    cursor = follow(feed.Cursor())[1]
    assert follow(cursor) == ([], cursor)


def test_an_erased_hash_is_gone_from_the_feed_and_it_still_verifies(entries, system):
    early = follow(feed.Cursor(), limit=2)[1]
    actions.withdraw(entries[1], by=system)
    lines, cursor = follow(feed.Cursor())
    assert isinstance(lines[1], feed.OpaqueLine)
    entries[1].refresh_from_db()
    by = entries[1].changed_at + feed_writing.DELETE_WITHIN
    assert lines[5] == feed.RemoveLine(6, entries[1].public_id, int(by.timestamp()))
    assert follow(early)[1] == cursor
    page = feed_page(0, 100)
    assert pdq(1).hex() not in "".join(feed.encode(line) for line in page.lines)


def test_another_bank_is_opaque(entries, system):
    other = actions.open_bank("other", by=system)
    theirs = actions.add_entry(other, sha256(1), source="report", by=system)
    actions.withdraw(theirs, by=system)
    lines, cursor = follow(feed.Cursor(), banks=["other"])
    assert [type(line) for line in lines] == [feed.OpaqueLine] * 6 + [feed.RemoveLine]
    mine, same = follow(feed.Cursor(), banks=["house"])
    assert [isinstance(line, feed.OpaqueLine) for line in mine] == [False] * 5 + [True, True]
    assert same == cursor == follow(feed.Cursor())[1]


def test_the_same_line_never_changes(entries, system):
    before = feed_page(0, 3).lines
    actions.enforce(entries[0], by=system)
    assert feed_page(0, 3).lines == before


def test_a_follower_ahead_of_the_feed_is_told(entries):
    with pytest.raises(ConflictError, match="5 lines"):
        feed_page(6, 10)


def test_a_page_costs_few_queries(entries, django_assert_max_num_queries):
    with django_assert_max_num_queries(3):
        feed_page(0, 100)


def test_live_entries_are_those_that_match(entries, system):
    actions.withdraw(entries[3], by=system)
    assert list(live_entries()) == [entries[0], entries[1], entries[2], entries[4]]


def test_salts_differ_and_are_sealed(entries):
    salts = [line.salt for line in FeedLine.objects.all()]
    assert len(set(salts)) == 5
    assert len(salts[0]) == feed.SALT_SIZE


@pytest.mark.django_db(transaction=True)
def test_the_head_is_held_only_inside_a_transaction():
    with pytest.raises(transaction.TransactionManagementError):
        feed_writing.hold()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_who_append_at_once_leave_no_gap(system):
    house = actions.open_bank("house", by=system)
    failures: list[BaseException] = []
    start = threading.Barrier(4)

    def add(first: int) -> None:
        try:
            start.wait()
            for seed in range(first, first + 10):
                entry = actions.add_entry(house, pdq(seed), source="report", by=system)
                actions.enforce(entry, by=system)
        except BaseException as error:
            failures.append(error)
            raise
        finally:
            connection.close()

    threads = [threading.Thread(target=add, args=(number * 10,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    assert list(FeedLine.objects.values_list("seq", flat=True)) == list(range(1, 81))
    assert FeedHead.objects.get().size == 80
    assert Entry.objects.filter(state="enforced").count() == 40
    assert follow(feed.Cursor())[1].seq == 80


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_the_same_hash_added_at_once_is_one_entry(system):
    house = actions.open_bank("house", by=system)
    start = threading.Barrier(4)
    found = []

    def add() -> None:
        start.wait()
        found.append(actions.add_entry(house, pdq(1), source="report", by=system))
        connection.close()

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(found) == 4
    assert len(set(found)) == Entry.objects.count() == FeedLine.objects.count() == 1


def test_an_md5_reaches_those_who_read_it_and_is_a_leaf_to_all_others(house, system):
    listed = actions.add_entry(house, md5(1), source="import:old", by=system)
    (shown,) = feed_page(0, 100, algorithms=set(Algorithm)).lines
    assert isinstance(shown, feed.AddLine)
    assert (shown.entry.id, shown.entry.hash, shown.entry.action) == (listed.public_id, md5(1), Action.REVIEW)
    (withheld,) = feed_page(0, 100).lines
    assert withheld == feed.opaque(shown)
    assert feed_page(0, 100).checkpoint == feed_page(0, 100, algorithms=set(Algorithm)).checkpoint
