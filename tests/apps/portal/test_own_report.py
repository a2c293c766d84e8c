"""The buttons of the status page: add, complete, answer, complain, delete, take one thing back, keep the proof."""

from __future__ import annotations

import html
import json
import re

import pytest
from django.test import Client

from staydown.apps.accounts.access import staff_actor
from staydown.apps.audit import actions as audit
from staydown.apps.cases.actions import answer_proposal, minors, unlocking
from staydown.apps.cases.actions.asking import ask_reporter
from staydown.apps.cases.models import Appeal, Item, Question, Report
from staydown.core.audit import verify_proof
from tests import factories as make
from tests.people import AMARA, DORA, member

pytestmark = pytest.mark.django_db

MORE = "https://platform.test/posts/more"


def page(client: Client, code: str, **fields: str) -> str:
    response = client.post("/status/", {"code": code, **fields})
    assert response.status_code == 200
    return html.unescape(response.content.decode())


def test_a_link_is_added(client):
    sent = make.submitted()
    assert "Add to my report" in page(client, sent.code, go="add")
    shown = page(client, sent.code, go="add-now", links=MORE)
    assert "Thank you. We work on that too." in shown
    assert MORE in shown
    assert "You added something to your report." in shown


def test_a_picture_is_added_by_its_hashes_alone(client):
    sent = make.submitted(pictures=(), links=1)
    found = json.dumps([{"pdq": "3c" * 32, "quality": 90, "sha256": None}])
    shown = page(client, sent.code, go="add-now", found=found)
    assert "Picture 1" in shown
    assert sent.report.items.get(kind="hash").pdq_entry.value.hex() == "3c" * 32


@pytest.mark.parametrize("fields", [{}, {"links": "nonsense"}, {"found": "{"}])
def test_what_cannot_be_added_is_said(client, fields):
    sent = make.submitted()
    shown = page(client, sent.code, go="add-now", **fields)
    assert "There is a problem" in shown
    assert sent.report.items.count() == 2


def test_of_somebody_under_18_only_links_are_added(client, bea):
    sent = make.submitted()
    minors.suspect_minor(sent.case, bea)
    assert 'name="found"' not in page(client, sent.code, go="add")
    found = json.dumps([{"pdq": "3c" * 32, "quality": 90, "sha256": None}])
    page(client, sent.code, go="add-now", links=MORE, found=found)
    assert sent.report.items.filter(kind="hash").count() == 1
    assert sent.report.items.filter(kind="link").count() == 2


def test_an_anonymous_report_becomes_a_formal_notice(client):
    sent = make.submitted(contact="", signature="", provided={})
    assert "Make it a formal notice" in page(client, sent.code)
    shown = page(client, sent.code, go="complete")
    names = set(re.findall(r'name="(\w+)"', shown.split("<main")[1])) - {"code", "go"}
    assert {"contact", "signature", "good_faith_and_true", "content_is_intimate"} <= names
    assert not {"identify", "locate"} & names
    given = dict.fromkeys(names - {"contact", "signature"}, "on")
    shown = page(client, sent.code, go="complete-now", contact="a@b.test", signature="Amara", **given)
    assert "It is part of your report now." in shown
    assert "at the latest" in shown
    report = Report.objects.get()
    assert (report.contact, report.signature) == ("a@b.test", "Amara")


def test_what_only_a_link_can_mend_is_said(client):
    sent = make.submitted(links=0)
    shown = page(client, sent.code)
    if "What some laws still ask" in shown and "Make it a formal notice" not in shown:
        assert "To say where it is, add a link above." in shown


def test_a_question_is_shown_and_answered(client, bea):
    sent = make.submitted()
    question = ask_reporter(sent.report, bea, text="Which of <b>them</b>?")
    response = client.post("/status/", {"code": sent.code}).content.decode()
    assert "We have a question" in response
    assert "&lt;b&gt;" in response
    shown = page(client, sent.code, go=f"answer:{question.public_id}", answer="The second.")
    assert "Your answer was sent." in shown
    assert Question.objects.get().answer == "The second."
    assert "Your answer was empty" in page(client, sent.code, go=f"answer:{question.public_id}", answer=" ")


