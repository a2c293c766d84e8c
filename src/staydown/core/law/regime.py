"""Loads regimes: one law, one TOML file in ``regimes/``. Adding a law is adding a file; no code knows any law."""

from __future__ import annotations

import functools
import hashlib
import re
import tomllib
from collections.abc import Sequence
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Final

from staydown.core.law.reading import Place, table
from staydown.core.law.schema import (
    ANY_REPORT,
    Clock,
    Confidence,
    Fact,
    Intake,
    Interim,
    Named,
    Regime,
    Start,
    Status,
)
from staydown.errors import RegimeError

__all__ = ["Regime", "catalogue", "load", "load_all", "parse", "pick", "read"]

SCHEMA: Final = 1
LONGEST_QUOTE: Final = 200  # characters; more than a short quotation does not belong here
_REGIME_ID: Final = re.compile(r"[a-z]{2}(-[A-Za-z0-9]+)+")
_PART_ID: Final = re.compile(r"[a-z][a-z0-9_]*")
_SOURCE_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*")
_COUNTRY: Final = re.compile(r"[A-Z]{2}")
_CURLY: Final = re.compile(r"=\s*[\u201c\u201d\u201e\u2018\u2019]")
_LOCAL_DATE: Final = re.compile(r"=\s*\d{1,2}[./]\d{1,2}[./]\d{4}")
_ORDER: Final = list(Confidence)
_UNKNOWN: Final = "There is no regime of the id {!r}. Those known are: {}."
_BY_ORDER: Final = (Start.NOTICE_SERVED, Start.ORDER_SERVED)


def _hint(text: str) -> str:
    """What a person who is used to a word processor does wrong, where the text shows it."""
    if _CURLY.search(text):
        return ". Type straight quotes: a word processor has made curly ones"
    return ". Write a date as 2026-01-31" if _LOCAL_DATE.search(text) else ""


@functools.lru_cache(maxsize=256)
def parse(text: str, file: str = "regime") -> Regime:
    """The regime that a TOML text writes; raises `RegimeError` naming ``file`` and the field that is wrong."""
    place = Place(file)
    try:
        fields = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise place.fault(f"is not valid TOML: {error}{_hint(text)}") from None
    if fields.pop("schema", None) != SCHEMA:
        raise place.at("schema").fault(f"must be {SCHEMA}")
    version = hashlib.sha256(text.encode()).hexdigest()[:12]
    regime: Regime = table(Regime, fields, place, version=version, text=text)
    _check_ids(regime, place)
    _check_dates(regime, place)
    _check_applies(regime, place)
    _check_clocks(regime, place)
    _check_facts(regime, place)
    return regime


def load_all(folder: Traversable | None = None) -> tuple[Regime, ...]:
    """Every regime in ``folder`` (those that staydown ships when none is given), by id."""
    folder = folder or _shipped()
    files = sorted((each for each in folder.iterdir() if each.name.endswith(".toml")), key=lambda each: each.name)
    return tuple(read(each) for each in files)


def catalogue(own: Traversable | None = None) -> tuple[Regime, ...]:
    """The regimes that staydown ships and those of the folder ``own``, by id. One of ``own`` replaces a shipped one of
    the same id, so that an operator's lawyer can correct a file. Raises `RegimeError` when ``own`` is no folder.
    """
    if own is None:
        return load_all()
    if not own.is_dir():
        raise RegimeError("The folder of your own regimes is not there. Correct STAYDOWN_REGIMES_DIR.")
    found = {each.id: each for each in (*load_all(), *load_all(own))}
    return tuple(found[name] for name in sorted(found))


def pick(regime_id: str, among: Sequence[Regime]) -> Regime:
    """The regime of this id; raises `RegimeError` that names those known when it is not ``among`` them."""
    for each in among:
        if each.id == regime_id:
            return each
    raise RegimeError(_UNKNOWN.format(regime_id, ", ".join(each.id for each in among) or "none"))


def load(regime_id: str, folder: Traversable | None = None) -> Regime:
    """The regime of this id; raises `RegimeError` when there is no such file."""
    folder = folder or _shipped()
    file = folder / f"{regime_id}.toml"
    if not _REGIME_ID.fullmatch(regime_id) or not file.is_file():
        known = sorted(each.name.removesuffix(".toml") for each in folder.iterdir() if each.name.endswith(".toml"))
        raise RegimeError(_UNKNOWN.format(regime_id, ", ".join(known) or "none"))
    return read(file)


def _shipped() -> Traversable:
    return resources.files("staydown.core.law") / "regimes"


def read(file: Traversable) -> Regime:
    """The regime of one file, which must be called by its id; raises `RegimeError` for anything else."""
    try:
        text = file.read_bytes().decode()
    except UnicodeDecodeError:
        raise RegimeError(f"{file.name}: the file is not UTF-8 text.") from None
    regime = parse(text, file.name)
    if file.name != f"{regime.id}.toml":
        raise Place(file.name, "id").fault(f"is {regime.id}, so the file must be called {regime.id}.toml")
    return regime


