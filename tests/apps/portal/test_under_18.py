"""Somebody says that a person in the picture was under 18: services first, and the link still comes down."""

from __future__ import annotations

import html

import pytest
from django.test import Client

from staydown.apps.audit.models import Line
from staydown.apps.banks.models import Entry
from staydown.apps.cases.actions import minors
from staydown.apps.cases.models import Case, Report
from staydown.apps.portal import helplines
from tests import factories as make
from tests.apps.portal.walking import ANSWERS, HASHED, LINK, Walk

pytestmark = pytest.mark.django_db


@pytest.fixture
def walk(client: Client) -> Walk:
    return Walk(client)


@pytest.mark.parametrize("answer", ["yes", "then", "shown", "unsure"])
def test_every_such_answer_leads_to_the_services_and_leaves_nothing(walk, answer):
    walk.answer(minor=answer)
    for service in ("Report Remove", "Hotline.ie", "Take It Down", "INHOPE"):
        assert service in walk.text
    assert "We have stored nothing" in walk.text
    assert 'type="file"' not in walk.text
    assert (Case.objects.count(), Report.objects.count(), Line.objects.count()) == (0, 0, 0)


def test_each_answer_is_met_in_its_own_words(client):
    said = {answer: Walk(client).answer(minor=answer).text for answer in ("then", "shown", "unsure")}
    assert "you are an adult now changes nothing" in said["then"]
    assert "even if a computer made it" in said["shown"]
    assert "You do not have to find out" in said["unsure"]


def test_a_link_is_taken_and_worked_on_out_of_everybody_s_sight(walk):
    walk.answer(minor="yes")
    walk.post(draft=walk.draft, step="minor", links=LINK, contact="canary@reporter.test")
    assert walk.heading == "Your report was sent"
    assert "A person who is trained for this" in walk.text
    report = Report.objects.get()
    assert report.case.state == "minors"
    assert [item.url for item in report.items.all()] == [LINK]
    assert report.case.clocks.exists()
    page = html.unescape(walk.client.post("/status/", {"code": walk.code}).content.decode())
    assert "A person who is trained for this" in page
    assert "What some laws still ask" not in page
    assert "Make it a formal notice" not in page


def test_sending_twice_is_one_report(walk):
    walk.answer(minor="unsure")
    fields = {"draft": walk.draft, "step": "minor", "links": LINK}
    first = walk.post(**fields).code
    assert walk.post(**fields).code == first
    assert Report.objects.count() == 1


@pytest.mark.parametrize("links", ["", "nonsense"])
def test_what_is_no_link_is_asked_again(walk, links):
    walk.answer(minor="yes")
    walk.post(draft=walk.draft, step="minor", links=links)
    assert walk.heading == "Help when someone is under 18"
    assert walk.text.index("There is a problem") < walk.text.index("<h1")  # where a page is read first
    assert not Report.objects.exists()


def test_hashes_made_before_the_answer_changed_go_no_further(walk):
    walk.to("check").press("change:age")
    walk.answer(minor="then")
    walk.post(draft=walk.draft, step="minor", links=LINK, found=ANSWERS["pictures"]["found"])
    assert walk.heading == "Your report was sent"
    report = Report.objects.get()
    assert {item.kind for item in report.items.all()} == {"link"}
    assert (report.words, report.contact, report.relation) == (None, None, None)
    assert not Entry.objects.exists()
    assert HASHED["pdq"] not in walk.text


def test_an_adult_draft_cannot_be_sent_that_way(walk):
    walk.to("links")
    walk.post(draft=walk.draft, step="minor", links=LINK)
    assert walk.step == "links"
    assert not Report.objects.exists()


def test_a_draft_of_a_minor_cannot_go_on_as_an_adult_s(walk):
    walk.answer(minor="yes")
    walk.post(draft=walk.draft, go="send")
    assert not Report.objects.exists()
    walk.post(draft=walk.draft, step="pictures", **ANSWERS["pictures"])
    assert 'type="file"' not in walk.text
    walk.post(draft=walk.draft, step="age", minor="no")
    assert walk.step == "who", "who pressed the wrong answer can mend it"


def test_the_reporter_of_a_case_that_was_locked_reads_what_became_of_the_hashes(client, bea):
    sent = make.submitted()
    minors.suspect_minor(sent.case, bea)
    page = html.unescape(client.post("/status/", {"code": sent.code}).content.decode())
    assert "fingerprint deleted" in page
    assert "may be under 18" in page
    assert "you took it back" not in page


@pytest.mark.parametrize(
    ("language", "first"),
    [("de", "jugendschutz.net"), ("fr", "3018"), ("hi", "cybercrime.gov.in"), ("en-gb", "Report")],
)
def test_the_services_where_a_language_is_spoken_stand_first(language, first):
    ordered = helplines.in_order(helplines.FOR_CHILDREN, language)
    assert ordered[0].name.startswith(first)
    assert {*ordered} == {*helplines.FOR_CHILDREN}
    assert ordered[-1] is helplines.INHOPE


def test_every_service_says_what_it_rests_on():
    known = {*helplines.FOR_CHILDREN, *helplines.FOR_ADULTS}
    assert len(known) >= 6
    assert all(each.source and each.seen and each.address.startswith("https://") for each in known)
