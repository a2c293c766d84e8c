"""What a person can do with the report that their code opens: the buttons of the status page. None needs a script."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _

from staydown.apps.audit.actions import verifier
from staydown.apps.audit.actor import Actor
from staydown.apps.cases import actions, appeals
from staydown.apps.cases.actions.adding import PARTS, Completion, add_items, complete_report, delete_parts
from staydown.apps.cases.actions.appealing import complain
from staydown.apps.cases.actions.asking import answer_question
from staydown.apps.cases.actions.mailing import ask_for_mail, stop_mail
from staydown.apps.cases.actions.withdrawing import TAKEN_BACK
from staydown.apps.cases.models import Case, Item, Question, Report
from staydown.apps.portal import hashes, statements, wording
from staydown.apps.portal.forms import AddItems, AddLinks, Complaint, News, Parts
from staydown.apps.portal.forms import Question as Form

Answer = HttpResponse | str  # a page, or a sentence to show above the report


@dataclass(frozen=True, slots=True, repr=False)
class Visit:
    """One press of a button by whoever holds the code. ``about`` is what the button named after its colon."""

    request: HttpRequest
    report: Report
    code: str
    about: str

    @property
    def by(self) -> Actor:
        """The reporter, as the log names them."""
        return Actor.reporter(self.report.public_id)

    def page(self, name: str, form: Form | None = None, **more: object) -> HttpResponse:
        """A page of its own, which leads back to the report."""
        context = {"code": self.code, "report": self.report, "form": form, **more}
        return render(self.request, f"portal/own/{name}.html", context)


def download(visit: Visit) -> Answer:
    """The receipt as a text file, under a name that says nothing."""
    context = {"code": visit.code, "report": visit.report, "today": timezone.now(), "key": str(verifier())}
    return _file(render_to_string("portal/receipt.txt", context), "receipt.txt")


def proof(visit: Visit) -> Answer:
    """The signed acknowledgement: the place of this report in the log, for anybody to verify."""
    return _file(visit.report.acknowledgement or "", "proof.txt")


def withdraw(visit: Visit) -> Answer:
    """Ask once more before everything is taken back."""
    return visit.page("withdraw")


def withdraw_now(visit: Visit) -> Answer:
    """Take everything back."""
    actions.withdraw_report(visit.report, by=visit.by)
    return visit.page("withdrawn")


def item(visit: Visit) -> Answer:
    """Ask once more before one thing is taken back."""
    found = _item(visit)
    return visit.page("withdraw_item", item=found) if found else ""


def item_now(visit: Visit) -> Answer:
    """Take one thing back."""
    if found := _item(visit):
        actions.withdraw_item(found, by=visit.by)
        return _("You took one thing back.")
    return ""


def add(visit: Visit) -> Answer:
    """Ask for more links or pictures; of somebody under 18 for links alone."""
    if visit.report.case.state == Case.State.MINORS:
        return visit.page("add", AddLinks())
    return visit.page("add", AddItems(), **_picker())


def add_now(visit: Visit) -> Answer:
    """Add what was given."""
    is_minors = visit.report.case.state == Case.State.MINORS
    form = (AddLinks if is_minors else AddItems)(visit.request.POST)
    if not form.is_valid():
        return visit.page("add", form, **({} if is_minors else _picker()))
    given = form.cleaned_data
    pictures = [*given.get("found", []), *given.get("pasted", [])]
    start = visit.report.items.filter(kind=Item.Kind.HASH).count() + 1
    add_items(visit.report, links=given["links"], hashes=hashes.given(pictures, start), by=visit.by)
    return _("Thank you. We work on that too.")


def complete(visit: Visit) -> Answer:
    """Ask for what the laws of the case still lack."""
    form = statements.Missing(report=visit.report)
    return visit.page("complete", form) if form.fields else _("No law asks for more.")


def complete_now(visit: Visit) -> Answer:
    """Add it."""
    form = statements.Missing(visit.request.POST, report=visit.report)
    if not form.is_valid():
        return visit.page("complete", form)
    complete_report(visit.report, Completion(**form.given()), by=visit.by)
    return _("Thank you. It is part of your report now.")


def answer(visit: Visit) -> Answer:
    """Answer a question of a moderator."""
    text = visit.request.POST.get("answer", "")
    question = _one(Question.objects.filter(report=visit.report), visit.about)
    if question is None or not text.strip():
        return _("Your answer was empty. Write it below and send it again.")
    answer_question(question, text=text, by=visit.by)
    return _("Thank you. Your answer was sent.")


def ask_again(visit: Visit) -> Answer:
    """Ask why a decision should be looked at again."""
    return visit.page("complain", Complaint()) if appeals.open_to_complaint(visit.report) else ""


def ask_again_now(visit: Visit) -> Answer:
    """Hand the complaint in."""
    form = Complaint(visit.request.POST)
    if not form.is_valid():
        return visit.page("complain", form)
    complain(visit.report, words=form.cleaned_data["words"], by=visit.by)
    return _("Another person looks at it again. You read here what they find.")


def delete(visit: Visit) -> Answer:
    """Ask which parts are to be deleted."""
    form = Parts(there=_there(visit.report))
    return visit.page("delete", form) if _there(visit.report) else ""


def delete_now(visit: Visit) -> Answer:
    """Delete them."""
    form = Parts(visit.request.POST, there=_there(visit.report))
    if not form.is_valid():
        return visit.page("delete", form)
    delete_parts(visit.report, form.cleaned_data["parts"], by=visit.by)
    return _("It is deleted.")


def news(visit: Visit) -> Answer:
    """Ask where news are to be said."""
    return visit.page("news", News())


def news_now(visit: Visit) -> Answer:
    """Keep the address."""
    form = News(visit.request.POST)
    if not form.is_valid():
        return visit.page("news", form)
    ask_for_mail(visit.report, address=form.cleaned_data["address"], by=visit.by)
    return _("You get an e-mail when there is news.")


def no_news(visit: Visit) -> Answer:
    """Forget the address."""
    stop_mail(visit.report, by=visit.by)
    return _("You get no more e-mails. We deleted the address.")


BUTTONS: Final[dict[str, Callable[[Visit], Answer]]] = {
    "download": download,
    "proof": proof,
    "withdraw": withdraw,
    "withdraw-now": withdraw_now,
    "item": item,
    "item-now": item_now,
    "add": add,
    "add-now": add_now,
    "complete": complete,
    "complete-now": complete_now,
    "answer": answer,
    "ask-again": ask_again,
    "ask-again-now": ask_again_now,
    "delete": delete,
    "delete-now": delete_now,
    "news": news,
    "news-now": news_now,
    "no-news": no_news,
}


def _file(text: str, name: str) -> HttpResponse:
    response = HttpResponse(text, content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _picker() -> dict[str, object]:
    return {"words": wording.of_pictures(), "icons": wording.ICONS}


def _item(visit: Visit) -> Item | None:
    """The thing of this very report that the button named, if it can be taken back."""
    found = _one(visit.report.items.all(), visit.about)
    return found if found is not None and found.state in TAKEN_BACK else None


def _one(rows, public_id):  # type: ignore[no-untyped-def] - any queryset, and its own kind of row
    """The row of this id, or None, also for what is no id."""
    return next((row for row in rows if str(row.public_id) == public_id), None)


def _there(report: Report) -> list[str]:
    """The parts of this report that can be deleted because there are some."""
    has_answers = report.questions.exclude(answer=None).exists()
    return [name for name in PARTS if getattr(report, name) or (name == "words" and has_answers)]
