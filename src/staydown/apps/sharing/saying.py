"""What a source is told of its records: what came of a match here. Rows that wait, said one by one by the worker.

A word that was said twice is the same word, so a process that is killed between the call and the row says it again.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Final

import httpx
from django.db import transaction
from django.utils import timezone

from staydown.apps.audit import actions as audit
from staydown.apps.audit.actor import Actor
from staydown.apps.banks.models import LIVE, Entry
from staydown.apps.sharing import applying, opening, schedule
from staydown.apps.sharing.opening import Make
from staydown.apps.sharing.source_models import Opinion, Record
from staydown.errors import StateError, StaydownError

LEASE: Final = timedelta(minutes=2)
AT_ONCE: Final = 50  # in one turn of the worker

Word = Opinion.Word
State = Opinion.State


@transaction.atomic
def give_opinion(record: Record, word: Word, *, by: Actor) -> Opinion:
    """Our last word on ``record``, on its way to the source. The same word again, or said already: nothing happens.

    Raises `StateError` where the source does not listen, or the entry has ended and with it the hash to speak of.
    """
    if not opening.listens(record.source):
        raise StateError("This source takes no opinions. Tell its people in another way.")
    if record.entry.state not in LIVE:
        raise StateError("The entry has ended here and its hash is erased, so nothing can be said of it.")
    return _put([record], word, by)[0]


def tell_decision(entries: Collection[Entry], word: Word, *, by: Actor) -> int:
    """How many sources will hear what a moderator decided about matches on ``entries``: those that are to be told.

    Must be called inside the transaction of the decision.
    """
    rows = Record.objects.filter(entry__in=entries, entry__state__in=LIVE, source__tells=True, source__enabled=True)
    found = [row for row in rows.select_related("source").order_by("pk") if opening.listens(row.source)]
    return len(_put(found, word, by)) if found else 0


def _put(records: Sequence[Record], word: Word, by: Actor) -> list[Opinion]:
    now, given = timezone.now(), []
    for record in records:
        opinion, is_new = Opinion.objects.get_or_create(
            record=record, defaults={"word": word, "at": now, "next_at": now}
        )
        given.append(opinion)
        if not is_new and opinion.word == word and opinion.state != State.DEAD:
            continue
        opinion.word, opinion.at, opinion.next_at = word, now, now
        opinion.state, opinion.attempts, opinion.last_error = State.WAITING, 0, ""
        opinion.save()
        audit.record("source.opinion", by=by, about=record.source, also=[opinion], facts={"word": word.value})
    return given


def say_due(*, make: Make | None = None) -> int:
    """How many opinions were tried now. For the worker."""
    due = Opinion.objects.filter(state=State.WAITING, next_at__lte=timezone.now(), record__source__enabled=True)
    ids = list(due.order_by("next_at", "pk").values_list("public_id", flat=True)[:AT_ONCE])
    return sum(say(each, make=make) is not None for each in ids)


def say(opinion_id: uuid.UUID, *, make: Make | None = None) -> Opinion | None:
    """The opinion after one attempt to say it; None when it was not due, or somebody else says it."""
    claimed = _claim(opinion_id)
    if claimed is None:
        return None
    record = claimed.record
    error = ""
    try:
        with (make or opening.opened)(record.source) as client:
            client.say(applying.record_id(record), record.entry.hash, claimed.word)
    except StaydownError as fault:
        error = fault.code
    except (httpx.HTTPError, httpx.InvalidURL, OSError):
        error = "unreachable"
    return _settle(claimed, error)


@transaction.atomic
def _claim(opinion_id: uuid.UUID) -> Opinion | None:
    now = timezone.now()
    rows = Opinion.objects.filter(public_id=opinion_id, state=State.WAITING, next_at__lte=now)
    found = rows.select_for_update(of=("self",)).select_related("record__source", "record__entry").first()
    if found is None:
        return None
    found.attempts, found.next_at = found.attempts + 1, now + LEASE
    if found.record.entry.state not in LIVE:  # ended meanwhile: there is no hash to speak of
        found.state, found.next_at, found.last_error = State.DEAD, None, "wrong_state"
    found.save(update_fields=["attempts", "next_at", "state", "last_error"])
    return found if found.state == State.WAITING else None


@transaction.atomic
def _settle(claimed: Opinion, error: str) -> Opinion:
    opinion = Opinion.objects.select_for_update().filter(pk=claimed.pk).first()
    if opinion is None or (opinion.word, opinion.attempts) != (claimed.word, claimed.attempts):
        return claimed  # the record was taken back, or another word is on its way
    now = timezone.now()
    again_at: datetime | None = None
    if error:
        again_at = schedule.next_attempt(opinion.attempts, now, random.random())  # noqa: S311 - jitter
        opinion.state = State.WAITING if again_at else State.DEAD
    else:
        opinion.state = State.SAID
    opinion.next_at, opinion.last_error = again_at, error
    opinion.save(update_fields=["state", "next_at", "last_error"])
    if opinion.state != State.WAITING:
        facts = {"word": opinion.word, "state": opinion.state, "attempts": opinion.attempts}
        audit.record("source.told", by=Actor.system(), about=claimed.record.source, also=[opinion], facts=facts)
    return opinion
