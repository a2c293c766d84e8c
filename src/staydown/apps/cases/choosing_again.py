"""Pictures that wait without a hash, because their case was locked by mistake. Reads only."""

from __future__ import annotations

from staydown.apps.banks.models import LIVE
from staydown.apps.cases.models import Case, Item, Report

WAITING = (Item.State.OPEN, Item.State.KEPT_DOWN)


def erased_by_mistake(report: Report) -> set[int]:
    """The pictures of ``report``, by primary key, whose hashes were erased when its case was locked, and later given
    back. Each that was chosen again is another item."""
    lifted = report.case.locks.exclude(lifted_at=None).values_list("items", flat=True)
    named = {public_id for items in lifted for public_id in items}
    if not named:
        return set()
    pictures = report.items.filter(kind=Item.Kind.HASH, public_id__in=named)
    pictures = pictures.exclude(pdq_entry__state__in=LIVE).exclude(sha256_entry__state__in=LIVE)
    return set(pictures.values_list("pk", flat=True))


def without_hash(report: Report) -> list[Item]:
    """Those of them that still wait, or would be kept down, and that nobody has chosen again."""
    if report.withdrawn_at is not None or report.case.state == Case.State.MINORS:
        return []
    erased = erased_by_mistake(report)
    return list(report.items.filter(pk__in=erased, state__in=WAITING).order_by("pk")) if erased else []
