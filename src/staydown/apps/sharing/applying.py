"""What one page of a source changes here: rows, entries, feed, log and the place reached, in one transaction.

The rules that keep a lying source from doing harm are here too: it stops and asks, before anything of that page is
applied, when it grows too fast or takes back too much.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import QuerySet
from django.utils import timezone

from staydown.apps.audit import actions as audit
from staydown.apps.audit.actor import Actor
from staydown.apps.banks import actions as banks
from staydown.apps.banks import bringing, feed_writing, keeping
from staydown.apps.banks.models import LIVE, Entry, FeedLine, State
from staydown.apps.sharing import actions as announcing
from staydown.apps.sharing.events import Event
from staydown.apps.sharing.source_models import Record, Source
from staydown.apps.vault import erasing, keyring
from staydown.core.bank import Action
from staydown.core.hashing.algorithm import LEAST_QUALITY, Hash
from staydown.exchange.source import Signal

DAY: Final = timedelta(days=1)
FEW: Final = 20  # so many a day may always go: of a short list that is soon too much, and a withdrawal must not wait
FEW_ABSENT: Final = 3  # so many may be missing from a list that is read as a whole, with no word that they are gone
SHRINKS: Final = 4  # it may take back a quarter of what it brought in a day; more is asked about
PIECE: Final = 1000  # ids in one query
HASH_HERE: Final = "{hash}"

Question = Source.Question


@dataclass(slots=True)
class Changes:
    """What a page, or a whole follow, changed. ``repeated``: it was here already. ``ended``: it was ended here."""

    added: int = 0
    removed: int = 0
    changed: int = 0
    repeated: int = 0
    ended: int = 0
    skipped: int = 0

    def __iadd__(self, other: Changes) -> Changes:
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        return self

    @property
    def any(self) -> bool:
        """Whether something here is not as before."""
        return bool(self.added or self.removed or self.changed)

    def facts(self) -> dict[str, int]:
        """The counts by name."""
        return {name: getattr(self, name) for name in self.__slots__}


def batched(things: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    """``things`` in pieces of at most ``size``."""
    return (things[at : at + size] for at in range(0, len(things), size))


class Refused(Exception):  # noqa: N818 - no error: the operator is asked
    """A page must not be applied before the operator has answered."""

    def __init__(self, question: Question, count: int) -> None:
        super().__init__(question)
        self.question, self.count = question, count


def mark(source: Source, ids: Iterable[str]) -> dict[str, bytes]:
    """A keyed digest of each of these ids of records of ``source``."""
    secret = keyring.current().secret("source record")
    own = source.public_id.bytes
    return {each: hmac.digest(secret, own + each.encode("utf-8", "surrogatepass"), "sha256") for each in ids}


def apply(source: Source, added: Sequence[Signal], removed: Sequence[str], *, skipped: int) -> Changes:
    """What these records change. ``source`` is locked; it is changed in place and the caller saves it.

    Raises `Refused` when the operator has to be asked first: then nothing was changed.
    """
    feed_writing.hold()
    _begin_day(source, timezone.now())
    part = _sorted(source, added, removed)
    part.changes.skipped += skipped
    _check(source, part)
    lines = _bring(source, part)
    lines += _take_back(source, part)
    source.records += part.changes.added - part.changes.removed
    source.skipped += part.changes.skipped
    source.day_grown += part.changes.added + part.changes.changed
    source.day_shrunk += part.changes.removed + part.changes.changed
    if lines or part.changes.any:
        _record(source, part.changes, lines)
    return part.changes


@dataclass(slots=True)
class _Part:
    """Records by what has to be done with them."""

    changes: Changes
    new: dict[bytes, Signal]
    moved: list[tuple[Record, Signal]]  # the source says another hash under the same id
    gone: list[Record]


def _sorted(source: Source, added: Sequence[Signal], removed: Sequence[str]) -> _Part:
    changes = Changes()
    usable = {each.id: each for each in added if each.quality is None or each.quality >= LEAST_QUALITY}
    changes.skipped = len({each.id for each in added}) - len(usable)
    marks = mark(source, [*usable, *removed])
    gone = {marks[each] for each in removed}
    rows = Record.objects.filter(source=source, mark__in=set(marks.values())).select_related("entry")
    known = {bytes(row.mark): row for row in rows}
    prints = dict(zip(usable, banks.fingerprints([each.hash for each in usable.values()]), strict=True))
    part = _Part(changes, {}, [], [known[each] for each in gone if each in known])
    for name, signal in usable.items():
        row = known.get(marks[name])
        if marks[name] in gone:
            continue  # what is taken back on the same page is not brought
        if row is None:
            part.new[marks[name]] = signal
        elif row.entry.state not in LIVE:
            changes.ended += 1
        elif bytes(row.entry.fingerprint or b"") != prints[name]:
            part.moved.append((row, signal))
        else:
            changes.repeated += 1
    seen = [row.pk for each, row in known.items() if each not in gone and row.seen != source.reading]
    Record.objects.filter(pk__in=seen).update(seen=source.reading)
    changes.added, changes.removed, changes.changed = len(part.new), len(part.gone), len(part.moved)
    return part


def _check(source: Source, part: _Part) -> None:
    _weigh(source, part.changes.added + part.changes.changed, part.changes.removed + part.changes.changed)


def _weigh(source: Source, new: int, gone: int, few: int | None = None) -> None:
    """Raise `Refused` when so many more are too many for this day."""
    grown, shrunk, allowed = source.day_grown + new, source.day_shrunk + gone, source.allowed.split()
    if gone and Question.SHRUNK not in allowed and shrunk > most_shrunk(source, few):
        raise Refused(Question.SHRUNK, shrunk)
    if new and Question.GROWTH not in allowed and grown > source.most_growth:
        raise Refused(Question.GROWTH, grown)


def most_shrunk(source: Source, few: int | None = None) -> int:
    """How many records it may take back in a day without being asked about, ``few`` of a short list."""
    return max(FEW if few is None else few, (source.day_held + source.day_grown) // SHRINKS)


def foresee(source: Source, added: Sequence[Signal], removed: Sequence[str]) -> None:
    """Raise `Refused` for a page that is applied in pieces, or for many pages, before the first of them is applied."""
    now_there = Source.objects.get(pk=source.pk)
    _begin_day(now_there, timezone.now())
    coming, going = list({each.id for each in added}), list(set(removed))
    _weigh(now_there, len(coming) - _count_known(source, coming), _count_known(source, going))


def _count_known(source: Source, ids: Sequence[str]) -> int:
    return sum(
        Record.objects.filter(source=source, mark__in=list(mark(source, piece).values())).count()
        for piece in batched(ids, PIECE)
    )


def _begin_day(source: Source, now: datetime) -> None:
    """Count anew once a day is over."""
    if source.day_began is None or now - source.day_began >= DAY:
        begin_day(source, now)


def begin_day(source: Source, now: datetime) -> None:
    """Count from now on what it brings and takes back."""
    source.day_began, source.day_held, source.day_grown, source.day_shrunk = now, source.records, 0, 0


def _terms(source: Source) -> bringing.Terms:
    return bringing.Terms(
        bank=source.bank,
        radius=source.radius,
        action=Action(source.action),
        source=f"source:{source.name}",
        enforced=bool(source.enforced_because),
    )


def _bring(source: Source, part: _Part) -> list[FeedLine]:
    """New records and entries, and those that a changed record now means. The lines of the feed."""
    signals = [*part.new.values(), *(signal for _, signal in part.moved)]
    if not signals:
        return []
    brought = bringing.bring([(each.hash, each.quality) for each in signals], _terms(source))
    count = len(part.new)
    Record.objects.bulk_create(
        Record(source=source, entry=entry, mark=each, name=_name(signal.id, signal.hash), seen=source.reading)
        for (each, signal), entry in zip(part.new.items(), brought.entries[:count], strict=True)
    )
    left = [row.entry_id for row, _ in part.moved]
    for (row, signal), entry in zip(part.moved, brought.entries[count:], strict=True):
        row.entry, row.name, row.seen = entry, _name(signal.id, signal.hash), source.reading
        row.save(update_fields=["entry", "name", "seen"])
    return [*brought.lines, *_withdraw(source, left)]


def _take_back(source: Source, part: _Part) -> list[FeedLine]:
    """Forget the records that the source took back, and withdraw what nobody else keeps."""
    return let_go(source, Record.objects.filter(pk__in=[row.pk for row in part.gone]))


def let_go(source: Source, records: QuerySet[Record]) -> list[FeedLine]:
    """Forget these records, and withdraw what nobody else keeps; the lines of the feed. The feed's head is held."""
    entries = list(records.values_list("entry_id", flat=True))
    records.delete()
    return _withdraw(source, entries)


