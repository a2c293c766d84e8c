"""Asking a reporter from the page of the case."""

from __future__ import annotations

import pytest
from django.urls import reverse

from staydown.apps.audit.actor import Actor
from staydown.apps.cases import actions
from staydown.apps.cases.actions.asking import answer_question
from staydown.apps.cases.models import Question
from tests import factories as make
from tests.people import DORA

pytestmark = pytest.mark.django_db


def test_a_question_is_asked_and_its_answer_read(at_bea, case, sent):
    told = {"report": sent.report.public_id, "text": "Which of the two? canary"}
    answer = at_bea.post(reverse("console:ask", args=[case.public_id]), told, follow=True)
    assert "is on the reporter’s status page" in answer.content.decode()
    question = Question.objects.get()
    assert question.report == sent.report
    assert "No answer yet." in answer.content.decode()
    answer_question(question, text="The <second>.", by=Actor.reporter())
    page = at_bea.get(reverse("console:case", args=[case.public_id])).content.decode()
    assert "The &lt;second&gt;." in page
    assert "asked the reporter a question" in page
    assert "answered a question" in page


@pytest.mark.parametrize("told", [{}, {"report": "nobody", "text": "x"}])
def test_without_somebody_to_ask_nothing_is_asked(at_bea, case, told):
    answer = at_bea.post(reverse("console:ask", args=[case.public_id]), told, follow=True)
    assert "Choose whom you ask." in answer.content.decode()
    assert not Question.objects.exists()


def test_a_report_of_another_case_is_not_reached(at_bea, case):
    other = make.submitted(DORA, pictures=(9,))
    told = {"report": other.report.public_id, "text": "x"}
    at_bea.post(reverse("console:ask", args=[case.public_id]), told)
    assert not Question.objects.exists()


def test_nobody_is_asked_who_took_the_report_back(at_bea, case, sent):
    actions.withdraw_report(sent.report, by=Actor.reporter())
    told = {"report": sent.report.public_id, "text": "x"}
    answer = at_bea.post(reverse("console:ask", args=[case.public_id]), told, follow=True)
    assert "nobody to ask" in answer.content.decode()


def test_an_auditor_reads_no_questions(at_uli, at_bea, case, sent):
    told = {"report": sent.report.public_id, "text": "canary-question"}
    at_bea.post(reverse("console:ask", args=[case.public_id]), told)
    assert "canary-question" not in at_uli.get(reverse("console:case", args=[case.public_id])).content.decode()
