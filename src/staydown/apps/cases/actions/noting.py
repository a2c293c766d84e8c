"""For the people who work on cases: notes for colleagues, and a count of what each of them uncovered."""

from __future__ import annotations

from typing import Final

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from staydown.apps.accounts import access as accounts
from staydown.apps.accounts.models import Staff
from staydown.apps.audit import actions as audit
from staydown.apps.audit.actor import Actor
from staydown.apps.cases import settling
from staydown.apps.cases.access import DECIDERS
from staydown.apps.cases.models import Case, Exposure, Note
from staydown.errors import InvalidError

MOST_WORDS: Final = 5_000
PAUSE_EVERY: Final = 20  # previews uncovered in a day; ours: nobody knows a number that is safe


@transaction.atomic
def note(case: Case, words: str, *, staff: Staff, by: Actor | None = None) -> Note:
    """A note for colleagues, which neither side ever sees. The log keeps that it was written, not what."""
    accounts.require_role(staff, *DECIDERS)
    if not words.strip() or len(words) > MOST_WORDS:
        raise InvalidError(f"words: write something, at most {MOST_WORDS} characters.")
    case = settling.held(case)
    made = Note.objects.create(case=case, words=words.strip(), by_staff=staff, at=timezone.now())
    audit.record("case.noted", by=by or accounts.staff_actor(staff), about=made, also=[case])
    return made


@transaction.atomic
def count_reveal(staff: Staff) -> int:
    """How many previews this person has uncovered today, this one too. For their own sake: nobody else is shown it."""
    accounts.require_role(staff, *DECIDERS)
    day = timezone.now().date()
    row, is_new = Exposure.objects.get_or_create(staff=staff, day=day, defaults={"reveals": 1})
    if not is_new:
        Exposure.objects.filter(pk=row.pk).update(reveals=F("reveals") + 1)
        row.refresh_from_db()
    return row.reveals


def should_pause(reveals: int) -> bool:
    """Whether to say that a pause would do good: at each so many previews of a day."""
    return reveals > 0 and reveals % PAUSE_EVERY == 0
