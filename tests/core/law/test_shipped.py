"""The regimes that staydown ships: complete, sourced, and what casework relies on is pinned here."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from staydown.core.law.regime import load, load_all
from staydown.core.law.schema import Confidence, Fact, Intake, Kind, NoticeDuty, Party, Regime, Shown, Start

GOLDEN = json.loads((Path(__file__).parents[2] / "golden/law/regimes.json").read_text(encoding="utf-8"))
SHIPPED = load_all()


def facts(regime: Regime) -> Iterator[Fact]:
    """Every fact of a regime."""
    for name in Regime.__dataclass_fields__:
        value = getattr(regime, name)
        yield from (each for each in (value if isinstance(value, tuple) else (value,)) if isinstance(each, Fact))


def relied_on(regime: Regime) -> dict[str, Any]:
    """What casework does because of this regime."""
    return {
        "status": regime.status,
        "effective_from": str(regime.effective_from),
        "on_by_default": regime.on_by_default(date(2026, 11, 22)),
        "applies": [list(regime.applies.intake), list(regime.applies.shown), list(regime.applies.users_in)],
        "reporter_roles": list(regime.reporter_roles),
        "elements": {each.id: [each.kind, each.required] for each in regime.elements},
        "clocks": [[each.id, each.hours, each.starts, each.duty, each.set_by_order] for each in regime.clocks],
        "copies": [regime.copies.scope, regime.copies.reuploads],
        "grounds": [each.id for each in regime.grounds],
        "interim": [regime.interim_action.kind, regime.interim_action.automatic],
        "appeal": [list(regime.appeal.who), list(regime.appeal.expedited), str(regime.appeal.window)],
        "hash_share": regime.minors.hash_share,
        "confidence": regime.confidence,
    }


def test_the_review_covers_every_law() -> None:
    assert [each for each in GOLDEN if each != "comment"] == [each.id for each in SHIPPED]


@pytest.mark.parametrize("regime", SHIPPED, ids=lambda each: each.id)
def test_what_casework_relies_on_is_as_reviewed(regime: Regime) -> None:
    assert relied_on(regime) == GOLDEN[regime.id]


def test_what_is_on_by_default_is_in_force_and_read_at_least_in_part() -> None:
    on = {each.id for each in SHIPPED if each.on_by_default(date(2026, 11, 22))}
    assert {"uk-osa-10-3", "uk-osa-10-3A", "us-tida-3", "eu-dsa-16", "us-2258A", "uk-csea-nca"} <= on
    assert not {"in-it-3-2-b", "in-it-grievance", "kr-tba-22-5", "dk-likeness", "uk-osa-27", "eu-vaw-23"} & on
    for regime in SHIPPED:
        if regime.id in on and regime.applies.intake == (Intake.REPORT,):
            assert all(each.confidence in "P*" for each in (regime.commencement, regime.applies, *regime.clocks))


def test_what_is_off_says_why() -> None:
    for regime in SHIPPED:
        if not regime.on_by_default(date(2026, 11, 22)):
            assert regime.disabled_because.endswith(".")


def test_only_a_limit_that_no_person_can_meet_hides_before_a_person_has_looked() -> None:
    assert [each.id for each in SHIPPED if each.interim_action.automatic] == ["in-it-3-2-b"]
    assert [each.id for each in SHIPPED if any(clock.hiding_is_enough for clock in each.clocks)] == ["in-it-3-2-b"]
    for regime in SHIPPED:
        if regime.interim_action.automatic:
            assert regime.grounds  # what is hidden can be shown again: a decline needs a ground


def test_a_report_about_an_adult_meets_no_law_about_minors_and_no_order() -> None:
    covering = {each.id for each in SHIPPED if each.covers(Intake.REPORT, Shown.ADULT)}
    assert not covering & {"us-2258A", "uk-csea-nca", "eu-dsa-9", "au-osa-77", "ca-bc-iipa", "in-it-3-1-d"}


@pytest.mark.parametrize("regime", SHIPPED, ids=lambda each: each.id)
def test_every_fact_says_what_it_rests_on(regime: Regime) -> None:
    for fact in facts(regime):
        assert fact.cite
        assert fact.confidence is Confidence.BACKGROUND or regime.source(fact.source)
        assert not fact.quote.endswith(".")  # a phrase, not a passage
    for source in regime.sources:
        assert date(2024, 1, 1) < source.seen <= regime.review_by


@pytest.mark.parametrize("regime", SHIPPED, ids=lambda each: each.id)
def test_what_a_reporter_reads_is_short_and_plain(regime: Regime) -> None:
    for element in regime.elements:
        assert len(element.ask.split()) <= 25
        assert element.ask[-1] in ".?"
        assert not any(word in element.ask for word in ("depiction", "provider", "pursuant", "223a", "section"))
        assert element.about[-1] == "."
    for ground in regime.grounds:
        assert ground.text.split()[0] in ("We", "This")
        assert ground.label[-1] != "."


@pytest.mark.parametrize("regime", SHIPPED, ids=lambda each: each.id)
def test_no_regime_asks_for_a_picture_an_account_or_an_identity_card(regime: Regime) -> None:
    assert {element.kind for element in regime.elements} <= set(Kind)
    assert not any(
        word in element.id for element in regime.elements for word in ("upload", "account", "passport", "id_card")
    )


@pytest.mark.parametrize("regime", SHIPPED, ids=lambda each: each.id)
def test_both_sides_and_the_minors_are_thought_of(regime: Regime) -> None:
    assert {notice.to for notice in regime.notices} == set(Party)
    assert regime.minors.removal_clock_still_runs
    assert "Never handle it as adult intimate imagery." in regime.minors.route
    if regime.jurisdiction in ("United Kingdom", "United States"):
        assert regime.minors.report_to
        assert regime.minors.regime in {each.id for each in SHIPPED}
    assert regime.penalties or not regime.in_force(date(2026, 11, 22))


def test_a_thing_asked_by_two_laws_is_the_same_kind_of_thing() -> None:
    kinds: dict[str, set[str]] = {}
    for regime in SHIPPED:
        for element in regime.elements:
            kinds.setdefault(element.id, set()).add(element.kind)
    assert all(len(each) == 1 for each in kinds.values()), kinds


def test_only_the_us_asks_for_a_signature_and_only_its_clock_waits_for_validity() -> None:
    assert [each.id for each in SHIPPED if any(e.kind is Kind.SIGNATURE for e in each.elements)] == ["us-tida-3"]
    assert [each.id for each in SHIPPED if any(c.starts is Start.VALID for c in each.clocks)] == ["us-tida-3"]


def test_neither_law_makes_the_uploader_be_told() -> None:
    for regime_id in ("uk-osa-10-3A", "us-tida-3"):
        uploader = next(each for each in load(regime_id).notices if each.to is Party.UPLOADER)
        assert uploader.duty is NoticeDuty.NONE_STATED
