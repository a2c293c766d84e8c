"""Every change of a bank. Each writes its rows, its feed line and its audit line in one transaction."""

from __future__ import annotations

import hmac
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from django.db import transaction
from django.utils import timezone

from staydown.apps.accounts.models import ApiKey
from staydown.apps.audit import actions as audit
from staydown.apps.audit.actor import Actor
from staydown.apps.banks import feed_writing, proposals
from staydown.apps.banks.models import LIVE, Bank, Entry, FeedHead, Follower, Label, State
from staydown.apps.vault import keyring
from staydown.core import bank as rules
from staydown.core.hashing.algorithm import LEAST_QUALITY, USUAL_RADIUS, Algorithm, Hash
from staydown.errors import InvalidError, StateError

NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
SOURCE: Final = re.compile(r"[a-z]+(:[a-z0-9-]{1,64})?")

Graded = tuple[Hash, int | None]
"""A hash and the quality of the picture that it came from, when that is known."""


def fingerprint(hash: Hash) -> bytes:  # noqa: A002 - the word of the glossary
    """A keyed digest of a hash: equal ones are found by it, and nobody without the keyring can test a guess with it."""
    return fingerprints([hash])[0]


def fingerprints(hashes: Sequence[Hash]) -> list[bytes]:
    """The fingerprint of each of ``hashes``."""
    secret = keyring.current().secret("entry fingerprint")
    return [hmac.digest(secret, each.algorithm.encode() + each.value, "sha256") for each in hashes]


@transaction.atomic
def open_bank(name: str, *, by: Actor) -> Bank:
    """The bank of that name, opened now if there is none. Names are small letters, digits and hyphens."""
    if not NAME.fullmatch(name):
        raise InvalidError("name: a bank's name is made of small letters, digits and hyphens, at most 64 of them.")
    bank, is_new = Bank.objects.get_or_create(name=name, defaults={"opened_at": timezone.now()})
    if is_new:
        audit.record("bank.opened", by=by, about=bank, facts={"name": name})
    return bank


@transaction.atomic
def add_entries(
    bank: Bank,
    hashes: Sequence[Graded],
    *,
    radius: int = USUAL_RADIUS,
    action: rules.Action = rules.Action.BLOCK,
    source: str,
    by: Actor,
    lapses_at: datetime | None = None,
) -> list[Entry]:
    """The live entry of each of ``hashes`` in ``bank``, in their order: the one that is there, else a new pending one,
    which the feed then tells. A few queries for hundreds of them, for everybody waits while they are stored.

    ``source`` says why they are there (``report``, ``import``); what an import also names outlives its reports.
    """
    if radius < 0 or not SOURCE.fullmatch(source):
        raise InvalidError("radius, source: a radius is 0 to 63 bits, a source a word such as report or import.")
    graded = [quality for each, quality in hashes if each.algorithm is Algorithm.PDQ and quality is not None]
    if min(graded, default=LEAST_QUALITY) < LEAST_QUALITY:
        raise InvalidError(f"quality: a picture below {LEAST_QUALITY} has too little detail to be told from others.")
    head, now = feed_writing.hold(), timezone.now()
    marks = fingerprints([each for each, _ in hashes])
    known = Entry.objects.filter(bank=bank, fingerprint__in=marks).select_related("bank")
    found = {bytes(entry.fingerprint or b""): entry for entry in known}
    _also_from(list(found.values()), source, by)
    new = []
    for mark, (each, quality) in zip(marks, hashes, strict=True):
        if mark not in found:
            entry = Entry(bank=bank, source=source, quality=quality, lapses_at=lapses_at, added_at=now, changed_at=now)
            entry.algorithm, entry.value, entry.fingerprint = each.algorithm.value, each.value, mark
            entry.radius, entry.action = min(radius, each.algorithm.widest), rules.Action(action).value
            found[mark] = entry
            new.append(entry)
    _store(head, new, by)
    return [found[mark] for mark in marks]


