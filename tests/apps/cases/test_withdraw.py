"""Taking it back: the hashes go, what others need stays, and nothing is decided in the dark."""

from __future__ import annotations

import pytest

from staydown.apps.audit.actor import Actor
from staydown.apps.audit.querysets import history
from staydown.apps.banks import actions as banks
from staydown.apps.banks.models import Entry, FeedLine
from staydown.apps.cases import actions
from staydown.apps.cases.intake import HashGiven
from staydown.apps.cases.models import Action, Case, Clock, Item, Report
from staydown.apps.sharing import actions as sharing
from staydown.apps.sharing.models import Delivery
from staydown.errors import StateError
from tests import factories as make
from tests.factories import PLATFORM
from tests.people import AMARA, DORA

pytestmark = pytest.mark.django_db
REPORTER = Actor.reporter()


def withdrawn(report):
    return actions.withdraw_report(report, by=REPORTER)


def states(case):
    return sorted(case.items.values_list("kind", "state"))


def test_everything_of_the_report_goes(system):
    sharing.add_endpoint("the platform", "https://platform.test/hooks", by=system)
    sent = make.submitted()
    withdrawn(sent.report)
    case = Case.objects.get()
    assert (case.state, case.due_at) == ("withdrawn", None)
    assert states(case) == [("hash", "withdrawn"), ("link", "withdrawn")]
    assert set(Entry.objects.values_list("state", flat=True)) == {"withdrawn"}
    assert not Entry.objects.filter(fingerprint__isnull=False).exists()
    assert set(Clock.objects.values_list("stopped_because", flat=True)) == {"withdrawal"}
    assert Delivery.objects.filter(event="entry.withdrawn").count() == 2
    assert [line.verb for line in history(sent.report)] == [
        "report.received",
        "report.acknowledged",
        "report.withdrawn",
    ]


def test_twice_is_once():
    sent = make.submitted()
    first = withdrawn(sent.report)
    lines = FeedLine.objects.count()
    assert withdrawn(sent.report).withdrawn_at == first.withdrawn_at
    assert FeedLine.objects.count() == lines
    assert len(history(sent.report)) == 3


def test_an_enforced_entry_is_free_again(bea):
    sent = make.submitted(links=0)
    make.decided(sent.case, bea)
    withdrawn(sent.report)
    assert set(Entry.objects.values_list("state", flat=True)) == {"withdrawn"}
    assert Case.objects.get().state == "withdrawn"
    assert FeedLine.objects.order_by("seq").last().op == "remove"


def test_what_another_report_needs_stays():
    first = make.submitted(AMARA, pictures=(1, 2))
    second = make.submitted(DORA, pictures=(2, 3))
    withdrawn(first.report)
    live = {entry.hash for entry in Entry.objects.filter(state="pending")}
    assert live == {make.pdq(2), make.sha256(2), make.pdq(3), make.sha256(3)}
    case = Case.objects.get()
    assert case.state == "open"
    assert case.due_at == min(clock.due_at for clock in second.report.clocks.all())
    assert not first.report.clocks.filter(stopped_at=None).exists()
    withdrawn(second.report)
    assert not Entry.objects.filter(state="pending").exists()
    assert Case.objects.get().state == "withdrawn"


def test_what_another_case_needs_stays(bea):
    first = make.submitted(links=0)
    make.decided(first.case, bea)
    second = make.submitted(DORA, links=0)
    assert second.case != first.case
    withdrawn(first.report)
    assert set(Entry.objects.values_list("state", flat=True)) == {"enforced"}
    withdrawn(second.report)
    assert set(Entry.objects.values_list("state", flat=True)) == {"withdrawn"}


def test_a_declined_report_supports_nothing(bea):
    first = make.submitted(links=0)
    make.decided(first.case, bea)
    second = make.submitted(DORA, links=0)
    make.decided(second.case, bea, "decline")
    assert set(Entry.objects.values_list("state", flat=True)) == {"enforced"}  # the first report still wants it
    withdrawn(first.report)
    assert set(Entry.objects.values_list("state", flat=True)) == {"withdrawn"}


def test_an_imported_entry_outlives_the_report(system):
    sent = make.submitted(links=0)
    banks.add_entry(Entry.objects.first().bank, make.pdq(1), source="import", by=system)
    withdrawn(sent.report)
    assert set(Entry.objects.values_list("source", "state")) == {("import", "pending"), ("report", "withdrawn")}


