"""A question of a moderator to a reporter, on the status page, and its answer. No clock waits for it."""

from __future__ import annotations

from typing import Final

from django.db import transaction
from django.utils import timezone

from staydown.apps.accounts import access as accounts
from staydown.apps.accounts.models import Staff
from staydown.apps.audit import actions as audit
from staydown.apps.audit.actor import Actor
from staydown.apps.cases import settling
from staydown.apps.cases.access import DECIDERS
from staydown.apps.cases.models import Case, Question, Report
from staydown.errors import InvalidError, MissingError, StateError

LONGEST_QUESTION: Final = 1_000
LONGEST_ANSWER: Final = 5_000


@transaction.atomic
def ask_reporter(report: Report, staff: Staff, *, text: str, by: Actor | None = None) -> Question:
    """The question, which the reporter finds on the status page. Raises `InvalidError` for a text that is empty or too
    long, and `StateError` for a report that was taken back."""
    accounts.require_role(staff, *DECIDERS)
    text = text.strip()
    if not text or len(text) > LONGEST_QUESTION:
        raise InvalidError(f"text: ask in at most {LONGEST_QUESTION} characters.")
    case = settling.held(report.case)
    report = Report.objects.get(pk=report.pk)
    if case.state == Case.State.MINORS:
        raise MissingError
    if report.withdrawn_at is not None:
        raise StateError("This report was taken back: there is nobody to ask.")
    question = Question.objects.create(report=report, text=text, by_staff=staff, asked_at=timezone.now())
    actor = by or accounts.staff_actor(staff)
    audit.record("report.asked", by=actor, about=report, also=[case], facts={"question": str(question.public_id)})
    return question


@transaction.atomic
def answer_question(question: Question, *, text: str, by: Actor) -> Question:
    """The question with its answer. A second answer is added to the first, so nothing that somebody says is lost.

    Raises `InvalidError` for a text that is empty or too long, `StateError` for a report that was taken back.
    """
    text = text.strip()
    case = settling.held(question.report.case)
    question = Question.objects.select_for_update(of=("self",)).select_related("report").get(pk=question.pk)
    if question.report.withdrawn_at is not None:
        raise StateError("This report was taken back. Send a new one.")
    whole = "\n\n".join(filter(None, [question.answer, text]))
    if not text or len(whole) > LONGEST_ANSWER:
        raise InvalidError(f"text: answer in at most {LONGEST_ANSWER} characters.")
    if text in (question.answer or "").split("\n\n"):
        return question  # sent twice
    now = timezone.now()
    question.answer, question.answered_at = whole, now
    question.save(update_fields=["answer", "answered_at"])
    settling.settle(case, now)
    facts = {"question": str(question.public_id)}
    audit.record("report.answered", by=by, about=question.report, also=[case], facts=facts)
    return question
