"""The counted report: what happened in a span of days, in numbers that may be published or handed to a regulator.

Every number counts what happened within the span, by its own day in UTC, so that it is the same whenever it is counted.

What is for publication tells of no single person. A number from 1 to 4 is given as "1 to 4", and one that is larger but
comes from fewer than five reports or cases is not given. So that no hidden number is found by subtraction, every number
is then given in steps of five, totals too; and where the steps would still narrow a hidden number down, or the whole is
below five, the parts are not given at all.
"""

from __future__ import annotations

import base64
import hashlib
import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from statistics import median
from typing import Any, Final

import rfc8785

from staydown.core.figures import FIGURES, Figure
from staydown.errors import InvalidError

FEW: Final = 5  # below so many a number might tell of one person
STEP: Final = 5
FEW_TIMES: Final = 20  # below so many the 95th percentile is the longest time, which is one person's
SECONDS_AN_HOUR: Final = 3600


@dataclass(frozen=True, slots=True)
class Span:
    """The days from ``first`` to ``last``, both included, in UTC."""

    first: date
    last: date

    @property
    def start(self) -> datetime:
        """Its first moment."""
        return datetime.combine(self.first, time(), UTC)

    @property
    def end(self) -> datetime:
        """The first moment after it."""
        return datetime.combine(self.last + timedelta(days=1), time(), UTC)

    def overlaps(self, other: Span) -> bool:
        """Whether the two share a day and are not the same: what they differ by is a number of its own."""
        return self != other and self.first <= other.last and other.first <= self.last

    def check(self, today: date) -> None:
        """Raise `InvalidError` for a span that is reversed, or that is not over on ``today``."""
        if self.last < self.first:
            raise InvalidError(f"The span ends on {self.last}, before it begins on {self.first}. Turn the two round.")
        if self.last >= today:
            raise InvalidError(f"The span is not over: its last day can be {today - timedelta(days=1)} at the latest.")


def last_half_year(today: date) -> Span:
    """The last half of a calendar year that is over on ``today``."""
    if today.month > 6:
        return Span(date(today.year, 1, 1), date(today.year, 6, 30))
    return Span(date(today.year - 1, 7, 1), date(today.year - 1, 12, 31))


@dataclass(frozen=True, slots=True, repr=False)
class Event:
    """One thing that counts under a figure. ``source`` says of which report or case, only to tell few from many."""

    figure: str
    source: str
    law: str = ""
    part: str = ""
    count: int = 1
    took: timedelta | None = None

    def __repr__(self) -> str:
        return f"<Event {self.figure}>"


@dataclass(frozen=True, slots=True)
class Number:
    """A number, known to lie between these two; the same twice when it is exact."""

    least: int
    most: int

    def __str__(self) -> str:
        return f"{self.least:,}" if self.least == self.most else f"{self.least:,} to {self.most:,}"


@dataclass(frozen=True, slots=True)
class Table:
    """One figure, overall or of one law. ``total`` or ``parts`` None: not given, as it would tell of few."""

    figure: Figure
    law: str
    total: Number | None
    parts: Mapping[str, Number] | None


@dataclass(frozen=True, slots=True)
class Times:
    """How long something took, in hours. None: nothing happened, or too little to be given."""

    figure: Figure
    law: str
    count: Number | None
    median: float | None
    late: float | None  # the 95th percentile


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """A whole report. ``lines`` and ``root`` are the size and hash of the log it was counted from."""

    span: Span
    made_at: datetime
    is_exact: bool
    log: str
    lines: int
    root: bytes
    laws: Mapping[str, str]
    tables: Sequence[Table]
    times: Sequence[Times]
    gaps: Sequence[str]  # what cannot be counted any more


@dataclass(slots=True)
class _Cell:
    """What came together under one part of one table."""

    count: int = 0
    sources: set[str] = field(default_factory=set)
    took: list[float] = field(default_factory=list)

    @property
    def tells_of_few(self) -> bool:
        return self.count > 0 and min(self.count, len(self.sources)) < FEW


_Cells = dict[tuple[str, str], dict[str, _Cell]]


