"""A moderator asks, the reporter answers: no clock waits for it, and nobody else reads it."""

from __future__ import annotations

import pytest

from staydown.apps.audit.actor import Actor
from staydown.apps.audit.querysets import history
from staydown.apps.cases import actions
from staydown.apps.cases.actions import minors
from staydown.apps.cases.actions.adding import delete_parts
from staydown.apps.cases.actions.asking import answer_question, ask_reporter
from staydown.apps.cases.models import Question, Report
from staydown.apps.cases.timeline import timeline
from staydown.errors import DeniedError, InvalidError, MissingError, StateError
from tests import factories as make
from tests.people import DORA

pytestmark = pytest.mark.django_db

TEXT = "Is it the first or the second video? canary-question"


def test_a_question_and_its_answer_stand_in_the_history_without_their_words(bea):
    sent = make.submitted()
    clocks = list(sent.case.clocks.values("due_at", "stopped_at"))
    question = ask_reporter(sent.report, bea, text=TEXT)
    answer_question(question, text="The second. canary-answer", by=Actor.reporter(sent.report.public_id))
    question.refresh_from_db()
    assert question.text == TEXT
    assert question.answer == "The second. canary-answer"
    assert list(sent.case.clocks.values("due_at", "stopped_at")) == clocks
    lines = history(sent.case)
    assert [line.verb for line in lines][-2:] == ["report.asked", "report.answered"]
    assert "canary" not in str([line.facts for line in lines])
    said = [str(line.text) for line in timeline(sent.report)]
    assert said[-2:] == ["A moderator asked you a question.", "You answered a question."]


def test_another_reporter_of_the_case_hears_nothing(bea):
    sent, other = make.submitted(), make.submitted(DORA)
    assert sent.case == other.case
    ask_reporter(sent.report, bea, text=TEXT)
    assert not other.report.questions.exists()
    assert [line.verb for line in timeline(other.report)] == ["report.received"]


def test_a_second_answer_is_added_and_the_same_one_twice_is_one(bea):
    sent = make.submitted()
    question = ask_reporter(sent.report, bea, text=TEXT)
    for text in ("The second.", "The second.", "And the third.", "The second."):
        answer_question(question, text=text, by=Actor.reporter())
    assert Question.objects.get().answer == "The second.\n\nAnd the third."


@pytest.mark.parametrize("text", ["", "  ", "x" * 5001])
def test_an_answer_is_not_empty_and_not_endless(bea, text):
    question = ask_reporter(make.submitted().report, bea, text=TEXT)
    with pytest.raises(InvalidError):
        answer_question(question, text=text, by=Actor.reporter())


@pytest.mark.parametrize("text", ["", "x" * 1001])
def test_a_question_is_not_empty_and_not_endless(bea, text):
    with pytest.raises(InvalidError):
        ask_reporter(make.submitted().report, bea, text=text)


def test_only_who_decides_asks_and_nobody_is_asked_who_took_the_report_back(bea, uli):
    sent = make.submitted()
    with pytest.raises(DeniedError):
        ask_reporter(sent.report, uli, text=TEXT)
    question = ask_reporter(sent.report, bea, text=TEXT)
    actions.withdraw_report(sent.report, by=Actor.reporter())
    with pytest.raises(StateError):
        ask_reporter(sent.report, bea, text=TEXT)
    with pytest.raises(StateError):
        answer_question(question, text="late", by=Actor.reporter())


def test_a_moderator_cannot_reach_a_locked_case_by_asking(bea):
    sent = make.submitted()
    minors.suspect_minor(sent.case, bea)
    with pytest.raises(MissingError):
        ask_reporter(sent.report, bea, text=TEXT)


def test_answers_are_deleted_with_the_words(bea):
    sent = make.submitted()
    question = ask_reporter(sent.report, bea, text=TEXT)
    answer_question(question, text="The second.", by=Actor.reporter())
    delete_parts(Report.objects.get(), ["words"], by=Actor.reporter())
    assert Question.objects.get().answer is None


def test_taking_the_report_back_forgets_question_and_answer(bea):
    sent = make.submitted()
    question = ask_reporter(sent.report, bea, text=TEXT)
    answer_question(question, text="The second.", by=Actor.reporter())
    actions.withdraw_report(sent.report, by=Actor.reporter())
    assert Question.objects.get().answer is None
