"""A regime in plain words, in the order in which a lawyer asks: for the command line and the console alike."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from staydown.core.law.schema import (
    Clock,
    Confidence,
    Duty,
    Fact,
    Intake,
    Interim,
    Minors,
    Regime,
    Service,
    Shown,
    Start,
    Statement,
    Status,
)

MARKS: Final = {
    Confidence.PRIMARY: "primary text",
    Confidence.PRIMARY_IN_PART: "primary text, in part",
    Confidence.SECONDARY: "secondary",
    Confidence.BACKGROUND: "background: check it",
}
STARTS: Final = {
    Start.RECEIVED: "receipt of the report",
    Start.VALID: "receipt of a valid report",
    Start.NOTICE_SERVED: "service of the notice",
    Start.ORDER_SERVED: "service of the order",
}
STANDINGS: Final = {
    Status.IN_FORCE: "in force",
    Status.ENACTED_NOT_COMMENCED: "enacted, not yet in force",
    Status.DRAFT: "draft",
    Status.UNVERIFIED: "unverified",
}
INTAKES: Final = {Intake.REPORT: "reports", Intake.ORDER: "orders"}
SHOWN: Final = {Shown.ADULT: "adults", Shown.MINOR: "people under 18"}
SERVICES: Final = {
    Service.USER_TO_USER: "services on which people meet what others post or send",
    Service.HOSTING: "hosting",
    Service.SEARCH: "search",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that the law says: its name if it has one, what is said, and what that rests on."""

    name: str
    said: str
    fact: Fact

    @property
    def mark(self) -> str:
        """How well it is known, in words."""
        return MARKS[self.fact.confidence]


@dataclass(frozen=True, slots=True)
class Section:
    """One part of a regime. Without rows the law states nothing of it."""

    title: str
    rows: tuple[Row, ...]


def sections(regime: Regime) -> list[Section]:
    """The parts of a regime, each with its facts."""
    told: list[tuple[str, list[Row]]] = [
        ("In force", _stated(regime.commencement)),
        ("Binds", _stated(regime.duty_holder)),
        ("Takes part in", [Row("", _applies(regime), regime.applies)]),
        ("Who may report", [Row("", _who(regime), regime.reporters)]),
        ("What a report must contain", [Row(e.id, _asked(e.ask, required=e.required), e) for e in regime.elements]),
        ("Limits", [Row(c.id, f"{c.label}: {limit(c)}. Stops: {c.stops}", c) for c in regime.clocks]),
        ("Copies", [Row(regime.copies.scope, regime.copies.text, regime.copies)]),
        ("Grounds to decline, and no others", [Row(g.id, g.text, g) for g in regime.grounds]),
        ("Before a decision", [Row(_interim(regime), regime.interim_action.text, regime.interim_action)]),
        ("Notices", [Row(f"{n.to}, {n.duty}", f"{n.text} When: {n.when}.", n) for n in regime.notices]),
        ("Complaints", [Row(f"window: {regime.appeal.window}", regime.appeal.text, regime.appeal)]),
        ("To be kept", [Row(r.artefact, f"{r.period}. {r.text}", r) for r in regime.retention]),
        ("Somebody under 18", [Row("", _minors(regime.minors), regime.minors)]),
        ("Penalties", _stated(*regime.penalties)),
        ("Other duties", _stated(*regime.duties)),
        ("Notes", _stated(*regime.notes)),
    ]
    return [Section(title, tuple(rows)) for title, rows in told]


def status(regime: Regime) -> str:
    """Whether it is in force and since when, in words."""
    words = STANDINGS[regime.status]
    if regime.effective_from is None or regime.status is not Status.IN_FORCE:
        return words
    until = f" until {day(regime.effective_to)}" if regime.effective_to else ""
    return f"{words} since {day(regime.effective_from)}{until}"


def limit(clock: Clock) -> str:
    """How long a clock runs and from when, in words."""
    length = clock.soft if clock.hours is None else _length(clock.hours)
    if clock.set_by_order and clock.hours is not None:
        length += ", or what the order says,"
    return f"{length} from {STARTS[clock.starts]}" + (
        " (the receipt does so at once)" if clock.duty is Duty.ACKNOWLEDGE else ""
    )


def day(when: date) -> str:
    """A day as people write it."""
    return f"{when.day} {when:%B %Y}"


def _length(hours: int) -> str:
    """Hours as laws name them: days only where nobody would count in hours."""
    return f"{hours // 24} days" if hours > 72 and hours % 24 == 0 else f"{hours} hours"


def _stated(*statements: Statement) -> list[Row]:
    return [Row("", each.text, each) for each in statements]


def _applies(regime: Regime) -> str:
    applies = regime.applies
    intake = " and ".join(INTAKES[each] for each in applies.intake)
    shown = " and ".join(SHOWN[each] for each in applies.shown)
    where = f" Users in: {', '.join(applies.users_in)}." if applies.users_in else ""
    services = "; ".join(SERVICES[each] for each in applies.services)
    return f"{applies.text} In short: {intake} about {shown}. Services: {services}.{where}"


def _who(regime: Regime) -> str:
    not_asked = ", ".join(regime.reporters.not_asked)
    return f"{regime.reporters.text} Not a condition: {not_asked}." if not_asked else regime.reporters.text


def _asked(ask: str, *, required: bool) -> str:
    return ask if required else f"{ask} (may be left out)"


def _interim(regime: Regime) -> str:
    interim = regime.interim_action
    if interim.kind is Interim.NONE:
        return "nothing"
    return "hidden at once" if interim.automatic else "may be hidden"


def _minors(minors: Minors) -> str:
    to = f" Report to: {', '.join(minors.report_to)}." if minors.report_to else ""
    return f"{minors.route} {minors.text}{to}"
