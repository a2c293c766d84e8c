"""The law of a case: what was in force when it was received, kept as the exact text of that day."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path

from django.conf import settings

from staydown.apps.cases.models import Case, PinnedRegime
from staydown.core.law.regime import Regime, catalogue, parse, pick
from staydown.core.law.schema import Intake, Shown
from staydown.errors import GroundError


def known() -> tuple[Regime, ...]:
    """Every regime, by id: those that staydown ships and those of the operator's own folder."""
    own = settings.STAYDOWN_REGIMES_DIR
    return _known(Path(own) if own else None)


def bound(now: datetime) -> tuple[Regime, ...]:
    """The regimes that are on: those named in STAYDOWN_REGIMES, else all that are in force and not marked otherwise."""
    if settings.STAYDOWN_REGIMES:
        return tuple(pick(each, known()) for each in settings.STAYDOWN_REGIMES)
    return tuple(each for each in known() if each.on_by_default(now.date()))


def in_force(now: datetime, *, shown: Shown = Shown.ADULT) -> tuple[Regime, ...]:
    """The regimes that a report of today is held against, when it shows an adult or else somebody under 18.

    Laws that are about minors alone come last: those that have content taken down are the ones to decide under.
    """
    found = [each for each in bound(now) if each.covers(Intake.REPORT, shown)]
    return tuple(sorted(found, key=lambda each: Shown.ADULT not in each.applies.shown))


def for_orders(now: datetime) -> tuple[Regime, ...]:
    """The regimes that an order can be served under: those in force, and those that are on because they are named."""
    ids = {each.id for each in bound(now)}
    orders = (each for each in known() if Intake.ORDER in each.applies.intake)
    return tuple(each for each in orders if each.id in ids or each.in_force(now.date()))


def pin(regimes: Iterable[Regime], now: datetime) -> list[dict[str, str]]:
    """The pins for a case, with the text of each version kept. Inside the caller's transaction."""
    pins = []
    for regime in regimes:
        PinnedRegime.objects.get_or_create(
            regime_id=regime.id, version=regime.version, defaults={"text": regime.text, "pinned_at": now}
        )
        pins.append({"id": regime.id, "version": regime.version})
    return pins


def pinned(case: Case) -> tuple[Regime, ...]:
    """The regimes of a case in the versions of its receipt. One query for each that this process has not seen."""
    return of_pins(case.regimes)


def of_pins(pins: Iterable[Mapping[str, str]]) -> tuple[Regime, ...]:
    """The regimes of these pins, in their versions."""
    return tuple(_pinned(pin["id"], pin["version"]) for pin in pins)


def pinned_one(case: Case, regime_id: str) -> Regime:
    """The regime of this id among those of the case; raises `GroundError` for another law."""
    for regime in pinned(case):
        if regime.id == regime_id:
            return regime
    raise GroundError("regime_id: this law does not bind the case. Choose one of those listed.")


@functools.cache
def _known(own: Path | None) -> tuple[Regime, ...]:
    return catalogue(own)


@functools.lru_cache(maxsize=256)
def _pinned(regime_id: str, version: str) -> Regime:
    return parse(PinnedRegime.objects.get(regime_id=regime_id, version=version).text, regime_id)
