"""Work starts at receipt; the law's own clock, where it waits for a complete report, is kept apart."""

from __future__ import annotations

from datetime import timedelta

import pytest

from staydown.apps.audit.actor import Actor
from staydown.apps.cases.actions import adding
from staydown.apps.cases.actions.adding import Completion
from staydown.apps.cases.models import Case, Clock
from tests import factories as make
from tests.apps.console.conftest import signed_in

pytestmark = pytest.mark.django_db
TWO_DAYS = timedelta(hours=48)


def clocks(case: Case) -> dict[str, Clock]:
    return {each.regime_id: each for each in Clock.objects.filter(case=case)}


def test_a_complete_report_starts_both_at_once():
    found = clocks(make.submitted(pictures=()).case)
    assert {each.legal_due_at - each.starts_at for each in found.values()} == {TWO_DAYS}


def test_an_incomplete_one_is_worked_on_and_the_laws_clock_waits():
    found = clocks(make.submitted(pictures=(), signature="").case)
    assert found["us-tida-3"].legal_due_at is None
    assert found["us-tida-3"].due_at - found["us-tida-3"].starts_at == TWO_DAYS
    assert found["uk-osa-10-3A"].legal_due_at == found["uk-osa-10-3A"].due_at


def test_completing_it_starts_the_laws_clock_and_moves_no_work():
    sent = make.submitted(pictures=(), signature="")
    before = clocks(sent.case)["us-tida-3"]
    adding.complete_report(sent.report, Completion(words="More."), by=Actor.reporter())
    assert clocks(sent.case)["us-tida-3"].legal_due_at is None
    adding.complete_report(sent.report, Completion(signature="A. Name"), by=Actor.reporter())
    after = clocks(sent.case)["us-tida-3"]
    assert after.due_at == before.due_at
    assert after.legal_due_at > before.due_at
    adding.complete_report(sent.report, Completion(signature="B. Name"), by=Actor.reporter())
    assert clocks(sent.case)["us-tida-3"].legal_due_at == after.legal_due_at


def test_a_link_that_was_missing_completes_it_too():
    sent = make.submitted(links=0)
    assert clocks(sent.case)["us-tida-3"].legal_due_at is None
    adding.add_items(sent.report, links=["https://platform.test/posts/1"], by=Actor.reporter())
    assert clocks(sent.case)["us-tida-3"].legal_due_at is not None


def test_the_page_of_the_case_says_which_clock_the_law_counts(bea):
    at_bea = signed_in(bea)
    sent = make.submitted(pictures=(), signature="")
    address = f"/staff/cases/{sent.case.public_id}/"
    assert "The law’s own clock has not started" in at_bea.get(address).content.decode()
    adding.complete_report(sent.report, Completion(signature="A. Name"), by=Actor.reporter())
    assert "counts from when the report was complete: until" in at_bea.get(address).content.decode()