def _withdraw(source: Source, entries: Sequence[int]) -> list[FeedLine]:
    kept = keeping.kept(entries) if entries else set()
    ended = [each for each in entries if each not in kept]
    if not source.enforced_because:  # the platform was told of each that a decision enforced, and of no other
        known = Entry.objects.filter(pk__in=ended, state=State.ENFORCED).values_list("public_id", flat=True)
        announcing.announce_all([(Event.ENTRY_WITHDRAWN, {"entry": str(each)}) for each in known])
    lines = bringing.withdraw_all(ended)
    if lines:
        erasing.leave_no_trace()
    return lines


def _name(text: str, hash: Hash) -> str:  # noqa: A002 - the word of the glossary
    """The id of a record without the hash in it; see `record_id`."""
    return text.replace(hash.hex(), HASH_HERE)


def record_id(record: Record) -> str:
    """What the source calls the record. Raises `HashError` when the hash is in it and has been erased."""
    return record.name.replace(HASH_HERE, record.entry.hash.hex()) if HASH_HERE in record.name else record.name


def kept_by_sources(entries: Iterable[int]) -> set[int]:
    """Those of ``entries``, by primary key, that a source keeps."""
    return set(Record.objects.filter(entry__in=list(entries)).values_list("entry_id", flat=True))