def test_the_platform_need_not_do_what_was_taken_back(bea):
    sent = make.submitted()
    make.decided(sent.case, bea)
    withdrawn(sent.report)
    assert Action.objects.get().state == "cancelled"
    assert states(Case.objects.get()) == [("hash", "withdrawn"), ("link", "withdrawn")]


def test_what_was_removed_stays_removed(bea):
    sent = make.submitted()
    decision = make.decided(sent.case, bea)
    actions.record_outcome(decision.actions.get(), result="removed", by=PLATFORM)
    withdrawn(sent.report)
    assert states(Case.objects.get()) == [("hash", "withdrawn"), ("link", "removed")]
    assert Case.objects.get().state == "withdrawn"


def test_what_is_hidden_still_gets_its_decision(bea):
    sent = make.submitted()
    decision = make.decided(sent.case, bea, "disable")
    actions.record_outcome(decision.actions.get(), result="disabled", by=PLATFORM)
    withdrawn(sent.report)
    case = Case.objects.get()
    assert case.state == "open"
    assert states(case) == [("hash", "withdrawn"), ("link", "disabled")]
    running = case.clocks.filter(stopped_at=None)
    assert set(running.values_list("report", flat=True)) == {None}
    assert case.due_at == min(clock.due_at for clock in running)
    assert not sent.report.clocks.filter(stopped_at=None).exists()
    restored = make.decided(case, bea, "decline").actions.get()
    assert restored.kind == "restore"
    assert not case.clocks.filter(stopped_at=None).exists()
    actions.record_outcome(restored, result="restored", by=PLATFORM)
    assert Case.objects.get().state == "withdrawn"


def test_a_removal_of_what_is_hidden_is_taken_back_to_hidden(bea):
    sent = make.submitted(pictures=())
    decision = make.decided(sent.case, bea, "disable")
    actions.record_outcome(decision.actions.get(), result="disabled", by=PLATFORM)
    make.decided(sent.case, bea, "remove")
    withdrawn(sent.report)
    assert Item.objects.get().state == "disabled"
    assert Case.objects.get().state == "open"


def test_the_clocks_of_a_report_stop_with_its_own_items(bea):
    first, second = make.submitted(AMARA), make.submitted(DORA)
    assert first.case == second.case
    decision = make.decided(first.case, bea, items=list(first.report.items.all()))
    action = decision.actions.get()
    actions.record_outcome(action, result="removed", by=PLATFORM)
    stopped = set(first.report.clocks.values_list("stopped_because", "stopped_by_action"))
    assert stopped == {("outcome", action.pk)}
    running = Clock.objects.filter(stopped_at=None)
    assert set(running.values_list("report", flat=True)) == {second.report.pk}
    assert Case.objects.get().due_at == min(clock.due_at for clock in running)


def test_an_upload_that_outlives_the_clocks_of_the_reports_has_its_own_from_when_it_was_found(bea):
    sent = make.submitted(links=0)
    entry = sent.report.items.get().pdq_entry
    actions.record_hits([make.hit(entry, "review", content_ref="post-1")], by=make.NODE)
    make.decided(sent.case, bea, items=list(sent.report.items.all()))
    upload = Item.objects.get(kind="content")
    running = Clock.objects.filter(stopped_at=None)
    assert set(running.values_list("report", "starts_at")) == {(None, upload.added_at)}
    action = make.decided(sent.case, bea).actions.get()
    actions.record_outcome(action, result="removed", by=PLATFORM)
    assert not Clock.objects.filter(stopped_at=None).exists()


def test_uploads_that_matched_go_with_the_last_report():
    first, second = make.submitted(AMARA), make.submitted(DORA)
    entry = first.report.items.get(kind="hash").pdq_entry
    actions.record_hits([make.hit(entry, "review", content_ref="post-1")], by=make.NODE)
    withdrawn(first.report)
    assert Item.objects.get(kind="content").state == "open"
    withdrawn(second.report)
    assert Item.objects.get(kind="content").state == "withdrawn"
    assert Case.objects.get().state == "withdrawn"


@pytest.fixture
def uploaded():
    """Two reports in one case that share a picture; an upload that matches the other picture of the first."""
    first, second = make.submitted(AMARA, links=0, pictures=(1, 2)), make.submitted(DORA, links=0, pictures=(2,))
    entry = first.report.items.get(pdq_entry__fingerprint=banks.fingerprint(make.pdq(1))).pdq_entry
    actions.record_hits([make.hit(entry, "review", content_ref="post-1")], by=make.NODE)
    assert first.case == second.case
    return first, second