def add_entry(
    bank: Bank,
    hash: Hash,  # noqa: A002 - the word of the glossary
    *,
    quality: int | None = None,
    radius: int = USUAL_RADIUS,
    action: rules.Action = rules.Action.BLOCK,
    source: str,
    by: Actor,
    lapses_at: datetime | None = None,
) -> Entry:
    """The live entry of one hash; see `add_entries`."""
    one = [(hash, quality)]
    return add_entries(bank, one, radius=radius, action=action, source=source, by=by, lapses_at=lapses_at)[0]


def _store(head: FeedHead, new: list[Entry], by: Actor) -> None:
    """Save the new entries, and tell the feed and the log of them."""
    if not new:
        return
    Entry.objects.bulk_create(new)
    lines = feed_writing.append_adds(head, new, new[0].added_at)
    audit.record_all(
        [
            audit.Record(
                "entry.added",
                by,
                entry,
                {"algorithm": entry.algorithm, "radius": entry.radius, "source": entry.source, "line": line.seq},
                [entry.bank],
            )
            for entry, line in zip(new, lines, strict=True)
        ]
    )


def _also_from(entries: Sequence[Entry], source: str, by: Actor) -> None:
    """Have ``entries`` kept by an import too, when ``source`` is one."""
    if not source.startswith("import"):
        return
    kept = [entry for entry in entries if not entry.source.startswith("import")]
    if kept:
        Entry.objects.filter(pk__in=[entry.pk for entry in kept]).update(source=source)
        for entry in kept:
            entry.source = source
        audit.record_all([audit.Record("entry.kept", by, entry, {"source": source}) for entry in kept])


def enforce(entry: Entry, *, by: Actor, reason: str = "") -> Entry:
    """The entry enforced: from this feed line on, a match does what the entry wants. Enforced already: nothing happens.

    ``reason`` is for enforcing without a case. The log keeps it as it is written, so it must name no person.
    """
    return enforce_all([entry], by=by, reason=reason)[0]


@transaction.atomic
def enforce_all(entries: Sequence[Entry], *, by: Actor, reason: str = "") -> list[Entry]:
    """The entries enforced, as `enforce` does with one; a few queries for hundreds of them."""
    head, now = feed_writing.hold(), timezone.now()
    found = Entry.objects.filter(pk__in=[entry.pk for entry in entries]).select_related("bank").order_by("pk")
    held = {entry.pk: entry for entry in found.select_for_update(of=("self",))}
    pending = [entry for entry in held.values() if entry.state != State.ENFORCED]
    for entry in pending:
        _check_change(entry, State.ENFORCED)
        entry.state, entry.changed_at = State.ENFORCED, now
    Entry.objects.filter(pk__in=[entry.pk for entry in pending]).update(state=State.ENFORCED, changed_at=now)
    if pending:
        lines = feed_writing.append_adds(head, pending, now)
        because = {"reason": reason} if reason else {}
        audit.record_all(
            [
                audit.Record("entry.enforced", by, entry, {"line": line.seq, **because})
                for entry, line in zip(pending, lines, strict=True)
            ]
        )
    return [held[entry.pk] for entry in entries]


@transaction.atomic
def withdraw(entry: Entry, *, by: Actor) -> Entry:
    """The entry withdrawn: removed from the feed and its hash erased. Withdrawn already: nothing happens."""
    return _end(entry, State.WITHDRAWN, by)


@transaction.atomic
def reverse(entry: Entry, *, by: Actor) -> Entry:
    """The entry undone by a decision: removed from the feed and its hash erased. Reversed already: nothing happens."""
    return _end(entry, State.REVERSED, by)


