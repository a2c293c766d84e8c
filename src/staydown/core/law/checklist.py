"""Which elements of a valid report are there, and which are missing."""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from staydown.core.law.schema import Element, Regime


class State(enum.StrEnum):
    """Where one element of a report stands."""

    MET = "met"
    MISSING = "missing"
    ASKED = "asked"  # missing, and the reporter has been asked for it


class Row(NamedTuple):
    """One line of a checklist. A row that is missing only matters when its element is required."""

    element: Element
    state: State


class Question(NamedTuple):
    """Something to ask a reporter once, though several regimes may want it."""

    element: Element
    regimes: tuple[str, ...]  # the ids of the regimes that ask
    required_by: tuple[str, ...]


def checklist(regime: Regime, provided: Mapping[str, bool], asked: Collection[str] = ()) -> list[Row]:
    """Each element of the regime in the law's order, with its state. ``asked``: ids that the reporter was asked for."""
    rows = []
    for element in regime.elements:
        missing = State.ASKED if element.id in asked else State.MISSING
        rows.append(Row(element, State.MET if provided.get(element.id, False) else missing))
    return rows


def missing(regime: Regime, provided: Mapping[str, bool]) -> list[Element]:
    """The required elements that a report lacks."""
    return [row.element for row in checklist(regime, provided) if row.element.required and row.state is not State.MET]


def is_valid(regime: Regime, provided: Mapping[str, bool]) -> bool:
    """Whether a report holds everything that the regime requires."""
    return not missing(regime, provided)


def questions(regimes: Iterable[Regime]) -> list[Question]:
    """Everything that these regimes ask, each thing once, in the wording of the first regime that asks it."""
    found: dict[str, list[tuple[Regime, Element]]] = {}
    for regime in regimes:
        for element in regime.elements:
            found.setdefault(element.id, []).append((regime, element))
    return [
        Question(
            askers[0][1],
            tuple(regime.id for regime, _ in askers),
            tuple(regime.id for regime, element in askers if element.required),
        )
        for askers in found.values()
    ]
