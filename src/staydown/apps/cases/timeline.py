"""What a reporter is told of their report: what happened on which day, who does what next, and by when.

Read from the log, so it says what was done and nothing else; of blocked copies only while they are blocked. Days
without hours, and nothing of other reporters: a line is theirs only where their own report stands in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

from django.db.models import Min
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from staydown.apps.audit.querysets import history
from staydown.apps.cases import checklist, choosing_again, regimes, support
from staydown.apps.cases.models import Action, Case, Decision, Item, Report
from staydown.core.law.schema import Ground
from staydown.errors import GroundError, RegimeError

Text = str | Promise
Verdict, Kind, Result = Decision.Verdict, Action.Kind, Action.Result

RECEIVED: Final = _("We received your report.")
WITHDRAWN: Final = _("You withdrew your report. Copies are no longer looked for on its account.")
ITEM_WITHDRAWN: Final = _("You withdrew one thing from your report.")
OWN: Final[dict[str, Text]] = {
    "report.received": RECEIVED,
    "report.withdrawn": WITHDRAWN,
    "item.withdrawn": ITEM_WITHDRAWN,
    "report.added": _("You added something to your report."),
    "report.completed": _("You added what some laws ask for."),
    "report.asked": _("A moderator asked you a question."),
    "report.answered": _("You answered a question."),
    "report.mail_asked": _("You asked for e-mails when there is news."),
    "report.mail_stopped": _("You stopped the e-mails."),
    "report.mailed": _("We sent an e-mail that there is news."),
    "report.parts_deleted": _("You deleted something that you had written."),
    "appeal.received": _("You asked for another look."),
}
LOOKED_AGAIN: Final[dict[str, Text]] = {
    "upheld": _("Another person looked at it again. The decision stays."),
    "reversed": _("Another person looked at it again and changed the decision."),
}
DECIDED: Final[dict[str, Text]] = {
    Verdict.REMOVE: _("A moderator decided that it must go."),
    Verdict.DISABLE: _("A moderator decided that it must be hidden until the final decision."),
    Verdict.DECLINE: _("A moderator decided not to take it down."),
    Verdict.RESTORE: _("A moderator decided that it may be shown again."),
}
HIDDEN_AT_ONCE: Final = _("The platform was asked to hide it at once. A moderator decides afterwards.")
BLOCKED: Final = _("A moderator decided that it must go. Copies of it are blocked from now on.")
ANSWERED: Final[dict[tuple[str, str], Text]] = {
    (Kind.REMOVE, Result.REMOVED): _("It was taken down."),
    (Kind.REMOVE, Result.NOT_FOUND): _("It was looked for and is no longer there."),
    (Kind.REMOVE, Result.FAILED): _("Taking it down did not work yet. A moderator was told at once."),
    (Kind.DISABLE, Result.DISABLED): _("It was hidden."),
    (Kind.DISABLE, Result.REMOVED): _("It was taken down."),
    (Kind.DISABLE, Result.NOT_FOUND): _("It was looked for and is no longer there."),
    (Kind.DISABLE, Result.FAILED): _("Hiding it did not work yet. A moderator was told at once."),
    (Kind.RESTORE, Result.RESTORED): _("It is shown again."),
    (Kind.RESTORE, Result.FAILED): _("Showing it again did not work yet. A moderator was told at once."),
}
SUSPECTED: Final = _(
    "A moderator saw that someone in it may be under 18. So we deleted the fingerprints, and a person who is trained "
    "for this has it taken down here. Other services can do more: see “If someone in the picture is under 18”."
)
UNLOCKED: Final = _(
    "Two people who are trained for this looked again: nobody under 18 is in it. That was our mistake, and we are "
    "sorry. Your report goes on, with the same time limit as before."
)
ERASED: Final = _("What you had written was deleted here, before its usual time.")
MODERATOR: Final = _("A moderator")
PROTECTOR: Final = _("A person who is trained for this")
PLATFORM: Final = _("The platform's technicians")
NOBODY: Final = _("Nobody")


@dataclass(frozen=True, slots=True)
class TimelineLine:
    """One thing that happened. ``detail`` is the law's own ground where something was declined."""

    date: date
    verb: str
    text: Text
    detail: str = ""


@dataclass(frozen=True, slots=True)
class NextStep:
    """Who does what next, and by which day. ``is_owed``: a law owes that day, because nothing that it asks is missing.

    Otherwise it is the day that we work towards all the same.
    """

    who: Text
    text: Text
    by: date | None = None
    is_owed: bool = False


def timeline(report: Report) -> list[TimelineLine]:
    """What happened to a report, the oldest first."""
    lines = []
    for line in history(report):
        text, detail = _said(report, line.verb, line.facts or {})
        if text:
            lines.append(TimelineLine(line.at.astimezone(UTC).date(), line.verb, text, detail))
    return lines


