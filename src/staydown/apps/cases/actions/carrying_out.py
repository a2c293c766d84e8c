"""What a decision does: to the items, to the entries, and what it asks of the platform. A few queries, however many."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from staydown.apps.audit import actions as audit
from staydown.apps.audit.actor import Actor
from staydown.apps.cases import settling, support
from staydown.apps.cases.actions import notices
from staydown.apps.cases.actions.notices import NoticeForm
from staydown.apps.cases.models import Action, Case, Decision, Item
from staydown.apps.sharing import actions as sharing
from staydown.apps.sharing import saying
from staydown.apps.sharing.events import Event
from staydown.apps.sharing.saying import Word

Verdict = Decision.Verdict


@dataclass(frozen=True, slots=True)
class Work:
    """A decision being carried out, and what the uploaders are told of it."""

    case: Case
    decision: Decision
    by: Actor
    now: datetime
    notice: NoticeForm


def is_located(item: Item) -> bool:
    """Whether the platform can be asked to act on ``item``: a link, or an upload that it gave an id."""
    return item.kind == Item.Kind.LINK or (item.kind == Item.Kind.CONTENT and item.content_ref is not None)


def carry_out(work: Work, chosen: Sequence[Item]) -> None:
    """Change items and entries, ask the platform, write the line, tell the platform. The case and the feed are held."""
    hidden = [item for item in chosen if _may_be_hidden(item)]
    # A later decision takes back what the platform was asked before and has not done: one request an item.
    Action.objects.filter(item__in=chosen, state=Action.State.ASKED).update(state=Action.State.CANCELLED)
    located = [item for item in chosen if is_located(item)]
    enforced = ended = 0
    match work.decision.verdict:
        case Verdict.REMOVE:
            actions = _ask(work, located, Action.Kind.REMOVE)
            _move([item for item in chosen if not is_located(item)], Item.State.KEPT_DOWN)
            enforced = support.enforce(support.entries_of(chosen), by=work.by)
        case Verdict.DISABLE:
            actions = _ask(work, located, Action.Kind.DISABLE)
        case _:
            actions = _ask(work, hidden, Action.Kind.RESTORE)
            _move(chosen, Item.State.DECLINED)
            ended = support.reverse_unsupported(support.own_entries(chosen), by=work.by)
    _tell_sources(work, chosen)
    notices.draw(actions, work.notice, by=work.by, now=work.now)
    settling.settle(work.case, work.now, decision=work.decision)
    counts = {"actions": len(actions), "entries_enforced": enforced, "entries_reversed": ended}
    _record(work, chosen, counts)
    _tell(work, actions)


def _may_be_hidden(item: Item) -> bool:
    """Whether the platform hides ``item`` now, or may be about to: it was asked and has not answered."""
    if not is_located(item):
        return False
    if item.state == Item.State.WITHDRAWN:  # taken back by its reporter, which does not put back what was taken down
        return settling.is_down(item)
    return item.state in {Item.State.DISABLED, Item.State.ASKED, Item.State.REMOVED}


def _move(items: Collection[Item], state: Item.State) -> None:
    Item.objects.filter(pk__in=[item.pk for item in items]).update(state=state)
    for item in items:
        item.state = state


def _ask(work: Work, items: Collection[Item], kind: Action.Kind) -> list[Action]:
    """Ask the platform to do this with ``items``."""
    _move(items, Item.State.ASKED)
    return Action.objects.bulk_create(
        Action(decision=work.decision, item=item, kind=kind, asked_at=work.now) for item in items
    )


def _record(work: Work, chosen: Sequence[Item], counts: dict[str, int]) -> None:
    """One line about the case, which also stands in the history of each report that it concerns."""
    case, decision = work.case, work.decision
    reports = support.reports_about(case, chosen)
    facts = {
        "verdict": decision.verdict,
        "regime": decision.regime_id,
        "ground": decision.ground,
        "items": [str(item.public_id) for item in chosen],
        "case_version": case.version,
        **counts,
    }
    audit.record("case.decided", by=work.by, about=case, also=[decision, *reports], facts=facts)


def _tell_sources(work: Work, chosen: Sequence[Item]) -> None:
    """Tell the sources of what was matched whether a person saw the same in it. What is only hidden is undecided."""
    words = {Verdict.REMOVE: Word.CONFIRMED, Verdict.DECLINE: Word.DISPUTED}
    if word := words.get(Verdict(work.decision.verdict)):
        saying.tell_decision(support.matched_entries(chosen), word, by=work.by)


def _tell(work: Work, actions: Sequence[Action]) -> None:
    """Tell the platform of the decision, and of each thing that it is asked to do."""
    told = {"case": str(work.case.public_id), "decision": str(work.decision.public_id)}
    asked = [{"action": str(action.public_id), "case": told["case"]} for action in actions]
    sharing.announce_all([(Event.CASE_DECIDED, told), *((Event.ACTION_REQUESTED, each) for each in asked)])
