"""Following one source: claim it, read its pages outside any transaction, apply each in one, settle.

A process that is killed in between has claimed the row and nothing else: what a page changed and the place behind it
are one transaction. The claim runs out, and whoever comes next goes on at that place.
"""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import httpx
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from staydown.apps.audit import actions as audit
from staydown.apps.audit.actor import Actor
from staydown.apps.sharing import applying, lease, opening, schedule
from staydown.apps.sharing.applying import Changes, Refused
from staydown.apps.sharing.opening import Make
from staydown.apps.sharing.source_models import Source
from staydown.errors import SourceEndlessError, SourceWentBackError, StaydownError, TooOftenError
from staydown.exchange import source as exchange
from staydown.exchange.source import Page, watched

EVERY: Final = timedelta(minutes=5)  # between two looks at a source that was read to its end
PART: Final = 1000  # records in one transaction: short enough that a decision does not wait for it
ENDLESS: Final = 100_000  # records read without coming to an end, beyond four times what a list of this size holds
AHEAD: Final = 100  # pages that are read before the first of them takes something back...
AHEAD_SECONDS: Final = 20.0  # ...and for how long: with one call more, less than `lease.STILL`
MOST_FAILURES: Final = 1000

UNREACHABLE: Final = (httpx.HTTPError, httpx.InvalidURL, OSError)
Told = Callable[[Changes], None]


@dataclass(slots=True)
class Followed:
    """What came of following a source once. ``is_ours``: False when it was off, not due, or somebody else had it."""

    is_ours: bool = True
    caught_up: bool = False
    changes: Changes = field(default_factory=Changes)
    question: str = ""
    error: str = ""
    later: float = 0.0  # seconds after which the source wants to be asked again


class _LostError(Exception):
    """Somebody else follows the source now, or it was changed meanwhile."""


def due(now: datetime) -> list[Source]:
    """The sources whose time has come, the longest overdue first."""
    free = Q(leased_until=None) | Q(leased_until__lte=now)
    rows = Source.objects.filter(free, enabled=True, question="", next_at__lte=now).order_by("next_at", "pk")
    return list(rows)


def follow(
    source: Source,
    *,
    make: Make | None = None,
    told: Told = lambda _: None,
    seconds: float = float("inf"),
    is_due: bool = True,
    is_whole: bool = False,
) -> Followed:
    """What came of reading ``source`` on from its place: to its end, to a question, to an error or for ``seconds``,
    or until the source wants to be asked later.

    Not atomic as a whole. ``is_due`` waits for the source's own time, ``is_whole`` reads from the start of its list, at
    whose end what was not in it is gone; ``told`` hears what was changed so far.
    """
    claimed = _claim(source.pk, is_due=is_due, is_whole=is_whole)
    if claimed is None:
        return Followed(is_ours=False)
    done = Followed()
    until = time.monotonic() + seconds
    try:
        with lease.renewed(claimed) as felt:

            def moved(changes: Changes) -> None:
                felt()
                told(changes)

            _read(claimed, make or opening.opened, done, moved, until)
    except _LostError:
        pass  # what is no longer ours is left alone below
    except Refused as refused:
        done.question = _ask(claimed, refused.question, refused.count)
    except SourceWentBackError:
        done.question = _ask(claimed, Source.Question.BACK, 0)
    except TooOftenError as wait:
        done.later = wait.seconds
    except StaydownError as error:
        done.error = error.code
    except UNREACHABLE:
        done.error = "unreachable"
    _settle(claimed, done)
    return done


def _read(claimed: Source, make: Make, done: Followed, told: Told, until: float) -> None:
    """Apply page after page."""
    with make(claimed) as client:
        for page in _weighed(claimed, watched(client.pages(claimed.cursor))):
            if len(page.added) + len(page.removed) > PART:
                applying.foresee(claimed, page.added, page.removed)
            for added, removed, is_last in _parts(page):
                skipped = page.skipped if is_last else 0
                cursor = page.cursor if is_last else claimed.cursor
                done.changes += _apply(claimed, added, removed, skipped, cursor)
                told(done.changes)
            if not page.more:
                break
            if time.monotonic() >= until:
                return
    while claimed.whole and (gone := _sweep(claimed)):
        done.changes.removed += gone
        told(done.changes)
    done.caught_up = True


def _weighed(claimed: Source, pages: Iterator[Page]) -> Iterator[Page]:
    """``pages``; raises `Refused` before the first that takes something back if those behind it take back too much.

    Pages that only bring something wait for nobody, and what was read before a fault is not lost by it.
    """
    for page in pages:
        ahead, fault, until = [page], None, time.monotonic() + AHEAD_SECONDS
        while page.removed and ahead[-1].more and len(ahead) < AHEAD and time.monotonic() < until:
            try:
                ahead.append(next(pages))
            except (StaydownError, *UNREACHABLE) as error:
                fault = error
                break
        if len(ahead) > 1:
            applying.foresee(claimed, (), _gone_after(ahead))
        yield from ahead
        if fault is not None:
            raise fault


