"""What may be read of the banks: pages of the feed, and nothing else that holds a hash."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Count, QuerySet

from staydown.apps.accounts.models import ApiKey
from staydown.apps.banks import feed_key, feed_writing
from staydown.apps.banks.models import LIVE, Bank, Entry, FeedHead, FeedLine, Follower
from staydown.core import bank, feed
from staydown.core.hashing.algorithm import FIRST, Algorithm
from staydown.core.merkle import Frontier
from staydown.errors import ConflictError

MOST_LINES: Final = 10_000
ROWS_AT_A_TIME: Final = 500


@dataclass(frozen=True, slots=True)
class FeedPage:
    """Lines in their order, and the signed checkpoint over everything up to the last of them."""

    lines: tuple[feed.Line, ...]
    checkpoint: feed.CheckpointLine


def feed_size() -> int:
    """How many lines the feed has. One small query, for those who wait for the next line."""
    return FeedHead.objects.filter(pk=1).values_list("size", flat=True).first() or 0


def feed_page(
    after: int, limit: int, banks: Collection[str] = (), algorithms: Collection[Algorithm] = FIRST
) -> FeedPage:
    """At most ``limit`` lines after line ``after``, for a follower who may see ``banks`` (none named: all).

    Lines of other banks, of algorithms that the follower does not read, and lines whose hash has been erased, come as
    their leaf. A page with videos ends before it is longer than one of ``limit`` pictures could be. Three queries.
    Raises `ConflictError` for a follower who is ahead of the feed: this database is another, or an older copy of it.
    """
    if after > (size := feed_size()):
        raise ConflictError(f"The feed has {size} lines, fewer than you have followed. Ask its publisher why.")
    wanted = FeedLine.objects.filter(seq__gt=after).select_related("entry__bank").order_by("seq")
    room, lines, root = limit * feed.LINE_ROOM, [], None
    for row in wanted[: min(limit, MOST_LINES)].iterator(chunk_size=ROWS_AT_A_TIME):
        line = feed.readable(_shown(row, banks), algorithms)
        lines.append(line)
        root = row.root
        room -= len(line.entry.hash.value) * 2 if isinstance(line, feed.AddLine) else 0
        if room <= 0:
            break
    last = lines[-1].seq if lines else after
    signed = _root_at(after) if root is None else root
    return FeedPage(tuple(lines), feed.checkpoint(last, bytes(signed), feed_key.signer()))


@dataclass(frozen=True, slots=True)
class Following:
    """How far a follower has come. ``overdue``: removals whose time is over and that it has not confirmed."""

    key: ApiKey
    cursor: int
    heard_at: datetime
    overdue: int


def followers(now: datetime) -> list[Following]:
    """Every follower with a live key, by name. One query, and one more for each that is behind."""
    size = feed_size()
    rows = Follower.objects.filter(key__in=ApiKey.objects.live()).select_related("key").order_by("key__name", "pk")
    return [Following(row.key, row.cursor, row.at, _overdue(row.cursor, size, now)) for row in rows]


def _overdue(cursor: int, size: int, now: datetime) -> int:
    if cursor >= size:
        return 0
    return FeedLine.objects.filter(seq__gt=cursor, delete_by__lte=now).count()


def live_entries() -> QuerySet[Entry]:
    """The entries that are matched now, with their bank, in the order in which they came."""
    return Entry.objects.filter(state__in=LIVE).select_related("bank").order_by("pk")


def _root_at(size: int) -> bytes:
    if size == 0:
        return Frontier().root()
    return bytes(FeedLine.objects.values_list("root", flat=True).get(seq=size))


def _shown(row: FeedLine, banks: Collection[str]) -> feed.Line:
    """The line as this follower may see it."""
    entry = row.entry
    hidden = bool(banks) and entry.bank.name not in banks
    if row.op == FeedLine.Op.REMOVE:
        # A removal names an entry by a random id and nothing else; who never saw the entry need not see its end.
        if hidden:
            return feed.OpaqueLine(row.seq, bytes(row.leaf))
        return feed.RemoveLine(row.seq, entry.public_id, row.delete_by and int(row.delete_by.timestamp()))
    if hidden or row.salt is None or entry.value is None:
        return feed.OpaqueLine(row.seq, bytes(row.leaf))
    return feed.AddLine(row.seq, feed_writing.core_entry(entry, bank.Action(row.action)), row.salt)


def counts() -> list[tuple[str, dict[str, int]]]:
    """Each bank by name, with how many entries it has in which state."""
    found: dict[str, dict[str, int]] = {
        name: {} for name in Bank.objects.order_by("name").values_list("name", flat=True)
    }
    rows = Entry.objects.values_list("bank__name", "state").annotate(count=Count("pk")).order_by("state")
    for name, state, count in rows:
        found[name][state] = count
    return list(found.items())