def _record(source: Source, changes: Changes, lines: Sequence[FeedLine]) -> None:
    numbers = [line.seq for line in lines]
    facts: dict[str, object] = dict(changes.facts())
    if numbers:
        facts["lines"] = [min(numbers), max(numbers)]
    if source.enforced_because and changes.added:
        facts["reason"] = source.enforced_because
    audit.record("source.followed", by=Actor.system(), about=source, also=[source.bank], facts=facts)


def sweep(source: Source, most: int) -> int:
    """How many records were forgotten now because a whole reading did not find them; at most ``most``.

    ``source`` is locked and its list was read from start to end. Raises `Refused` when that are too many to believe.
    """
    feed_writing.hold()
    _begin_day(source, timezone.now())
    absent = Record.objects.filter(source=source, seen__lt=source.reading)
    _weigh(source, 0, absent.count(), FEW_ABSENT)
    pks = list(absent.order_by("pk").values_list("pk", flat=True)[:most])
    if not pks:
        return 0
    lines = let_go(source, Record.objects.filter(pk__in=pks))
    source.records -= len(pks)
    source.day_shrunk += len(pks)
    _record(source, Changes(removed=len(pks)), lines)
    return len(pks)


def live_count(source: Source) -> dict[str, int]:
    """How many of the entries that the source keeps are pending and enforced now."""
    rows = Entry.objects.filter(records__source=source)
    return {state: rows.filter(state=state).distinct().count() for state in (State.PENDING, State.ENFORCED)}
