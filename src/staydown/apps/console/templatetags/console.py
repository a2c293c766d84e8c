"""Template tags of the console: `{% load console %}`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from django import forms, template
from django.forms.boundfield import BoundField, BoundWidget
from django.urls import reverse
from django.utils.translation import get_language_info

from staydown.apps.cases.models import Case, Decision, Item
from staydown.apps.console.casefile import CaseFile, ItemRow
from staydown.apps.console.counts import spoken, things
from staydown.apps.console.decision_form import DecisionForm
from staydown.apps.console.doors import may
from staydown.apps.console.links import defanged
from staydown.core.law.clocks import TimeLeft
from staydown.core.law.schema import Element

register = template.Library()

#: The menu: the address that an entry leads to, and its name.
MENU = {
    "queue": "Cases",
    "minors": "Under 18",
    "orders": "Orders",
    "laws": "Laws",
    "proposals": "Two people",
    "figures": "Figures",
    "sources": "Sources",
    "webhooks": "Webhooks",
    "keys": "API keys",
    "team": "Team",
}


@register.simple_tag(takes_context=True)
def doors(context: dict[str, Any]) -> list[dict[str, object]]:
    """The menu entries that the signed-in person may open; ``here`` marks the one that the page belongs to."""
    request = context["request"]
    match = getattr(request, "resolver_match", None)
    here = context.get("menu") or (match.url_name if match and match.namespace == "console" else "")
    return [
        {
            "address": reverse(f"console:{name}"),
            "name": title,
            "here": here == name,
            "exact": request.path == reverse(f"console:{name}"),
        }
        for name, title in MENU.items()
        if may(request.user, name) and (name != "queue" or may(request.user, "case"))
    ]


@register.filter
def is_checkbox(field: BoundField) -> bool:
    """Whether a form field is one box to tick."""
    return isinstance(field.field.widget, forms.CheckboxInput)


@register.filter
def is_choices(field: BoundField) -> bool:
    """Whether a form field is a group of radios or boxes."""
    return isinstance(field.field.widget, forms.RadioSelect | forms.CheckboxSelectMultiple)


@register.filter
def minutes_from(moment: datetime, now: datetime) -> str:
    """How long it is from ``now`` until ``moment``, in whole minutes and words."""
    return spoken(max(1, round((moment - now).total_seconds() / 60)), "minute")


@register.filter
def page_language(code: str) -> str:
    """The English name of the language of a page, or its code where there is none."""
    try:
        return str(get_language_info(code)["name"])
    except KeyError:
        return code


#: Where laws bind. A country that only a regime of the operator's own names is shown by its two letters.
COUNTRIES: Final = {
    "AU": "Australia",
    "CA": "Canada",
    "DK": "Denmark",
    "EU": "the European Union",
    "GB": "the United Kingdom",
    "IN": "India",
    "KR": "South Korea",
    "US": "the United States",
}


@register.filter
def country(code: str) -> str:
    """The name of a country, or its code where there is none."""
    return COUNTRIES.get(code, code)


@register.filter
def spaced(code: str) -> str:
    """A code such as ``not_found`` as words."""
    return str(code).replace("_", " ")


#: How each state looks: the kind of tag, its icon.
ITEM_STATES = {
    "open": ("plain", "clock"),
    "asked": ("busy", "clock"),
    "removed": ("good", "check"),
    "kept_down": ("good", "lock"),
    "declined": ("plain", "cross"),
    "disabled": ("busy", "eye-off"),
    "withdrawn": ("plain", "exit"),
}
CASE_STATES = {
    "open": ("wait", "dot"),
    "decided": ("busy", "clock"),
    "done": ("good", "check"),
    "withdrawn": ("plain", "exit"),
}
#: How pressing a deadline is: the icon beside its words.
URGENCY = {"overdue": "warning", "urgent": "warning", "soon": "clock", "calm": "clock"}


@register.inclusion_tag("ui/parts/tag.html")
def item_state(item: Item) -> dict[str, str]:
    """The state of an item as icon and words."""
    kind, symbol = ITEM_STATES[item.state]
    return {"kind": kind, "symbol": symbol, "text": item.get_state_display()}


@register.inclusion_tag("ui/parts/tag.html")
def case_state(case: Case) -> dict[str, str]:
    """The state of a case as icon and words."""
    kind, symbol = CASE_STATES[case.state]
    return {"kind": kind, "symbol": symbol, "text": case.get_state_display()}


@register.inclusion_tag("console/parts/left.html")
def left(time: TimeLeft | None, due: datetime | None = None) -> dict[str, object]:
    """The time left as icon and words; ``due`` adds the moment itself."""
    return {"time": time, "due": due, "symbol": URGENCY[time.urgency.value] if time else "pause"}


@register.filter
def given(element: Element) -> str:
    """What an element is, said to staff; a law's own question where there are no words for it."""
    return ELEMENTS.get(element.id, element.ask)


ELEMENTS = {
    "content_is_intimate": "Says that it is an intimate image",
    "made_by_subject_or_agent": "Says that they are the person shown, or act for them",
    "good_faith_and_true": "Says that the report is in good faith and true",
    "identify": "Enough to tell which content is meant",
    "locate": "Where it is",
    "contact": "How to reach them",
    "signature": "A signature",
    "non_consent_statement": "Says that the person shown did not agree to it",
    "non_consent_information": "What bears on whether they agreed",
}


@register.simple_tag
def counted(items: Sequence[Item], reads: object) -> str:
    """How many items. Who ``reads`` them sees one row for a link that several reports name, and others several."""
    return spoken(things(items) if reads else len(items), "item")


@register.simple_tag
def decision_law(file: CaseFile, decision: Decision) -> str:
    """The law under which it was decided, and the ground where it was declined, as the case's version words them."""
    regime = next((regime for regime in file.regimes if regime.id == decision.regime_id), None)
    if regime is None:
        return decision.regime_id
    ground = next((ground.label for ground in regime.grounds if ground.id == decision.ground), "")
    return f"{regime.short_name}: {ground}" if ground else regime.short_name


@register.simple_tag
def item_box(form: DecisionForm | None, row: ItemRow) -> BoundWidget | None:
    """The box to tick at an item, where there is a choice of items and this one waits for a decision."""
    if form is None or len(form.waiting) < 2:
        return None
    return next((box for box in form["items"] if str(box.data["value"]) == row.value), None)


@register.simple_tag
def item_known_as(form: Any, public_id: object) -> str:
    """An item by kind, link or id, for those who decide."""
    item = form.removed[str(public_id)]
    name = defanged(item.url) if item.url else item.content_ref or item.label or ""
    return f"{item.get_kind_display()} {name}".strip()


@register.inclusion_tag("console/parts/item_name.html")
def item_name(file: CaseFile, public_id: object) -> dict[str, object]:
    """An item by what it is called: its kind, and its label, link or id."""
    found = ((row, item) for row in file.items for item in row.items if str(item.public_id) == str(public_id))
    return {"row": next((row.narrowed({item.pk}) for row, item in found), None)}
