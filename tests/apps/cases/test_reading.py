"""Who may read what: the queue, a case, a report by its code, an action; and what a reporter is told."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone, translation

from staydown.apps.audit.actor import Actor
from staydown.apps.banks.models import Entry
from staydown.apps.cases import access, actions, checklist, timeline
from staydown.apps.cases.intake import HashGiven
from staydown.apps.cases.models import Action, Case, Report
from staydown.core import receipt
from staydown.core.law.checklist import State
from staydown.errors import DeniedError, MissingError, ReceiptError
from tests import factories as make
from tests.factories import PLATFORM
from tests.people import DORA

pytestmark = pytest.mark.django_db


# The queue -----------------------------------------------------------------------------------------------------------


def test_the_queue_has_the_open_cases_by_deadline(bea):
    cases = [make.submitted(pictures=(seed,)).case for seed in range(4)]
    now = timezone.now()
    for case, hours in zip(cases, (30, 2, None, 10), strict=True):
        Case.objects.filter(pk=case.pk).update(due_at=hours and now + timedelta(hours=hours))
    make.decided(cases[3], bea)
    assert list(Case.objects.queue()) == [cases[1], cases[0], cases[2]]


def test_a_case_is_overdue_once_its_deadline_is_over():
    first, second = make.submitted(pictures=(1,)).case, make.submitted(pictures=(2,)).case
    now = timezone.now()
    Case.objects.filter(pk=first.pk).update(due_at=now - timedelta(hours=1))
    Case.objects.filter(pk=second.pk).update(due_at=None)
    assert list(Case.objects.overdue(now)) == [first]


def test_the_queue_is_cheap(django_assert_num_queries):
    for seed in range(5):
        make.submitted(pictures=(seed,))
    with django_assert_num_queries(1):
        assert len(Case.objects.queue()[:50]) == 5


def test_under_18_cases_are_in_no_list_and_on_no_page(bea):
    case = make.submitted().case
    Case.objects.update(state="minors")
    assert not Case.objects.queue().exists()
    assert not Case.objects.for_staff().exists()
    with pytest.raises(MissingError):
        access.case_for_staff(bea, case.public_id)


# Staff and programs --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["bea", "cem", "uli", "ada"])
def test_everyone_who_works_here_may_see_a_case(who, request):
    case = make.submitted().case
    staff = request.getfixturevalue(who)
    assert access.case_for_staff(staff, case.public_id) == access.case_for_staff(staff, str(case.public_id)) == case


def test_nobody_else_may(bea):
    case = make.submitted().case
    bea.is_active = False
    for user in (bea, AnonymousUser(), None):
        with pytest.raises(DeniedError):
            access.case_for_staff(user, case.public_id)


@pytest.mark.parametrize("public_id", [uuid4(), "nonsense", ""])
def test_what_is_not_there_is_missing(bea, public_id):
    with pytest.raises(MissingError):
        access.case_for_staff(bea, public_id)


def test_an_action_needs_its_scope(bea):
    make.decided(make.submitted().case, bea)
    action = Action.objects.get()
    reader, _ = make.api_key("action:read")
    other, _ = make.api_key("case:read")
    assert access.action_for_key(reader, action.public_id) == action
    with pytest.raises(DeniedError):
        access.action_for_key(other, action.public_id)
    with pytest.raises(DeniedError):
        access.action_for_key(reader, action.public_id, scope="outcome:write")
    with pytest.raises(MissingError):
        access.action_for_key(reader, uuid4())


# The reporter --------------------------------------------------------------------------------------------------------


def test_a_code_opens_its_own_report_in_any_spelling():
    mine, theirs = make.submitted(), make.submitted(DORA)
    assert access.report_for_code(mine.code) == mine.report
    assert access.report_for_code(mine.code.lower().replace("-", " ").replace("0", "o")) == mine.report
    assert access.report_for_code(theirs.code) == theirs.report


def test_every_wrong_code_gets_the_same_answer_for_the_same_work(django_assert_num_queries):
    make.submitted()
    unknown = receipt.new_code(b"0123456789")
    said = set()
    for code in (unknown, "nonsense", "", unknown[:-1] + "!", "0000-0000-0000-0000-0", "x" * 10_000):
        with django_assert_num_queries(1), pytest.raises(ReceiptError) as caught:
            access.report_for_code(code)
        said.add(caught.value.message)
    assert len(said) == 1
    assert unknown not in said.pop()


def test_the_first_visit_is_noted_once():
    report = make.submitted().report
    assert actions.first_visit(report, by=Actor.reporter())
    assert not actions.first_visit(report, by=Actor.reporter())
    assert Report.objects.get().first_seen_at is not None


def told(report):
    return [str(line.text) for line in timeline.timeline(Report.objects.get(pk=report.pk))]


def step(report):
    return timeline.next_step(Report.objects.get(pk=report.pk))


def test_the_timeline_tells_the_story_in_days(bea):
    sent = make.submitted()
    assert str(step(sent.report).who) == "A moderator"
    assert step(sent.report).by == sent.case.due_at.date()
    decision = make.decided(sent.case, bea)
    assert "platform" in str(step(sent.report).who)
    actions.record_outcome(decision.actions.get(), result="removed", by=PLATFORM)
    lines = timeline.timeline(sent.report)
    assert [line.verb for line in lines] == ["report.received", "case.decided", "action.answered"]
    assert {type(line.date).__name__ for line in lines} == {"date"}
    assert told(sent.report)[-1] == "It was taken down."
    assert step(sent.report).by is None
    actions.withdraw_report(sent.report, by=Actor.reporter())
    assert "withdrew" in told(sent.report)[-1]
    assert str(step(sent.report).who) == "Nobody"


BLOCKED = "are blocked"


def test_blocked_copies_are_told_of_ones_own_pictures_and_only_while_they_are_blocked(bea, system):
    sent = make.submitted(links=0)
    make.decided(sent.case, bea)
    assert BLOCKED in told(sent.report)[-1]
    assert BLOCKED in str(step(sent.report).text)
    assert sent.report.items.get().get_state_display() == "copies are blocked"
    for entry in Entry.objects.all():
        actions.withdraw_entry(entry, by=system)
    assert told(sent.report)[-1] == "A moderator decided that it must go."
    assert "are not blocked" in str(step(sent.report).text)
    assert sent.report.items.get().get_state_display() == "decided, copies are not blocked"


def test_a_report_of_links_reads_nothing_of_copies(bea):
    sent = make.submitted(pictures=())
    actions.record_outcome(make.decided(sent.case, bea).actions.get(), result="removed", by=PLATFORM)
    assert "copies" not in " ".join(told(sent.report)).lower()
    assert str(step(sent.report).text) == "You need do nothing."


def test_a_picture_that_nothing_can_know_again_is_not_said_to_be_blocked(bea):
    plain = HashGiven(make.pdq(7).hex(), 30, None, "a plain wall")
    sent = make.submitted(links=0, pictures=(), hashes=[plain])
    make.decided(sent.case, bea)
    assert not Entry.objects.exists()
    assert BLOCKED not in " ".join(told(sent.report))
    assert "are not blocked" in str(step(sent.report).text)
    assert not sent.report.items.get().blocks_copies


def test_some_pictures_blocked_are_not_all(bea):
    plain = HashGiven(make.pdq(7).hex(), 30, None, "a plain wall")
    sent = make.submitted(links=0, hashes=[plain, make.picture(1)])
    make.decided(sent.case, bea)
    assert "New copies of some of it" in str(step(sent.report).text)


def test_a_decision_about_a_link_says_nothing_of_the_picture_that_still_waits(bea):
    sent = make.submitted()
    make.decided(sent.case, bea, items=list(sent.report.items.filter(kind="link")))
    assert told(sent.report)[-1] == "A moderator decided that it must go."


def test_a_removed_upload_tells_who_gave_the_picture_that_copies_are_blocked(bea):
    sent = make.submitted(links=0)
    entry = sent.report.items.get().pdq_entry
    actions.record_hits([make.hit(entry, "review", content_ref="post-1")], by=make.NODE)
    make.decided(sent.case, bea, items=list(sent.case.items.filter(kind="content")))
    assert BLOCKED in told(sent.report)[-1]


def test_a_decline_is_told_with_the_grounds_of_the_law(bea):
    sent = make.submitted()
    make.decided(sent.case, bea, "decline")
    line = timeline.timeline(sent.report)[-1]
    assert "not to take it down" in str(line.text)
    assert line.detail
    assert "Shown without consent." not in str(line)  # the moderator's own note


def test_a_failure_is_told_too(bea):
    sent = make.submitted()
    actions.record_outcome(make.decided(sent.case, bea).actions.get(), result="failed", by=PLATFORM)
    assert "did not work" in told(sent.report)[-1]
    assert str(step(sent.report).who) == "A moderator"


def test_reporters_never_learn_of_each_other(bea):
    mine, theirs = make.submitted(pictures=(1,)), make.submitted(DORA, pictures=(1, 2))
    assert told(mine.report) == told(theirs.report) == ["We received your report."]
    make.decided(mine.case, bea, items=list(theirs.report.items.filter(kind="link")))
    assert told(mine.report) == ["We received your report."]
    assert len(told(theirs.report)) == 2
    actions.withdraw_report(theirs.report, by=Actor.reporter())
    assert told(mine.report) == ["We received your report."]


def test_sentences_can_be_translated():
    line = timeline.timeline(make.submitted().report)[0]
    with translation.override("en"):
        assert str(line.text) == "We received your report."
    assert not isinstance(line.text, str)


# The checklist -------------------------------------------------------------------------------------------------------


def test_a_complete_report_meets_every_law():
    found = checklist.for_report(make.submitted().report)
    assert found.is_valid
    assert [law.regime.id for law in found.laws] == ["uk-osa-10-3A", "us-tida-3"]
    assert {row.state for law in found.laws for row in law.rows} == {State.MET}


def test_what_is_missing_is_said_for_each_law():
    found = checklist.for_report(make.submitted(signature="", links=0).report)
    uk, us = found.laws
    assert uk.is_valid
    assert not found.is_valid
    assert {element.id for element in us.missing} == {"signature", "locate"}


def test_each_report_of_a_case_has_its_own():
    first = make.submitted()
    second = make.submitted(DORA, contact="")
    assert [(each.report, each.is_valid) for each in checklist.for_case(first.case)] == [
        (first.report, True),
        (second.report, False),
    ]
    actions.withdraw_report(second.report, by=Actor.reporter())
    assert [each.report for each in checklist.for_case(first.case)] == [first.report]
