"""The platform's answer: it stops the clocks, once, and a failure leaves them running."""

from __future__ import annotations

import pytest

from staydown.apps.audit.querysets import history
from staydown.apps.cases import actions
from staydown.apps.cases.models import Action, Case, Clock, Item
from staydown.apps.sharing import actions as sharing
from staydown.apps.sharing.models import Delivery
from staydown.errors import InvalidError, StateError
from tests import factories as make
from tests.factories import PLATFORM

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked(bea):
    """Two links, both asked to be removed."""
    return list(make.decided(make.submitted(links=2).case, bea).actions.all())


def answer(action, result, **more):
    return actions.record_outcome(Action.objects.get(pk=action.pk), result=result, by=PLATFORM, **more)


def test_the_clocks_stop_at_the_last_answer(asked):
    answer(asked[0], "removed")
    case = Case.objects.get()
    assert case.state == "decided"
    assert not Clock.objects.filter(stopped_at__isnull=False).exists()
    last = answer(asked[1], "not_found", detail="gone since Tuesday")
    case.refresh_from_db()
    assert (case.state, case.due_at) == ("done", None)
    assert set(Clock.objects.values_list("stopped_because", "stopped_by_action")) == {("outcome", last.pk)}
    assert set(Clock.objects.values_list("stopped_at", flat=True)) == {last.done_at}
    assert set(Item.objects.filter(kind="link").values_list("state", flat=True)) == {"removed"}
    assert last.detail == "gone since Tuesday"


def test_the_same_answer_twice_is_once(asked):
    first = answer(asked[0], "removed")
    version = Case.objects.get().version
    again = answer(asked[0], "removed")
    assert again.done_at == first.done_at
    assert Case.objects.get().version == version
    assert len([line for line in history(first) if line.verb == "action.answered"]) == 1


def test_another_answer_afterwards_is_refused(asked):
    answer(asked[0], "removed")
    for other in ("not_found", "failed"):
        with pytest.raises(StateError):
            answer(asked[0], other)
    assert Action.objects.get(pk=asked[0].pk).result == "removed"


def test_a_failure_leaves_the_clock_running_and_shows(asked):
    answer(asked[0], "failed", detail="503")
    case = Case.objects.get()
    assert case.state == "open"
    assert case.due_at is not None
    assert Item.objects.get(pk=asked[0].item_id).state == "open"
    assert Action.objects.get(pk=asked[0].pk).state == "failed"
    assert list(Case.objects.queue()) == [case]


def test_a_late_success_after_a_failure_is_taken(asked):
    answer(asked[0], "failed")
    answer(asked[1], "removed")
    assert answer(asked[0], "removed").state == "done"
    assert Case.objects.get().state == "done"


def test_after_a_failure_it_can_be_asked_again(asked, bea):
    answer(asked[0], "failed")
    again = make.decided(Case.objects.get(), bea).actions.get()
    assert again.item_id == asked[0].item_id
    with pytest.raises(StateError):  # the old request was overtaken
        answer(asked[0], "removed")
    answer(again, "removed")
    answer(asked[1], "removed")
    assert Case.objects.get().state == "done"


def test_an_answer_to_what_was_cancelled_is_kept_and_changes_nothing(asked):
    actions.withdraw_report(asked[0].item.report, by=make.Actor.reporter())
    kept = answer(asked[0], "removed")
    assert (kept.state, kept.result) == ("cancelled", "removed")
    assert Item.objects.get(pk=asked[0].item_id).state == "withdrawn"
    assert Case.objects.get().state == "withdrawn"
    with pytest.raises(StateError):
        answer(asked[0], "failed")


@pytest.mark.parametrize("result", ["", "done", "disabled", "restored"])
def test_an_answer_must_fit_the_question(asked, result):
    with pytest.raises(InvalidError, match="result:"):
        answer(asked[0], result)
    assert Action.objects.get(pk=asked[0].pk).state == "asked"


@pytest.mark.parametrize(("result", "state"), [("disabled", "disabled"), ("removed", "disabled"), ("failed", "open")])
def test_what_was_to_be_hidden_still_waits_for_the_last_word(bea, result, state):
    hiding = make.decided(make.submitted(pictures=()).case, bea, "disable").actions.get()
    answer(hiding, result)
    assert Item.objects.get().state == state
    assert Case.objects.get().state == "open"


def test_a_removal_that_fails_leaves_the_hidden_hidden(bea):
    sent = make.submitted(pictures=())
    answer(make.decided(sent.case, bea, "disable").actions.get(), "disabled")
    answer(make.decided(sent.case, bea).actions.get(), "failed")
    assert Item.objects.get().state == "disabled"


