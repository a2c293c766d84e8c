"""Appeals: either side asks that a decision is looked at again, and another person than decided answers.

An uploader appeals with the code of their notice, a reporter with their receipt; neither needs an account. What a
person writes is sealed. Each side may appeal a decision once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.utils import timezone

from staydown.apps.accounts import access as accounts
from staydown.apps.accounts.models import Staff
from staydown.apps.audit import actions as audit
from staydown.apps.audit.actor import Actor
from staydown.apps.banks import feed_writing
from staydown.apps.cases import appeals, impartial, regimes, settling
from staydown.apps.cases.access import DECIDERS
from staydown.apps.cases.actions import notices
from staydown.apps.cases.actions.carrying_out import Work, carry_out
from staydown.apps.cases.actions.deciding import NOW, checked_form, written
from staydown.apps.cases.actions.notices import NoticeForm
from staydown.apps.cases.actions.restoring import check_ground, not_locked
from staydown.apps.cases.impartial import Standing
from staydown.apps.cases.intake import MOST_WORDS
from staydown.apps.cases.models import Appeal, Case, Decision, Item, Report, UploaderNotice
from staydown.apps.sharing import actions as sharing
from staydown.apps.sharing.events import Event
from staydown.errors import DeniedError, GroundError, InvalidError, StateError

Verdict, Side, State = Decision.Verdict, Appeal.Side, Appeal.State
TAKES_DOWN: Final = (Verdict.REMOVE, Verdict.DISABLE)

#: How soon another person looks. Ours: a reporter's complaint is expedited by UK law, which names no hours.
ANSWERED_WITHIN: Final = {Side.REPORTER: timedelta(hours=24), Side.UPLOADER: timedelta(days=7)}


@dataclass(frozen=True, slots=True, repr=False)
class Answer:
    """What another person found: the decision stays (``upheld``), or a new one replaces it (``reversed``).

    ``reason`` is for colleagues, ``answer`` for whoever appealed. ``items`` (None: those appealed about) and ``ground``
    (where the law lists some) are for showing something again, ``notice`` for taking something down.
    """

    outcome: str
    reason: str
    answer: str = ""
    items: Sequence[Item] | None = None
    ground: str = ""
    notice: NoticeForm = NOW

    def __repr__(self) -> str:
        return f"<Answer {self.outcome}>"


@transaction.atomic
def appeal(notice: UploaderNotice, *, words: str, by: Actor | None = None) -> Appeal:
    """The uploader's appeal against what their ``notice`` tells them of. Sent again: the first one stands.

    Raises `StateError` once the time to appeal is over, `InvalidError` for words that are missing or too long.
    """
    words = _checked_words(words)
    case = settling.held(notice.action.item.case)
    if (sent := Appeal.objects.filter(notice=notice).first()) is not None:
        return sent
    now, decision = timezone.now(), notice.action.decision
    ends_at = appeals.ends_at(notice)
    if ends_at is not None and now > ends_at:
        raise StateError("The time in which this decision could be appealed is over.")
    found = Appeal(case=case, decision=decision, side=Side.UPLOADER, notice=notice, words=words)
    return _receive(found, [notice.action.item], by or Actor.uploader(notice.public_id), now)


@transaction.atomic
def complain(report: Report, *, words: str, decision: Decision | None = None, by: Actor | None = None) -> Appeal:
    """The complaint of a ``report`` against a decision not to take something of it down. Twice: the first one stands.

    ``decision`` is one of `appeals.open_to_complaint`; none: the newest of them. Raises `StateError` when there is
    nothing to complain about, `InvalidError` for words that are missing or too long.
    """
    words = _checked_words(words)
    case = settling.held(report.case)
    if decision is not None and (sent := report.appeals.filter(decision=decision).first()) is not None:
        return sent
    possible = appeals.open_to_complaint(report)
    wanted = [each for each in possible if decision is None or each.pk == decision.pk]
    if not wanted:
        raise StateError("There is no decision here that you can ask to be looked at again.")
    items = appeals.declined_in(wanted[0], report)
    found = Appeal(case=case, decision=wanted[0], side=Side.REPORTER, report=report, words=words)
    return _receive(found, items, by or Actor.reporter(report.public_id), timezone.now())


def _receive(found: Appeal, items: Sequence[Item], by: Actor, now: datetime) -> Appeal:
    """Save the appeal, write its line, tell the platform. An uploader's is no line of anybody's report."""
    found.received_at, found.due_at = now, now + ANSWERED_WITHIN[Side(found.side)]
    found.save(force_insert=True)
    found.items.set(items)
    also = [found.case, found.decision, *([found.report] if found.report else [])]
    facts = {"side": found.side, "items": [str(item.public_id) for item in items]}
    audit.record("appeal.received", by=by, about=found, also=also, facts=facts)
    sharing.announce(Event.APPEAL_RECEIVED, {"appeal": str(found.public_id), "case": str(found.case.public_id)})
    return found


@transaction.atomic
def decide_appeal(asked: Appeal, given: Answer, *, staff: Staff, by: Actor) -> Appeal:
    """The appeal answered. Reversing a removal shows its items again and reverses their entries; reversing a decline
    asks for their removal.

    Raises `DeniedError` for a person who decided about it before, unless nobody else is there (see `impartial`; the log
    says so then), `StateError` when it is answered already, `GroundError`,
    and `InvalidError` naming the field.
    """
    _check_answer(given)
    stands = require_another(asked, staff)
    case, now = settling.held(asked.case), timezone.now()
    not_locked(case)
    asked = Appeal.objects.select_for_update(of=("self",)).select_related("decision", "report").get(pk=asked.pk)
    if asked.state != State.OPEN:
        raise StateError("Somebody has answered this appeal already. Reload to see what they decided.")
    if given.outcome == State.REVERSED:
        asked.replaced_by = _reverse(asked, case, given, staff, by, now)
    asked.state, asked.decided_at, asked.by_staff = given.outcome, now, staff
    asked.reason, asked.answer = given.reason.strip(), given.answer.strip() or None
    asked.save(update_fields=["state", "decided_at", "by_staff", "reason", "answer", "replaced_by"])
    also = [case, asked.decision, *([asked.report] if asked.report else [])]
    facts = {"side": asked.side, "outcome": asked.state}
    facts |= {"decided_before": True} if stands.is_exception else {}
    audit.record("appeal.decided", by=by, about=asked, also=also, facts=facts)
    sharing.announce(Event.APPEAL_DECIDED, {"appeal": str(asked.public_id), "case": str(case.public_id)})
    return asked


def require_another(asked: Appeal, staff: Staff) -> Standing:
    """How ``staff`` stands to the appeal; raises `DeniedError` where they may not answer it."""
    accounts.require_role(staff, *DECIDERS)
    stands = impartial.standing(asked, staff)
    if stands.refusal:
        raise DeniedError(stands.refusal)
    return stands


def _check_answer(given: Answer) -> None:
    checked_form(Verdict.RESTORE, given.reason)
    if given.outcome not in {State.UPHELD, State.REVERSED}:
        raise InvalidError("outcome: say whether the decision stays (upheld) or is reversed.")
    if len(given.answer) > MOST_WORDS:
        raise InvalidError(f"answer: at most {MOST_WORDS} characters fit.")


def _checked_words(words: str) -> str:
    if not words.strip():
        raise InvalidError("words: say in your own words why the decision should be looked at again.")
    if len(words) > MOST_WORDS:
        raise InvalidError(f"words: at most {MOST_WORDS} characters fit.")
    return words.strip()


def _chosen(asked: Appeal, case: Case, items: Iterable[Item] | None) -> list[Item]:
    """The items that the reversal is about, as they are now: those appealed about, and others of that decision."""
    appealed = set(asked.items.values_list("pk", flat=True))
    wanted = appealed if items is None else {item.pk for item in items}
    about = {item.pk for item in appeals.reversible_with(asked)}
    if not wanted & appealed or not wanted <= about:
        raise InvalidError("items: tick what was appealed about, and of the rest only what the decision was about.")
    return list(case.items.filter(pk__in=wanted))


def _reverse(asked: Appeal, case: Case, given: Answer, staff: Staff, by: Actor, now: datetime) -> Decision:
    """The decision that replaces the one appealed against; where another one has done so already, that one."""
    chosen = _chosen(asked, case, given.items)
    is_removal = asked.decision.verdict in TAKES_DOWN
    left = [item for item in chosen if (item.state == Item.State.DECLINED) != is_removal]
    if not left:
        return Decision.objects.filter(items__in=chosen).order_by("-pk")[0]
    regime = regimes.pinned_one(case, asked.decision.regime_id)
    if is_removal:
        check_ground(regime, given.ground)
    elif given.ground:
        raise GroundError("ground: only what shows something again has a ground.")
    notices.check(given.notice, case, now)
    feed_writing.hold()
    verdict = Verdict.RESTORE if is_removal else Verdict.REMOVE
    said = {"verdict": verdict, "regime_id": regime.id, "ground": given.ground, "reason": given.reason.strip()}
    decision = written(left, case=case, staff=staff, by=by, at=now, **said)
    carry_out(Work(case, decision, by, now, given.notice), left)
    return decision
