"""Asking, checking and sending a report. One address, POST for everything, nothing stored before the last button."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_http_methods

from staydown.apps.audit.actor import Actor
from staydown.apps.cases.actions import Submitted, submit_report
from staydown.apps.cases.actions.minors import submit_minors_report
from staydown.apps.cases.actions.reporting import was_sent
from staydown.apps.cases.intake import MinorsForm, ReportForm
from staydown.apps.cases.timeline import NOBODY, next_step
from staydown.apps.portal import hashes, limits, statements, wording
from staydown.apps.portal.draft import Draft
from staydown.apps.portal.forms import MinorLinks, Question
from staydown.apps.portal.helplines import FOR_CHILDREN, in_order
from staydown.apps.portal.origin import own_pages_only
from staydown.apps.portal.steps import (
    NAMED,
    STEPS,
    Step,
    first_open,
    following,
    is_formal,
    is_threat,
    most,
    path,
    preceding,
)
from staydown.errors import InvalidError, MinorsRouteError


@require_http_methods(["GET", "HEAD", "POST"])
@own_pages_only
def report(request: HttpRequest) -> HttpResponse:
    """The page that the posted answers and button lead to."""
    if request.method != "POST":
        return _ask(request, Draft(), STEPS[0])
    try:
        draft = Draft.open(request.POST.get("draft", ""))
    except InvalidError as error:
        return render(request, "portal/again.html", {"message": error.message}, status=400)
    verb, _colon, what = request.POST.get("go", "").partition(":")
    if verb == "change" and what in NAMED and NAMED[what].applies(draft):
        return _ask(request, draft, NAMED[what])
    if verb == "send":
        return _send(request, draft)
    if not _is_adult(draft) and request.POST.get("step") != "age":
        return _send_links(request, draft) if request.POST.get("step") == "minor" else _minors(request, draft)
    step = NAMED.get(request.POST.get("step", ""))
    if step is None or not step.applies(draft):
        return _next(request, draft, first_open(draft))
    if verb == "back":
        return _ask(request, draft, preceding(draft, step) or step)
    return _answer(request, draft, step)


def _answer(request: HttpRequest, draft: Draft, step: Step) -> HttpResponse:
    """Take the answer to one question and go on, or ask again with what is wrong."""
    form = step.form_for(draft)(request.POST)
    if not form.is_valid():
        return _ask(request, draft, step, form)
    if step.name == "pictures":
        return _pictures(request, draft, step, form)
    draft.answers[step.name] = form.cleaned_data
    if step.name == "age" and not _is_adult(draft):
        return _minors(request, draft)
    return _next(request, draft, following(draft, step))


def _pictures(request: HttpRequest, draft: Draft, step: Step, form: Question) -> HttpResponse:
    """Add what was hashed to what is there, or take one away."""
    held = draft.of("pictures").get("list", [])
    try:
        pictures = hashes.merged(held, [*form.cleaned_data["found"], *form.cleaned_data["pasted"]])
    except InvalidError as error:
        form.add_error("pasted", error.message)
        return _ask(request, draft, step, form)
    verb, _colon, number = request.POST.get("go", "").partition(":")
    if verb == "remove" and number.isdecimal():
        kept = [one for at, one in enumerate(pictures) if at != int(number)]
        draft.answers["pictures"] = {"list": kept}
        return _ask(request, draft, step)
    draft.answers["pictures"] = {"list": pictures}
    if not pictures and draft.of("what")["have"] == "pictures":
        del draft.answers["pictures"]
        form.add_error("pasted", wording.no_pictures())
        return _ask(request, draft, step, form)
    return _next(request, draft, following(draft, step))


def _next(request: HttpRequest, draft: Draft, step: Step | None) -> HttpResponse:
    return _ask(request, draft, step) if step else _check(request, draft)


def _ask(request: HttpRequest, draft: Draft, step: Step, form: Question | None = None) -> HttpResponse:
    """The page of one question."""
    met = path(draft)
    context = {
        "form": form or step.form_for(draft)(initial=step.initial(draft)),
        "step": step.name,
        "number": met.index(step) + 1,
        "count": most(draft),
        "has_back": met.index(step) > 0,
        "draft": draft.seal(),
        "pictures": _rows(draft),
        "answers": draft.answers,
        "laws_asking": statements.requiring("contact"),
        "hints": wording.HINTS.get(step.name),
    }
    if step.name == "pictures":
        context |= {"words": wording.of_pictures(), "icons": wording.ICONS}
    return render(request, step.template, context)


def _check(request: HttpRequest, draft: Draft, problem: str = "", status: int = 200) -> HttpResponse:
    """All answers on one page, and what each law still lacks."""
    draft.reviewed = True
    given = draft.of("statements")
    context = {
        "draft": draft.seal(),
        "answers": draft.answers,
        "met": {step.name for step in path(draft)},
        "counted": hashes.counted(draft.of("pictures").get("list", [])),
        "statements": [(one, given.get(one.element.id)) for one in statements.asked(statements.binding())],
        "lacking": statements.lacking(draft),
        "is_formal": is_formal(draft),
        "is_threat": is_threat(draft),
        "problem": problem,
    }
    return render(request, "portal/check.html", context, status=status)


def _send(request: HttpRequest, draft: Draft) -> HttpResponse:
    """Hand the report in and show its receipt."""
    if left_out := first_open(draft):
        return _ask(request, draft, left_out)
    form = _form(draft)
    if wait := _wait(request, form):
        return _later(_check(request, draft, problem=wording.too_many(wait), status=429), wait)
    try:
        sent = submit_report(form, by=Actor.reporter())
    except MinorsRouteError:
        return _minors(request, draft)
    except InvalidError:
        return _check(request, draft, problem=wording.not_taken(), status=400)
    return _receipt(request, sent)


def _is_adult(draft: Draft) -> bool:
    """Whether this draft says that everyone was an adult, or says nothing yet."""
    return draft.of("age").get("minor", "no") == "no"


def _minors(request: HttpRequest, draft: Draft, form: Question | None = None) -> HttpResponse:
    """Where somebody under 18 is sent. Of what was answered only the age goes on: no hash, no word, no contact."""
    kept = Draft(draft.begun_at, draft.id, {"age": draft.of("age")})
    context = {
        "helplines": in_order(FOR_CHILDREN, get_language() or ""),
        "asked": True,
        "how": kept.of("age").get("minor"),
        "draft": kept.seal(),
        "form": form or MinorLinks(),
    }
    return render(request, "portal/under_18.html", context)


def _send_links(request: HttpRequest, draft: Draft) -> HttpResponse:
    """Hand in where a picture of somebody under 18 is, and show the receipt."""
    form = MinorLinks(request.POST)
    if not form.is_valid():
        return _minors(request, draft, form)
    given = MinorsForm(**form.cleaned_data, language=get_language() or "", draft=draft.id)
    if wait := _wait(request, given):
        form.add_error(None, wording.too_many(wait))
        return _later(_minors(request, draft, form), wait)
    return _receipt(request, submit_minors_report(given, by=Actor.reporter()))


def _wait(request: HttpRequest, form: ReportForm | MinorsForm) -> int:
    """How many seconds this network has to wait before another report. A report that was sent shows its receipt."""
    return 0 if was_sent(form) else limits.REPORTS.wait(request)


def _later(response: HttpResponse, wait: int) -> HttpResponse:
    response.status_code = 429
    response["Retry-After"] = str(wait)
    return response


def _receipt(request: HttpRequest, sent: Submitted) -> HttpResponse:
    following = next_step(sent.report)
    context = {
        "code": sent.code,
        "groups": sent.code.split("-"),
        "report": sent.report,
        "next": following,
        "nobody_acts": following.who is NOBODY,
    }
    return render(request, "portal/receipt.html", context)


def _form(draft: Draft) -> ReportForm:
    """The draft as casework takes it. Pictures are known by their place in the list, never by a name."""
    pictures = draft.of("pictures").get("list", []) if NAMED["pictures"].applies(draft) else []
    links = draft.of("links").get("links", []) if NAMED["links"].applies(draft) else []
    formal = is_formal(draft)
    words = [draft.of("words").get("words", ""), statements.text_of(draft) if formal else ""]
    who = next((name for name in ("relation", "organisation") if NAMED[name].applies(draft)), "")
    return ReportForm(
        role=draft.of("who")["role"],
        situation=draft.of("happened")["situation"],
        relation=draft.of(who).get("relation", ""),
        contact=draft.of("contact").get("contact", "") if formal else "",
        words="\n\n".join(filter(None, words)),
        signature=statements.signature_of(draft) if formal else "",
        provided={name: True for name, is_given in statements.provided(draft).items() if is_given},
        links=links,
        hashes=hashes.given(pictures),
        language=get_language() or "",
        shown_is_adult=draft.of("age")["minor"] == "no",
        draft=draft.id,
    )


def _rows(draft: Draft) -> list[dict[str, object]]:
    """The pictures and videos as the page lists them."""
    return hashes.rows(draft.of("pictures").get("list", []))
