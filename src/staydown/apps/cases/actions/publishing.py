"""A transparency report is made, and the log keeps that it was."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any, Final, NamedTuple

from django.db import transaction
from django.utils import timezone

from staydown.apps.audit import actions as audit
from staydown.apps.audit import querysets
from staydown.apps.audit.actor import Actor
from staydown.apps.cases import regimes
from staydown.apps.cases.transparency import Reading
from staydown.core.transparency import Counted, Span, Table, plain, tally
from staydown.errors import StateError

VERB: Final = "transparency.made"
BEFORE: Final = "What happened before {}: this install began then, and its log with it."
SENDERS: Final = "reports.by_sender"


class Made(NamedTuple):
    """A report as JSON holds it, the number of the line that says it was made, and of one for publication the spans of
    earlier ones that it overlaps: whoever reads both can subtract."""

    told: dict[str, Any]
    line: int
    overlaps: list[Span]


def make_report(span: Span, *, is_exact: bool, by: Actor) -> Made:
    """The report of ``span``, for publication or ``is_exact``, with its line in the log.

    Raises `InvalidError` for a span that is reversed or not over, `StateError` for one from before the install. Counts
    outside of a transaction, so that nobody waits for it.
    """
    now = timezone.now()
    span.check(now.date())
    first = _first_day(span)
    reading = Reading(Span(max(span.first, first), span.last))
    bound = {law.id for law in regimes.bound(now)}
    tables, times = tally(reading.events(), bound, is_exact=is_exact)
    names = {law.id: law.short_name for law in regimes.known()}
    counted = Counted(
        span=span,
        made_at=now,
        is_exact=is_exact,
        log=audit.NAME,
        lines=reading.lines,
        root=reading.tree.root(),
        laws={law: names.get(law, law) for law in sorted({each.law for each in tables if each.law})},
        tables=tables,
        times=times,
        gaps=[*([BEFORE.format(first)] if span.first < first else []), *_lost(reading, tables)],
    )
    told = plain(counted)
    facts = {name: told[name] for name in ("from", "to", "exact", "digest")}
    facts |= {"lines": counted.lines, "root": told["log"]["root"]}
    overlaps = [] if is_exact else _overlapping(span, reading.lines)
    with transaction.atomic():
        line = audit.record(VERB, by=by, about=f"transparency:{told['from']}_{told['to']}", facts=facts)
    return Made(told, line.seq, overlaps)


def _overlapping(span: Span, lines: int) -> list[Span]:
    """The other spans of reports for publication that share a day with this one, as the log knows them."""
    made = [line.facts for line in querysets.of_verbs([VERB], lines) if line.facts and not line.facts["exact"]]
    spans = {Span(date.fromisoformat(each["from"]), date.fromisoformat(each["to"])) for each in made}
    return sorted((each for each in spans if each.overlaps(span)), key=lambda each: (each.first, each.last))


def _lost(reading: Reading, tables: Iterable[Table]) -> Iterator[str]:
    """What was there to be counted once, in sentences."""
    if erased := reading.erased():
        yield f"What lines of the log said that are erased: {erased:,} of those that would count."
    if any(each.figure.id == SENDERS and each.parts and each.parts["unknown"].most for each in tables):
        yield "Whether a name came with some reports that were taken back: it went with the rest of what was written."


def _first_day(span: Span) -> date:
    """The day on which the install began; raises `StateError` when ``span`` was over by then."""
    began = querysets.began_at()
    if began is None:
        raise StateError("Nothing has happened in this install yet: its log is empty, and there is nothing to count.")
    first = began.date()
    if span.last < first:
        raise StateError(
            f"The span ends on {span.last}, and this install began on {first}. Give a later one with --from and --to."
        )
    return first
