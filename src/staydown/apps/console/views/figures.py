"""How the work stands, in numbers."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from staydown.apps.cases import regimes
from staydown.apps.cases.figures import figures, names
from staydown.apps.console import charts
from staydown.apps.console.doors import door


@door("figures")
def show(request: HttpRequest) -> HttpResponse:
    """The figures of now, drawn and as tables."""
    found = figures(timezone.now())
    titles = {regime.id: regime.short_name for regime in regimes.known()}
    waiting = {titles.get(law, law): counts for law, counts in found.waiting.items()}
    context = {
        "figures": found,
        "names": names(),
        "waiting": charts.stacked(waiting),
        "counts": waiting,
        "hits": charts.columns([(day.strftime("%d %b"), count) for day, count in found.hits.items()]),
        "menu": "figures",
    }
    return render(request, "console/figures.html", context)
