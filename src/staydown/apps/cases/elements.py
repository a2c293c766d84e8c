"""Which elements of the law a report gives: computed from what is there, never from a claim that it is there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from staydown.apps.cases.intake import ReportForm
from staydown.core.law.regime import Regime

#: Elements that are met by what the form holds, not by a statement.
COMPUTED: Final = frozenset({"locate", "identify", "contact", "signature", "non_consent_information"})

#: What a reporter may delete again, and the element of a law that goes with it.
PARTS: Final = {
    "words": "non_consent_information",
    "contact": "contact",
    "signature": "signature",
    "relation": "",
}


def provided(form: ReportForm, regimes: Iterable[Regime]) -> dict[str, bool]:
    """``{element id: True}`` for each element of ``regimes`` that the form gives. Other ids are left out."""
    asked = {element.id for regime in regimes for element in regime.elements}
    found = {
        "locate": bool(form.links),
        "identify": bool(form.links or form.hashes),
        "contact": bool(form.contact.strip()),
        "signature": bool(form.signature.strip()),
        "non_consent_information": bool(form.words.strip()),
    }
    said = {name: value for name, value in form.provided.items() if name not in COMPUTED}
    return {name: True for name, value in sorted({**found, **said}.items()) if value and name in asked}
