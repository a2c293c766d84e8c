"""What one regime file can say. A field here is a field of the TOML; docs/reference/regimes.md explains each.

A field with a default may be left out of a file; every other one must be there, so that nothing is forgotten in
silence: a law without grounds to decline says ``grounds = []``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Protocol, TypeVar

from staydown.core.law.words import (
    Artefact,
    Confidence,
    CopiesScope,
    Duty,
    HashSharing,
    Intake,
    Interim,
    Kind,
    NoticeDuty,
    Party,
    Role,
    Service,
    Shown,
    Start,
    Status,
)
from staydown.errors import RegimeError

__all__ = [
    "ANY_REPORT",
    "NONE_STATED",
    "Appeal",
    "Applies",
    "Artefact",
    "Clock",
    "Confidence",
    "Copies",
    "CopiesScope",
    "Duty",
    "Element",
    "Fact",
    "Ground",
    "HashSharing",
    "Intake",
    "Interim",
    "InterimAction",
    "Kind",
    "Minors",
    "Named",
    "Notice",
    "NoticeDuty",
    "Party",
    "Period",
    "Regime",
    "Reporters",
    "Retention",
    "Role",
    "Service",
    "Shown",
    "Source",
    "Start",
    "Statement",
    "Status",
]

NONE_STATED: Final = "none stated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A statement about the law, with what it rests on."""

    cite: str  # for people: "section 20A(2)(a)"
    confidence: Confidence
    source: str = ""  # the id of one of the regime's sources; left out only for background knowledge
    quote: str = ""  # a short phrase of the law itself, word for word


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement(Fact):
    """A fact said in a sentence or two: duty holders, commencement, penalties, duties, notes."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Applies(Statement):
    """Which cases the law takes part in, and which services it binds."""

    intake: tuple[Intake, ...]
    shown: tuple[Shown, ...]
    services: tuple[Service, ...]
    users_in: tuple[str, ...]  # countries, as two capital letters; "EU" for the whole Union
    not_for_small: tuple[str, ...] = ()  # the parts of the file that do not bind micro and small enterprises


#: What a file says that says nothing of it: a law about reports, whomever they show.
ANY_REPORT: Final = Applies(
    intake=(Intake.REPORT,),
    shown=(Shown.ADULT, Shown.MINOR),
    services=tuple(Service),
    users_in=(),
    text="The file does not say.",
    cite="not looked up",
    confidence=Confidence.BACKGROUND,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reporters(Statement):
    """Who may report, and what must not be made a condition of it."""

    roles: tuple[Role, ...]
    not_asked: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Element(Fact):
    """One thing that a valid report must (or may) contain. The id is shared by regimes that ask the same thing."""

    id: str
    ask: str
    about: str
    kind: Kind
    required: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock(Fact):
    """A time limit in elapsed hours. Without ``hours`` the law names no number, and ``soft`` says what it does name.

    ``set_by_order``: the order itself may name the moment. ``hiding_is_enough``: hidden content stops it too.
    """

    id: str
    label: str
    starts: Start
    stops: str
    hours: int | None = None
    soft: str = ""
    duty: Duty = Duty.ACT
    set_by_order: bool = False
    hiding_is_enough: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Copies(Statement):
    """What is owed about copies of the content."""

    scope: CopiesScope
    reuploads: bool  # whether this law asks that later uploads be stopped
    clock: str = ""  # the id of the clock that copies fall under; left out when there is none


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground(Fact):
    """One of the closed list of grounds on which a report may be declined."""

    id: str
    label: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InterimAction(Statement):
    """Whether content may be disabled until a person has decided. ``automatic``: the platform is asked at receipt."""

    kind: Interim
    automatic: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice(Statement):
    """What a side of the case must be told, and when."""

    to: Party
    duty: NoticeDuty
    when: str


@dataclass(frozen=True, slots=True)
class Period:
    """A length of time. ``value`` None: the law states none."""

    value: int | None
    unit: str = ""

    def __str__(self) -> str:
        if self.value is None:
            return NONE_STATED
        return f"{self.value} {self.unit.removesuffix('s') if self.value == 1 else self.unit}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Appeal(Statement):
    """Who may complain about a decision, and how."""

    who: tuple[Party, ...]
    expedited: tuple[Party, ...]
    window: Period
    human_required: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention(Statement):
    """How long the law wants something kept."""

    artefact: Artefact
    period: Period


@dataclass(frozen=True, slots=True, kw_only=True)
class Minors(Statement):
    """What happens when somebody under 18 is shown."""

    route: str
    report_to: tuple[str, ...]
    removal_clock_still_runs: bool
    hash_share: HashSharing
    regime: str = ""  # the id of the regime that the referral itself falls under


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A text that facts rest on: where it stands, and the date of the text or of the copy that was read."""

    id: str
    title: str
    address: str
    seen: date
    confidence: Confidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Regime:
    """One law, as one file says it. ``version`` names the exact text, which a case pins at receipt."""

    id: str
    name: str
    short_name: str
    jurisdiction: str
    status: Status
    review_by: date
    signed_off_by: str
    commencement: Statement
    duty_holder: Statement
    reporters: Reporters
    elements: tuple[Element, ...]
    clocks: tuple[Clock, ...]
    copies: Copies
    grounds: tuple[Ground, ...]
    interim_action: InterimAction
    notices: tuple[Notice, ...]
    appeal: Appeal
    retention: tuple[Retention, ...]
    minors: Minors
    penalties: tuple[Statement, ...]
    duties: tuple[Statement, ...]
    notes: tuple[Statement, ...]
    sources: tuple[Source, ...]
    version: str
    text: str = field(repr=False)
    effective_from: date | None = None
    effective_to: date | None = None
    applies: Applies = ANY_REPORT
    disabled_because: str = ""  # why it binds nobody unless the operator names it

    @property
    def reporter_roles(self) -> tuple[Role, ...]:
        """Who may report."""
        return self.reporters.roles

    @property
    def confidence(self) -> Confidence:
        """The weakest mark among the facts that casework rests on: applies, elements, clocks, copies and grounds."""
        order = list(Confidence)
        return max((each.confidence for each in self.core_facts()), key=order.index)

    def core_facts(self) -> tuple[Fact, ...]:
        """The facts that casework rests on; that a law states nothing of copies is none of them."""
        copies = () if self.copies.scope is CopiesScope.NONE_STATED else (self.copies,)
        return (self.commencement, self.applies, self.reporters, *self.elements, *self.clocks, *copies, *self.grounds)

    def element(self, element_id: str) -> Element:
        """The element of this id; raises `RegimeError` when the law asks no such thing."""
        return _pick(self, self.elements, element_id, "element")

    def clock(self, clock_id: str) -> Clock:
        """The clock of this id; raises `RegimeError` when there is none."""
        return _pick(self, self.clocks, clock_id, "clock")

    def ground(self, ground_id: str) -> Ground:
        """The ground of this id; raises `RegimeError` when the law has no such ground."""
        return _pick(self, self.grounds, ground_id, "ground")

    def source(self, source_id: str) -> Source:
        """The source of this id; raises `RegimeError` when there is none."""
        return _pick(self, self.sources, source_id, "source")

    def in_force(self, on: date) -> bool:
        """Whether the law binds on this day, as far as the file knows."""
        if self.status is not Status.IN_FORCE or self.effective_from is None:
            return False
        return self.effective_from <= on and (self.effective_to is None or on <= self.effective_to)

    def on_by_default(self, on: date) -> bool:
        """Whether it binds an operator on this day who named no laws."""
        return self.in_force(on) and not self.disabled_because

    def covers(self, intake: Intake, shown: Shown) -> bool:
        """Whether a case that began so and shows such a person falls under it."""
        return intake in self.applies.intake and shown in self.applies.shown

    def overdue(self, today: date) -> bool:
        """Whether the file should have been checked again by now. Its clocks still run, with a warning."""
        return today > self.review_by


class Named(Protocol):
    """Anything with an id."""

    @property
    def id(self) -> str: ...


_Part = TypeVar("_Part", bound=Named)


def _pick(regime: Regime, among: Sequence[_Part], wanted: str, what: str) -> _Part:
    for each in among:
        if each.id == wanted:
            return each
    raise RegimeError(f"The regime {regime.id} has no {what} called {wanted}.")
