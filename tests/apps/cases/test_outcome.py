"""The platform's answer: it stops the clocks, once, and a failure leaves them running."""

from __future__ import annotations

import pytest

from staydown.apps.audit.querysets import history
from staydown.apps.cases import actions
from staydown.apps.cases.models import Action, Case, Clock, Item
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


def test_a_restoration_that_fails_ends_the_case_and_can_still_succeed(bea):
    sent = make.submitted(pictures=())
    answer(make.decided(sent.case, bea, "disable").actions.get(), "disabled")
    restore = make.decided(sent.case, bea, "decline").actions.get()
    answer(restore, "failed")
    assert (Item.objects.get().state, Case.objects.get().state) == ("declined", "done")
    assert answer(restore, "restored").state == "done"


def test_a_detail_is_short(asked):
    with pytest.raises(InvalidError, match="detail:"):
        answer(asked[0], "removed", detail="x" * 501)


def test_the_reporter_and_the_case_have_it_in_their_history(asked):
    answer(asked[0], "removed", detail="moved by Jane Roe")
    for thing in (asked[0].item.report, asked[0].item.case, asked[0].item):
        line = history(thing)[-1]
        assert (line.verb, line.facts["result"]) == ("action.answered", "removed")
        assert "Jane" not in str(line.facts)