def foretold(verdict: str, items: Sequence[Item], ground: Ground | None) -> tuple[Text, str]:
    """The sentence, and the law's own ground, that a reporter would read if this were decided about these items."""
    if verdict == Verdict.REMOVE and any(item.pdq_entry_id or item.sha256_entry_id for item in items):
        return BLOCKED, ""
    return DECIDED.get(Verdict(verdict), ""), ground.text if ground else ""


def next_step(report: Report) -> NextStep:
    """What happens next to a report, by whom and by when."""
    case = report.case
    if report.withdrawn_at is not None:
        return NextStep(NOBODY, _("Nothing more happens. You can send a new report at any time."))
    due = _due(report)
    by = due.astimezone(UTC).date() if due else None
    owed = by is not None and any(law.is_valid for law in checklist.for_report(report).laws)
    states = set(report.items.values_list("state", flat=True))
    if states & {Item.State.OPEN, Item.State.DISABLED} or (not states and case.state == Case.State.OPEN):
        if case.state == Case.State.MINORS:
            return NextStep(PROTECTOR, _("asks for it to be taken down here."), by, owed)
        if choosing_again.without_hash(report) and not _waits_otherwise(report):
            return NextStep(NOBODY, _("Please choose your pictures again, as we ask below."), by, owed)
        return NextStep(MODERATOR, _("looks at your report and decides."), by, owed)
    if Item.State.ASKED in states:
        return NextStep(PLATFORM, _("take it down and tell us when it is done."), by, owed)
    if states <= {Item.State.DECLINED, Item.State.WITHDRAWN}:
        return NextStep(NOBODY, _("Nothing more happens. If something has changed, send a new report."))
    return NextStep(NOBODY, _nothing_to_do(report))


def _waits_otherwise(report: Report) -> bool:
    """Whether something of the report waits for a moderator besides pictures that have to be chosen again."""
    waiting = report.items.filter(state__in=[Item.State.OPEN, Item.State.DISABLED])
    return waiting.exclude(pk__in=[item.pk for item in choosing_again.without_hash(report)]).exists()


def _due(report: Report) -> datetime | None:
    """The earliest running deadline of the report; for what was added after its own clocks had stopped, of the case."""
    running = report.case.clocks.filter(stopped_at=None)
    due: datetime | None = running.filter(report=report).aggregate(due=Min("due_at"))["due"]
    return due or running.filter(report=None).aggregate(due=Min("due_at"))["due"]


def _nothing_to_do(report: Report) -> Text:
    """What a reporter reads once all is done: of blocked copies only where an entry of their own pictures blocks."""
    pictures = report.items.filter(kind=Item.Kind.HASH).exclude(state__in=support.GONE)
    blocked = [item.blocks_copies for item in pictures.select_related("pdq_entry", "sha256_entry")]
    if not blocked:
        return _("You need do nothing.")
    if not any(blocked):
        return _("You need do nothing. Copies of what you gave us are not blocked.")
    if not all(blocked):
        return _("You need do nothing. New copies of some of it are blocked: it is said beside each.")
    return _("You need do nothing. New copies of what you gave us are blocked.")


def _said(report: Report, verb: str, facts: Mapping[str, Any]) -> tuple[Text, str]:
    """The sentence for one line of the log, and its detail; empty for what is nothing to a reporter."""
    if verb in OWN:
        return OWN[verb], ""
    if verb == "appeal.decided":
        return LOOKED_AGAIN.get(str(facts.get("outcome")), ""), ""
    if verb == "case.minor_suspected":
        return SUSPECTED, ""
    if verb == "case.unlocked":
        return UNLOCKED, ""
    if verb == "case.forgotten":
        return (ERASED if facts.get("ordered") else ""), ""
    if verb == "case.hidden_at_once":
        return HIDDEN_AT_ONCE, ""
    if verb == "case.decided":
        verdict = str(facts.get("verdict", ""))
        if verdict == Verdict.REMOVE and support.are_blocked(report, facts.get("items", ())):
            return BLOCKED, ""
        return DECIDED.get(verdict, ""), _ground(report, facts) if verdict == Verdict.DECLINE else ""
    if verb == "action.answered":
        return ANSWERED.get((str(facts.get("kind")), str(facts.get("result"))), ""), ""
    return "", ""


def _ground(report: Report, facts: Mapping[str, Any]) -> str:
    """The ground of a decline, as the law of the case words it."""
    try:
        return regimes.pinned_one(report.case, str(facts.get("regime"))).ground(str(facts.get("ground"))).text
    except (GroundError, RegimeError):
        return ""
