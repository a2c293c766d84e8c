"""What happened in a span, as the events that a transparency report counts. Reads only.

From the log what the log says, because it does not change; from rows what the log lacks and nobody changes: the law of
a decision, the end of a limit. Erasing what people wrote touches neither.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Final

from django.db.models import BooleanField, Count, ExpressionWrapper, Q, QuerySet

from staydown.apps.audit import querysets
from staydown.apps.cases import regimes
from staydown.apps.cases.elements import PARTS
from staydown.apps.cases.models import Action, Appeal, Clock, Decision, Item, Report
from staydown.core.law import checklist
from staydown.core.law.regime import Regime
from staydown.core.transparency import Change, Event, Span, stood

CHUNK: Final = 500
DAY: Final = timedelta(days=1)
NAMES: Final = {"contact", "signature"}  # the elements that say who somebody is
ORGANISATIONS: Final = {Report.Role.TRUSTED_FLAGGER.value, Report.Role.AUTHORITY.value}
GONE: Final = {Action.Result.REMOVED.value, Action.Result.DISABLED.value, Action.Result.NOT_FOUND.value}
CHANGES: Final = ("report.added", "report.completed", "report.parts_deleted")
COUNTED: Final = (
    "report.received",
    "report.withdrawn",
    "report.unfounded",
    "item.withdrawn",
    "order.served",
    "hits.recorded",
    "case.minor_suspected",
)
APPEALS: Final = ("appeal.received", "appeal.decided")
#: Every verb that something is counted by.
VERBS: Final = (*CHANGES, *COUNTED, *APPEALS, "action.answered", "case.hidden_at_once")


class Reading:
    """One walk over what happened in a span, over the first ``lines`` of the log.

    What changes meanwhile changes no event: rows are read before the log's end is, and what they gained since is taken
    back by the lines that say so.
    """

    def __init__(self, span: Span) -> None:
        self.span = span
        self.reports = _reports(span)
        self.tree = querysets.frontier()
        self.lines = self.tree.size
        self.changes: dict[str, list[Change]] = defaultdict(list)

    def erased(self) -> int:
        """How many lines of the span that would count are erased, so that what they said is not known."""
        return self._of_verbs(VERBS).filter(facts__isnull=True).count()

    def events(self) -> Iterator[Event]:
        """Everything that counts, in no order that means anything."""
        for line in querysets.of_verbs(CHANGES, self.lines, since=self.span.start).iterator(chunk_size=CHUNK):
            if line.about in self.reports and line.facts is not None:
                self.changes[line.about].append(_change(line.verb, line.at, line.facts))
        under_18 = set()
        for line in self._of_verbs(COUNTED).iterator(chunk_size=CHUNK):
            facts = line.facts or {}
            if line.verb == "case.minor_suspected" or facts.get("minors"):
                under_18.add(line.also[0] if facts.get("minors") else line.about)
            yield from self._of_line(line.verb, line.about, line.also, facts)
        yield from (Event("cases.under_18", case) for case in sorted(under_18))
        yield from self._answers()
        yield from self._appeals()
        yield from self._decisions()
        yield from _items(self.span)
        yield from _limits(self.span)

    def _of_verbs(self, verbs: Collection[str]) -> QuerySet[Any]:
        """The lines of the span."""
        return querysets.of_verbs(verbs, self.lines, since=self.span.start, before=self.span.end)

    def _of_line(self, verb: str, about: str, also: list[str], facts: Mapping[str, Any]) -> Iterator[Event]:
        if verb == "report.received":
            yield from self._received(about, facts)
        elif verb == "report.withdrawn":
            yield Event("reports.withdrawn", about)
            yield Event("items.withdrawn", about, count=facts.get("items", 0))
        elif verb == "report.unfounded":
            yield Event("reports.unfounded", about)
        elif verb == "item.withdrawn":
            yield Event("items.withdrawn", also[-1])
        elif verb == "order.served":
            yield Event("orders.served", about, law=facts.get("regime", ""))
        elif verb == "hits.recorded":
            for action in ("block", "review"):
                yield Event("uploads.matched", about, part=action, count=facts.get(action, 0))
            yield Event("items.added", about, part="upload", count=facts.get("new_items", 0))

    def _received(self, about: str, facts: Mapping[str, Any]) -> Iterator[Event]:
        """What a report counts as: who sent it, what it named, and under each law whether it became a formal notice."""
        row = self.reports[about]
        states = stood(row["provided"], self.changes.get(about, []), self.span.end)
        laws = regimes.of_pins(row["case__regimes"])
        yield Event("reports.by_sender", about, part=_sender(row, facts, states, laws))
        yield Event("reports.by_content", about, part=_content(facts))
        yield Event("reports.by_situation", about, part=row["situation"])
        named = facts.get("regimes", [law.id for law in laws])
        for law in laws:
            if law.id in named:
                is_formal = any(checklist.is_valid(law, dict.fromkeys(held, True)) for held in states)
                yield Event("reports.by_law", about, law=law.id, part="formal" if is_formal else "incomplete")

    def _answers(self) -> Iterator[Event]:
        """The platform's answers, and for each reported link the first that says it is gone."""
        gone: set[int] = set()
        fields = ("decision__regime_id", "item", "item__report", "item__case", "item__added_at")
        lines = querysets.of_verbs(["action.answered"], self.lines, before=self.span.end)
        for line, row in _with_rows(lines, Action.objects.all(), fields):
            facts, law, is_new = line.facts or {}, row["decision__regime_id"], line.at >= self.span.start
            source, result = f"case:{row['item__case']}", facts.get("result", "")
            if is_new and result:
                yield Event("answers.given", source, law=law, part=result)
            if result in GONE and row["item"] not in gone:
                gone.add(row["item"])
                if is_new and row["item__report"] is not None:
                    took, source = line.at - row["item__added_at"], f"report:{row['item__report']}"
                    yield Event("times.gone", source, law=law, took=took)

    def _appeals(self) -> Iterator[Event]:
        fields = ("decision__regime_id", "case", "side", "received_at")
        for line, row in _with_rows(self._of_verbs(APPEALS), Appeal.objects.all(), fields):
            law, side, source = row["decision__regime_id"], row["side"], f"case:{row['case']}"
            if line.verb == "appeal.received":
                yield Event("appeals.received", source, law=law, part=side)
            elif line.facts:
                yield Event("appeals.decided", source, law=law, part=f"{side}_{line.facts['outcome']}")
                yield Event("times.appeals", source, law=law, took=line.at - row["received_at"])

    def _decisions(self) -> Iterator[Event]:
        lines = querysets.of_verbs(["case.hidden_at_once"], self.lines, since=self.span.start)
        at_once = {ref for line in lines for ref in line.also}
        made = Decision.objects.filter(at__gte=self.span.start, at__lt=self.span.end).order_by("pk")
        rows = made.annotate(about=Count("items")).values(
            "public_id", "case", "regime_id", "verdict", "ground", "about"
        )
        for row in rows.iterator(chunk_size=CHUNK):
            part = "at_once" if f"decision:{row['public_id']}" in at_once else row["verdict"]
            if part == Decision.Verdict.DECLINE:
                part = f"decline:{row['ground']}"
            source, law = f"case:{row['case']}", row["regime_id"]
            yield Event("decisions.made", source, law=law, part=part)
            yield Event("decisions.items", source, law=law, part=part, count=row["about"])


