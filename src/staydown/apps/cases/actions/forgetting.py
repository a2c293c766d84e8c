"""What is kept long enough is forgotten: the words and the addresses of closed cases, for good."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from django.apps import apps
from django.conf import settings
from django.db import models, transaction
from django.utils import timezone

from staydown.apps.audit import actions as audit
from staydown.apps.audit.actor import Actor
from staydown.apps.audit.facts import reference
from staydown.apps.banks.models import Proposal
from staydown.apps.cases import settling
from staydown.apps.cases.keeping import ARTEFACTS, CLOSED, closed, due_on
from staydown.apps.cases.keeping_models import Keeping
from staydown.apps.cases.models import Case, Hit
from staydown.apps.vault import erasing

WAYS: Final = {
    "Report": "case",
    "Item": "case",
    "Hit": "case",
    "Decision": "case",
    "Note": "case",
    "Order": "case",
    "Appeal": "case",
    "Action": "item__case",
    "Question": "report__case",
    "MailTo": "report__case",
    "Unfounded": "report__case",
    "UploaderNotice": "action__item__case",
}
"""How the rows of each model belong to a case; proposals name it as the log does."""


def tick(*, by: Actor, today: date | None = None) -> int:
    """How many artefacts were erased because their time is over. For the daily work; twice a day changes nothing.

    Cases that were closed since the last time begin to count, and those that were opened again stop. Each case is
    erased in a transaction of its own, so that a fault in one keeps none of the others.
    """
    today = today or timezone.now().date()
    _begin(today)
    hits = _forget_hits(today)
    return hits + sum(_forget_due(keeping, today, by) for keeping in _waiting(today))


def _begin(today: date) -> None:
    """Note which cases are closed now."""
    with transaction.atomic():
        Keeping.objects.exclude(case__state__in=(*CLOSED, Case.State.MINORS)).delete()
        Keeping.objects.filter(case__state=Case.State.MINORS, case__items__state__in=settling.WAITING).delete()
        Keeping.objects.exclude(version=models.F("case__version")).delete()
        new = closed().filter(keeping=None).values_list("pk", "version")
        Keeping.objects.bulk_create(
            (Keeping(case_id=pk, version=version, closed_on=today) for pk, version in new), ignore_conflicts=True
        )


def _waiting(today: date) -> Iterable[Keeping]:
    """The closed cases of which something might be due: closed for long enough by the operator's own measure."""
    shortest = min(settings.STAYDOWN_KEEP.values())
    found = Keeping.objects.filter(closed_on__lte=today - timedelta(days=shortest)).select_related("case")
    return [keeping for keeping in found.order_by("pk") if set(keeping.forgotten) < set(ARTEFACTS)]


def _forget_due(keeping: Keeping, today: date, by: Actor) -> int:
    due = [each for each in ARTEFACTS if each not in keeping.forgotten and due_on(keeping, each) <= today]
    return forget(keeping.case, due, by=by) if due else 0


@transaction.atomic
def forget(case: Case, artefacts: Iterable[str], *, by: Actor, is_ordered: bool = False) -> int:
    """How many artefacts of a closed ``case`` were erased: every word and address of theirs is overwritten.

    ``is_ordered``: somebody had it done before its time, which its reporters read on their pages.

    The rows stay, for the log speaks of them, and so do states and times: the reporter's code still opens the timeline
    and still takes the hashes back.
    """
    held = settling.held(case)
    keeping = Keeping.objects.select_for_update().filter(case=held, version=held.version).first()
    if keeping is None or not closed().filter(pk=held.pk).exists():
        return 0  # opened again since it was found
    done = [each for each in artefacts if each not in keeping.forgotten]
    values = sum(_erase(held, name) for artefact in done for name in ARTEFACTS[artefact])
    keeping.forgotten = sorted({*keeping.forgotten, *done})
    keeping.save(update_fields=["forgotten"])
    if done:
        facts = {"artefacts": sorted(done), "values": values, "ordered": is_ordered}
        told = list(held.reports.order_by("pk")) if is_ordered and "report" in done else []
        audit.record("case.forgotten", by=by, about=held, also=told, facts=facts)
        erasing.leave_no_trace()
    return len(done)


def _forget_hits(today: date) -> int:
    """Blank the addresses of hits that were not seen for as long as addresses are kept; 1 if there were any.

    A case that keeps copies down is hit for years after it was closed, and each hit names an upload.
    """
    before = datetime.combine(today, time(), UTC) - timedelta(days=settings.STAYDOWN_KEEP["content_pointer"])
    with transaction.atomic():
        old = Hit.objects.filter(last_at__lt=before, item=None).exclude(content_ref=None, preview_url=None)
        found = old.update(content_ref=None, preview_url=None)
        if found:
            erasing.leave_no_trace()
    return int(bool(found))


def rows_of(case: Case, model_name: str) -> models.QuerySet[Any]:
    """The rows of this model that are about ``case``."""
    if model_name == Proposal.__name__:
        return Proposal.objects.filter(about=reference(case))
    model = apps.get_model("staydown_cases", model_name)
    return model._base_manager.filter(**{WAYS[model_name]: case})


def _erase(case: Case, name: str) -> int:
    """How many values of one column of the case's rows were overwritten with an empty one."""
    model_name, field = name.split(".")
    count = 0
    for row in rows_of(case, model_name).exclude(**{field: None}).only("pk", "public_id", field):
        setattr(row, field, "")  # sealed emptiness, not NULL: some rows must have an address to be what they are
        row.save(update_fields=[field])
        count += 1
    return count
