"""Template tags that every page may use: `{% load ui %}`."""

from __future__ import annotations

from typing import Any, Final

import segno
from django import template
from django.conf import settings
from django.forms.boundfield import BoundField, BoundWidget
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, get_language_info
from django.utils.translation import gettext as _

register = template.Library()

#: Paths on a grid of 24 by 24, drawn with a stroke. An icon never stands alone: a word is always beside it.
ICONS: Final = {
    "check": "M4.5 12.5l5 5 10-11",
    "clock": "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 7v5l3.5 2",
    "copy": "M9 8h10v12H9zM5 16V4h10",
    "cross": "M6 6l12 12M18 6L6 18",
    "dash": "M7 12h10",
    "device": "M7 3h10v18H7zM11 18h2",
    "dot": "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8z",
    "eye-off": "M3 3l18 18M10 5.3A10 10 0 0 1 22 12a14 14 0 0 1-3 4M6.5 6.8A14 14 0 0 0 2 12c2 4 6 7 10 7l4-1",
    "exit": "M10 4H5v16h5M14 8l4 4-4 4M18 12H9",
    "info": "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 11v6M12 7v.5",
    "link": "M10 14a4 4 0 0 0 6 0l3-3a4 4 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6 0l-3 3a4 4 0 0 0 6 6l1-1",
    "lock": "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
    "pause": "M9 6v12M15 6v12",
    "person": "M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM4.5 21a7.5 7.5 0 0 1 15 0",
    "warning": "M12 4l9.5 16h-19zM12 10v5M12 17.5v.5",
}  # fmt: skip


@register.simple_tag
def icon(name: str) -> SafeString:
    """The icon ``name`` as inline SVG, hidden from screen readers. An unknown name is a fault of the template."""
    return format_html(
        '<svg class="icon" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true" focusable="false">'
        '<path d="{}"/></svg>',
        mark_safe(ICONS[name]),  # noqa: S308 - a constant of this module
    )


@register.simple_tag
def qr(text: str) -> SafeString:
    """``text`` as a QR code in inline SVG: black on white in every colour scheme, without a style of its own."""
    rows = [list(row) for row in segno.make(text, error="m", micro=False).matrix_iter(border=4)]
    path = "".join(f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, dark in enumerate(row) if dark)
    return format_html(
        '<svg class="qr" viewBox="0 0 {0} {0}" width="200" height="200" role="img" aria-label="{1}" focusable="false">'
        '<path fill="#fff" d="M0 0h{0}v{0}H0z"/><path fill="#000" d="{2}"/></svg>',
        len(rows),
        _("QR code"),
        path,
    )


@register.simple_tag
def service_name() -> str:
    """What the operator calls this install."""
    return getattr(settings, "STAYDOWN_NAME", "") or "staydown"


@register.simple_tag(takes_context=True)
def languages(context: dict[str, Any]) -> list[dict[str, object]]:
    """This page in each language, when there is a choice and the page is no answer to a form: that would be lost."""
    request = context.get("request")  # a page about a fault of ours has none
    if request is None or len(settings.LANGUAGES) < 2 or request.method not in ("GET", "HEAD"):
        return []
    here = get_language()
    bare = request.path.removeprefix(f"/{here}") if here != settings.LANGUAGE_CODE else request.path
    return [
        {
            "code": code,
            "name": name,
            "address": bare if code == settings.LANGUAGE_CODE else f"/{code}{bare}",
            "here": code == here,
            "bidi": get_language_info(code)["bidi"],
        }
        for code, name in settings.LANGUAGES
    ]


@register.filter
def of_law(sentence: str) -> str:
    """A sentence from the file of a law in the page's language; where it has none, as it is and marked as English."""
    said = _(sentence) if sentence else ""
    if said != sentence or str(get_language()).startswith("en"):
        return said
    return format_html('<bdi lang="en" dir="ltr">{}</bdi>', sentence)


@register.filter
def error_target(field: BoundField) -> str:
    """The id of the control that an error about this field should lead to: of a group, its first choice."""
    return field.subwidgets[0].id_for_label if field.widget_type == "radioselect" else field.auto_id


@register.filter
def hint_for(hints: object, choice: BoundWidget) -> str:
    """The sentence that stands under ``choice``; nothing where the page gave none."""
    return str(hints.get(choice.data["value"], "")) if isinstance(hints, dict) else ""
