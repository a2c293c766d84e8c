"""What the operator's laws ask a reporter to state, as one list: the union over the regimes, each thing asked once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from django import forms
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from staydown.apps.cases.checklist import for_report
from staydown.apps.cases.models import Report
from staydown.apps.cases.regimes import in_force
from staydown.apps.portal.draft import Draft
from staydown.apps.portal.forms import Contact, Question
from staydown.apps.ui.templatetags.ui import of_law
from staydown.core.law.regime import Regime
from staydown.core.law.schema import Element, Kind, Role

#: Elements that other questions answer: which content it is, where it is, how to reach the person, and what they add.
ELSEWHERE: Final = frozenset({"identify", "locate", "contact", "non_consent_information"})
#: Those of them that links and pictures answer.
NAMED_BY_ITEMS: Final = frozenset({"identify", "locate"})
FROM_PEOPLE: Final = frozenset({Role.SUBJECT, Role.AGENT, Role.ANYONE})


@dataclass(slots=True)
class Asked:
    """One element, with every law that asks it."""

    element: Element
    laws: list[tuple[Regime, Element]] = field(default_factory=list)

    @property
    def why(self) -> list[str]:
        """For each law its name, where it says so, and its own words."""
        return [
            f"{regime.short_name}, {element.cite}" + (f": “{element.quote}”" if element.quote else "")
            for regime, element in self.laws
        ]


def binding() -> list[Regime]:
    """The regimes that bind this operator today and that a reporter can call on."""
    return [regime for regime in in_force(timezone.now()) if FROM_PEOPLE & set(regime.reporter_roles)]


def asked(regimes: Iterable[Regime]) -> list[Asked]:
    """The elements of these regimes that have no question of their own, in the order of the first law that asks."""
    found: dict[str, Asked] = {}
    for regime in regimes:
        for element in regime.elements:
            if element.id not in ELSEWHERE:
                found.setdefault(element.id, Asked(element)).laws.append((regime, element))
    return list(found.values())


def requiring(element_id: str) -> list[Regime]:
    """The binding regimes that require this element."""
    return [law for law in binding() if any(each.id == element_id and each.required for each in law.elements)]


class Statements(Question):
    """A field for each thing asked. None is enforced: what is left out is said before sending."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for one in asked(binding()):
            self.fields[one.element.id] = _field(one)


class Missing(Question):
    """What the laws of a report's case require and it lacks, each thing once. Where it is has a page of its own."""

    def __init__(self, *args: Any, report: Report, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        laws = [law for law in for_report(report).laws if law.missing]
        lacking = {element.id for law in laws for element in law.missing} - NAMED_BY_ITEMS
        if "contact" in lacking:
            self.fields["contact"] = Contact.base_fields["contact"]
        self.asked = [one for one in asked(law.regime for law in laws) if one.element.id in lacking]
        for one in self.asked:
            self.fields[one.element.id] = _field(one)

    def given(self) -> dict[str, Any]:
        """What was given, as casework takes it."""
        answers = self.cleaned_data
        of = {kind: [one.element.id for one in self.asked if one.element.kind is kind] for kind in Kind}
        return {
            "contact": answers.get("contact", ""),
            "signature": next((answers[name] for name in of[Kind.SIGNATURE] if answers[name]), ""),
            "words": "\n\n".join(answers[name] for name in of[Kind.TEXT] if answers[name]),
            "provided": {one.element.id: True for one in self.asked if answers[one.element.id]},
        }


def provided(draft: Draft) -> dict[str, bool]:
    """Which elements this draft gives, by id, over all binding regimes."""
    formal = draft.of("way").get("way") != "anonymous"
    given = {
        "identify": bool(draft.of("pictures").get("list") or draft.of("links").get("links")),
        "locate": bool(draft.of("links").get("links")),
        "contact": formal and bool(draft.of("contact").get("contact")),
        "non_consent_information": bool(draft.of("words").get("words")),
    }
    given |= {name: formal and bool(value) for name, value in draft.of("statements").items()}
    return {element.id: given.get(element.id, False) for regime in binding() for element in regime.elements}


def lacking(draft: Draft) -> list[tuple[Regime, list[Element]]]:
    """For each binding regime what it requires and this draft does not give; regimes that lack nothing are left out."""
    given = provided(draft)
    found = [
        (regime, [element for element in regime.elements if element.required and not given[element.id]])
        for regime in binding()
    ]
    return [(regime, elements) for regime, elements in found if elements]


def text_of(draft: Draft) -> str:
    """What was written for elements that ask for a text, one paragraph each."""
    answers = draft.of("statements")
    texts = [one.element.id for one in asked(binding()) if one.element.kind is Kind.TEXT]
    return "\n\n".join(answers[name] for name in texts if answers.get(name))


def signature_of(draft: Draft) -> str:
    """The signature, if one was given."""
    answers = draft.of("statements")
    names = [one.element.id for one in asked(binding()) if one.element.kind is Kind.SIGNATURE]
    return next((answers[name] for name in names if answers.get(name)), "")


def _field(one: Asked) -> forms.Field:
    element, hint = one.element, _hint(one)
    if element.kind is Kind.DECLARATION:
        return forms.BooleanField(label=of_law(element.ask), help_text=hint, required=False)
    if element.kind is Kind.SIGNATURE:
        return forms.CharField(label=of_law(element.ask), help_text=hint, required=False, max_length=200)
    widget = forms.Textarea(attrs={"rows": 3, "dir": "auto"})
    return forms.CharField(label=of_law(element.ask), help_text=hint, required=False, max_length=2_000, widget=widget)


def _hint(one: Asked) -> SafeString:
    """Why it is asked, in our words, and below where each law says so, in its own."""
    laws = format_html_join("", '<span class="law" lang="en" dir="ltr">{}</span>', ((line,) for line in one.why))
    if one.element.kind is Kind.SIGNATURE:
        names = ", ".join(regime.short_name for regime, _element in one.laws)
        only = _("Only this law asks for it: {law}. You can leave it empty.").format(law=names)
        return format_html("{} {}{}", of_law(one.element.about), only, laws)
    return laws if one.element.kind is Kind.DECLARATION else format_html("{}{}", of_law(one.element.about), laws)