def tally(events: Iterable[Event], laws: Collection[str], *, is_exact: bool = False) -> tuple[list[Table], list[Times]]:
    """The tables and the times, in the order of `FIGURES` and of the laws; those of ``laws`` have theirs although
    nothing happened under them."""
    cells = _gathered(events)
    named = sorted({*laws, *(law for _, law in cells if law)})
    keys = [(each, law) for each in FIGURES.values() for law in (named if each.by_law else [""])]
    wholes = {(each.id, law): _whole(cells.get((each.id, law), {})) for each, law in keys}
    every = [*wholes.values(), *(cell for parts in cells.values() for cell in parts.values())]
    step = STEP if not is_exact and any(cell.tells_of_few for cell in every) else 1
    given = {key: _number(whole, step, is_exact) for key, whole in wholes.items()}
    times = [_times(each, law, wholes[each.id, law], step, is_exact) for each, law in keys if each.is_time]
    tables = []
    for each, law in keys:
        if not each.is_time:
            parts = _parts(each, cells.get((each.id, law), {}), step, is_exact)
            tables.append((each, law, wholes[each.id, law].count, given[each.id, law], parts))
    bounds = _bounds((count, total, parts) for _, _, count, total, parts in tables)
    return [
        Table(each, law, total, parts if is_exact or _may_be_given(total, parts, bounds.get(count)) else None)
        for each, law, count, total, parts in tables
    ], times


def _gathered(events: Iterable[Event]) -> _Cells:
    cells: _Cells = defaultdict(lambda: defaultdict(_Cell))
    for event in events:
        cell = cells[event.figure, event.law][event.part]
        cell.count += event.count
        if event.count:
            cell.sources.add(event.source)
        if event.took is not None:
            cell.took.append(max(event.took.total_seconds(), 0) / SECONDS_AN_HOUR)
    return cells


def _whole(parts: Mapping[str, _Cell]) -> _Cell:
    whole = _Cell()
    for cell in parts.values():
        whole.count += cell.count
        whole.sources |= cell.sources
        whole.took += cell.took
    return whole


def _number(cell: _Cell, step: int, is_exact: bool) -> Number | None:
    """The number as it may be given; None where it is large and comes from few."""
    if is_exact or cell.count == 0:
        return Number(cell.count, cell.count)
    if cell.count < FEW:
        return Number(1, FEW - 1)
    if cell.tells_of_few:
        return None
    least = cell.count - cell.count % step
    return Number(least, least + step - 1)


def _parts(figure: Figure, cells: Mapping[str, _Cell], step: int, is_exact: bool) -> dict[str, Number] | None:
    """The parts as they may be given, in the figure's order and then by name; None where one of them may not."""
    found = {}
    for part in [*figure.parts, *sorted(cells.keys() - figure.parts.keys() - {""})]:
        number = _number(cells.get(part, _Cell()), step, is_exact)
        if number is None:
            return None
        found[part] = number
    return found


def _bounds(
    tables: Iterable[tuple[int, Number | None, Mapping[str, Number] | None]],
) -> dict[int, tuple[int, int]]:
    """Between what a reader can narrow each total down, from its own steps and the sums of its parts. Tables of one
    total may be about the same things told apart in several ways, so what one of them tells counts for all."""
    found: dict[int, tuple[int, int]] = {}
    for count, total, parts in tables:
        if total is None:
            continue
        least, most = found.get(count, (total.least, total.most))
        if parts:
            least = max(least, sum(each.least for each in parts.values()))
            most = min(most, sum(each.most for each in parts.values()))
        found[count] = (least, most)
    return found


def _may_be_given(total: Number | None, parts: Mapping[str, Number] | None, bounds: tuple[int, int] | None) -> bool:
    """Whether each hidden part can still be any number from 1 to 4, to a reader of the others and of the bounds."""
    if not parts:
        return True
    if total is None or bounds is None or 0 < total.most < FEW:
        return False
    sum_least = sum(each.least for each in parts.values())
    sum_most = sum(each.most for each in parts.values())
    for each in parts.values():
        if (each.least, each.most) != (1, FEW - 1):
            continue
        others_least, others_most = sum_least - each.least, sum_most - each.most
        for value in range(1, FEW):
            if max(bounds[0], value + others_least) > min(bounds[1], value + others_most):
                return False
    return True


