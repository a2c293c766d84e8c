"""Hits: matches on real uploads, which nodes report back. One wave is one case with a count."""

from __future__ import annotations

import hmac
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from staydown.apps.audit import actions as audit
from staydown.apps.audit.actor import Actor
from staydown.apps.banks import feed_writing
from staydown.apps.banks.models import LIVE, Entry
from staydown.apps.cases import settling, support
from staydown.apps.cases.actions.reporting import TRIES, open_case
from staydown.apps.cases.intake import MOST_LINE, HitGiven, is_link
from staydown.apps.cases.models import Case, HeardHit, Hit, Item
from staydown.apps.vault import keyring
from staydown.errors import ConflictError, InvalidError

MOST_HITS: Final = 1000
MOST_COUNT: Final = 1_000_000
KEPT: Final = timedelta(days=30)  # the ids of hits; a node repeats itself for minutes


class _CaseAppeared(Exception):  # noqa: N818 - not a failure: we look again
    """Another batch opened the case of an entry while this one looked for it."""


@dataclass(slots=True)
class _Group:
    """The hits of one batch that become one row: of one entry with one upload."""

    entry: Entry
    action: str
    content_ref: str
    preview_url: str = ""
    count: int = 0
    ids: list[UUID] = field(default_factory=list)


def record_hits(given: Sequence[HitGiven], *, by: Actor) -> int:
    """How many of these hits are counted, now or by an earlier call: the same id counts once.

    A hit lands on the case of its entry; one of an entry that is no longer live is dropped. Where a person has to look,
    the upload becomes an item and the case is open (again); everything else only counts.
    """
    _check(given)
    for _ in range(TRIES):
        try:
            with transaction.atomic():
                return _record(given, by, timezone.now())
        except _CaseAppeared:
            continue
    raise ConflictError


def _check(given: Sequence[HitGiven]) -> None:
    if len(given) > MOST_HITS:
        raise InvalidError(f"hits: at most {MOST_HITS} fit into one call.")
    for number, hit in enumerate(given, start=1):
        if hit.action not in Hit.Action.values:
            raise InvalidError(f"hits: the action of hit {number} is neither block nor review.")
        if not 1 <= hit.count <= MOST_COUNT or len(hit.content_ref) > MOST_LINE:
            raise InvalidError(f"hits: the count or the content_ref of hit {number} is out of range.")


def _record(given: Sequence[HitGiven], by: Actor, now: datetime) -> int:
    wanted = {hit.entry for hit in given}
    entries = {entry.public_id: entry for entry in Entry.objects.filter(public_id__in=wanted, state__in=LIVE)}
    found = _cases_of(entries.values())
    pks = sorted({case.pk for case in found.values()})
    locked = {case.pk: case for case in Case.objects.select_for_update().filter(pk__in=pks).order_by("pk")}
    feed_writing.hold()  # from here on no entry changes and no other batch opens a case
    if _cases_of(entries.values()) != found:
        raise _CaseAppeared
    HeardHit.objects.filter(at__lt=now - KEPT).delete()
    heard = set(HeardHit.objects.filter(given_id__in=[hit.id for hit in given]).values_list("given_id", flat=True))
    groups: dict[int | None, list[_Group]] = defaultdict(list)
    for group in _grouped([hit for hit in given if hit.id not in heard], entries):
        case = found.get(group.entry.pk)
        groups[case.pk if case else None].append(group)
    for new in _by_entry(groups.pop(None, [])):
        _land(open_case(now), new, by, now)
    for pk, known in sorted(groups.items(), key=lambda pair: pair[0] or 0):
        _land(locked[pk or 0], known, by, now)
    return sum(1 for hit in given if hit.id in heard or hit.entry in entries)


def _cases_of(entries: Iterable[Entry]) -> dict[int, Case]:
    """The case that each entry's hits belong to: an open one before a closed one, then the newest; maybe none."""
    return {entry.pk: case for entry in entries if (case := _case_of(entry)) is not None}


def _case_of(entry: Entry) -> Case | None:
    own = Item.objects.filter(Q(pdq_entry=entry) | Q(sha256_entry=entry)).exclude(state__in=support.GONE)
    visible = Case.objects.exclude(state__in=[Case.State.WITHDRAWN, Case.State.MINORS])
    reported = visible.filter(pk__in=own.values("case_id"))
    counted = visible.filter(pk__in=Hit.objects.filter(entry=entry).values("case_id"))
    is_open = Q(state=Case.State.OPEN)
    for cases in (reported.filter(is_open), reported, counted.filter(is_open), counted):
        newest = cases.order_by("-pk").first()
        if newest is not None:
            return newest
    return None


