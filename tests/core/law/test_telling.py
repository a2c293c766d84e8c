"""A regime in words: nothing that the file says is left out."""

from __future__ import annotations

import pytest

from staydown.core.law.regime import load, load_all
from staydown.core.law.schema import Fact, Regime
from staydown.core.law.telling import limit, sections, status


@pytest.mark.parametrize("regime", load_all(), ids=lambda each: each.id)
def test_every_fact_is_told_once(regime: Regime) -> None:
    told = [row.fact for section in sections(regime) for row in section.rows]
    values = [getattr(regime, name) for name in Regime.__dataclass_fields__]
    facts = [each for value in values for each in (value if isinstance(value, tuple) else (value,))]
    assert sorted(map(repr, told)) == sorted(repr(each) for each in facts if isinstance(each, Fact))
    assert all(row.said.strip() and row.mark for section in sections(regime) for row in section.rows)


def test_limits_in_words() -> None:
    def of(regime_id: str) -> list[str]:
        return [limit(clock) for clock in load(regime_id).clocks]

    assert of("uk-osa-10-3A") == ["48 hours from receipt of the report"]
    assert of("au-osa-77") == ["24 hours, or what the order says, from service of the notice"]
    assert of("ca-bc-iipa") == ["as the tribunal orders from service of the order"]
    assert of("in-it-grievance") == [
        "24 hours from receipt of the report (the receipt does so at once)",
        "7 days from receipt of the report",
    ]


def test_status_in_words() -> None:
    assert status(load("dk-likeness")) == "draft"
    assert status(load("eu-vaw-23")) == "enacted, not yet in force"
    assert status(load("us-tida-3")) == "in force since 19 May 2026"
