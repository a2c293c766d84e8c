"""Hidden at once, decided later: for a law whose clock cannot wait for a person.

The platform is asked at receipt, by staydown and in its name. A moderator decides as about anything else that is
hidden: to remove it for good, or to decline, which has it shown again.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from staydown.apps.audit import actions as audit
from staydown.apps.audit.actor import Actor
from staydown.apps.cases import regimes, settling
from staydown.apps.cases.actions import notices
from staydown.apps.cases.actions.deciding import written
from staydown.apps.cases.actions.notices import NoticeForm
from staydown.apps.cases.models import Action, Case, Decision, Item, Report
from staydown.apps.sharing import actions as sharing
from staydown.apps.sharing.events import Event
from staydown.core.law.regime import Regime
from staydown.core.law.schema import Role

VERB: Final = "case.hidden_at_once"
REASON: Final = "The time limit of this law leaves no time to look first. Hidden until a person has decided."


def hide_at_once(case: Case, report: Report, *, now: datetime) -> Decision | None:
    """The decision by which everything of ``report`` that is somewhere is hidden now, where a law of the held ``case``
    wants it; None where none does, or where there is nothing to hide.

    Inside the caller's transaction, after the report has its line and its clocks.
    """
    wanting = [regime for regime in regimes.pinned(case) if _wants(regime, report)]
    items = list(report.items.filter(kind=Item.Kind.LINK, state=Item.State.OPEN))
    if not wanting or not items:
        return None
    by = Actor.system()
    said = {"verdict": Decision.Verdict.DISABLE, "regime_id": wanting[0].id, "ground": "", "reason": REASON}
    decision = written(items, case=case, staff=None, by=by, at=now, **said)
    Item.objects.filter(pk__in=[item.pk for item in items]).update(state=Item.State.ASKED)
    actions = Action.objects.bulk_create(
        Action(decision=decision, item=item, kind=Action.Kind.DISABLE, asked_at=now) for item in items
    )
    if case.state != Case.State.MINORS:  # the uploader of a child's picture is not warned
        notices.draw(actions, NoticeForm(), by=by, now=now)
    settling.settle(case, now, decision=decision)
    facts = {"regime": decision.regime_id, "items": [str(item.public_id) for item in items]}
    audit.record(VERB, by=by, about=case, also=[decision, report], facts=facts)
    asked = [{"action": str(action.public_id), "case": str(case.public_id)} for action in actions]
    sharing.announce_all([(Event.ACTION_REQUESTED, each) for each in asked])
    return decision


def _wants(regime: Regime, report: Report) -> bool:
    """Whether this law has content hidden at receipt, and gives the sender of ``report`` that power."""
    roles = {Role.ANYONE.value, report.role}
    return regime.interim_action.automatic and bool(roles & {role.value for role in regime.reporter_roles})
