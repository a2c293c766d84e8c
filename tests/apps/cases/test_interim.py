"""A law whose clock cannot wait for a person: hidden at receipt, confirmed or shown again by the decision."""

from __future__ import annotations

from datetime import timedelta

import pytest

from staydown.apps.audit.actor import Actor
from staydown.apps.audit.querysets import history
from staydown.apps.cases import actions, clocks, regimes
from staydown.apps.cases.actions import adding, minors
from staydown.apps.cases.intake import MinorsForm
from staydown.apps.cases.models import Action, Case, Clock, Item, UploaderNotice
from staydown.apps.cases.timeline import timeline
from staydown.apps.console.history import of_case
from tests import factories as make
from tests.factories import PLATFORM

pytestmark = pytest.mark.django_db
INDIA, COMPLAINT, UK = "in-it-3-2-b", "in-it-grievance", "uk-osa-10-3A"


@pytest.fixture(autouse=True)
def india(settings):
    settings.STAYDOWN_REGIMES = [INDIA]


def running(case: Case) -> dict[str, float]:
    """The clocks that run, as hours from their start."""
    clocks = Clock.objects.filter(case=case, stopped_at=None)
    return {f"{each.regime_id}/{each.clock_id}": (each.due_at - each.starts_at) / timedelta(hours=1) for each in clocks}


def answered(case: Case, result: str) -> None:
    """The platform answers everything that it was asked."""
    for action in Action.objects.filter(item__case=case, state=Action.State.ASKED):
        actions.record_outcome(action, result=result, by=PLATFORM)


def states(case: Case) -> list[str]:
    return list(case.items.order_by("pk").values_list("state", flat=True))


def test_the_platform_is_asked_to_hide_at_receipt_by_nobody_but_the_system():
    sent = make.submitted(links=2, pictures=(1,))
    assert states(sent.case) == [Item.State.ASKED, Item.State.ASKED, Item.State.OPEN]
    asked = list(Action.objects.filter(item__case=sent.case))
    assert {action.kind for action in asked} == {Action.Kind.DISABLE}
    (decision,) = {action.decision for action in asked}
    assert (decision.by_staff, decision.regime_id, decision.verdict) == (None, INDIA, "disable")
    case = Case.objects.get(pk=sent.case.pk)
    assert case.state == Case.State.OPEN
    assert running(case) == {f"{INDIA}/remove": 2}
    assert case.due_at - case.opened_at == timedelta(hours=2)
    (line,) = [line for line in history(case) if line.verb == "case.hidden_at_once"]
    assert line.actor_kind == "system"
    assert {notice.decided_by for notice in UploaderNotice.objects.all()} == {"system"}


def test_both_sides_read_who_hid_it():
    sent = make.submitted(pictures=())
    told = [str(line.text) for line in timeline(sent.report)]
    assert "The platform was asked to hide it at once. A moderator decides afterwards." in told
    said = [line for line in of_case(sent.case, regimes.pinned(sent.case)) if line.verb == "case.hidden_at_once"]
    assert [(line.who, line.what) for line in said] == [
        ("staydown", "had the platform hide 1 item for now under the Indian IT Rules, two hours")
    ]


def test_hidden_content_meets_the_limit_and_still_waits_for_a_person(settings):
    settings.STAYDOWN_REGIMES = [INDIA, COMPLAINT]
    sent = make.submitted(pictures=())
    assert running(sent.case) == {f"{INDIA}/remove": 2, f"{COMPLAINT}/resolve": 168}
    answered(sent.case, "disabled")
    case = Case.objects.get(pk=sent.case.pk)
    assert (case.state, states(case)) == (Case.State.OPEN, [Item.State.DISABLED])
    assert running(case) == {f"{COMPLAINT}/resolve": 168}
    assert case.due_at - case.opened_at == timedelta(days=7)


def test_what_is_added_later_is_hidden_too_and_its_own_limit_met():
    sent = make.submitted(pictures=())
    answered(sent.case, "disabled")
    adding.add_items(sent.report, links=["https://platform.test/posts/late"], by=Actor.reporter())
    assert states(sent.case) == [Item.State.DISABLED, Item.State.ASKED]
    assert running(sent.case) == {f"{INDIA}/remove": 2}
    answered(sent.case, "disabled")
    assert states(sent.case) == [Item.State.DISABLED, Item.State.DISABLED]
    assert running(sent.case) == {}


def test_with_that_limit_alone_no_clock_is_started_again():
    sent = make.submitted(pictures=())
    answered(sent.case, "disabled")
    case = Case.objects.get(pk=sent.case.pk)
    assert (case.state, case.due_at) == (Case.State.OPEN, None)
    assert Clock.objects.get(case=case).stopped_because == Clock.Because.OUTCOME