def _reports(span: Span) -> dict[str, Mapping[str, Any]]:
    """The reports of the span by what the log calls them, and those of the days beside it: a line is written a moment
    after its row."""
    is_named = ExpressionWrapper(Q(contact__isnull=False) | Q(signature__isnull=False), BooleanField())
    found = Report.objects.filter(received_at__gte=span.start - DAY, received_at__lt=span.end + DAY)
    fields = ("public_id", "role", "situation", "provided", "withdrawn_at", "case__regimes")
    rows = found.annotate(is_named=is_named).values(*fields, "is_named").order_by("pk")
    return {f"report:{row['public_id']}": row for row in rows.iterator(chunk_size=CHUNK)}


def _change(verb: str, at: datetime, facts: Mapping[str, Any]) -> Change:
    if verb == "report.parts_deleted":
        return Change(at, lost=frozenset(PARTS[part] for part in facts["parts"] if PARTS.get(part)))
    return Change(at, gained=frozenset(facts.get("elements", [])))


def _sender(
    row: Mapping[str, Any], facts: Mapping[str, Any], states: list[frozenset[str]], laws: tuple[Regime, ...]
) -> str:
    """Who sent a report. What somebody wrote goes when they take it back, that they gave it stays where a law asks."""
    if not facts:
        return "unknown"
    if facts.get("minors"):
        return "not_asked"
    if row["role"] in ORGANISATIONS or row["is_named"] or any(NAMES & held for held in states):
        return str(row["role"])
    is_asked = any(element.id in NAMES for law in laws for element in law.elements)
    return "without_name" if is_asked or row["withdrawn_at"] is None else "unknown"


def _content(facts: Mapping[str, Any]) -> str:
    """What a report named, as its line says."""
    if not facts:
        return "unknown"
    named = [kind for kind in ("links", "pictures", "videos") if facts.get(kind)]
    return named[0] if len(named) == 1 else "several" if named else "nothing"


def _items(span: Span) -> Iterator[Event]:
    """What reports and orders named. Uploads are counted by the log: a row of theirs can stand for several."""
    found = Item.objects.filter(added_at__gte=span.start, added_at__lt=span.end).exclude(kind=Item.Kind.CONTENT)
    rows = found.order_by("pk").values("kind", "report", "order", "pdq_entry__algorithm")
    for row in rows.iterator(chunk_size=CHUNK):
        if row["order"] is not None:
            yield Event("items.added", f"order:{row['order']}", part="ordered")
            continue
        is_video = row["pdq_entry__algorithm"] == "vpdq"
        part = "link" if row["kind"] == Item.Kind.LINK else "video" if is_video else "picture"
        yield Event("items.added", f"report:{row['report']}", part=part)


def _limits(span: Span) -> Iterator[Event]:
    """The limits of laws that fell due in the span. One whose clock still runs is late: the span is over."""
    found = Clock.objects.filter(legal_due_at__gte=span.start, legal_due_at__lt=span.end).order_by("pk")
    fields = ("regime_id", "case", "legal_due_at", "stopped_at", "stopped_because")
    for row in found.values(*fields).iterator(chunk_size=CHUNK):
        is_kept = row["stopped_at"] is not None and row["stopped_at"] <= row["legal_due_at"]
        was_withdrawn = row["stopped_because"] == Clock.Because.WITHDRAWAL
        part = "late" if not is_kept else "ended" if was_withdrawn else "met"
        yield Event("limits.due", f"case:{row['case']}", law=row["regime_id"], part=part)


def _with_rows(
    lines: QuerySet[Any], among: QuerySet[Any], fields: tuple[str, ...]
) -> Iterator[tuple[Any, Mapping[str, Any]]]:
    """Each line with these fields of the row that it is about. One query for each few hundred."""
    rest = lines.iterator(chunk_size=CHUNK)
    while chunk := list(islice(rest, CHUNK)):
        wanted = [line.about.partition(":")[2] for line in chunk]
        rows = {str(row["public_id"]): row for row in among.filter(public_id__in=wanted).values("public_id", *fields)}
        yield from ((line, rows[about]) for line, about in zip(chunk, wanted, strict=True))