def test_nobody_answers_somebody_else_s_question(client, bea):
    sent, other = make.submitted(), make.submitted(DORA)
    question = ask_reporter(sent.report, bea, text="Which?")
    assert "Which?" not in page(client, other.code)
    page(client, other.code, go=f"answer:{question.public_id}", answer="Mine!")
    assert Question.objects.get().answer is None


def test_one_thing_is_taken_back_and_only_one_s_own(client):
    sent, other = make.submitted(links=2), make.submitted(DORA)
    link = sent.report.items.filter(kind="link").first()
    assert "Take this one thing back?" in page(client, sent.code, go=f"item:{link.public_id}")
    assert Item.objects.get(pk=link.pk).state == "open"
    assert "You took one thing back." in page(client, sent.code, go=f"item-now:{link.public_id}")
    assert Item.objects.get(pk=link.pk).state == "withdrawn"
    theirs = other.report.items.filter(kind="link").first()
    for verb in ("item", "item-now"):
        assert theirs.url not in page(client, sent.code, go=f"{verb}:{theirs.public_id}")
    assert Item.objects.get(pk=theirs.pk).state == "open"
    assert "Your report" in page(client, sent.code, go="item-now:nonsense")


def test_another_look_is_asked_for_where_something_was_declined(client, bea):
    sent = make.submitted()
    assert "Ask for another look" not in page(client, sent.code)
    make.decided(sent.case, bea, "decline")
    assert "Ask for another look" in page(client, sent.code)
    assert "Write a few words." in page(client, sent.code, go="ask-again-now", words="")
    shown = page(client, sent.code, go="ask-again-now", words="It is me, look at the tattoo.")
    assert "Another person looks at it again." in shown
    assert "Another person answers by" in shown
    assert Appeal.objects.get().report == sent.report


def test_what_was_written_is_deleted_by_choice(client):
    sent = make.submitted()
    shown = page(client, sent.code, go="delete")
    assert "What do you want to delete?" in shown
    assert "Choose what you want to delete." in page(client, sent.code, go="delete-now")
    assert "It is deleted." in page(client, sent.code, go="delete-now", parts="contact")
    report = Report.objects.get()
    assert report.contact is None
    assert report.words == AMARA.words
    assert 'value="contact"' not in page(client, sent.code, go="delete")


def test_the_proof_is_a_file_that_verifies(client):
    sent = make.submitted()
    response = client.post("/status/", {"code": sent.code, "go": "proof"})
    assert response["Content-Disposition"] == 'attachment; filename="proof.txt"'
    proven = verify_proof(response.content.decode(), audit.verifier())
    assert proven.payload["about"] == f"report:{sent.report.public_id}"
    receipt = page(client, sent.code, go="download")
    assert str(audit.verifier()) in receipt
    assert "staydown audit verify --proof" in receipt


def test_a_report_that_was_taken_back_offers_nothing_more(client):
    sent = make.submitted()
    page(client, sent.code, go="withdraw-now")
    shown = page(client, sent.code)
    for words in ("Add a link or a picture", "Take my report back", "Delete what I wrote", "Make it a formal notice"):
        assert words not in shown
    assert "There is a problem" in page(client, sent.code, go="add-now", links=MORE)


def test_an_unknown_button_shows_the_report(client):
    assert "Your report" in page(client, make.submitted().code, go="admin:1")


def test_a_picture_that_was_erased_by_mistake_is_chosen_again(client, bea):
    sent = make.submitted(pictures=(1,), links=0)
    case = minors.suspect_minor(sent.case, bea)
    one, other = member("pia", "protection"), member("quinn", "protection")
    asked = unlocking.propose_unlock(case, reason="She is 34.", staff=one, by=staff_actor(one))
    answer_proposal(asked, "approved", staff=other, by=staff_actor(other))
    shown = page(client, sent.code)
    for said in ("That was our mistake", "Please choose your pictures again", "fingerprint deleted"):
        assert said in shown
    assert "She is 34." not in shown
    assert "Add to my report" in page(client, sent.code, go="add")
    found = json.dumps([{"pdq": "3c" * 32, "quality": 90, "sha256": None}])
    again = page(client, sent.code, go="add-now", found=found)
    assert "Please choose your pictures again" not in again
    assert "waiting for a decision" in again
    assert "you took it back" not in again
    arabic = html.unescape(client.post("/ar/status/", {"code": sent.code}).content.decode())
    assert "كان ذلك خطأ منا" in arabic
