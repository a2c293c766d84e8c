"""The page on which words of a closed case are erased before their time."""

from __future__ import annotations

import pytest
from django.urls import reverse

from staydown.apps.banks.models import Proposal
from staydown.apps.cases.models import Case
from tests.apps.cases.test_keeping import closed

pytestmark = pytest.mark.django_db


@pytest.fixture
def done(bea):
    return closed(bea)


def page_of(case):
    return reverse("console:erase", args=[case.public_id])


def test_one_proposes_and_another_approves(at_bea, at_cem, done):
    assert page_of(done) in at_bea.get(reverse("console:case", args=[done.public_id])).content.decode()
    page = at_bea.get(page_of(done)).content.decode()
    assert "this takes two people" in page.lower()
    assert 'value="report"' in page
    assert 'value="decision"' not in page  # somebody may still appeal
    assert "Reasons, notes and answers: kept until" in page
    said = at_bea.post(page_of(done), {"artefacts": ["report"], "reason": "They asked."}, follow=True)
    assert "It is proposed." in said.content.decode()
    listed = at_cem.get("/staff/proposals/").content.decode()
    assert "To be erased: what reporters wrote." in listed
    assert "They asked." in listed
    at_cem.post(reverse("console:proposal", args=[Proposal.objects.get().public_id]), {"do": "approved"})
    assert done.reports.get().words == ""
    history = at_cem.get(reverse("console:case", args=[done.public_id])).content.decode()
    assert "erased what reporters wrote, before the time for it" in history
    assert "proposed to erase what people wrote" in history


def test_what_is_missing_or_kept_is_said(at_bea, done):
    empty = at_bea.post(page_of(done), {})
    assert empty.status_code == 422
    assert "Tick what is to be erased." in empty.content.decode()
    assert at_bea.post(page_of(done), {"artefacts": ["decision"], "reason": "x"}).status_code == 422
    at_bea.post(page_of(done), {"artefacts": ["report"], "reason": "x"})
    again = at_bea.post(page_of(done), {"artefacts": ["report"], "reason": "x"})
    assert again.status_code == 409
    assert "proposed already" in again.content.decode()


def test_of_an_open_case_nothing_is_offered(at_bea, case):
    assert "is not closed" in at_bea.get(page_of(case)).content.decode()
    assert at_bea.post(page_of(case), {"artefacts": ["report"], "reason": "x"}).status_code == 409
    assert page_of(case) not in at_bea.get(reverse("console:case", args=[case.public_id])).content.decode()


def test_a_lead_alone_where_policy_says_so(at_cem, done, settings):
    settings.STAYDOWN_TWO_PEOPLE = ()
    said = at_cem.post(page_of(done), {"artefacts": ["report"], "reason": "They asked."}, follow=True)
    assert "it is erased" in said.content.decode()
    assert done.reports.get().words == ""


def test_a_locked_case_is_not_there(at_bea, done):
    Case.objects.filter(pk=done.pk).update(state="minors")
    assert at_bea.get(page_of(done)).status_code == 404
