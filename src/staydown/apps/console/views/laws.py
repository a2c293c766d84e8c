"""The laws: what cases are held against, for a lawyer to read and to print."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.conf import settings
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone

from staydown.apps.cases import regimes
from staydown.apps.console.doors import door
from staydown.core.law.binding import QUESTIONS, SMALL, Answers, Verdict, countries, places, setting, which
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
    """Every law that is known here: those that are on, and those that are off with the reason.

    ``?asked=1`` answers "Which laws bind me?" by ``?service=``, ``?users_in=`` and ``?small=1``, and changes nothing.
    """
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
        "binding": _binding(request.GET, now.date()),
        "menu": "laws",
    }
    return render(request, "console/laws.html", context)


@dataclass(frozen=True, slots=True)
class Binding:
    """The questions which laws bind an operator, as they were answered, and what follows."""

    services: tuple[tuple[str, str, bool], ...]
    countries: tuple[tuple[str, bool], ...]
    small: str
    is_small: bool
    verdicts: tuple[Verdict, ...]
    setting: str


def _binding(given: QueryDict, today: date) -> Binding:
    """The questionnaire. Nothing ticked counts as everything, and before it was asked everything is ticked."""
    found, is_asked = regimes.known(), bool(given.get("asked"))
    among = countries(found)
    services = {each for each in QUESTIONS if each.value in given.getlist("service")}
    users_in = {each for each in among if each in given.getlist("users_in")}
    is_small = bool(given.get("small"))
    verdicts = which(found, Answers(services or None, places(users_in) or None, is_small), today) if is_asked else []
    return Binding(
        services=tuple((each.value, asked, not services or each in services) for each, asked in QUESTIONS.items()),
        countries=tuple((each, not users_in or each in users_in) for each in among),
        small=SMALL,
        is_small=is_small,
        verdicts=tuple(sorted(verdicts, key=lambda each: not each.binds)),
        setting=setting(verdicts),
    )


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
