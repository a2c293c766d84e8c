"""The queue: what has to be decided, the earliest deadline first."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.functional import cached_property

from staydown.apps.cases.models import Case
from staydown.apps.console import queue_rows
from staydown.apps.console.doors import door, may

PER_PAGE = 25


class LanePages(Paginator[Case]):
    """The pages of a lane, whose length is known already."""

    def __init__(self, name: str, length: int) -> None:
        super().__init__(queue_rows.lane(name).select_related("leased_by"), PER_PAGE)
        self.length = length

    @cached_property
    def count(self) -> int:
        return self.length


def _lane(request: HttpRequest) -> str:
    wanted = request.GET.get("lane", "")
    return wanted if wanted in queue_rows.LANES else "open"


@door("queue")
def show(request: HttpRequest) -> HttpResponse:
    """A page of a lane; ``?lane=`` names it. Whoever is here for the cases of minors is led to those."""
    if not may(request.user, "case"):
        return redirect("console:minors")
    name, now = _lane(request), timezone.now()
    lanes = queue_rows.lanes()
    counts = {each: count for each, _, count in lanes}
    page = LanePages(name, counts[name]).get_page(request.GET.get("page"))
    context = {
        "rows": queue_rows.rows(list(page.object_list), request.user, now),  # type: ignore[arg-type]
        "page": page,
        "lane": name,
        "lanes": lanes,
        "stamp": queue_rows.stamp(name),
        "now": now,
        "may_decide": may(request.user, "decide"),
        "menu": "queue",
    }
    return render(request, "console/queue.html", context)


@door("pulse")
def pulse(request: HttpRequest) -> JsonResponse:
    """The lane's stamp: another one than the page has means that the list has changed."""
    return JsonResponse({"stamp": queue_rows.stamp(_lane(request))})
