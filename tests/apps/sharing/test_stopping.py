"""What stops a source before it does harm: it asks, ends, or is tried again later."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from staydown.apps.banks.models import Entry
from staydown.apps.sharing import applying, following, sources
from staydown.apps.sharing.source_models import Source
from staydown.errors import ReplyRefusedError, SourceWentBackError, StateError, UnreachableError
from tests.apps.sharing.scripted import Scripted, added, follow, live, signals, verbs
from tests.factories import pdq

pytestmark = pytest.mark.django_db


def test_too_much_growth_stops_and_asks_before_the_page_and_a_yes_goes_on(policy, system):
    source, script = added(policy, most_growth=3), Scripted().adds(1, 2).adds(3, 4).adds(5)
    assert follow(source, script).question == "growth"
    source.refresh_from_db()
    assert (source.question, source.asked_count, source.cursor, len(live())) == ("growth", 4, "1", 2)
    assert not follow(source, script).is_ours
    sources.answer(source, "growth", yes=True, by=system)
    done = follow(source, script)
    assert (done.caught_up, len(live())) == (True, 5)
    source.refresh_from_db()
    assert (source.allowed, source.question) == ("", "")
    assert verbs(source) == [
        "source.added", "source.followed", "source.asked", "source.answered", "source.followed", "source.followed",
    ]  # fmt: skip


def test_a_no_pauses_it_and_an_answer_to_another_question_is_refused(policy, system):
    source, script = added(policy, most_growth=1), Scripted().adds(1, 2)
    follow(source, script)
    with pytest.raises(StateError):
        sources.answer(source, "shrunk", yes=True, by=system)
    sources.answer(source, "growth", yes=False, by=system)
    source.refresh_from_db()
    assert (source.enabled, source.question, live()) == (False, "", set())


def test_after_a_yes_the_next_record_of_the_day_is_no_new_question(policy, system):
    source, script = added(policy, most_growth=2), Scripted().adds(1, 2, 3)
    follow(source, script)
    sources.answer(source, "growth", yes=True, by=system)
    follow(source, script)
    assert follow(source, script.adds(4)).question == ""


def test_a_page_that_grows_and_shrinks_is_asked_about_twice_and_not_for_ever(policy, system, monkeypatch):
    monkeypatch.setattr(applying, "FEW", 2)
    source, script = added(policy, most_growth=10), Scripted().adds(*range(8))
    follow(source, script)
    script.steps.append((signals(*range(20, 30)), [f"record-{seed}" for seed in range(6)]))
    monkeypatch.setattr(following, "PART", 4)
    for question in ("shrunk", "growth"):
        assert follow(source, script).question == question
        sources.answer(source, question, yes=True, by=system)
    assert follow(source, script).caught_up
    assert len(live()) == 12


def test_a_new_day_counts_anew(policy):
    source, script = added(policy, most_growth=2), Scripted().adds(1, 2)
    follow(source, script)
    Source.objects.update(day_began=timezone.now() - timedelta(days=1))
    assert follow(source, script.adds(3, 4)).question == ""


def test_shrinking_by_half_removes_nothing_until_a_person_has_said_yes(policy, system, monkeypatch):
    monkeypatch.setattr(applying, "FEW", 2)
    source, script = added(policy), Scripted().adds(*range(10))
    follow(source, script)
    Source.objects.update(day_began=timezone.now() - timedelta(days=1))
    assert follow(source, script.removes(*range(5))).question == "shrunk"
    assert len(live()) == 10
    sources.answer(source, "shrunk", yes=True, by=system)
    follow(source, script)
    assert len(live()) == 5


@pytest.mark.parametrize("grows", [True, False])
def test_a_page_of_many_pieces_is_weighed_whole(policy, monkeypatch, grows):
    monkeypatch.setattr(following, "PART", 4)
    monkeypatch.setattr(applying, "FEW", 2)
    source, script = added(policy, most_growth=20), Scripted().adds(*range(10))
    follow(source, script)
    Source.objects.update(day_began=timezone.now() - timedelta(days=1))
    script = script.adds(*range(10, 40)) if grows else script.removes(*range(8))
    assert follow(source, script).question == ("growth" if grows else "shrunk")
    assert len(live()) == 10


def test_what_many_pages_take_back_is_weighed_before_the_first_of_them(policy, system, monkeypatch):
    monkeypatch.setattr(applying, "FEW", 2)
    source, script = added(policy), Scripted().adds(*range(10))
    follow(source, script)
    Source.objects.update(day_began=timezone.now() - timedelta(days=1))
    for seed in range(5):
        script.removes(seed).adds(20 + seed)
    assert follow(source, script).question == "shrunk"
    source.refresh_from_db()
    assert (source.cursor, source.asked_count, len(live())) == ("1", 5, 10)
    sources.answer(source, "shrunk", yes=True, by=system)
    assert follow(source, script).caught_up
    assert len(live()) == 10


def test_what_is_taken_back_and_brought_again_is_no_loss(policy, monkeypatch):
    monkeypatch.setattr(applying, "FEW", 0)
    source, script = added(policy), Scripted().adds(*range(10))
    follow(source, script)
    Source.objects.update(day_began=timezone.now() - timedelta(days=1))
    done = follow(source, script.removes(0, 1).adds(0).removes(1))
    assert (done.question, done.caught_up, len(live())) == ("", True, 9)


def test_a_fault_behind_a_withdrawal_does_not_hold_it_up(policy):
    class Broken(Scripted):
        def pages(self, cursor):
            for page in super().pages(cursor):
                yield following.Page(page.added, page.removed, page.cursor, more=True)
            raise UnreachableError

    source, script = added(policy), Broken().adds(1, 2, 3)
    assert follow(source, script).error == "unreachable"
    assert follow(source, script.removes(1)).error == "unreachable"
    assert live() == {pdq(2), pdq(3)}


def test_no_more_is_read_ahead_than_fits(policy, monkeypatch):
    monkeypatch.setattr(following, "AHEAD", 2)
    source, script = added(policy), Scripted().adds(*range(5))
    follow(source, script)
    for seed in range(5):
        script.removes(seed)
    assert follow(source, script).caught_up
    assert live() == set()


def test_a_page_of_many_pieces_is_applied_whole(policy, monkeypatch):
    monkeypatch.setattr(following, "PART", 4)
    source, script = added(policy), Scripted().adds(*range(10))
    done = follow(source, script.adds(*range(10, 21)).removes(*range(9)))
    assert (done.changes.added, done.changes.removed, len(live())) == (21, 9, 12)


def test_paging_forever_ends_and_is_told(policy):
    class Endless(Scripted):
        def pages(self, cursor):
            while True:
                yield following.Page(signals(1), (), "same", more=True)

    source = added(policy)
    assert follow(source, Endless()).error == "source_endless"
    source.refresh_from_db()
    assert (source.last_error, source.failures, source.records) == ("source_endless", 1, 1)
    assert source.next_at > timezone.now()


def test_new_places_for_ever_with_nothing_behind_them(policy, monkeypatch):
    monkeypatch.setattr(following, "ENDLESS", 10)

    class Endless(Scripted):
        def pages(self, cursor):
            at = int(cursor or 0)
            while True:
                at += 1
                yield following.Page(signals(1, 2, 3), (), str(at), more=True)

    source = added(policy, most_growth=3)
    assert follow(source, Endless()).error == "source_endless"
    source.refresh_from_db()
    assert (source.records, source.read) == (3, 0)


def test_going_back_asks_and_a_yes_reads_from_the_start_without_doubling(policy, system):
    source, script = added(policy), Scripted().adds(1, 2)
    follow(source, script)
    script.fault = SourceWentBackError()
    assert follow(source, script).question == "back"
    script.fault = None
    sources.answer(source, "back", yes=True, by=system)
    assert follow(source, script).changes.repeated == 2
    assert (script.asked[-1], Entry.objects.count()) == (None, 2)


def test_a_fault_is_kept_as_a_code_told_once_and_tried_again_later(policy):
    source, script = added(policy), Scripted(fault=ReplyRefusedError("what it said"))
    now = timezone.now()
    for _ in range(2):
        assert follow(source, script).error == "reply_refused"
    source.refresh_from_db()
    assert (source.failures, source.last_error) == (2, "reply_refused")
    assert source.next_at >= now + timedelta(minutes=5)
    assert verbs(source).count("source.failed") == 1
    script.fault = None
    assert follow(source, script.adds(1)).caught_up
    source.refresh_from_db()
    assert (source.failures, source.last_error) == (0, "")


def test_a_slice_of_time_ends_after_a_page_and_the_next_goes_on(policy):
    source, script = added(policy), Scripted().adds(1).adds(2)
    assert not follow(source, script, seconds=0).caught_up
    assert following.due(timezone.now()) == [source]
    assert follow(source, script, seconds=0, is_due=True).caught_up
    assert following.due(timezone.now()) == []