@transaction.atomic
def expire_lapsed(*, by: Actor) -> int:
    """How many live entries ran out by now; each is removed from the feed and its hash erased. For the daily work."""
    feed_writing.hold()
    lapsed = list(Entry.objects.filter(state__in=LIVE, lapses_at__lte=timezone.now()).order_by("pk"))
    for entry in lapsed:
        _end(entry, State.EXPIRED, by)
    return len(lapsed)


def import_entries(
    bank: Bank,
    hashes: Sequence[Graded],
    *,
    name: str,
    action: rules.Action = rules.Action.BLOCK,
    enforced_because: str = "",
    by: Actor,
) -> int:
    """How many of these hashes with their quality are new to ``bank``, from the list called ``name``.

    All in one transaction, so pass some hundred at a time. With ``enforced_because``, a reason, they are enforced
    without a case, those that were pending among them; else they are pending. Twice: nothing happens.
    """
    check_list_name(name)
    with transaction.atomic():
        before = bank.entries.count()
        entries = add_entries(bank, hashes, action=action, source=f"import:{name}", by=by)
        if enforced_because:
            enforce_all(entries, by=by, reason=enforced_because)
        return bank.entries.count() - before


def check_list_name(name: str) -> None:
    """Raise `InvalidError` for what cannot be the name of a list."""
    if not NAME.fullmatch(name):
        raise InvalidError("name: a list's name is made of small letters, digits and hyphens, at most 64 of them.")


@transaction.atomic
def record_export(bank: Bank, entries: int, *, by: Actor) -> None:
    """Write down that ``entries`` hashes of ``bank`` are about to leave it for a file.

    Where that takes two people it uses up their approval; `StateError` without one.
    """
    if proposals.needs_two(proposals.Kind.EXPORT):
        proposals.use(proposals.Kind.EXPORT, bank, by=by)
    audit.record("bank.exported", by=by, about=bank, facts={"entries": entries})


@transaction.atomic
def record_pull(key: ApiKey, *, lines: int, last: int, by: Actor) -> None:
    """Write down that ``key`` was given ``lines`` lines of the feed up to line ``last``: hashes left the bank."""
    audit.record("feed.pulled", by=by, about=key, facts={"lines": lines, "last": last})


def record_cursor(key: ApiKey, cursor: int) -> None:
    """Keep that the follower with ``key`` has applied every line up to ``cursor``, the removals among them.

    A follower asks all the time; where there is nothing new to keep, this costs one read.
    """
    if Follower.objects.filter(key=key, cursor__gte=cursor).exists():
        return
    now = timezone.now()
    with transaction.atomic():
        row, is_new = Follower.objects.get_or_create(key=key, defaults={"cursor": cursor, "at": now})
        if not is_new:
            Follower.objects.filter(pk=row.pk, cursor__lt=cursor).update(cursor=cursor, at=now)


def _end(entry: Entry, state: State, by: Actor) -> Entry:
    head, entry = _held(entry)
    if entry.state == state:
        return entry
    _change(entry, state)
    Label.objects.filter(entry=entry).delete()
    line = feed_writing.append_remove(head, entry, entry.changed_at)
    audit.record(f"entry.{state.value}", by=by, about=entry, facts={"line": line.seq})
    return entry


def _held(entry: Entry) -> tuple[FeedHead, Entry]:
    """The feed's head, locked, and the entry as it is now."""
    head = feed_writing.hold()
    return head, Entry.objects.select_for_update().get(pk=entry.pk)


def _change(entry: Entry, state: State) -> None:
    """Move to ``state``; raises `StateError` when core's rules forbid it. What is no longer live loses its hash."""
    _check_change(entry, state)
    entry.state = state
    entry.changed_at = timezone.now()
    if state not in LIVE:
        entry.value = entry.fingerprint = None
    entry.save(update_fields=["state", "changed_at", "value", "fingerprint"])


def _check_change(entry: Entry, state: State) -> None:
    if not rules.can_become(rules.EntryState(entry.state), rules.EntryState(state)):
        raise StateError(f"An entry that is {entry.state} cannot become {state.value}.")
