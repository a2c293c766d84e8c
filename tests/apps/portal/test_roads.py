"""The roads of a report: for whom, posted or only threatened, as a formal notice or unknown."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from staydown.apps.cases.models import Report
from tests.apps.portal.walking import ANSWERS, Walk

pytestmark = pytest.mark.django_db


@pytest.fixture
def walk(client: Client) -> Walk:
    return Walk(client)


@pytest.mark.parametrize("role", ["trusted_flagger", "authority"])
def test_an_organisation_says_who_it_is_and_always_reports_formally(walk, role):
    walk.to("who").answer(role=role)
    assert walk.step == "organisation"
    walk.answer()
    assert "Give the name of your organisation." in walk.text
    walk.answer(**ANSWERS["organisation"])
    asked = []
    while 'name="step"' in walk.text:
        asked.append(walk.step)
        walk.answer(**ANSWERS[walk.step])
    assert "way" not in asked
    assert {"contact", "statements"} < set(asked)
    assert "Hotline canary-organisation" in walk.text
    walk.press("send")
    report = Report.objects.get()
    assert (report.role, report.relation) == (role, "Hotline canary-organisation")


def test_an_anonymous_report_is_asked_for_nothing_more_and_says_what_that_costs(walk):
    walk.to("way").answer(way="anonymous")
    assert walk.heading == "Check your report"
    assert "No law sets us a time limit for it" in walk.text
    assert "How to reach me" not in walk.text
    walk.press("send")
    assert walk.heading == "Your report was sent"
    report = Report.objects.get()
    assert (report.contact, report.signature) == (None, None)
    assert set(report.provided) == {"identify", "locate", "non_consent_information"}
    assert "We want to be done by" in walk.text
    assert "at the latest" not in walk.text


def test_who_chooses_to_stay_unknown_at_the_end_leaves_no_contact_behind(walk):
    walk.to("check").press("change:way").answer(way="anonymous")
    assert walk.heading == "Check your report"
    assert "canary@reporter.test" not in walk.text
    walk.press("send")
    report = Report.objects.get()
    assert (report.contact, report.signature) == (None, None)
    assert "contact" not in report.provided
    assert "good_faith_and_true" not in report.provided


def test_without_any_law_nobody_is_asked_how_formal_it_is(walk, settings, monkeypatch):
    monkeypatch.setattr("staydown.apps.portal.statements.binding", list)
    monkeypatch.setattr("staydown.apps.portal.steps.binding", list)
    asked = []
    while 'name="step"' in walk.text:
        asked.append(walk.step)
        walk.answer(**ANSWERS[walk.step])
    assert "way" not in asked
    assert "contact" in asked


def test_a_threat_is_asked_about_in_other_words_and_kept_as_one(walk):
    walk.to("happened").answer(situation="threat")
    assert "A link to the message or the account that threatens" in walk.text
    walk.answer(have="both")
    walk.answer(**ANSWERS["pictures"])
    assert "Where was the threat made?" in walk.text
    walk.to("check")
    assert "Someone says they will post it" in walk.text
    walk.press("send")
    report = Report.objects.get()
    assert report.situation == "threat"
    assert {item.kind for item in report.items.all()} == {"link", "hash"}


@pytest.mark.parametrize("role", ["subject", "agent", "authority"])
@pytest.mark.parametrize("have", ["links", "pictures", "both"])
@pytest.mark.parametrize("way", ["formal", "anonymous"])
def test_no_answer_moves_the_end_further_away(walk, role, have, way):
    given = {**ANSWERS, "who": {"role": role}, "what": {"have": have}, "way": {"way": way}}
    places = []
    while 'name="step"' in walk.text:
        places.append(tuple(map(int, re.search(r"Step (\d+) of (\d+)", walk.text).groups())))
        walk.answer(**given[walk.step])
    counts = [count for _number, count in places]
    assert [number for number, _count in places] == list(range(1, len(places) + 1))
    assert counts == sorted(counts, reverse=True)
    if way == "formal" or role == "authority":
        assert places[-1] == (len(places), len(places))
