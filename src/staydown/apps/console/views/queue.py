"""The queue: what has to be decided, the earliest deadline first."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone

from staydown.apps.accounts.access import require_role
from staydown.apps.cases import regimes
from staydown.apps.cases.models import Case
from staydown.apps.console import queue_rows
from staydown.apps.console.doors import door, may
from staydown.apps.console.queue_pages import ONLY, LanePages, Rows, Wanted, narrow_page, views_of


def wanted_of(given: QueryDict) -> Wanted:
    """What was asked for, as far as there is such a thing."""
    lane, only, law = (given.get(name, "") for name in ("lane", "only", "law"))
    known = {regime.id for regime in regimes.in_force(timezone.now())}
    return Wanted(
        lane if lane in queue_rows.LANES else "open", only if only in ONLY else "", law if law in known else ""
    )


@door("queue")
def show(request: HttpRequest) -> HttpResponse:
    """A page of a lane; ``?lane=`` names it, ``?only=`` and ``?law=`` narrow it, ``?number=`` leads to one case.

    Whoever is here for the cases of minors is led to those.
    """
    if not may(request.user, "case"):
        return redirect("console:minors")
    staff, now = require_role(request.user), timezone.now()
    number = request.GET.get("number", "").strip()
    found = Case.objects.numbered(number).first() if number else None
    if found is not None:
        return redirect("console:case", found.public_id)
    wanted, lanes = wanted_of(request.GET), queue_rows.lanes()
    counts = {each: count for each, _, count in lanes}
    rows = Rows(wanted.cases(staff, now), wanted.lane, 0 if wanted.is_narrowed else counts[wanted.lane])
    given = request.GET.get("page", "1")
    page_number = int(given) if given.isascii() and given.isdecimal() and 0 < len(given) < 7 else 1
    if wanted.is_narrowed:
        page = narrow_page(rows, max(page_number, 1))
    else:
        page = LanePages(rows, counts[wanted.lane]).get_page(page_number)  # type: ignore[assignment]
    context = {
        "rows": queue_rows.rows(list(page.object_list), staff, now),
        "page": page,
        "wanted": wanted,
        "lane": wanted.lane,
        "lanes": lanes,
        "only": ONLY,
        "laws": [(regime.id, regime.short_name) for regime in regimes.in_force(now)],
        "views": views_of(staff, now),
        "number": number,
        "stamp": queue_rows.stamp(wanted.lane, counts[wanted.lane]),
        "now": now,
        "may_decide": may(staff, "decide"),
        "menu": "queue",
    }
    return render(request, "console/queue.html", context)


@door("pulse")
def pulse(request: HttpRequest) -> JsonResponse:
    """The lane's stamp: another one than the page has means that the list has changed."""
    lane = wanted_of(request.GET).lane
    return JsonResponse({"stamp": queue_rows.stamp(lane, queue_rows.lane_counts()[lane])})
