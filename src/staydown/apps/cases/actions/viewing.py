"""A look at what a reporter wrote: allowed to those who decide, and never without a line in the log."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db import transaction
from django.utils import timezone

from staydown.apps.accounts import access as accounts
from staydown.apps.accounts.models import Role, Staff
from staydown.apps.audit import actions as audit
from staydown.apps.audit.actor import Actor
from staydown.apps.audit.querysets import was_done
from staydown.apps.cases.access import DECIDERS
from staydown.apps.cases.models import Case

VERB: Final = "case.viewed"
SAME_LOOK: Final = timedelta(minutes=30)  # a page loaded again while someone works on it is not another look


@transaction.atomic
def view_case(case: Case, staff: Staff, *, by: Actor | None = None) -> bool:
    """Whether this look is a new line in the log; the same person within half an hour is the same look.

    Call it before anything sealed is shown: raises `DeniedError` for those who neither decide nor
    protect children.
    """
    accounts.require_role(staff, *DECIDERS, Role.PROTECTION)
    actor = by or accounts.staff_actor(staff)
    since = timezone.now() - SAME_LOOK
    if was_done(VERB, case, by=actor.id, since=since):
        return False
    audit.record(VERB, by=actor, about=case)
    return True
