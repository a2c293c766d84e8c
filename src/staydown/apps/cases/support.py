"""Which reports keep an entry alive, and what becomes of it when the last of them is gone."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from django.db.models import Q

from staydown.apps.audit.actor import Actor
from staydown.apps.banks import actions as banks
from staydown.apps.banks import keeping
from staydown.apps.banks.models import LIVE, Entry, State
from staydown.apps.cases.models import Case, Hit, Item, Report
from staydown.apps.sharing import actions as sharing
from staydown.apps.sharing.events import Event

GONE = (Item.State.WITHDRAWN, Item.State.DECLINED)


def entries_of(items: Iterable[Item]) -> list[Entry]:
    """The live entries behind ``items``: a picture's own, and those that an upload matched; in one order everywhere."""
    pks = [item.pk for item in items]
    behind = Q(pdq_items__in=pks) | Q(sha256_items__in=pks) | Q(hits__item__in=pks)
    return list(Entry.objects.filter(behind, state__in=LIVE).distinct().order_by("pk"))


def own_entries(items: Iterable[Item]) -> list[Entry]:
    """The live entries that came with ``items`` themselves."""
    pks = [item.pk for item in items]
    return list(
        Entry.objects.filter(Q(pdq_items__in=pks) | Q(sha256_items__in=pks), state__in=LIVE).distinct().order_by("pk")
    )


def matched_entries(items: Iterable[Item]) -> list[Entry]:
    """The live entries that uploads among ``items`` matched."""
    hits = Hit.objects.filter(item__in=[item.pk for item in items]).values("entry_id")
    return list(Entry.objects.filter(pk__in=hits, state__in=LIVE).order_by("pk"))


def reports_about(case: Case, items: Iterable[Item]) -> list[Report]:
    """The reports of ``case`` that ``items`` came with, and those that still hold what an upload among them matched.

    No other report of the case: what becomes of a picture that somebody did not report themselves is not theirs to see.
    """
    pks = [item.pk for item in items]
    matched = Hit.objects.filter(item__in=pks).values("entry_id")
    holds = Q(report__withdrawn_at=None) & (Q(pdq_entry__in=matched) | Q(sha256_entry__in=matched))
    held = case.items.filter(holds).exclude(state=Item.State.WITHDRAWN)
    own = case.items.filter(pk__in=pks)
    concerned = Q(pk__in=own.values("report_id")) | Q(pk__in=held.values("report_id"))
    return list(case.reports.filter(concerned).order_by("pk"))


def are_blocked(report: Report, item_ids: Collection[str]) -> bool:
    """Whether copies of a picture of ``report`` are blocked now that these items were about: it or an upload of it."""
    decided = Item.objects.filter(public_id__in=item_ids, case=report.case_id)
    uploads = Hit.objects.filter(item__in=decided).values("entry_id")
    about = Q(pk__in=decided) | Q(pdq_entry__in=uploads) | Q(sha256_entry__in=uploads)
    own = report.items.filter(about).exclude(state__in=GONE).select_related("pdq_entry", "sha256_entry")
    return any(item.blocks_copies for item in own)


def is_supported(entry: Entry) -> bool:
    """Whether an import, a source, or an item of some report that was neither withdrawn nor declined wants the entry.

    The head of the feed is held.
    """
    return bool(keeping.kept([entry.pk]))


def reported(entries: Collection[int]) -> set[int]:
    """Those of ``entries``, by primary key, that an item of some report or order keeps."""
    items = Item.objects.filter(report__withdrawn_at=None).exclude(state__in=GONE)
    pdq = items.filter(pdq_entry__in=entries).values_list("pdq_entry", flat=True)
    sha256 = items.filter(sha256_entry__in=entries).values_list("sha256_entry", flat=True)
    return {*pdq, *sha256}


def enforce(entries: Iterable[Entry], *, by: Actor) -> int:
    """How many of ``entries`` became enforced now; each is announced."""
    pending = [entry for entry in entries if entry.state == State.PENDING]
    if pending:
        banks.enforce_all(pending, by=by)
    sharing.announce_all([(Event.ENTRY_ENFORCED, {"entry": str(entry.public_id)}) for entry in pending])
    return len(pending)


def withdraw(entry: Entry, *, by: Actor) -> Entry:
    """The entry withdrawn and announced."""
    sharing.announce(Event.ENTRY_WITHDRAWN, {"entry": str(entry.public_id)})
    return banks.withdraw(entry, by=by)


def withdraw_unsupported(entries: Iterable[Entry], *, by: Actor) -> int:
    """How many of ``entries`` were withdrawn because nothing supports them any more."""
    return len([withdraw(entry, by=by) for entry in entries if not is_supported(entry)])


def reverse_unsupported(entries: Iterable[Entry], *, by: Actor) -> int:
    """How many of ``entries`` were reversed because nothing supports them any more; each is announced as withdrawn."""
    gone = [entry for entry in entries if not is_supported(entry)]
    for entry in gone:
        banks.reverse(entry, by=by)
        sharing.announce(Event.ENTRY_WITHDRAWN, {"entry": str(entry.public_id)})
    return len(gone)
