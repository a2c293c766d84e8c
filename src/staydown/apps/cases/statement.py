"""The statement of reasons that an uploader is given: every field that the EU's Digital Services Act asks, article 17.

Worked out from the decision, the law and what the moderator wrote for the uploader. Nothing of a report goes in: no
word, no day, no count, not even the reported address, for its end may say who followed it. That somebody reported it is
said only under a law that makes this notice a duty, and never who.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.conf import settings
from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from staydown.apps.cases import appeals, regimes
from staydown.apps.cases.models import Action, Decision, Item, UploaderNotice
from staydown.apps.cases.notice_codes import code_of
from staydown.core.law.regime import Regime
from staydown.core.law.schema import NoticeDuty, Party

PATH: Final = "/appeal/"  # of the portal's page; a test holds the two together

#: A sentence of ours by which it is told whether a language has our words at all.
PROBE: Final = "You can ask that another person looks at this decision again. It is free."


@dataclass(frozen=True, slots=True, repr=False)
class Said:
    """What one statement says, one field for each thing that the law asks. ``source`` empty: nothing is said of it."""

    restriction: str
    scope: str
    duration: str
    facts: str
    source: str
    detection: str
    decision: str
    ground: str
    why: str
    redress: tuple[str, ...]
    language: str

    def __repr__(self) -> str:
        return "<Said>"

    @property
    def text(self) -> str:
        """The whole as plain text, in the language in which it was worked out."""
        with translation.override(self.language):
            lines = self._lines()
        return "\n\n".join(line for line in lines if line)

    def _lines(self) -> list[str]:
        return [
            _("About something that you uploaded"),
            self.restriction,
            _said(_("Where this holds"), self.scope),
            _said(_("For how long"), self.duration),
            _said(_("What the decision rests on"), self.facts),
            self.source,
            _said(_("Ground"), self.ground),
            self.why,
            self.detection,
            self.decision,
            *self.redress,
        ]


def _said(what: str, text: str) -> str:
    """A line of the statement, with the mark between that the language uses."""
    return _("{what}: {text}").format(what=what, text=text)


def address() -> str:
    """Where uploaders appeal."""
    return f"{settings.STAYDOWN_ORIGIN}{PATH}"


def link(notice: UploaderNotice) -> str:
    """The same with the code behind a ``#``, which a browser keeps to itself: no server's log ever holds it."""
    return f"{address()}#{code_of(notice)}"


def of_notice(notice: UploaderNotice, language: str = "") -> tuple[Said, str]:
    """What ``notice`` says, and the language that it is in: the wanted one if we have words in it, else English."""
    action = notice.action
    with translation.override(known(language)):
        said = worked_out(
            action.kind,
            action.item,
            regimes.pinned_one(action.item.case, action.decision.regime_id),
            facts=notice.facts or "",
            terms=notice.terms or "",
            decided_by=notice.decided_by,
            redress=_redress(code_of(notice), appeals.ends_at(notice)),
        )
        return said, translation.get_language() or "en"


def preview(verdict: str, items: Iterable[Item], regime: Regime, *, facts: str, terms: str, by: str) -> list[str]:
    """The texts that the uploaders of ``items`` would be given, each once, before anything is decided."""
    kind = Action.Kind.REMOVE if verdict == Decision.Verdict.REMOVE else Action.Kind.DISABLE
    found = {
        worked_out(kind, item, regime, facts=facts, terms=terms, decided_by=by, redress=_redress("…", None)).text: None
        for item in items
    }
    return list(found)


def worked_out(
    kind: str, item: Item, regime: Regime, *, facts: str, terms: str, decided_by: str, redress: tuple[str, ...]
) -> Said:
    """What is said of ``item`` in the language that is active."""
    was_matched = item.kind == Item.Kind.CONTENT
    return Said(
        restriction=_("It was taken down.") if kind == Action.Kind.REMOVE else _("It was hidden."),
        scope=_("everywhere on this platform"),
        duration=_("without an end date") if kind == Action.Kind.REMOVE else _("until there is a final decision"),
        facts=facts or _("It shows, or seems to show, a person intimately who did not agree to that."),
        source=_source(item, regime),
        detection=_("It was found by an automatic comparison of pictures.")
        if was_matched
        else _("No automatic means were used to find it."),
        decision=DECIDED_BY.get(decided_by, DECIDED_BY["key"])(),
        ground=_("the platform's own terms: {terms}").format(terms=terms) if terms else _law(regime),
        why=_("What is described above is against these terms.")
        if terms
        else _("This law requires such content to be taken down."),
        redress=redress,
        language=translation.get_language() or "en",
    )


DECIDED_BY: Final = {
    "staff": lambda: _("A person took the decision."),
    "key": lambda: _("The decision was taken with the platform's own moderation system."),
    "system": lambda: _("The decision was taken automatically. A person looks at it next."),
}


def known(language: str) -> str:
    """``language`` when we have words in it, else English."""
    try:
        found = translation.get_supported_language_variant(language or "en")
    except LookupError:
        return "en"
    with translation.override(found):
        return found if _(PROBE) != PROBE else "en"


def _law(regime: Regime) -> str:
    """The law and its section. What stands behind the colon says what the section is about, such as reports."""
    return regime.name.partition(": ")[0]


def _source(item: Item, regime: Regime) -> str:
    """Whether it was reported or found by the platform: only where the law makes the notice a duty."""
    owed = any(each.to is Party.UPLOADER and each.duty is NoticeDuty.REQUIRED for each in regime.notices)
    if not owed:
        return ""
    if item.kind == Item.Kind.CONTENT:
        return _("The platform looked into it on its own.")
    return _("The platform was told of it.")


def _redress(code: str, until: datetime | None) -> tuple[str, ...]:
    return (
        _("You can ask that another person looks at this decision again. It is free."),
        _("Go to {address} and give this code: {code}").format(address=address(), code=code),
        _("You can do so until {day}.").format(day=date_format(until, "DATE_FORMAT")) if until else "",
        _("You can also go to a court, or to a body that settles such disputes where your country has one."),
    )