def _grouped(hits: Iterable[HitGiven], entries: dict[UUID, Entry]) -> list[_Group]:
    """The hits of live entries, those of one entry with one upload together."""
    groups: dict[tuple[UUID, str, str], _Group] = {}
    for hit in {hit.id: hit for hit in hits}.values():
        if hit.entry not in entries:
            continue
        key = (hit.entry, hit.action, hit.content_ref)
        group = groups.setdefault(key, _Group(entries[hit.entry], hit.action, hit.content_ref))
        group.count += hit.count
        group.ids.append(hit.id)
        if is_link(hit.preview_url):
            group.preview_url = hit.preview_url.strip()
    return list(groups.values())


def _by_entry(groups: Iterable[_Group]) -> list[list[_Group]]:
    """The groups of each entry together: each becomes a case."""
    found: dict[int, list[_Group]] = defaultdict(list)
    for group in groups:
        found[group.entry.pk].append(group)
    return list(found.values())


def _land(case: Case, groups: list[_Group], by: Actor, now: datetime) -> None:
    """Count ``groups`` on the held ``case``, and put before a person what a person must see."""
    new_items = sum(_count(case, group, now) for group in groups)
    total = sum(group.count for group in groups)
    Case.objects.filter(pk=case.pk).update(hit_count=F("hit_count") + total)
    case.hit_count += total
    if new_items or case.version == 0:  # a case that this hit opened
        settling.settle(case, now)
    facts = {action: sum(g.count for g in groups if g.action == action) for action in Hit.Action.values}
    audit.record(
        "hits.recorded",
        by=by,
        about=case,
        also=[group.entry for group in {g.entry.pk: g for g in groups}.values()],
        facts={**facts, "new_items": new_items},
    )


def _count(case: Case, group: _Group, now: datetime) -> int:
    """Add ``group`` to its row. Returns 1 when it brought something new for a person to look at, else 0."""
    key = _content_key(group.content_ref)
    item, is_new = _item(case, group, now) if group.action == Hit.Action.REVIEW else (None, 0)
    hit, is_first = Hit.objects.get_or_create(
        case=case,
        entry=group.entry,
        action=group.action,
        content_key=key,
        defaults={
            "content_ref": group.content_ref or None,
            "preview_url": group.preview_url or None,
            "count": group.count,
            "item": item,
            "first_at": now,
            "last_at": now,
        },
    )
    if not is_first:
        Hit.objects.filter(pk=hit.pk).update(count=F("count") + group.count, last_at=now, item=item)
    HeardHit.objects.bulk_create(HeardHit(given_id=each, hit=hit, at=now) for each in group.ids)
    return is_new


def _item(case: Case, group: _Group, now: datetime) -> tuple[Item, int]:
    """The item of this upload in the case, and 1 if a person has to look at it now. What was decided stays decided.

    Uploads without a content id are one item an entry. Each may be another one, so a new one is looked at again.
    """
    key = _content_key(group.content_ref) if group.content_ref else _entry_key(group.entry)
    item, is_new = Item.objects.get_or_create(
        case=case,
        content_key=key,
        defaults={
            "kind": Item.Kind.CONTENT,
            "content_ref": group.content_ref or None,
            "preview_url": group.preview_url or None,
            "added_at": now,
        },
    )
    if not is_new and not group.content_ref and item.state != Item.State.OPEN:
        item.state, item.added_at, item.preview_url = Item.State.OPEN, now, group.preview_url or None
        item.save(update_fields=["state", "added_at", "preview_url"])
        is_new = True
    return item, int(is_new)


def _entry_key(entry: Entry) -> bytes:
    """What the uploads that matched ``entry`` and came without an id are found by together."""
    return hmac.digest(keyring.current().secret("uploads without an id"), entry.public_id.bytes, "sha256")


def _content_key(content_ref: str) -> bytes:
    """A keyed digest of the platform's id: the same upload is found by it although the id is sealed."""
    return hmac.digest(keyring.current().secret("content id"), content_ref.encode(), "sha256")