def test_a_restoration_that_fails_is_put_before_a_person_again_and_can_still_succeed(bea):
    sent = make.submitted(pictures=())
    answer(make.decided(sent.case, bea, "disable").actions.get(), "disabled")
    restore = make.decided(sent.case, bea, "decline").actions.get()
    answer(restore, "failed")
    case = Case.objects.get()
    assert (Item.objects.get().state, case.state) == ("disabled", "open")
    assert case.due_at == min(case.clocks.filter(stopped_at=None, report=None).values_list("due_at", flat=True))
    assert answer(restore, "restored").state == "done"
    assert (Item.objects.get().state, Case.objects.get().state) == ("declined", "done")
    assert not Clock.objects.filter(stopped_at=None).exists()


def test_a_restoration_that_failed_can_be_asked_again(bea):
    sent = make.submitted(pictures=())
    answer(make.decided(sent.case, bea, "disable").actions.get(), "disabled")
    first = make.decided(sent.case, bea, "decline").actions.get()
    answer(first, "failed")
    again = make.decided(sent.case, bea, "decline").actions.get()
    assert again.kind == "restore"
    with pytest.raises(StateError):  # the first request was overtaken
        answer(first, "restored")
    answer(again, "restored")
    assert (Item.objects.get().state, Case.objects.get().state) == ("declined", "done")


@pytest.mark.parametrize("before", [None, "failed"])
def test_what_was_hidden_after_the_report_was_taken_back_is_asked_to_be_shown_again(bea, system, before):
    sharing.add_endpoint("the platform", "https://platform.test/hooks", by=system)
    sent = make.submitted(pictures=())
    hiding = make.decided(sent.case, bea, "disable").actions.get()
    if before:
        answer(hiding, before)
    actions.withdraw_report(sent.report, by=make.Actor.reporter())
    answer(hiding, "disabled")
    restore = Action.objects.get(kind="restore")
    assert (restore.state, Item.objects.get().state, Case.objects.get().state) == ("asked", "withdrawn", "decided")
    assert Delivery.objects.filter(event="action.requested", payload__data__action=str(restore.public_id)).exists()
    assert history(sent.case)[-1].facts["restore"] == str(restore.public_id)
    answer(restore, "restored")
    assert (Item.objects.get().state, Case.objects.get().state) == ("withdrawn", "withdrawn")


def test_what_could_not_be_shown_again_after_a_withdrawal_waits_for_a_person_with_a_deadline(bea):
    sent = make.submitted(pictures=())
    hiding = make.decided(sent.case, bea, "disable").actions.get()
    actions.withdraw_report(sent.report, by=make.Actor.reporter())
    answer(hiding, "disabled")
    restore = Action.objects.get(kind="restore")
    answer(restore, "failed")
    case = Case.objects.get()
    assert (case.state, case.due_at is None, Item.objects.get().state) == ("open", False, "disabled")
    answer(restore, "restored")
    assert (Item.objects.get().state, Case.objects.get().state) == ("withdrawn", "withdrawn")


@pytest.mark.parametrize("order", [("disabled", "failed"), ("failed", "disabled")])
def test_a_removal_that_fails_around_a_late_hiding_leaves_the_hidden_hidden(bea, order):
    sent = make.submitted(pictures=())
    hiding = make.decided(sent.case, bea, "disable").actions.get()
    removal = make.decided(sent.case, bea).actions.get()
    for result in order:
        answer(hiding if result == "disabled" else removal, result)
    assert Item.objects.get().state == "disabled"
    assert make.decided(sent.case, bea, "decline").actions.get().kind == "restore"


def test_what_was_hidden_after_it_was_shown_again_is_asked_for_once_more(bea):
    sent = make.submitted(pictures=())
    hiding = make.decided(sent.case, bea, "disable").actions.get()
    first = make.decided(sent.case, bea, "decline").actions.get()
    answer(first, "restored")
    answer(hiding, "disabled")
    again = Action.objects.get(state="asked")
    assert (again.kind, Case.objects.get().state) == ("restore", "decided")
    answer(again, "restored")
    assert Case.objects.get().state == "done"


def test_what_was_hidden_while_it_is_being_shown_again_asks_nothing_more(bea):
    sent = make.submitted(pictures=())
    hiding = make.decided(sent.case, bea, "disable").actions.get()
    restore = make.decided(sent.case, bea, "decline").actions.get()
    answer(hiding, "disabled")
    assert list(Action.objects.filter(kind="restore")) == [restore]


def test_a_detail_is_short(asked):
    with pytest.raises(InvalidError, match="detail:"):
        answer(asked[0], "removed", detail="x" * 501)


def test_the_reporter_and_the_case_have_it_in_their_history(asked):
    answer(asked[0], "removed", detail="moved by Jane Roe")
    for thing in (asked[0].item.report, asked[0].item.case, asked[0].item):
        line = history(thing)[-1]
        assert (line.verb, line.facts["result"]) == ("action.answered", "removed")
        assert "Jane" not in str(line.facts)
