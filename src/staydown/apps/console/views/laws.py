"""The laws: what cases are held against, for a lawyer to read and to print."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from staydown.apps.cases import regimes
from staydown.apps.console.doors import door
from staydown.core.law.schema import Regime
from staydown.core.law.telling import MARKS, limit, sections, status
from staydown.errors import MissingError, RegimeError


@dataclass(frozen=True, slots=True)
class LawLine:
    """One law in the list: what it is, whether it is on here, and what is to be done about it."""

    regime: Regime
    is_on: bool
    status: str
    limits: tuple[str, ...]
    mark: str
    is_late: bool
    why_off: str

    @property
    def early(self) -> bool:
        """Whether it is on because it is named, although nobody knows it to be in force."""
        return self.is_on and bool(self.why_off)


@door("laws")
def show(request: HttpRequest) -> HttpResponse:
    """Every law that is known here: those that are on, and those that are off with the reason."""
    now = timezone.now()
    try:
        on, trouble = {each.id for each in regimes.bound(now)}, ""
    except RegimeError as error:
        on, trouble = set(), error.message
    lines = [_line(each, now.date(), is_on=each.id in on) for each in regimes.known()]
    context = {
        "on": [line for line in lines if line.is_on],
        "off": [line for line in lines if not line.is_on],
        "late": [line for line in lines if line.is_on and line.is_late],
        "named": bool(settings.STAYDOWN_REGIMES),
        "trouble": trouble,
        "menu": "laws",
    }
    return render(request, "console/laws.html", context)


@door("law")
def one(request: HttpRequest, regime_id: str) -> HttpResponse:
    """One law whole: each statement with what it rests on and how well it is known."""
    regime = next((each for each in regimes.known() if each.id == regime_id), None)
    if regime is None:
        raise MissingError
    now = timezone.now()
    try:
        is_on = any(each.id == regime.id for each in regimes.bound(now))
    except RegimeError:
        is_on = False
    context = {
        "line": _line(regime, now.date(), is_on=is_on),
        "regime": regime,
        "sections": sections(regime),
        "sources": [(source, MARKS[source.confidence]) for source in regime.sources],
        "today": now,
        "menu": "laws",
    }
    return render(request, "console/law.html", context)


def _line(regime: Regime, today: date, *, is_on: bool) -> LawLine:
    in_force = regime.in_force(today)
    return LawLine(
        regime=regime,
        is_on=is_on,
        status=status(regime),
        limits=tuple(limit(clock) for clock in regime.clocks),
        mark=MARKS[regime.confidence],
        is_late=regime.overdue(today),
        why_off=regime.disabled_because or ("" if in_force else "Not in force today."),
    )