def test_one_link_that_is_still_seen_keeps_the_clock_running():
    sent = make.submitted(links=2, pictures=())
    first = Action.objects.filter(item__case=sent.case).order_by("pk").first()
    actions.record_outcome(first, result="disabled", by=PLATFORM)
    assert running(sent.case) == {f"{INDIA}/remove": 2}
    answered(sent.case, "failed")
    assert states(sent.case) == [Item.State.DISABLED, Item.State.OPEN]
    assert running(sent.case) == {f"{INDIA}/remove": 2}


def test_another_law_of_the_same_case_keeps_its_hours(settings):
    settings.STAYDOWN_REGIMES = [INDIA, UK]
    sent = make.submitted(pictures=())
    answered(sent.case, "disabled")
    assert running(sent.case) == {f"{UK}/remove": 48}


def test_the_decision_confirms_it(bea):
    sent = make.submitted(pictures=())
    answered(sent.case, "disabled")
    make.decided(sent.case, bea, regime_id=INDIA)
    answered(sent.case, "removed")
    case = Case.objects.get(pk=sent.case.pk)
    assert (case.state, states(case)) == (Case.State.DONE, [Item.State.REMOVED])


def test_or_has_it_shown_again(bea):
    sent = make.submitted(pictures=())
    answered(sent.case, "disabled")
    make.decided(sent.case, bea, "decline", regime_id=INDIA, ground="not_what_the_rule_covers")
    (restore,) = Action.objects.filter(item__case=sent.case, state=Action.State.ASKED)
    assert restore.kind == Action.Kind.RESTORE
    answered(sent.case, "restored")
    assert Case.objects.get(pk=sent.case.pk).state == Case.State.DONE
    assert running(sent.case) == {}


def test_a_decision_need_not_wait_for_the_answer(bea):
    sent = make.submitted(pictures=())
    make.decided(sent.case, bea, regime_id=INDIA)
    kinds = dict(Action.objects.filter(item__case=sent.case).values_list("kind", "state"))
    assert kinds == {Action.Kind.DISABLE: Action.State.CANCELLED, Action.Kind.REMOVE: Action.State.ASKED}


def test_a_picture_alone_is_nowhere_to_be_hidden_and_its_clock_runs():
    sent = make.submitted(links=0, pictures=(1,))
    assert not Action.objects.exists()
    assert running(sent.case) == {f"{INDIA}/remove": 2}


def test_only_those_whom_the_law_names_have_something_hidden():
    sent = make.submitted(pictures=(), role="trusted_flagger")
    assert not Action.objects.exists()
    assert states(sent.case) == [Item.State.OPEN]


def test_laws_that_merely_allow_it_hide_nothing_by_themselves(settings):
    settings.STAYDOWN_REGIMES = [UK]
    sent = make.submitted(pictures=())
    assert not Action.objects.exists()
    assert clocks.stopped_by_hiding(sent.case, Clock.objects.all(), list(sent.case.items.all())).count() == 0


def test_what_a_report_meets_by_default_has_no_clock_of_minors_orders_or_other_countries(settings):
    settings.STAYDOWN_REGIMES = []
    sent = make.submitted(pictures=())
    assert running(sent.case) == {f"{UK}/remove": 48, "us-tida-3/remove": 48}
    assert [each.id for each in regimes.pinned(sent.case)] == ["eu-dsa-16", "uk-osa-10-3", UK, "us-tida-3"]


def test_the_uploader_of_a_childs_picture_is_not_warned_when_it_is_hidden():
    sent = minors.submit_minors_report(MinorsForm(links=["https://platform.test/posts/1"]), by=Actor.reporter())
    (action,) = Action.objects.filter(item__case=sent.case)
    assert action.kind == Action.Kind.DISABLE
    assert Case.objects.get(pk=sent.case.pk).state == Case.State.MINORS
    assert not UploaderNotice.objects.exists()


def test_a_report_about_a_minor_is_held_against_the_laws_on_minors_too(settings):
    settings.STAYDOWN_REGIMES = []
    sent = minors.submit_minors_report(MinorsForm(links=["https://platform.test/posts/1"]), by=Actor.reporter())
    found = [each.id for each in regimes.pinned(sent.case)]
    assert found == ["eu-dsa-16", "uk-osa-10-3", UK, "us-tida-3", "uk-csea-nca", "us-2258A"]
    assert running(sent.case) == {f"{UK}/remove": 48, "us-tida-3/remove": 48}


def test_a_case_that_turns_out_to_show_a_minor_takes_those_laws_in(settings, bea):
    settings.STAYDOWN_REGIMES = [UK, "us-2258A"]
    sent = make.submitted(pictures=())
    assert [each.id for each in regimes.pinned(sent.case)] == [UK]
    minors.suspect_minor(sent.case, bea)
    case = Case.objects.get(pk=sent.case.pk)
    assert [each.id for each in regimes.pinned(case)] == [UK, "us-2258A"]
    assert running(case) == {f"{UK}/remove": 48}
