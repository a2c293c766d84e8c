"""What happened to a report: by its receipt code alone, which travels only inside forms."""

from __future__ import annotations

from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from staydown.apps.audit.actor import Actor
from staydown.apps.cases.access import report_for_code
from staydown.apps.cases.actions import first_visit, withdraw_report
from staydown.apps.cases.checklist import LawChecklist, for_report
from staydown.apps.cases.models import Case, Item, Report
from staydown.apps.cases.timeline import NOBODY, next_step, timeline
from staydown.apps.portal.forms import Receipt
from staydown.apps.portal.origin import own_pages_only
from staydown.core import receipt
from staydown.errors import ReceiptError

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
#: The same for a picture of someone under 18, of which nothing may be kept.
DELETED: Final = ("plain", "info", _("fingerprint deleted"))
#: The same for a picture that must go while copies of it are not blocked: nothing to know them by was given, or kept.
NOT_BLOCKED: Final = ("plain", "info", _("copies are not blocked"))


@require_http_methods(["GET", "HEAD", "POST"])
@own_pages_only
def status(request: HttpRequest) -> HttpResponse:
    """Ask for the code; with it show the report, its receipt as a file, or the way to take it back."""
    if request.method != "POST":
        return render(request, "portal/code.html", {"form": Receipt()})
    form = Receipt(request.POST)
    if not form.is_valid():
        return render(request, "portal/code.html", {"form": form})
    try:
        report = report_for_code(form.cleaned_data["code"])
    except ReceiptError:
        form.add_error("code", _("We know no report with this code. Check each letter and digit."))
        return render(request, "portal/code.html", {"form": form})
    code = receipt.parse(form.cleaned_data["code"])
    match request.POST.get("go", ""):
        case "download":
            return _download(report, code)
        case "withdraw":
            return render(request, "portal/withdraw.html", {"code": code, "report": report})
        case "withdraw-now":
            withdraw_report(report, by=Actor.reporter(report.public_id))
            return render(request, "portal/withdrawn.html", {"code": code})
    is_first = first_visit(report, by=Actor.reporter(report.public_id))
    return render(request, "portal/status.html", _shown(report, code) | {"is_first": is_first})


def _shown(report: Report, code: str) -> dict[str, object]:
    following = next_step(report)
    items = report.items.select_related("pdq_entry", "sha256_entry", "case")
    return {
        "code": code,
        "groups": code.split("-"),
        "report": report,
        "rows": [_row(item, number) for number, item in enumerate(items, start=1)],
        "lines": timeline(report),
        "next": following,
        "nobody_acts": following.who is NOBODY,
        "lacking": _lacking(report),
    }


def _lacking(report: Report) -> list[LawChecklist]:
    """The laws that ask for more than this report gives; none where nothing more is asked of its sender."""
    if report.withdrawn_at is not None or report.case.state == Case.State.MINORS:
        return []
    return [law for law in for_report(report).laws if law.missing]


def _row(item: Item, number: int) -> dict[str, object]:
    must_say = item.state == Item.State.KEPT_DOWN and not item.blocks_copies
    kind, symbol, text = NOT_BLOCKED if must_say else STATES[Item.State(item.state)]
    if item.kind == Item.Kind.HASH and item.case.state == Case.State.MINORS:
        kind, symbol, text = DELETED
    name = item.url or item.label or _("Picture {number}").format(number=number)
    return {"name": name, "is_link": bool(item.url), "kind": kind, "symbol": symbol, "text": text}


def _download(report: Report, code: str) -> HttpResponse:
    """The receipt as a text file, under a name that says nothing."""
    text = render_to_string("portal/receipt.txt", {"code": code, "report": report, "today": timezone.now()})
    response = HttpResponse(text, content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="receipt.txt"'
    return response
