"""What both sides would read of a decision, in the language of whoever reads it, before anything is sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.utils import translation
from django.utils.translation import get_language_info

from staydown.apps.cases import statement, timeline
from staydown.apps.cases.actions.carrying_out import is_located
from staydown.apps.cases.models import Decision, Item
from staydown.apps.console.decision_form import DecisionForm
from staydown.core.law.regime import Regime


@dataclass(frozen=True, slots=True)
class Reading:
    """Texts in one language, and what a browser must know of it."""

    language: str
    name: str
    direction: str
    texts: tuple[str, ...]


def to_uploaders(form: DecisionForm, regime: Regime) -> list[Reading]:
    """What uploaders would be told, in every language: which one, the platform says when it fetches the text.

    Nothing where the platform is asked to restrict nothing.
    """
    located = [item for item in form.chosen if is_located(item)]
    if form.decided == Decision.Verdict.DECLINE or not located:
        return []
    said, found = form.notice, []
    for code, _ in settings.LANGUAGES:
        if code == settings.LANGUAGE_CODE or statement.known(code) == code:  # what is not translated is English
            with translation.override(code):
                texts = statement.preview(form.decided, located, regime, facts=said.facts, terms=said.terms, by="staff")
            found.append(_reading(code, texts))
    return found


def to_reporters(form: DecisionForm, regime: Regime) -> list[Reading]:
    """What the reporters of what is decided about would read on their page, each in the language of their report."""
    found: dict[str, dict[str, None]] = {}
    items: dict[int, list[Item]] = {}
    for item in form.chosen:
        if item.report_id is not None:
            items.setdefault(item.report_id, []).append(item)
    for of_one in items.values():
        report = of_one[0].report
        code = statement.known(report.language if report else "")
        with translation.override(code):
            ground = regime.ground(form.law[1]) if form.law[1] else None
            text, detail = timeline.foretold(form.decided, of_one, ground)
            found.setdefault(code, {})[
                "\n\n".join(filter(None, [str(text), translation.gettext(detail) if detail else ""]))
            ] = None
    return [_reading(code, list(texts)) for code, texts in found.items()]


def _reading(code: str, texts: Sequence[str]) -> Reading:
    info = get_language_info(code)
    local, english = str(info["name_local"]), str(info["name"])
    name = "English" if code.startswith("en") else f"{english}, {local}"
    return Reading(code, name, "rtl" if info["bidi"] else "ltr", tuple(texts))
