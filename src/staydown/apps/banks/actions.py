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
from staydown.apps.banks import feed_writing
from staydown.apps.banks.models import LIVE, Bank, Entry, FeedHead, State
from staydown.apps.vault import keyring
from staydown.core import bank as rules
from staydown.core.hashing.algorithm import LEAST_QUALITY, USUAL_RADIUS, Algorithm, Hash
from staydown.errors import InvalidError, StateError

NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
SOURCE: Final = re.compile(r"[a-z]+(:[a-z0-9-]{1,64})?")


def fingerprint(hash: Hash) -> bytes:  # noqa: A002 - the word of the glossary
    """A keyed digest of a hash: equal ones are found by it, and nobody without the keyring can test a guess with it."""
    return hmac.digest(keyring.current().secret("entry fingerprint"), hash.algorithm.encode() + hash.value, "sha256")


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
    """The live entry of ``hash`` in ``bank``: the one that is there, else a new pending one, which the feed then tells.

    ``source`` says why it is there (``report``, ``import``); an entry that an import also names outlives its reports.
    """
    radius = min(radius, hash.algorithm.widest)
    if radius < 0 or not SOURCE.fullmatch(source):
        raise InvalidError("radius, source: a radius is 0 to 63 bits, a source a word such as report or import.")
    if hash.algorithm is Algorithm.PDQ and quality is not None and quality < LEAST_QUALITY:
        raise InvalidError(f"quality: a picture below {LEAST_QUALITY} has too little detail to be told from others.")
    head = feed_writing.hold()
    found = Entry.objects.filter(bank=bank, fingerprint=fingerprint(hash)).select_related("bank").first()
    if found is not None:
        return _also_from(found, source, by)
    wanted = rules.Action(action).value
    entry = _stored(
        Entry(bank=bank, radius=radius, action=wanted, source=source, quality=quality, lapses_at=lapses_at), hash
    )
    line = feed_writing.append_add(head, entry, entry.added_at)
    facts = {"algorithm": entry.algorithm, "radius": radius, "source": source, "line": line.seq}
    audit.record("entry.added", by=by, about=entry, also=[bank], facts=facts)
    return entry


def _stored(entry: Entry, hash: Hash) -> Entry:  # noqa: A002 - the word of the glossary
    """The new pending entry, saved with its hash."""
    entry.algorithm, entry.value, entry.fingerprint = hash.algorithm.value, hash.value, fingerprint(hash)
    entry.added_at = entry.changed_at = timezone.now()
    entry.save(force_insert=True)
    return entry


def _also_from(entry: Entry, source: str, by: Actor) -> Entry:
    """``entry``, kept by an import too when ``source`` is one."""
    if not entry.source.startswith("import") and source.startswith("import"):
        entry.source = source
        entry.save(update_fields=["source"])
        audit.record("entry.kept", by=by, about=entry, facts={"source": source})
    return entry


@transaction.atomic
def enforce(entry: Entry, *, by: Actor, reason: str = "") -> Entry:
    """The entry enforced: from this feed line on, a match does what the entry wants. Enforced already: nothing happens.

    ``reason`` is for enforcing without a case; the caller has checked it for personal text.
    """
    head, entry = _held(entry)
    if entry.state == State.ENFORCED:
        return entry
    _change(entry, State.ENFORCED)
    line = feed_writing.append_add(head, entry, entry.changed_at)
    facts = {"line": line.seq, **({"reason": reason} if reason else {})}
    audit.record("entry.enforced", by=by, about=entry, facts=facts)
    return entry


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
    hashes: Sequence[tuple[Hash, int | None]],
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
    if not NAME.fullmatch(name):
        raise InvalidError("name: a list's name is made of small letters, digits and hyphens, at most 64 of them.")
    with transaction.atomic():
        before = bank.entries.count()
        for each, quality in hashes:
            entry = add_entry(bank, each, quality=quality, action=action, source=f"import:{name}", by=by)
            if enforced_because:
                enforce(entry, by=by, reason=enforced_because)
        return bank.entries.count() - before


@transaction.atomic
def record_export(bank: Bank, entries: int, *, by: Actor) -> None:
    """Write down that ``entries`` hashes of ``bank`` are about to leave it for a file."""
    audit.record("bank.exported", by=by, about=bank, facts={"entries": entries})


@transaction.atomic
def record_pull(key: ApiKey, *, lines: int, last: int, by: Actor) -> None:
    """Write down that ``key`` was given ``lines`` lines of the feed up to line ``last``: hashes left the bank."""
    audit.record("feed.pulled", by=by, about=key, facts={"lines": lines, "last": last})


def _end(entry: Entry, state: State, by: Actor) -> Entry:
    head, entry = _held(entry)
    if entry.state == state:
        return entry
    _change(entry, state)
    line = feed_writing.append_remove(head, entry, entry.changed_at)
    audit.record(f"entry.{state.value}", by=by, about=entry, facts={"line": line.seq})
    return entry


def _held(entry: Entry) -> tuple[FeedHead, Entry]:
    """The feed's head, locked, and the entry as it is now."""
    head = feed_writing.hold()
    return head, Entry.objects.select_for_update().get(pk=entry.pk)


def _change(entry: Entry, state: State) -> None:
    """Move to ``state``; raises `StateError` when core's rules forbid it. What is no longer live loses its hash."""
    if not rules.can_become(rules.EntryState(entry.state), rules.EntryState(state)):
        raise StateError(f"An entry that is {entry.state} cannot become {state.value}.")
    entry.state = state
    entry.changed_at = timezone.now()
    if state not in LIVE:
        entry.value = entry.fingerprint = None
    entry.save(update_fields=["state", "changed_at", "value", "fingerprint"])