def _gone_after(pages: Sequence[Page]) -> list[str]:
    """The ids that these pages take back, and do not bring again."""
    gone: dict[str, None] = {}
    for page in pages:
        for signal in page.added:
            gone.pop(signal.id, None)
        gone |= dict.fromkeys(page.removed)
    return list(gone)


def _parts(page: Page) -> Iterator[tuple[list[exchange.Signal], list[str], bool]]:
    """The page in pieces of which one is a short transaction. Only the last moves the cursor; the others may be
    applied twice, which changes nothing."""
    added, removed = list(page.added), list(page.removed)
    both = set(removed)
    added = [each for each in added if each.id not in both]  # what is taken back on the same page is not brought
    pieces = [(added[at : at + PART], []) for at in range(0, len(added), PART)]
    pieces += [([], removed[at : at + PART]) for at in range(0, len(removed), PART)]
    pieces = pieces or [([], [])]
    for number, (new, gone) in enumerate(pieces, start=1):
        yield new, gone, number == len(pieces)


def let_go(sources: Collection[int]) -> None:
    """Give back what this process has claimed of these sources, by primary key: it ends, and others may go on now."""
    Source.objects.filter(pk__in=sources).update(lease=None, leased_until=None)


@transaction.atomic
def _claim(pk: int, *, is_due: bool, is_whole: bool) -> Source | None:
    """The source, leased to us; None when it is off, waits for an answer, is not due or is somebody else's."""
    now = timezone.now()
    found = Source.objects.select_for_update(of=("self",)).select_related("bank").get(pk=pk)
    is_free = found.leased_until is None or found.leased_until <= now
    if not found.enabled or found.question or not is_free or (is_due and found.next_at > now):
        return None
    found.lease, found.leased_until, found.tried_at = uuid.uuid4(), lease.until(), now
    if found.cursor is None or (is_whole and not found.whole) or _is_whole_due(found, now):
        found.cursor, found.whole, found.reading = None, True, found.reading + 1
    found.save(update_fields=["lease", "leased_until", "tried_at", "cursor", "whole", "reading"])
    return found


def _is_whole_due(source: Source, now: datetime) -> bool:
    """Whether a list that does not say what is gone has to be read from its start again. One at its end, that is."""
    every = opening.whole_every(source)
    at_end = source.read == 0 and not source.whole
    return every is not None and at_end and (source.whole_at is None or now - source.whole_at >= every)


def _held(claimed: Source) -> Source:
    """The source as it is now, locked; raises `_LostError` when it is no longer ours. Before the head of the feed."""
    found = Source.objects.select_for_update(of=("self",)).select_related("bank").get(pk=claimed.pk)
    if found.lease != claimed.lease or not found.enabled:
        raise _LostError
    return found


@transaction.atomic
def _apply(
    claimed: Source, added: list[exchange.Signal], removed: list[str], skipped: int, cursor: str | None
) -> Changes:
    """What a piece of a page changed; the place is moved with it."""
    source = _held(claimed)
    if source.cursor != claimed.cursor:
        raise _LostError
    changes = applying.apply(source, added, removed, skipped=skipped)
    source.read += len(added) + len(removed)
    if source.read > ENDLESS + 4 * (source.records + source.most_growth):
        raise SourceEndlessError
    source.cursor, source.leased_until = cursor, lease.until()
    source.save()
    claimed.cursor, claimed.records = cursor, source.records
    return changes


@transaction.atomic
def _sweep(claimed: Source) -> int:
    """How many records a reading of the whole list did not find; they are gone, and the place stays."""
    source = _held(claimed)
    gone = applying.sweep(source, PART)
    source.leased_until = lease.until()
    source.save()
    return gone


@transaction.atomic
def _ask(claimed: Source, question: Source.Question, count: int) -> str:
    """The source stands still until the operator has answered."""
    try:
        source = _held(claimed)
    except _LostError:
        return ""
    source.question, source.asked_at, source.asked_count = question, timezone.now(), count
    source.save(update_fields=["question", "asked_at", "asked_count"])
    facts = {"question": question.value, "count": count}
    audit.record("source.asked", by=Actor.system(), about=source, also=[source.bank], facts=facts)
    return question.value


@transaction.atomic
def _settle(claimed: Source, done: Followed) -> None:
    """Give the claim back, and say when to look again."""
    try:
        source = _held(claimed)
    except _LostError:
        return
    now = timezone.now()
    source.lease = source.leased_until = None
    changed_error, source.last_error = done.error != source.last_error, done.error
    if done.error:
        source.failures = min(source.failures + 1, MOST_FAILURES)
        source.next_at = schedule.next_look(source.failures, now, random.random())  # noqa: S311 - jitter
    else:
        is_for_later = done.caught_up and not opening.waits(source)
        pause = EVERY if is_for_later else timedelta(seconds=done.later)
        source.failures, source.next_at = 0, now + pause
    if done.caught_up:
        if source.allowed:
            applying.begin_day(source, now)  # or the next record of this day would ask again
        source.caught_up_at, source.allowed = now, ""
        source.whole_at = now if source.whole else source.whole_at
        source.whole = False
    if done.caught_up or done.error == SourceEndlessError.code:
        source.read = 0
    source.save()
    if changed_error and done.error:
        audit.record("source.failed", by=Actor.system(), about=source, facts={"error": done.error})
