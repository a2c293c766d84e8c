"""What uploaders are told: drawn up with the decision, handed to the platform, which alone knows how to reach them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.utils import timezone

from staydown.apps.audit import actions as audit
from staydown.apps.audit.actor import Actor
from staydown.apps.cases.intake import MOST_LINE
from staydown.apps.cases.models import Action, Case, UploaderNotice
from staydown.apps.cases.notice_codes import codes_of, lookup_id
from staydown.errors import InvalidError

Send = UploaderNotice.Send

MOST_FACTS: Final = 5_000  # characters, as the EU's database of such statements has it
LONGEST_DELAY: Final = timedelta(days=365)
SAME_WORDS: Final = 5  # so many words in a row as the reporter wrote them are a quotation
SHORTEST: Final = 4  # characters of a contact or a signature that are worth looking for


@dataclass(frozen=True, slots=True, repr=False)
class NoticeForm:
    """What a moderator says to the uploaders of what a decision is about, and whether and when they are told.

    ``facts`` empty: a standard sentence. ``terms``: the clause of the platform's own terms that the decision rests on;
    empty: it rests on the law. ``because`` says why they are told later or never; only colleagues read it.
    """

    send: str = Send.NOW
    not_before: datetime | None = None
    because: str = ""
    facts: str = ""
    terms: str = ""

    def __repr__(self) -> str:
        return f"<NoticeForm {self.send}>"


def check(form: NoticeForm, case: Case, now: datetime) -> None:
    """Raise `InvalidError` naming the field, also for words that would give a reporter of ``case`` away."""
    if form.send not in Send.values:
        raise InvalidError(f"notice_send: choose one of {', '.join(Send.values)}.")
    if form.send != Send.NOW and not form.because.strip():
        raise InvalidError("notice_because: say why the uploader is not told at once. Only colleagues read it.")
    if form.send == Send.LATER and (form.not_before is None or not now < form.not_before <= now + LONGEST_DELAY):
        raise InvalidError("notice_not_before: say from when on the uploader may be told, within a year.")
    if form.send != Send.LATER and form.not_before is not None:
        raise InvalidError("notice_not_before: only a notice that is sent later has a day.")
    if len(form.facts) > MOST_FACTS or len(form.terms) > MOST_LINE or len(form.because) > MOST_FACTS:
        raise InvalidError("notice_facts: this is too long.")
    for name in ("facts", "terms"):
        if _gives_away(getattr(form, name), case):
            raise InvalidError(
                f"notice_{name}: this repeats what a reporter wrote, and would tell the uploader who it was. Put it in "
                "other words."
            )


def draw(actions: Sequence[Action], form: NoticeForm, *, by: Actor, now: datetime) -> list[UploaderNotice]:
    """The notices of those ``actions`` that restrict something, saved in the caller's transaction."""
    restricting = [each for each in actions if each.kind != Action.Kind.RESTORE]
    terms, facts, because = (text.strip() or None for text in (form.terms, form.facts, form.because))
    basis = UploaderNotice.Basis.TERMS if terms else UploaderNotice.Basis.LAW
    found = [
        UploaderNotice(
            action=action,
            basis=basis,
            terms=terms,
            facts=facts,
            send=form.send,
            not_before=form.not_before,
            because=because,
            decided_by=by.kind,
            made_at=now,
        )
        for action in restricting
    ]
    for notice, code in zip(found, codes_of(found), strict=True):
        notice.lookup_id = lookup_id(code)
    return UploaderNotice.objects.bulk_create(found)


def hand_over(notice: UploaderNotice, *, by: Actor) -> UploaderNotice:
    """The notice, noted as given to the platform if it may be told now: the time to appeal counts from the first time.

    One that is held back stays as it is.
    """
    now = timezone.now()
    if notice.told_at is not None or not notice.may_be_told(now):
        return notice
    with transaction.atomic():
        notice = UploaderNotice.objects.select_for_update().select_related("action__item__case").get(pk=notice.pk)
        if notice.told_at is None:
            notice.told_at = now
            notice.save(update_fields=["told_at"])
            audit.record("notice.handed_over", by=by, about=notice, also=[notice.action, notice.action.item.case])
    return notice


def _gives_away(text: str, case: Case) -> bool:
    """Whether ``text`` holds a reporter's contact, signature or relation, or several of their words in a row."""
    said = " ".join(text.casefold().split())
    if not said:
        return False
    for report in case.reports.all():
        for given in (report.contact, report.signature, report.relation):
            given = " ".join((given or "").casefold().split())
            if len(given) >= SHORTEST and given in said:
                return True
        words = (report.words or "").casefold().split()
        runs = (" ".join(words[at : at + SAME_WORDS]) for at in range(len(words) - SAME_WORDS + 1))
        if any(run in said for run in runs):
            return True
    return False