def test_an_upload_of_what_was_taken_back_is_let_go_although_somebody_else_is_in_the_case(uploaded, bea):
    first, second = uploaded
    withdrawn(first.report)
    assert Item.objects.get(kind="content").state == "withdrawn"
    assert Case.objects.get().state == "open"
    make.decided(second.case, bea)
    assert not Action.objects.exists()


def test_an_upload_goes_with_the_one_picture_that_it_matched(uploaded):
    first, _ = uploaded
    matched = Item.objects.get(kind="content").hits.get().entry
    other, one = sorted(first.report.items.all(), key=lambda item: item.pdq_entry == matched)
    actions.withdraw_item(other, by=REPORTER)
    assert Item.objects.get(kind="content").state == "open"
    actions.withdraw_item(one, by=REPORTER)
    assert Item.objects.get(kind="content").state == "withdrawn"


def test_an_upload_concerns_only_who_reported_the_picture(uploaded, bea):
    first, second = uploaded
    upload = Item.objects.get(kind="content")
    action = make.decided(first.case, bea, items=[upload]).actions.get()
    actions.record_outcome(action, result="removed", by=PLATFORM)
    assert [line.verb for line in history(first.report)][-2:] == ["case.decided", "action.answered"]
    assert [line.verb for line in history(second.report)] == ["report.received", "report.acknowledged"]


def test_what_the_person_wrote_is_erased(bea):
    canary = "canary-4711"
    told = {"relation": canary, "contact": canary, "words": canary, "signature": canary}
    sent = make.submitted(hashes=[HashGiven(make.pdq(1).hex(), 100, None, canary)], **told)
    other = make.submitted(DORA, words="still here")
    make.decided(sent.case, bea, "disable", items=list(sent.report.items.filter(kind="link")))
    withdrawn(sent.report)
    kept = list(Report.objects.filter(pk=sent.report.pk).values_list(*told).get())
    assert kept == [None] * 4
    assert [item.label for item in sent.report.items.all()] == [None, None]
    assert Report.objects.get(pk=other.report.pk).words == "still here"
    assert other.report.items.get(kind="hash").label == "picture 1"


def test_one_item_can_be_taken_back():
    sent = make.submitted(pictures=(1, 2))
    item = sent.report.items.filter(kind="hash").first()
    gone = actions.withdraw_item(item, by=REPORTER)
    actions.withdraw_item(item, by=REPORTER)
    assert gone.state == "withdrawn"
    assert Entry.objects.filter(state="withdrawn").count() == 2
    assert Entry.objects.filter(state="pending").count() == 2
    assert Case.objects.get().state == "open"
    assert [line.verb for line in history(sent.report)] == ["report.received", "report.acknowledged", "item.withdrawn"]


def test_the_last_item_taken_back_closes_the_case():
    sent = make.submitted(links=1, pictures=())
    actions.withdraw_item(sent.report.items.get(), by=REPORTER)
    case = Case.objects.get()
    assert (case.state, case.due_at) == ("withdrawn", None)
    assert set(case.clocks.values_list("stopped_because", flat=True)) == {"withdrawal"}


def test_what_is_settled_or_nobodys_cannot_be_taken_back(bea):
    sent = make.submitted()
    entry = sent.report.items.get(kind="hash").pdq_entry
    actions.record_hits([make.hit(entry, "review", content_ref="post-1")], by=make.NODE)
    make.decided(sent.case, bea, items=[sent.report.items.get(kind="link")])
    actions.record_outcome(Action.objects.get(), result="removed", by=PLATFORM)
    for item in Item.objects.filter(kind__in=["link", "content"]):
        with pytest.raises(StateError):
            actions.withdraw_item(item, by=REPORTER)


def test_the_operator_can_withdraw_an_entry_whoever_wants_it(system):
    sent = make.submitted(links=0)
    entry = sent.report.items.get().pdq_entry
    assert actions.withdraw_entry(entry, by=system).state == "withdrawn"
    assert actions.withdraw_entry(entry, by=system).state == "withdrawn"
    assert FeedLine.objects.filter(op="remove").count() == 1
    assert Case.objects.get().state == "open"


def test_a_withdrawal_that_cannot_be_written_changes_nothing(monkeypatch):
    sent = make.submitted()
    monkeypatch.setattr("staydown.apps.cases.actions.withdrawing.settling.settle", lambda *a, **k: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        withdrawn(sent.report)
    sent.report.refresh_from_db()
    assert sent.report.withdrawn_at is None
    assert set(Entry.objects.values_list("state", flat=True)) == {"pending"}
    assert sent.report.words == AMARA.words
