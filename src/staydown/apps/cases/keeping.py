"""How long what people wrote about a case is kept once it is closed. Reads only.

As short as the operator says (`STAYDOWN_KEEP_*`), and longer only where a law of the case demands it or somebody may
still appeal. A hash is no part of this: it keeps copies down until its report is withdrawn.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet

from staydown.apps.cases import appeals, regimes
from staydown.apps.cases.keeping_models import Keeping
from staydown.apps.cases.models import Case, Item
from staydown.apps.cases.settling import WAITING
from staydown.apps.vault import keyring
from staydown.core.law.periods import later

CLOSED: Final = (Case.State.DONE, Case.State.WITHDRAWN)
SPREAD: Final = 7  # days over which erasures are spread, so that their day tells nobody the day of the closing

ARTEFACTS: Final[Mapping[str, tuple[str, ...]]] = {
    "report": (
        "Report.relation",
        "Report.contact",
        "Report.words",
        "Report.signature",
        "Report.acknowledgement",
        "MailTo.address",
        "Item.label",
        "Question.text",
        "Question.answer",
        "Order.authority",
        "Order.reference",
        "Order.words",
    ),
    "content_pointer": ("Item.url", "Item.content_ref", "Item.preview_url", "Hit.content_ref", "Hit.preview_url"),
    "decision": (
        "Decision.reason",
        "Action.detail",
        "Note.words",
        "Unfounded.reason",
        "Appeal.words",
        "Appeal.reason",
        "Appeal.answer",
        "UploaderNotice.terms",
        "UploaderNotice.facts",
        "UploaderNotice.because",
        "Proposal.reason",
        "Proposal.decided_because",
    ),
}
"""Every column about a case that holds somebody's words or an address, by the artefact that laws speak of."""

_OF_MINORS: Final = {"report": "minor_data", "content_pointer": "minor_data", "decision": "minor_referral"}


def closed() -> QuerySet[Case]:
    """Every case that is closed. A locked one keeps its state, and is once nothing of it waits to be taken down: its
    links are needed until then."""
    waits = Item.objects.filter(case=OuterRef("pk"), state__in=WAITING)
    return Case.objects.filter(Q(state__in=CLOSED) | Q(~Exists(waits), state=Case.State.MINORS))


def due_on(keeping: Keeping, artefact: str) -> date:
    """The day from which this ``artefact`` of a closed case may be erased."""
    case, closed = keeping.case, _closed(keeping)
    ends = [closed + timedelta(days=settings.STAYDOWN_KEEP[artefact]), *_owed(case, artefact, closed)]
    if case.state != Case.State.MINORS:
        ends.append(appeals.ends_after(case, closed))
    return max(ends).date() + timedelta(days=_spread(case, artefact))


def owed_until(keeping: Keeping, artefact: str) -> date:
    """The day until which this ``artefact`` is kept whatever the operator says: for a law of the case, and of what an
    appeal would be decided on for the time to appeal. What a reporter wrote they can delete at any time themselves."""
    case, closed = keeping.case, _closed(keeping)
    ends = [closed, *_owed(case, artefact, closed)]
    if artefact != "report":
        ends.append(appeals.ends_after(case, closed))
    return max(ends).date()


def _closed(keeping: Keeping) -> datetime:
    return datetime.combine(keeping.closed_on, time(), UTC)


def _owed(case: Case, artefact: str, closed: datetime) -> list[datetime]:
    """Until when the laws of the case have this artefact kept."""
    named = {artefact, _OF_MINORS[artefact]} if case.state == Case.State.MINORS else {artefact}
    kept = (each for regime in regimes.pinned(case) for each in regime.retention if each.artefact in named)
    return [later(closed, each.period) for each in kept]


def _spread(case: Case, artefact: str) -> int:
    """Days from 0 to `SPREAD` - 1, the same each time for one artefact of one case, that nobody outside can foresee."""
    key = keyring.current().secret("days of erasure")
    return hmac.digest(key, case.public_id.bytes + artefact.encode(), "sha256")[0] % SPREAD
