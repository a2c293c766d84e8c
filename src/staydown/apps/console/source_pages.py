"""What the pages of sources show: how far each is, what went wrong in plain words, what matched here, what happened."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.utils.timesince import timesince

from staydown.apps.audit.querysets import newest_of
from staydown.apps.banks import proposals
from staydown.apps.cases.models import Hit
from staydown.apps.console.counts import listed, spoken
from staydown.apps.console.history import WHO, HistoryLine
from staydown.apps.sharing import applying, opening, standing
from staydown.apps.sharing.source_models import Record, Source
from staydown.apps.sharing.standing import Standing

MOST_LINES: Final = 30
MOST_MATCHES: Final = 20

#: How each standing looks: the kind of tag and its icon.
TAGS: Final = {
    Standing.ASKS: ("bad", "warning"),
    Standing.FAILS: ("bad", "warning"),
    Standing.PAUSED: ("plain", "pause"),
    Standing.READING: ("busy", "clock"),
    Standing.SILENT: ("wait", "clock"),
    Standing.FOLLOWED: ("good", "check"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One source as the list shows it."""

    source: Source
    kind: str
    text: str
    tag: str
    symbol: str
    lag: str
    error: str


@dataclass(frozen=True, slots=True)
class Match:
    """A record of a source that uploads matched here, and what we say of it."""

    record: Record
    number: str
    case_id: object
    at: datetime
    said: str


@dataclass(frozen=True, slots=True)
class Page:
    """One source as its own page shows it."""

    row: Row
    question: str
    yes: str
    no: str
    live: Mapping[str, int]
    listens: bool
    matches: list[Match]
    history: list[HistoryLine]
    waits: bool


def rows(now: datetime) -> list[Row]:
    """Every source that was not removed, those that need somebody first."""
    found = [_row(source, now) for source in standing.sources()]
    order = list(TAGS)
    return sorted(found, key=lambda row: (order.index(standing.of(row.source, now)), row.source.name))


def page(source: Source, now: datetime) -> Page:
    """The whole page of a source."""
    listens = opening.listens(source)
    question, yes, no = standing.asked(source)
    return Page(
        row=_row(source, now),
        question=question,
        yes=yes,
        no=no,
        live=applying.live_count(source),
        listens=listens,
        matches=_matches(source),
        history=_history(source),
        waits=proposals.waiting(proposals.Kind.ENFORCE, source) is not None,
    )


def _row(source: Source, now: datetime) -> Row:
    stands = standing.of(source, now)
    tag, symbol = TAGS[stands]
    lag = f"{timesince(source.caught_up_at, now)} ago" if source.caught_up_at else "never"
    if source.caught_up_at and (now - source.caught_up_at).total_seconds() < 60:
        lag = "just now"
    return Row(source, opening.title(source.kind), str(stands.label), tag, symbol, lag, standing.error_of(source))


def _matches(source: Source) -> list[Match]:
    """The newest matches, one for each record and case."""
    hits = Hit.objects.filter(entry__records__source=source).exclude(case__state="minors")
    found: dict[tuple[int, int], Hit] = {}
    for hit in hits.select_related("case").order_by("-pk")[: MOST_MATCHES * 5]:
        found.setdefault((hit.entry_id, hit.case_id), hit)
    newest = list(found.values())[:MOST_MATCHES]
    records = Record.objects.filter(source=source, entry__in=[hit.entry_id for hit in newest])
    by_entry = {each.entry_id: each for each in records.select_related("opinion")}
    return [
        Match(by_entry[hit.entry_id], hit.case.number, hit.case.public_id, hit.last_at, _said(by_entry[hit.entry_id]))
        for hit in newest
        if hit.entry_id in by_entry
    ]


def _said(record: Record) -> str:
    opinion = getattr(record, "opinion", None)
    return f"{opinion.get_word_display()}, {opinion.get_state_display()}" if opinion else ""


def _history(source: Source) -> list[HistoryLine]:
    """The newest lines, the newest first, with readings in a row folded into one."""
    lines, _ = newest_of(source, MOST_LINES, wave="source.followed")
    found: list[HistoryLine] = []
    read: dict[str, int] = {}
    for line in lines:
        facts = dict(line.facts or {})
        if line.verb != "source.followed" or not facts:
            read = {}  # an erased line has no counts, and ends a row as another verb does
        else:
            if read:
                found.pop()
            read = facts = {
                name: read.get(name, 0) + int(facts.get(name, 0)) for name in ("added", "removed", "changed")
            }
        who = WHO.get(line.actor_kind) or line.actor_label or "Someone"
        words = SENTENCES.get(line.verb)
        what = words(facts) if words else line.verb.replace(".", " ").replace("_", " ")
        found.append(HistoryLine(line.seq, line.at, who, what, line.verb))
    return found[::-1]


Facts = Mapping[str, Any]


def _followed(facts: Facts) -> str:
    if not facts:
        return "read its list; what came of it is erased from the log"
    parts = [
        spoken(int(facts.get(name, 0)), "record") + f" {word}"
        for name, word in (("added", "added"), ("removed", "taken back"), ("changed", "changed"))
        if facts.get(name)
    ]
    return f"read its list: {listed(parts) or 'nothing new'}"


def _asked(facts: Facts) -> str:
    return f"stopped and asks: {Source.Question(facts['question']).label}" if facts.get("question") else "stopped"


def _answered(facts: Facts) -> str:
    return "answered yes: it goes on" if facts.get("yes") else "answered no: it is paused"


def _always(text: str) -> Callable[[Facts], str]:
    return lambda facts: text


SENTENCES: Final[dict[str, Callable[[Facts], str]]] = {
    "source.added": _always("added the source"),
    "source.changed": _always("changed its policy"),
    "source.paused": _always("paused it"),
    "source.resumed": _always("had it followed again"),
    "source.removed": _always("removed it"),
    "source.looked": _always("had it looked at"),
    "source.followed": _followed,
    "source.asked": _asked,
    "source.answered": _answered,
    "source.failed": lambda facts: f"could not read it: {standing.words(str(facts.get('error', '')))}",
    "proposal.made": _always("proposed that it blocks without a case; it takes two people"),
    "proposal.approved": _always("approved the proposal"),
    "proposal.rejected": _always("rejected the proposal"),
    "proposal.void": _always("voided the proposal"),
    "proposal.used": _always("had it carried out"),
    "source.opinion": lambda facts: f"said of one record: {facts.get('word', '')}",
    "source.told": lambda facts: "told the source" if facts.get("state") == "said" else "gave up telling the source",
}
