"""What partners are given who do not follow the feed: confirmed hashes in the order in which they changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from django.db.models import Prefetch, Q, QuerySet

from staydown.apps.accounts.models import ApiKey
from staydown.apps.banks import actions
from staydown.apps.banks.models import LIVE, Entry, Feedback, State
from staydown.core import bank
from staydown.core.hashing.algorithm import Algorithm, Hash

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ALGORITHMS = (Algorithm.PDQ.value, Algorithm.MD5.value)  # what these protocols have a word for
Place = tuple[int, int]


def confirmed(key: ApiKey) -> QuerySet[Entry]:
    """The entries that block, of the banks that ``key`` may see. What nobody has confirmed is not among them."""
    rows = Entry.objects.filter(state=State.ENFORCED, action=bank.Action.BLOCK.value, algorithm__in=ALGORITHMS)
    return _of(key, rows)


def ended(key: ApiKey) -> QuerySet[Entry]:
    """The entries that no longer match; their hashes are erased."""
    return _of(key, Entry.objects.filter(algorithm__in=ALGORITHMS).exclude(state__in=LIVE))


def in_order(rows: QuerySet[Entry], after: Place | None, limit: int) -> list[Entry]:
    """At most ``limit`` of ``rows`` after a place, by the time of their last change, with what partners say of them."""
    if after is not None:
        at = EPOCH + timedelta(microseconds=after[0])
        rows = rows.filter(Q(changed_at__gt=at) | Q(changed_at=at, pk__gt=after[1]))
    said = Feedback.objects.select_related("key").order_by("key_id")
    return list(rows.prefetch_related(Prefetch("feedback", said)).order_by("changed_at", "pk")[:limit])


def place(entry: Entry) -> Place:
    """Where in that order an entry stands."""
    return (entry.changed_at - EPOCH) // timedelta(microseconds=1), entry.pk


def live_with(key: ApiKey, hashes: Sequence[Hash]) -> dict[bytes, list[Entry]]:
    """The live entries of these hashes in the banks that ``key`` may see, by the hashes' bytes."""
    marks = {actions.fingerprint(each): each.value for each in hashes}
    found: dict[bytes, list[Entry]] = {}
    for entry in _of(key, Entry.objects.filter(fingerprint__in=list(marks), state__in=LIVE)):
        found.setdefault(marks[bytes(entry.fingerprint or b"")], []).append(entry)
    return found


def speaker(feedback: Feedback) -> str:
    """Who says so, as other partners are told: the same each time, and not the name that we gave the key."""
    return f"partner-{str(feedback.key.public_id)[:8]}"


def _of(key: ApiKey, rows: QuerySet[Entry]) -> QuerySet[Entry]:
    return rows.filter(bank__name__in=key.banks) if key.banks else rows
