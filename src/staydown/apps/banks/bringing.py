"""Thousands of entries at once, as a source brings them and takes them back.

The feed has a line for each. The log has one for all of them, which the caller writes in the same transaction: it names
the first and the last line of the feed, and those lines are as well chained as its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from staydown.apps.banks import feed_writing
from staydown.apps.banks.actions import Graded, fingerprints
from staydown.apps.banks.models import LIVE, Bank, Entry, FeedLine, Label, State
from staydown.core.bank import Action


@dataclass(frozen=True, slots=True)
class Terms:
    """On which terms entries are brought. ``enforced``: the operator has said why they may block without a case."""

    bank: Bank
    radius: int
    action: Action
    source: str
    enforced: bool


@dataclass(frozen=True, slots=True)
class Brought:
    """The live entry of each hash, how many of them are new, and the lines of the feed that say so."""

    entries: list[Entry]
    new: int
    lines: list[FeedLine]


@transaction.atomic
def bring(hashes: Sequence[Graded], terms: Terms) -> Brought:
    """The live entry of each of ``hashes`` in the bank: the one that is there, on its own terms, else a new one.

    A dozen queries however many they are. What is pending is enforced when the terms say so.
    """
    head, now = feed_writing.hold(), timezone.now()
    marks = fingerprints([each for each, _ in hashes])
    known = Entry.objects.filter(bank=terms.bank, fingerprint__in=set(marks)).select_related("bank")
    found = {bytes(entry.fingerprint or b""): entry for entry in known.order_by("pk")}
    confirmed = [entry for entry in found.values() if terms.enforced and entry.state == State.PENDING]
    state = State.ENFORCED if terms.enforced else State.PENDING
    new = []
    for mark, (each, quality) in zip(marks, hashes, strict=True):
        if mark not in found:
            entry = Entry(bank=terms.bank, source=terms.source, quality=quality, state=state)
            entry.algorithm, entry.value, entry.fingerprint = each.algorithm.value, each.value, mark
            entry.radius, entry.action = min(terms.radius, each.algorithm.widest), terms.action.value
            entry.added_at = entry.changed_at = now
            found[mark] = entry
            new.append(entry)
    Entry.objects.bulk_create(new)
    for entry in confirmed:
        entry.state, entry.changed_at = State.ENFORCED, now
    Entry.objects.filter(pk__in=[entry.pk for entry in confirmed]).update(state=State.ENFORCED, changed_at=now)
    changed = [*confirmed, *new]
    lines = feed_writing.append_adds(head, changed, now) if changed else []
    return Brought([found[mark] for mark in marks], len(new), lines)


@transaction.atomic
def withdraw_all(entries: Sequence[int]) -> list[FeedLine]:
    """The lines of the feed that remove those of these entries, by primary key, that are live; their hashes are erased.

    Nobody is asked who else keeps them: that is the caller's part.
    """
    head, now = feed_writing.hold(), timezone.now()
    live = Entry.objects.filter(pk__in=entries, state__in=LIVE).order_by("pk")
    found = list(live.select_for_update(of=("self",)))
    if not found:
        return []
    pks = [entry.pk for entry in found]
    Entry.objects.filter(pk__in=pks).update(state=State.WITHDRAWN, changed_at=now, value=None, fingerprint=None)
    Label.objects.filter(entry__in=pks).delete()
    return feed_writing.append_removes(head, found, now)
