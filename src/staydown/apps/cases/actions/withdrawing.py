"""A reporter takes a report, or one thing in it, back."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from staydown.apps.audit import actions as audit
from staydown.apps.audit.actor import Actor
from staydown.apps.banks import feed_writing
from staydown.apps.banks.models import LIVE, Entry
from staydown.apps.cases import settling, support
from staydown.apps.cases.models import Action, Case, Hit, Item, MailTo, Report
from staydown.apps.vault import erasing
from staydown.errors import StateError

TAKEN_BACK = (Item.State.OPEN, Item.State.ASKED, Item.State.KEPT_DOWN)


@transaction.atomic
def withdraw_report(report: Report, *, by: Actor) -> Report:
    """The report withdrawn: its items too, and each entry that nothing else supports. Twice: nothing happens.

    What the person wrote about themselves is erased with it, and uploads that matched only these entries are let go.
    What the platform has removed stays removed. What it has disabled still gets its decision: someone's lawful picture
    must not stay hidden because a report was taken back, and nobody's intimate picture come back without a look.
    """
    case = settling.held(report.case)
    feed_writing.hold()
    report = Report.objects.select_for_update().get(pk=report.pk)
    if report.withdrawn_at is not None:
        return report
    now = timezone.now()
    report.withdrawn_at = now
    report.save(update_fields=["withdrawn_at"])
    given_back = _take_back(report.items.all(), now)
    ended = support.withdraw_unsupported(support.own_entries(report.items.all()), by=by)
    _take_back(_orphans(case), now)
    _erase(report)
    settling.stop(report.clocks.filter(stopped_at=None), now)
    erasing.leave_no_trace()
    settling.settle(case, now)
    facts = {"items": given_back, "entries": ended}
    audit.record("report.withdrawn", by=by, about=report, also=[case], facts=facts)
    return report


@transaction.atomic
def withdraw_item(item: Item, *, by: Actor) -> Item:
    """One item withdrawn, with its entries if nothing else supports them. Twice: nothing happens."""
    case = settling.held(item.case)
    feed_writing.hold()
    item = Item.objects.select_for_update().get(pk=item.pk)
    if item.state == Item.State.WITHDRAWN:
        return item
    if item.report_id is None or item.state not in TAKEN_BACK:
        raise StateError(f"An item that is {item.state} cannot be withdrawn.")
    now = timezone.now()
    _take_back([item], now)
    item.refresh_from_db()
    ended = support.withdraw_unsupported(support.own_entries([item]), by=by)
    _take_back(_orphans(case), now)
    erasing.leave_no_trace()
    settling.settle(case, now)
    audit.record("item.withdrawn", by=by, about=item, also=[case, item.report], facts={"entries": ended})
    return item


@transaction.atomic
def withdraw_entry(entry: Entry, *, by: Actor) -> Entry:
    """An entry withdrawn by the operator, whoever supports it: its hash is erased and copies are no longer found.

    The items that it came with stay as they are: whether their case is decided is another matter. Twice: nothing.
    """
    feed_writing.hold()
    erasing.leave_no_trace()
    entry = Entry.objects.get(pk=entry.pk)
    return support.withdraw(entry, by=by) if entry.state in LIVE else entry


def _take_back(items: Iterable[Item], now: datetime) -> int:
    """How many of ``items`` were withdrawn. What the platform was asked and has not answered is cancelled."""
    count = 0
    for item in items:
        if item.state not in TAKEN_BACK:
            continue
        item.actions.filter(state=Action.State.ASKED).update(state=Action.State.CANCELLED)
        item.state = Item.State.DISABLED if settling.is_hidden(item) else Item.State.WITHDRAWN
        item.save(update_fields=["state"])
        count += 1
    return count


def _orphans(case: Case) -> QuerySet[Item]:
    """The uploads of ``case`` that nobody wants acted on: no report is left, or nothing that they matched is live."""
    uploads = case.items.filter(report=None)
    if not case.reports.filter(withdrawn_at=None).exists():
        return uploads
    return uploads.exclude(pk__in=Hit.objects.filter(item__in=uploads, entry__state__in=LIVE).values("item"))


def _erase(report: Report) -> None:
    """Forget what the person of a withdrawn ``report`` wrote: nothing is left to be done with it.

    What was asked for and answered stays in the log, and addresses stay with what the platform was asked about them.
    """
    report.relation = report.contact = report.words = report.signature = None
    report.save(update_fields=["relation", "contact", "words", "signature"])
    report.items.update(label=None)
    MailTo.objects.filter(report=report).delete()
    report.questions.update(answer=None)


def first_visit(report: Report, *, by: Actor) -> bool:
    """Whether this is the first time that the status page is opened with the report's code; notes that it was."""
    with transaction.atomic():
        found = Report.objects.select_for_update().get(pk=report.pk)
        if found.first_seen_at is not None:
            return False
        found.first_seen_at = timezone.now()
        found.save(update_fields=["first_seen_at"])
        audit.record("report.opened", by=by, about=found)
        return True
