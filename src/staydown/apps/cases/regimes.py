"""The law of a case: what was in force when it was received, kept as the exact text of that day."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from datetime import datetime

from django.conf import settings

from staydown.apps.cases.models import Case, PinnedRegime
from staydown.core.law.regime import Regime, load, load_all, parse
from staydown.errors import GroundError


def in_force(now: datetime) -> tuple[Regime, ...]:
    """The regimes that bind the operator today: those named in STAYDOWN_REGIMES, else every one in force."""
    named = _named(tuple(settings.STAYDOWN_REGIMES))
    return named or tuple(each for each in _shipped() if each.in_force(now.date()))


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
    return tuple(_pinned(pin["id"], pin["version"]) for pin in case.regimes)


def pinned_one(case: Case, regime_id: str) -> Regime:
    """The regime of this id among those of the case; raises `GroundError` for another law."""
    for regime in pinned(case):
        if regime.id == regime_id:
            return regime
    raise GroundError("regime_id: this law does not bind the case. Choose one of those listed.")


@functools.cache
def _shipped() -> tuple[Regime, ...]:
    return load_all()


@functools.cache
def _named(ids: tuple[str, ...]) -> tuple[Regime, ...]:
    return tuple(load(each) for each in ids)


@functools.lru_cache(maxsize=256)
def _pinned(regime_id: str, version: str) -> Regime:
    return parse(PinnedRegime.objects.get(regime_id=regime_id, version=version).text, regime_id)
