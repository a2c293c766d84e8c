"""Hits: one wave is one case with a count, the same hit counts once, and a person sees what a person must see."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from staydown.apps.audit.querysets import history
from staydown.apps.banks import actions as banks
from staydown.apps.banks.models import Entry
from staydown.apps.cases import actions
from staydown.apps.cases.models import Case, HeardHit, Hit, Item
from staydown.errors import InvalidError, StateError
from tests import factories as make
from tests.factories import NODE
from tests.people import DORA

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent():
    return make.submitted(links=0)


@pytest.fixture
def entry(sent):
    return sent.report.items.get().pdq_entry


@pytest.fixture
def enforced(sent, entry, bea):
    make.decided(sent.case, bea)
    entry.refresh_from_db()
    return entry


def record(*hits):
    return actions.record_hits(list(hits), by=NODE)


def test_a_thousand_hits_are_one_line_with_a_count(enforced):
    for _ in range(10):
        assert record(*(make.hit(enforced) for _ in range(100))) == 100
    case = Case.objects.get()
    assert (case.hit_count, case.state) == (1000, "done")
    hit = Hit.objects.get()
    assert (hit.count, hit.action, hit.item) == (1000, "block", None)
    assert not Case.objects.queue().exists()


def test_the_same_hit_counts_once(enforced):
    one, other = make.hit(enforced), make.hit(enforced, count=5)
    assert record(one, one) == 2
    assert record(one, other) == 2
    assert Case.objects.get().hit_count == 6


def test_a_count_gathered_by_the_node_counts(enforced):
    record(make.hit(enforced, count=250))
    assert Case.objects.get().hit_count == 250
    assert Hit.objects.get().count == 250


def test_a_review_hit_is_put_before_a_person(sent, entry):
    record(make.hit(entry, "review", content_ref="post-1", preview_url="https://platform.test/media/1"))
    item = Item.objects.get(kind="content")
    assert (item.state, item.content_ref) == ("open", "post-1")
    assert item.preview_url == "https://platform.test/media/1"
    assert item.hits.get().entry == entry
    assert Case.objects.get().version == sent.case.version + 1


def test_the_same_upload_is_one_item(entry):
    for _ in range(3):
        record(make.hit(entry, "review", content_ref="post-1"))
    record(make.hit(entry, "review", content_ref="post-2"))
    assert Item.objects.filter(kind="content").count() == 2
    assert sorted(Hit.objects.values_list("count", flat=True)) == [1, 3]
    assert Case.objects.get().hit_count == 4


def test_two_entries_of_one_picture_are_one_item(sent):
    item = sent.report.items.get()
    record(
        make.hit(item.pdq_entry, "review", content_ref="post-1"),
        make.hit(item.sha256_entry, "review", content_ref="post-1"),
    )
    assert Item.objects.filter(kind="content").count() == 1
    assert Hit.objects.count() == 2


def test_a_review_hit_opens_a_closed_case_again_with_a_deadline(enforced, sent):
    assert Case.objects.get().state == "done"
    record(make.hit(enforced, "review", content_ref="post-9"))
    case = Case.objects.get()
    assert case.state == "open"
    running = case.clocks.filter(stopped_at=None)
    assert set(running.values_list("report", flat=True)) == {None}
    assert case.due_at == min(clock.due_at for clock in running)
    assert case.due_at - running.first().starts_at == timedelta(hours=48)


def test_a_review_hit_of_an_open_case_starts_no_clock(entry, sent):
    record(make.hit(entry, "review", content_ref="post-1"))
    assert Case.objects.get().clocks.count() == sent.case.clocks.count()


def test_an_upload_that_was_decided_is_not_asked_about_again(entry, sent, bea):
    record(make.hit(entry, "review", content_ref="post-1"))
    make.decided(sent.case, bea, "decline", items=[Item.objects.get(kind="content")])
    version = Case.objects.get().version
    record(make.hit(entry, "review", content_ref="post-1"))
    assert Item.objects.get(kind="content").state == "declined"
    case = Case.objects.get()
    assert (case.hit_count, case.version) == (2, version)


def test_review_hits_without_a_content_id_are_one_item_an_entry(sent):
    item = sent.report.items.get()
    for _ in range(2):
        record(make.hit(item.pdq_entry, "review"), make.hit(item.sha256_entry, "review"))
    uploads = Item.objects.filter(kind="content")
    assert [(each.state, each.content_ref, each.hits.get().count) for each in uploads] == [("open", None, 2)] * 2
    assert {each.hits.get().entry for each in uploads} == {item.pdq_entry, item.sha256_entry}
    assert Case.objects.get().hit_count == 4


@pytest.mark.parametrize("verdict", ["remove", "decline"])
def test_a_review_hit_without_a_content_id_is_looked_at_although_an_earlier_one_was_decided(system, bea, verdict):
    bank = banks.open_bank("list", by=system)
    entry = banks.add_entry(bank, make.pdq(5), source="import", by=system)
    record(make.hit(entry, "review"))
    decision = make.decided(Case.objects.get(), bea, verdict)
    assert not decision.actions.exists()  # there is nothing that the platform could look for
    case = Case.objects.get()
    assert (case.state, case.due_at) == ("done", None)
    said = {"remove": "copies are blocked", "decline": "declined"}
    assert Item.objects.get().get_state_display() == said[verdict]
    record(make.hit(entry, "review"))
    case.refresh_from_db()
    assert (case.state, case.due_at is None, Item.objects.get().state) == ("open", False, "open")


def test_an_upload_without_a_content_id_cannot_be_hidden(system, bea):
    bank = banks.open_bank("list", by=system)
    record(make.hit(banks.add_entry(bank, make.pdq(5), source="import", by=system), "review"))
    with pytest.raises(StateError):
        make.decided(Case.objects.get(), bea, "disable")


def test_a_block_keeps_the_content_id_and_asks_nobody(enforced):
    record(make.hit(enforced, content_ref="upload-5"))
    assert Hit.objects.get().content_ref == "upload-5"
    assert Case.objects.get().state == "done"


@pytest.mark.parametrize("preview", ["javascript:alert(1)", "file:///etc/passwd", "nonsense", ""])
def test_a_preview_that_is_no_web_address_is_dropped(entry, preview):
    record(make.hit(entry, "review", content_ref="post-1", preview_url=preview))
    assert Item.objects.get(kind="content").preview_url is None


def test_hits_of_entries_that_ended_or_never_were_are_dropped(entry, sent):
    actions.withdraw_report(sent.report, by=make.Actor.reporter())
    stranger = make.HitGiven(uuid4(), uuid4(), "block")
    assert record(make.hit(entry), stranger) == 0
    assert Case.objects.get().hit_count == 0
    assert not Hit.objects.exists()


def test_an_imported_entry_gets_a_case_when_it_is_hit(system):
    bank = banks.open_bank("list", by=system)
    entry = banks.add_entry(bank, make.pdq(5), source="import", by=system)
    record(make.hit(entry, "review", content_ref="post-1"), make.hit(entry, "review", content_ref="post-2"))
    case = Case.objects.get()
    assert (case.state, case.hit_count, case.items.count()) == ("open", 2, 2)
    assert case.due_at is not None
    record(make.hit(entry, "review", content_ref="post-3"))
    assert Case.objects.count() == 1


def test_an_imported_entry_that_blocks_is_counted_and_asks_nobody(system):
    bank = banks.open_bank("list", by=system)
    entry = banks.enforce(banks.add_entry(bank, make.pdq(5), source="import", by=system), by=system)
    record(make.hit(entry), make.hit(entry))
    case = Case.objects.get()
    assert (case.state, case.hit_count, case.due_at) == ("done", 2, None)
    record(make.hit(entry))
    assert Case.objects.get().hit_count == 3


def test_a_decision_on_an_imported_match_is_possible(system, bea):
    bank = banks.open_bank("list", by=system)
    entry = banks.add_entry(bank, make.pdq(5), source="import", by=system)
    record(make.hit(entry, "review", content_ref="post-1"))
    action = make.decided(Case.objects.get(), bea).actions.get()
    assert Entry.objects.get().state == "enforced"
    actions.record_outcome(action, result="removed", by=make.PLATFORM)
    assert Case.objects.get().state == "done"


def test_a_shared_entry_counts_on_the_open_case(enforced, sent):
    second = make.submitted(DORA, links=0)
    record(make.hit(enforced))
    sent.case.refresh_from_db()
    second.case.refresh_from_db()
    assert (sent.case.hit_count, second.case.hit_count) == (0, 1)


@pytest.mark.parametrize(
    "change", [{"action": "allow"}, {"count": 0}, {"count": 2_000_000}, {"content_ref": "x" * 501}]
)
def test_a_hit_that_is_not_valid_is_named_and_none_is_counted(enforced, change):
    with pytest.raises(InvalidError, match="hit 2"):
        record(make.hit(enforced), make.hit(enforced, **change))
    assert not Hit.objects.exists()


def test_a_batch_has_an_end(enforced):
    with pytest.raises(InvalidError, match="1000"):
        record(*(make.hit(enforced) for _ in range(1001)))


def test_the_ids_of_hits_are_forgotten_after_some_weeks(enforced):
    record(make.hit(enforced))
    HeardHit.objects.update(at=timezone.now() - timedelta(days=31))
    record(make.hit(enforced))
    assert HeardHit.objects.count() == 1
    assert Hit.objects.get().count == 2


def test_nothing_at_all_is_fine():
    assert record() == 0


def test_the_log_counts_and_says_no_content_id(enforced, sent):
    record(make.hit(enforced, content_ref="upload-5"), make.hit(enforced, "review", content_ref="upload-6"))
    line = history(sent.case)[-1]
    assert (line.verb, line.facts) == ("hits.recorded", {"block": 1, "review": 1, "new_items": 1})
    assert line in history(enforced)


def test_a_batch_costs_few_queries(enforced, django_assert_max_num_queries):
    with django_assert_max_num_queries(30):
        record(*(make.hit(enforced) for _ in range(1000)))