def _check_ids(regime: Regime, place: Place) -> None:
    if not _REGIME_ID.fullmatch(regime.id):
        raise place.at("id").fault("must be like uk-osa-10-3A: a country, then hyphens, letters and digits")
    lists: list[tuple[str, Sequence[Named], re.Pattern[str], str]] = [
        ("elements", regime.elements, _PART_ID, "good_faith_and_true"),
        ("clocks", regime.clocks, _PART_ID, "remove"),
        ("grounds", regime.grounds, _PART_ID, "not_valid_request"),
        ("sources", regime.sources, _SOURCE_ID, "osa-20A"),
    ]
    for name, parts, pattern, example in lists:
        seen: set[str] = set()
        for number, part in enumerate(parts, 1):
            field = place.at(name).entry(number).at("id")
            if not pattern.fullmatch(part.id):
                raise field.fault(f"must be like {example}")
            if part.id in seen:
                raise field.fault("is there twice")
            seen.add(part.id)


def _check_dates(regime: Regime, place: Place) -> None:
    start, end = regime.effective_from, regime.effective_to
    if regime.status is Status.IN_FORCE and start is None:
        raise place.at("effective_from").fault("is missing, and the law is said to be in force")
    if start is not None and end is not None and end < start:
        raise place.at("effective_to").fault("is before effective_from")


def _check_applies(regime: Regime, place: Place) -> None:
    """What decides whether a regime takes part in a case must be said whole, and said why where it does not."""
    if regime.status is not Status.IN_FORCE and not regime.disabled_because:
        raise place.at("disabled_because").fault("is missing, and the law is not said to be in force")
    applies, field = regime.applies, place.at("applies")
    if applies is ANY_REPORT:
        return
    for name in ("intake", "shown", "services", "users_in"):
        if not getattr(applies, name):
            raise field.at(name).fault("must name at least one")
    for country in applies.users_in:
        if not _COUNTRY.fullmatch(country):
            raise field.at("users_in").fault('must hold countries as two capital letters, or "EU"')
    for part in applies.not_for_small:
        if part not in Regime.__dataclass_fields__:
            raise field.at("not_for_small").fault("names no part of this file")


def _check_clocks(regime: Regime, place: Place) -> None:
    for number, clock in enumerate(regime.clocks, 1):
        _check_clock(regime, clock, place.at("clocks").entry(number))
    if regime.copies.clock and regime.copies.clock not in [clock.id for clock in regime.clocks]:
        raise place.at("copies.clock").fault("names no clock of this file")
    interim = regime.interim_action
    if interim.automatic and interim.kind is not Interim.DISABLE_PENDING_REVIEW:
        raise place.at("interim_action.automatic").fault("is true, and there is nothing to do before a decision")


def _check_clock(regime: Regime, clock: Clock, field: Place) -> None:
    if clock.hours is None and not clock.soft:
        raise field.at("hours").fault("is missing, and so is soft: one of them must say how long")
    if clock.hours is not None and clock.hours < 1:
        raise field.at("hours").fault("must be a whole number above 0")
    if clock.starts in _BY_ORDER and Intake.ORDER not in regime.applies.intake:
        raise field.at("starts").fault("waits for an order, and applies.intake names none")
    if clock.set_by_order and clock.starts not in _BY_ORDER:
        raise field.at("set_by_order").fault("is true, and the clock does not start with an order")


def _check_facts(regime: Regime, place: Place) -> None:
    """Each fact rests on a source of the file, known at least as well as the fact. Only background rests on none."""
    sources = {source.id: source for source in regime.sources}
    used = set()
    for field, fact in _facts(regime, place):
        if len(fact.quote) > LONGEST_QUOTE:
            raise field.at("quote").fault(f"is longer than {LONGEST_QUOTE} characters")
        if not fact.source:
            if fact.confidence is not Confidence.BACKGROUND:
                raise field.at("source").fault("is missing; only background knowledge, marked B, has none")
            continue
        if fact.source not in sources:
            raise field.at("source").fault("names no source of this file")
        if _ORDER.index(fact.confidence) < _ORDER.index(sources[fact.source].confidence):
            raise field.at("confidence").fault("is better than that of the source it rests on")
        used.add(fact.source)
    for number, source in enumerate(regime.sources, 1):
        if source.id not in used:
            raise place.at("sources").entry(number).fault("is used by no fact")


def _facts(regime: Regime, place: Place) -> list[tuple[Place, Fact]]:
    """Every fact of the file with its place."""
    found: list[tuple[Place, Fact]] = []
    for name in Regime.__dataclass_fields__:
        value = getattr(regime, name)
        if isinstance(value, Fact):
            found.append((place.at(name), value))
        elif isinstance(value, tuple):
            found += [(place.at(name).entry(n), each) for n, each in enumerate(value, 1) if isinstance(each, Fact)]
    return found
