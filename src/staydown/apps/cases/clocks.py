"""The clocks of a case: which are opened by what, and which hiding stops."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db.models import Q, QuerySet

from staydown.apps.cases import regimes
from staydown.apps.cases.models import Case, Clock, Item, Order, Report
from staydown.core.law import checklist
from staydown.core.law.clocks import Deadline, deadlines
from staydown.core.law.schema import Regime, Shown, Start


def open_clocks(
    case: Case, now: datetime, *, report: Report | None = None, waiting: Collection[Item] | None = None
) -> list[Clock]:
    """A running clock for each limit of the pinned regimes, counted from receipt: that is never too late.

    Without a report it is a hit that starts them: copies are owed the same hours from the moment we know of them. Of
    what is ``waiting`` and hidden, only the limits count that hiding does not meet.
    """
    met = _met_by_hiding(case) if waiting is not None and not _seen(waiting) else set()
    found = [each for regime in regimes.pinned(case) for each in deadlines(regime, _events(regime, report, now))]
    return _opened(case, [each for each in found if (each.regime_id, each.clock_id) not in met], report)


def note_validity(report: Report, now: datetime) -> int:
    """How many laws' own clocks start now because ``report`` has become complete under them. Work began at receipt."""
    started = 0
    for regime in regimes.pinned(report.case):
        for deadline in deadlines(regime, _events(regime, report, now)):
            own = report.clocks.filter(regime_id=deadline.regime_id, clock_id=deadline.clock_id)
            waiting = own.filter(stopped_at=None, legal_due_at=None)
            started += waiting.update(legal_due_at=deadline.legal_due) if deadline.legal_due else 0
    return started


def _events(regime: Regime, report: Report | None, now: datetime) -> dict[Start, datetime]:
    """What happened now that this law counts from: the receipt, and that the report is complete, if it is."""
    is_valid = report is not None and checklist.is_valid(regime, report.provided)
    return {Start.RECEIVED: now, Start.VALID: now} if is_valid else {Start.RECEIVED: now}


def take_in_laws_on_minors(case: Case, now: datetime) -> None:
    """Pin to ``case``, which turned out to show somebody under 18, the laws that hold for such cases, and start their
    clocks now. Those that it was received under stay: they have the content taken down."""
    pinned = {pin["id"] for pin in case.regimes}
    new = [law for law in regimes.in_force(now, shown=Shown.MINOR) if law.id not in pinned]
    case.regimes = [*case.regimes, *regimes.pin(new, now)]
    case.save(update_fields=["regimes"])
    _opened(case, [each for law in new for each in deadlines(law, {Start.RECEIVED: now})])


def open_order_clocks(order: Order) -> list[Clock]:
    """A running clock for each limit of the order's law, counted from the moment it was served, or as it says itself.

    A law that counts from a notice and one that counts from an order mean this same moment.
    """
    served = {Start.ORDER_SERVED: order.served_at, Start.NOTICE_SERVED: order.served_at}
    laws = (regime for regime in regimes.pinned(order.case) if regime.id == order.regime_id)
    return _opened(order.case, [each for law in laws for each in deadlines(law, served, ordered=order.due_at)])


def stopped_by_hiding(case: Case, running: QuerySet[Clock], waiting: Collection[Item]) -> QuerySet[Clock]:
    """Those of the ``running`` clocks whose law asks no more than that nothing of their report can be seen: all of it
    that is somewhere and still waits is hidden."""
    limits = _met_by_hiding(case)
    if not limits:
        return running.none()
    hidden = {item.report_id for item in waiting if item.state == Item.State.DISABLED}
    seen = {item.report_id for item in _seen(waiting)}
    named = Q()
    for regime_id, clock_id in limits:
        named |= Q(regime_id=regime_id, clock_id=clock_id)
    of_all = Q(report=None) if hidden and not seen else Q(pk=None)  # a clock of no report is about all that waits
    return running.filter(named & (Q(report__in=hidden - seen - {None}) | of_all))


def _opened(case: Case, found: Collection[Deadline], report: Report | None = None) -> list[Clock]:
    return [
        Clock.objects.create(
            case=case,
            report=report,
            regime_id=deadline.regime_id,
            clock_id=deadline.clock_id,
            starts_at=deadline.starts_at,
            due_at=deadline.due_at,
            legal_due_at=deadline.legal_due,
        )
        for deadline in found
    ]


def _met_by_hiding(case: Case) -> set[tuple[str, str]]:
    """The limits on this case that hidden content meets, as ids of regime and clock."""
    pinned = regimes.pinned(case)
    return {(regime.id, clock.id) for regime in pinned for clock in regime.clocks if clock.hiding_is_enough}


def _seen(items: Collection[Item]) -> list[Item]:
    """Those of ``items`` that are somewhere and not hidden. A picture's hash is nowhere to be seen."""
    return [item for item in items if item.kind != Item.Kind.HASH and item.state != Item.State.DISABLED]
