"""What may be appealed, until when, and what a reversal would be about. Reads only."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.db.models import Q

from staydown.apps.cases import regimes
from staydown.apps.cases.models import Appeal, Case, Decision, Hit, Item, Report, UploaderNotice
from staydown.core.law.periods import later
from staydown.core.law.schema import Period

#: Where no law of the case states a time. Ours: as long as the longest that we know, the EU's.
USUAL_WINDOW: Final = Period(6, "months")
NOT_TAKEN_DOWN: Final = (Decision.Verdict.DECLINE, Decision.Verdict.RESTORE)


def ends_at(notice: UploaderNotice) -> datetime | None:
    """Until when this notice can be appealed: the longest time of the case's laws from the day its uploader was told.

    None while they have not been told: the time has not begun.
    """
    return None if notice.told_at is None else ends_after(notice.action.item.case, notice.told_at)


def ends_after(case: Case, told_at: datetime) -> datetime:
    """When the time to appeal is over for somebody who was told at ``told_at``."""
    stated = [regime.appeal.window for regime in regimes.pinned(case) if regime.appeal.window.value is not None]
    return max(later(told_at, window) for window in stated or [USUAL_WINDOW])


def open_to_complaint(report: Report) -> list[Decision]:
    """The decisions that left something of ``report`` up and that it has not complained about, the newest first.

    Of each item only the latest decision; nothing of a report that was taken back.
    """
    if report.withdrawn_at is not None:
        return []
    declined = report.items.filter(state=Item.State.DECLINED).prefetch_related("decisions")
    latest = {max(item.decisions.all(), key=lambda each: each.pk) for item in declined if item.decisions.all()}
    complained = set(report.appeals.values_list("decision_id", flat=True))
    possible = (each for each in latest if each.verdict in NOT_TAKEN_DOWN and each.pk not in complained)
    return sorted(possible, key=lambda each: -each.pk)


def declined_in(decision: Decision, report: Report) -> list[Item]:
    """What of ``report`` this decision left up."""
    return list(decision.items.filter(report=report, state=Item.State.DECLINED))


def reversible_with(asked: Appeal) -> list[Item]:
    """What a reversal can be about: everything that the decision was about, for a removal; else what was complained of.

    A picture's hashes are items of their own: to let copies pass they are reversed with the upload.
    """
    if asked.side == Appeal.Side.REPORTER:
        return list(asked.items.all())
    return list(asked.decision.items.all())


def belonging(asked: Appeal) -> set[int]:
    """The items that stand and fall with those appealed about: the pictures that came in the same report, or matched.

    A first choice for the person who answers, who may choose otherwise.
    """
    appealed = list(asked.items.all())
    reports = {item.report_id for item in appealed if item.report_id}
    entries = Hit.objects.filter(item__in=appealed).values("entry_id")
    pictures = Q(report__in=reports) | Q(pdq_entry__in=entries) | Q(sha256_entry__in=entries)
    with_them = asked.decision.items.filter(pictures, kind=Item.Kind.HASH)
    return {item.pk for item in appealed} | set(with_them.values_list("pk", flat=True))
