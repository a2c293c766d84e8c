"""Appending to the feed: the lock on its head, and the line that each change of an entry becomes."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from staydown.apps.banks.models import Entry, FeedHead, FeedLine
from staydown.core import bank, feed
from staydown.core.merkle import Frontier

DELETE_WITHIN: Final = timedelta(hours=24)
"""How long a follower may take to forget the hash of an entry that was removed."""


def hold() -> FeedHead:
    """The head of the feed, locked until the transaction ends.

    Every change of an entry begins here, so entries change one after another and lines are numbered without gaps. The
    order of locks is: case, then this, then the audit log; an action that needs two of them takes them in that order.
    """
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("The feed's head is held only inside a transaction.")
    empty = {"frontier": Frontier().to_bytes()}
    head, _ = FeedHead.objects.select_for_update().get_or_create(pk=1, defaults=empty)
    return head


def core_entry(entry: Entry, action: bank.Action) -> bank.Entry:
    """The entry as a feed line carries it."""
    return bank.Entry(
        id=entry.public_id, bank=entry.bank.name, hash=entry.hash, radius=entry.radius, action=bank.Action(action)
    )


def append_adds(head: FeedHead, entries: Sequence[Entry], at: datetime) -> list[FeedLine]:
    """Append that each of ``entries`` is matched from now on, as its state allows. ``head`` is held."""
    rows = []
    for seq, entry in enumerate(entries, start=head.size + 1):
        action = bank.effective_action(bank.EntryState(entry.state), bank.Action(entry.action))
        assert action is not None  # noqa: S101 - only live entries are added
        salt = secrets.token_bytes(feed.SALT_SIZE)
        leaf = feed.leaf(feed.AddLine(seq, core_entry(entry, action), salt))
        rows.append(FeedLine(op=FeedLine.Op.ADD, entry=entry, action=action.value, salt=salt, leaf=leaf, at=at))
    return _append(head, rows)


def append_remove(head: FeedHead, entry: Entry, at: datetime) -> FeedLine:
    """Append that ``entry`` is matched no more, and erase the salts of its earlier lines. ``head`` is held."""
    return append_removes(head, [entry], at)[0]


def append_removes(head: FeedHead, entries: Sequence[Entry], at: datetime) -> list[FeedLine]:
    """Append that each of ``entries`` is matched no more, as `append_remove` does with one."""
    FeedLine.objects.filter(entry__in=[entry.pk for entry in entries]).update(salt=None)
    delete_by = (at + DELETE_WITHIN).replace(microsecond=0)
    until, rows = int(delete_by.timestamp()), []
    for seq, entry in enumerate(entries, start=head.size + 1):
        leaf = feed.leaf(feed.RemoveLine(seq, entry.public_id, until))
        rows.append(FeedLine(op=FeedLine.Op.REMOVE, entry=entry, leaf=leaf, at=at, delete_by=delete_by))
    return _append(head, rows)


def _append(head: FeedHead, rows: list[FeedLine]) -> list[FeedLine]:
    tree = Frontier.from_bytes(bytes(head.frontier))
    for row in rows:
        tree = tree.append(bytes(row.leaf))
        row.seq, row.root = tree.size, tree.root()
    FeedLine.objects.bulk_create(rows)
    head.size, head.frontier = tree.size, tree.to_bytes()
    head.save(update_fields=["size", "frontier"])
    return rows