def _times(figure: Figure, law: str, whole: _Cell, step: int, is_exact: bool) -> Times:
    """The median and the 95th percentile (nearest rank). To be published: whole hours, rounded up, of enough only."""
    count, took = _number(whole, step, is_exact), sorted(whole.took)
    if not took or (not is_exact and whole.tells_of_few):
        return Times(figure, law, count, None, None)
    middle, late = median(took), took[math.ceil(0.95 * len(took)) - 1]
    if is_exact:
        return Times(figure, law, count, round(middle, 2), round(late, 2))
    return Times(figure, law, count, math.ceil(middle), math.ceil(late) if len(whole.sources) >= FEW_TIMES else None)


@dataclass(frozen=True, slots=True)
class Change:
    """What a report gained and lost of what laws ask for, and when."""

    at: datetime
    gained: frozenset[str] = frozenset()
    lost: frozenset[str] = frozenset()


def stood(now: Collection[str], changes: Sequence[Change], before: datetime) -> list[frozenset[str]]:
    """Everything that a report held at one time or another up to ``before``, worked out backwards from what it holds
    ``now``; ``changes`` in their order."""
    held, found = frozenset(now), []
    for change in reversed(changes):
        if change.at < before:
            found.append(held)
        held = (held - change.gained) | change.lost
    return [*found, held]


def plain(counted: Counted) -> dict[str, Any]:
    """The report as JSON holds it, with a digest over all the rest."""
    told: dict[str, Any] = {
        "report": "transparency",
        "version": 1,
        "from": counted.span.first.isoformat(),
        "to": counted.span.last.isoformat(),
        "zone": "UTC",
        "made_at": counted.made_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "exact": counted.is_exact,
        "log": {"name": counted.log, "lines": counted.lines, "root": base64.b64encode(counted.root).decode()},
        "laws": dict(counted.laws),
        "figures": {each.id: _plain_figure(each) for each in FIGURES.values()},
        "tables": [_plain_table(each) for each in counted.tables],
        "times": [_plain_times(each) for each in counted.times],
        "not_counted": list(counted.gaps),
    }
    return {**told, "digest": base64.b64encode(hashlib.sha256(rfc8785.dumps(told)).digest()).decode()}


def _plain_figure(figure: Figure) -> dict[str, Any]:
    return {"label": figure.label, "about": figure.about, "parts": dict(figure.parts)}


def _plain_table(table: Table) -> dict[str, Any]:
    parts = None if table.parts is None else {name: _plain_number(each) for name, each in table.parts.items()}
    return {"figure": table.figure.id, "law": table.law, "total": _plain_number(table.total), "parts": parts}


def _plain_times(times: Times) -> dict[str, Any]:
    hours = {"median_hours": times.median, "p95_hours": times.late}
    return {"figure": times.figure.id, "law": times.law, "count": _plain_number(times.count), **hours}


def _plain_number(number: Number | None) -> dict[str, int] | None:
    return None if number is None else {"least": number.least, "most": number.most}


COLUMNS: Final = ("figure", "law", "part", "least", "most", "text")


def rows(told: Mapping[str, Any]) -> list[tuple[str | int | float, ...]]:
    """The same report as one table with `COLUMNS`, what it is about in its first rows."""
    log = told["log"]
    about = {name: str(told[name]) for name in ("from", "to", "zone", "made_at", "digest", "line") if name in told}
    about |= {"exact": "yes" if told["exact"] else "no"}
    about |= {"log": log["name"], "log_lines": str(log["lines"]), "log_root": log["root"]}
    found: list[tuple[str | int | float, ...]] = [("about", "", name, "", "", text) for name, text in about.items()]
    for table in told["tables"]:
        figure, law = table["figure"], table["law"]
        found.append((figure, law, "total", *_pair(table["total"])))
        if table["parts"] is None:
            found.append((figure, law, "parts", *_pair(None)))
        else:
            found += [(figure, law, part, *_pair(each)) for part, each in table["parts"].items()]
    for times in told["times"]:
        figure, law = times["figure"], times["law"]
        found.append((figure, law, "total", *_pair(times["count"])))
        for name in ("median_hours", "p95_hours"):
            hours = times[name]
            found.append((figure, law, name, *(("", "", "not given") if hours is None else (hours, hours, ""))))
    found += [("laws", law, "name", "", "", name) for law, name in told["laws"].items()]
    return [*found, *(("not_counted", "", "", "", "", text) for text in told["not_counted"])]


def _pair(number: Mapping[str, int] | None) -> tuple[str | int, str | int, str]:
    return ("", "", "not given") if number is None else (number["least"], number["most"], "")
