"""Following a source: what each page changes, and what a death in between leaves."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from staydown.apps.audit import actions as audit
from staydown.apps.audit.querysets import history
from staydown.apps.banks import actions as banks
from staydown.apps.banks.models import Entry, FeedLine
from staydown.apps.cases import actions as cases
from staydown.apps.sharing import actions as sharing
from staydown.apps.sharing import applying, following, sources
from staydown.apps.sharing.models import Delivery
from staydown.apps.sharing.source_models import Record, Source
from staydown.core.bank import Action
from staydown.errors import TooOftenError
from staydown.exchange.source import Signal
from tests import factories as make
from tests.apps.sharing.scripted import Scripted, added, follow, live, signal, signals, verbs
from tests.factories import pdq

pytestmark = pytest.mark.django_db


def test_what_it_lists_is_pending_here_and_one_line_of_the_log_says_so(policy):
    source, script = added(policy, radius=20, action=Action.REVIEW), Scripted().adds(1, 2, 3)
    done = follow(source, script)
    assert (done.caught_up, done.changes.added, done.question, done.error) == (True, 3, "", "")
    rows = Entry.objects.values_list("state", "radius", "action", "source").distinct()
    assert list(rows) == [("pending", 20, "review", "source:helpline")]
    source.refresh_from_db()
    assert (source.records, source.cursor, source.lease, source.caught_up_at is not None) == (3, "1", None, True)
    (line,) = [line for line in history(source) if line.verb == "source.followed"]
    assert (line.facts["added"], line.facts["lines"]) == (3, [1, 3])
    assert audit.verify()


def test_a_policy_that_enforces_needs_one_line_of_the_feed_for_each_and_keeps_its_reason(policy, settings):
    settings.STAYDOWN_TWO_PEOPLE = ()  # two people: test_two_people.py
    source = added(policy, enforced_because="Agreement 7 with the helpline")
    follow(source, Scripted().adds(1, 2))
    assert list(FeedLine.objects.values_list("op", "action")) == [("add", "block")] * 2
    assert history(source)[-1].facts["reason"] == "Agreement 7 with the helpline"


def test_a_removal_at_the_source_withdraws_and_erases(policy):
    source, script = added(policy), Scripted().adds(1, 2)
    follow(source, script)
    done = follow(source, script.removes(1))
    assert (done.changes.removed, live()) == (1, {pdq(2)})
    gone = Entry.objects.get(state="withdrawn")
    assert (gone.value, gone.fingerprint, Record.objects.count()) == (None, None, 1)
    assert set(gone.lines.filter(op="add").values_list("salt", flat=True)) == {None}


def test_the_platform_hears_of_the_end_of_what_it_was_told_of(policy, system):
    sharing.add_endpoint("platform", "https://platform.test/hooks", by=system)
    source, script = added(policy), Scripted().adds(1, 2)
    follow(source, script)
    confirmed = Entry.objects.order_by("pk").first()
    banks.enforce(confirmed, by=system)
    follow(source, script.removes(1, 2))
    told = Delivery.objects.values_list("event", "payload__data__entry")
    assert list(told) == [("entry.withdrawn", str(confirmed.public_id))]


def test_what_two_sources_bring_stays_until_both_have_taken_it_back(policy):
    one, other = added(policy, "one"), added(policy, "other")
    first, second = Scripted().adds(1), Scripted().adds(1)
    follow(one, first)
    follow(other, second)
    assert Entry.objects.count() == 1
    follow(one, first.removes(1))
    assert live() == {pdq(1)}
    follow(other, second.removes(1))
    assert live() == set()


def test_what_a_report_or_an_import_keeps_stays(system):
    sent = make.submitted(pictures=(1,))
    house = Entry.objects.first().bank
    banks.import_entries(house, [(pdq(2), None)], name="list", by=system)
    source, script = added(sources.Policy(bank=house)), Scripted().adds(1, 2, 3)
    follow(source, script)
    follow(source, script.removes(1, 2, 3))
    assert {pdq(1), pdq(2)} <= live(house.name)
    assert pdq(3) not in live(house.name)
    cases.withdraw_report(sent.report, by=system)
    assert pdq(1) not in live(house.name)


def test_a_report_that_is_withdrawn_leaves_what_a_source_keeps(system):
    sent = make.submitted(pictures=(1,))
    house = Entry.objects.first().bank
    source, script = added(sources.Policy(bank=house)), Scripted().adds(1)
    follow(source, script)
    cases.withdraw_report(sent.report, by=system)
    assert live(house.name) == {pdq(1)}
    follow(source, script.removes(1))
    assert live(house.name) == set()


def test_repeating_changes_nothing(policy):
    source, script = added(policy), Scripted().adds(1, 2).adds(2, 1)
    done = follow(source, script)
    assert (done.changes.added, done.changes.repeated) == (2, 2)
    assert FeedLine.objects.count() == 2
    assert verbs(source).count("source.followed") == 1


def test_another_hash_under_the_same_id_takes_the_place_of_the_first(policy):
    source, script = added(policy), Scripted().adds(1)
    follow(source, script)
    script.steps.append(([signal(9, "record-1")], ()))
    assert follow(source, script).changes.changed == 1
    assert live() == {pdq(9)}


def test_what_was_ended_here_is_not_brought_back_by_repeating_it(policy, system):
    source, script = added(policy), Scripted().adds(1)
    follow(source, script)
    banks.reverse(Entry.objects.get(), by=system)
    done = follow(source, script.adds(1))
    assert (done.changes.ended, live()) == (1, set())


def test_the_same_id_twice_on_a_page_and_an_unknown_removal(policy):
    source = added(policy)
    script = Scripted([([signal(1), signal(1), signal(2)], ["never-seen", "record-2"])])
    follow(source, script)
    assert live() == {pdq(1)}
    assert Record.objects.count() == 1


def test_the_hash_is_not_in_the_record(policy):
    source = added(policy)
    name = pdq(1).hex()
    follow(source, Scripted([([signal(1, name)], ())]))
    record = Record.objects.get()
    assert name not in record.name
    assert applying.record_id(record) == name


# What a whole list no longer holds ------------------------------------------------------------------------------------


def test_what_a_whole_reading_does_not_find_is_gone(policy):
    source, script = added(policy), Scripted().adds(1, 2).adds(3)
    follow(source, script)
    script.steps[0] = (signals(2), ())
    assert follow(source, script).changes.removed == 0
    done = follow(source, script, is_whole=True)
    assert (done.changes.removed, live()) == (1, {pdq(2), pdq(3)})
    source.refresh_from_db()
    assert (source.records, source.whole, source.whole_at is not None) == (2, False, True)


def test_a_whole_reading_in_slices_removes_nothing_before_its_end(policy):
    source, script = added(policy), Scripted().adds(1, 2).adds(3)
    follow(source, script)
    assert not follow(source, script, is_whole=True, seconds=0).caught_up
    assert len(live()) == 3
    assert follow(source, script).caught_up
    assert len(live()) == 3


def test_a_list_that_comes_back_empty_is_asked_about(policy, system):
    source, script = added(policy), Scripted().adds(*range(8))
    follow(source, script)
    Source.objects.update(day_began=timezone.now() - timedelta(days=1))
    empty = Scripted([((), ())])
    assert follow(source, empty, is_whole=True).question == "shrunk"
    assert len(live()) == 8
    sources.answer(source, "shrunk", yes=True, by=system)
    follow(source, empty)
    assert live() == set()


# Who follows ---------------------------------------------------------------------------------------------------------


def test_nobody_follows_what_somebody_follows_and_a_dead_ones_claim_runs_out(policy):
    source, script = added(policy), Scripted().adds(1)
    Source.objects.update(leased_until=timezone.now() + timedelta(minutes=1))
    assert not follow(source, script).is_ours
    assert following.due(timezone.now()) == []
    Source.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    assert follow(source, script).caught_up


def test_a_source_that_is_paused_while_it_is_read_is_left_at_once(policy, system):
    source = added(policy)
    script = Scripted(at_page=lambda number: number and sources.pause(source, by=system))
    follow(source, script.adds(1).adds(2))
    assert live() == {pdq(1)}
    sources.resume(source, by=system)
    follow(source, Scripted(script.steps))
    assert live() == {pdq(1), pdq(2)}


def test_a_source_that_is_begun_again_while_it_is_read_is_free_at_once(policy, system):
    source = added(policy)
    again = Scripted(at_page=lambda number: number and sources.look_now(source, by=system, is_whole=True))
    assert not follow(source, again.adds(1).adds(2)).caught_up
    done = follow(source, Scripted(again.steps))
    assert (done.caught_up, len(live()), Source.objects.get().records) == (True, 2, 2)


def test_two_that_read_at_once_bring_nothing_twice(policy):
    source, inner = added(policy), Scripted().adds(1).adds(2)

    def overtaken(number):
        if number == 1:
            Source.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
            follow(source, inner)

    follow(source, Scripted(list(inner.steps), at_page=overtaken))
    assert (len(live()), FeedLine.objects.count(), Source.objects.get().records) == (2, 2, 2)


def test_a_removed_source_takes_what_it_alone_brought_with_it(policy, system, monkeypatch):
    monkeypatch.setattr(sources, "PIECE", 2)
    one, other = added(policy, "one"), added(policy, "other")
    follow(one, Scripted().adds(1, 2, 3))
    follow(other, Scripted().adds(3))
    sources.remove_source(one, by=system)
    assert [sources.let_go_of_removed() for _ in range(3)] == [2, 1, 0]
    assert live() == {pdq(3)}
    assert Source.objects.get(name="one").credentials is None
    added(policy, "one")


def test_an_md5_asks_a_person_unless_the_policy_says_why_it_blocks(policy, settings):
    settings.STAYDOWN_TWO_PEOPLE = ()  # two people: test_two_people.py
    record = Signal("video-1", make.md5(1))
    source = added(policy)
    follow(source, Scripted([([record], ())]))
    entry = Entry.objects.get()
    assert (entry.algorithm, entry.radius, entry.state, entry.lines.get().action) == ("md5", 0, "pending", "review")
    other = added(policy, "other", enforced_because="Agreement 7: each video was looked at")
    follow(other, Scripted([([record], ())]))
    entry.refresh_from_db()
    assert (entry.state, list(entry.lines.values_list("action", flat=True))) == ("enforced", ["review", "block"])


def test_a_source_that_wants_to_be_asked_later_is_asked_then_and_read_on(policy):
    source, script = added(policy), Scripted().adds(1).adds(2).adds(3)

    def busy(number: int) -> None:
        if number == 2:
            raise TooOftenError(40)

    script.at_page = busy
    done = follow(source, script)
    assert (done.later, done.error, done.caught_up, live()) == (40, "", False, {pdq(1), pdq(2)})
    source.refresh_from_db()
    assert (source.lease, source.failures, source.last_error) == (None, 0, "")
    assert timedelta(seconds=35) < source.next_at - timezone.now() <= timedelta(seconds=40)
    assert not following.due(timezone.now())
    assert "source.failed" not in [line.verb for line in history(source)]
    script.at_page = lambda _: None
    assert (follow(source, script).caught_up, live()) == (True, {pdq(1), pdq(2), pdq(3)})
