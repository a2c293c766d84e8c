"""The rows of the queue: a page of cases in a fixed number of queries, however many items and hits they have."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Case as Case_
from django.db.models import Count, F, QuerySet, Value, When

from staydown.apps.accounts.models import Staff
from staydown.apps.cases import regimes
from staydown.apps.cases.models import Appeal, Case, Item
from staydown.apps.console.counts import listed, spoken
from staydown.core.hashing.algorithm import Algorithm
from staydown.core.law.clocks import TimeLeft, time_left

#: The lanes of the queue, and the states of the cases in each.
LANES: Final = {
    "open": ("To decide", (Case.State.OPEN,)),
    "waiting": ("Waiting for the platform", (Case.State.DECIDED,)),
    "done": ("Done", (Case.State.DONE, Case.State.WITHDRAWN)),
}
VIDEO: Final = "video"  # to the database one of the hashes, to people something else
KINDS: Final = {
    Item.Kind.LINK: "link",
    Item.Kind.HASH: "picture",
    VIDEO: "video",
    Item.Kind.CONTENT: "upload to look at",
}
PLURALS: Final = {Item.Kind.CONTENT: "uploads to look at"}


@dataclass(frozen=True, slots=True)
class QueueRow:
    """One case as the queue shows it."""

    case: Case
    left: TimeLeft | None
    asked: str
    hits: str
    laws: tuple[str, ...]
    holder: str
    held_by_me: bool
    assigned: str


def lane(name: str) -> QuerySet[Case]:
    """The cases of a lane in its order: the earliest deadline first, done ones the newest first."""
    if name == "open":
        return Case.objects.queue()
    found = Case.objects.for_staff().filter(state__in=LANES[name][1])
    return found.order_by("-pk") if name == "done" else found.order_by("due_at", "pk")


def lane_counts() -> dict[str, int]:
    """How many cases each lane holds, in one query."""
    states = dict(Case.objects.for_staff().order_by().values_list("state").annotate(Count("pk")))
    return {name: sum(states.get(state, 0) for state in of_lane) for name, (_, of_lane) in LANES.items()}


def lanes() -> list[tuple[str, str, int]]:
    """Each lane with its title and how many are in it; appeals are a lane of their own."""
    counts = lane_counts()
    waiting = Appeal.objects.filter(state=Appeal.State.OPEN).exclude(case__state=Case.State.MINORS).count()
    cases = [(name, title, counts[name]) for name, (title, _) in LANES.items()]
    return [cases[0], ("appeals", "Appeals", waiting), *cases[1:]]


def stamp(name: str, length: int) -> str:
    """A text that changes when a case joins or leaves a lane of this length."""
    newest = lane(name).order_by("-pk").values_list("pk", flat=True).first()
    return f"{length}.{newest or 0}"


def rows(cases: Sequence[Case], staff: Staff, now: datetime) -> list[QueueRow]:
    """The rows of ``cases``, whose holders are loaded with them. One query for all their items."""
    asked = _asked(cases)
    return [_row(case, asked[case.pk], staff, now) for case in cases]


def _asked(cases: Sequence[Case]) -> dict[int, str]:
    """What is asked in each case, by kind; what was withdrawn is no longer asked."""
    counted: dict[int, dict[str, int]] = defaultdict(dict)
    items = Item.objects.filter(case__in=[case.pk for case in cases]).exclude(state=Item.State.WITHDRAWN)
    shown = Case_(When(pdq_entry__algorithm=Algorithm.VPDQ, then=Value(VIDEO)), default=F("kind"))
    for pk, kind, count in items.order_by().values_list("case_id", shown).annotate(Count("pk")):
        counted[pk][kind] = count
    return defaultdict(
        str,
        {
            pk: listed(spoken(kinds[kind], KINDS[kind], PLURALS.get(kind, "")) for kind in KINDS if kind in kinds)
            for pk, kinds in counted.items()
        },
    )


def _whose(person: Staff, staff: Staff) -> str:
    return "you" if person.pk == staff.pk else person.pseudonym


def _row(case: Case, asked: str, staff: Staff, now: datetime) -> QueueRow:
    held = case.leased_by if case.leased_until and case.leased_until > now else None
    return QueueRow(
        case=case,
        left=time_left(case.due_at, now) if case.due_at else None,
        asked=asked or "nothing any more",
        hits=f"{spoken(case.hit_count, 'upload')} matched" if case.hit_count else "",
        laws=tuple(regime.short_name for regime in regimes.pinned(case)),
        holder=held.pseudonym if held else "",
        held_by_me=held is not None and held.pk == staff.pk,
        assigned="" if case.assigned_to is None else _whose(case.assigned_to, staff),
    )
