"""What happened to a report: by its receipt code alone, which travels only inside forms."""

from __future__ import annotations

import re
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from staydown.apps.audit.actor import Actor
from staydown.apps.cases import appeals
from staydown.apps.cases.access import report_for_code
from staydown.apps.cases.actions import first_visit
from staydown.apps.cases.actions.withdrawing import TAKEN_BACK
from staydown.apps.cases.checklist import LawChecklist, for_report
from staydown.apps.cases.choosing_again import erased_by_mistake, without_hash
from staydown.apps.cases.models import Case, Item, MailTo, Report
from staydown.apps.cases.timeline import NOBODY, next_step, timeline
from staydown.apps.portal import limits, wording
from staydown.apps.portal.forms import Receipt
from staydown.apps.portal.hashes import VIDEO
from staydown.apps.portal.origin import own_pages_only
from staydown.apps.portal.statements import NAMED_BY_ITEMS
from staydown.apps.portal.views.own_report import BUTTONS, Visit
from staydown.core import receipt
from staydown.errors import CaseworkError, ReceiptError

#: How the page shows each state: kind of tag, icon, words.
STATES: Final = {
    Item.State.OPEN: ("wait", "clock", _("waiting for a decision")),
    Item.State.ASKED: ("busy", "clock", _("is being taken down")),
    Item.State.REMOVED: ("good", "check", _("taken down")),
    Item.State.KEPT_DOWN: ("good", "lock", _("copies are blocked")),
    Item.State.DECLINED: ("plain", "info", _("not taken down")),
    Item.State.DISABLED: ("busy", "eye-off", _("hidden for now")),
    Item.State.WITHDRAWN: ("plain", "pause", _("you took it back")),
}
#: A picture, video or part of one that the portal itself named; what a reporter's own program calls one stays as it is.
OUR_LABEL: Final = re.compile(r"(Picture|Video) (\d+)( \(\d+/\d+\))?")
#: The same for a picture of someone under 18, of which nothing may be kept.
DELETED: Final = ("plain", "info", _("fingerprint deleted"))
#: The same for a picture that must go while copies of it are not blocked: nothing to know them by was given, or kept.
NOT_BLOCKED: Final = ("plain", "info", _("copies are not blocked"))


@require_http_methods(["GET", "HEAD", "POST"])
@own_pages_only
def status(request: HttpRequest) -> HttpResponse:
    """Ask for the code; with it show the report, or do what a button of that page asks."""
    if request.method != "POST":
        return render(request, "portal/code.html", {"form": Receipt()})
    form = Receipt(request.POST)
    if not form.is_valid():
        return render(request, "portal/code.html", {"form": form})
    try:
        report = report_for_code(form.cleaned_data["code"])
    except ReceiptError:
        wait = limits.WRONG_CODES.wait(request)
        form.add_error("code", wording.too_many_codes() if wait else wording.unknown_code())
        response = render(request, "portal/code.html", {"form": form}, status=429 if wait else 200)
        if wait:
            response["Retry-After"] = str(wait)
        return response
    code = receipt.parse(form.cleaned_data["code"])
    verb, _colon, about = request.POST.get("go", "").partition(":")
    done, problem = "", ""
    if verb in BUTTONS:
        try:
            answer = BUTTONS[verb](Visit(request, report, code, about))
        except CaseworkError:
            answer, problem = "", str(wording.not_done())
        if isinstance(answer, HttpResponse):
            return answer
        done = str(answer)
        report.refresh_from_db()
    is_first = first_visit(report, by=Actor.reporter(report.public_id))
    said = {"is_first": is_first, "done": done, "problem": problem}
    return render(request, "portal/status.html", _shown(report, code) | said)


def _shown(report: Report, code: str) -> dict[str, object]:
    following = next_step(report)
    items = report.items.select_related("pdq_entry", "sha256_entry", "case")
    erased = erased_by_mistake(report)
    return {
        "code": code,
        "groups": code.split("-"),
        "report": report,
        "rows": [_row(item, number, item.pk in erased) for number, item in enumerate(items, start=1)],
        "choose_again": without_hash(report),
        "lines": timeline(report),
        "next": following,
        "nobody_acts": following.who is NOBODY,
        "lacking": (lacking := _lacking(report)),
        "may_complete": any(element.id not in NAMED_BY_ITEMS for law in lacking for element in law.missing),
        "questions": report.questions.all() if report.withdrawn_at is None else [],
        "may_complain": bool(appeals.open_to_complaint(report)),
        "complaints": report.appeals.order_by("pk"),
        "may_mail": settings.STAYDOWN_MAIL,
        "gets_mail": MailTo.objects.filter(report=report).exists(),
        "may_delete": any([report.words, report.contact, report.signature, report.relation]),
    }


def _lacking(report: Report) -> list[LawChecklist]:
    """The laws that ask for more than this report gives; none where nothing more is asked of its sender."""
    if report.withdrawn_at is not None or report.case.state == Case.State.MINORS:
        return []
    return [law for law in for_report(report).laws if law.missing]


def _row(item: Item, number: int, is_erased: bool) -> dict[str, object]:
    must_say = item.state == Item.State.KEPT_DOWN and not item.blocks_copies
    kind, symbol, text = NOT_BLOCKED if must_say else STATES[Item.State(item.state)]
    if is_erased or (item.kind == Item.Kind.HASH and item.case.state == Case.State.MINORS):
        kind, symbol, text = DELETED
    ours = OUR_LABEL.fullmatch(item.label or "")
    called = _("Video {number}") if item.is_video or (ours and ours[1] == VIDEO) else _("Picture {number}")
    ordinal = f"{ours[2]}{ours[3] or ''}" if ours else number
    name = item.url or (not ours and item.label) or called.format(number=ordinal)
    shown = {"name": name, "is_link": bool(item.url), "kind": kind, "symbol": symbol, "text": text}
    return {**shown, "item": item, "back": item.state in TAKEN_BACK}
