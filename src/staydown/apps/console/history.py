"""The history of a case in plain words, from the audit log. Staff appear by pseudonym, everyone else by kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from staydown.apps.audit.querysets import newest_of
from staydown.apps.cases.models import Action, Case, Decision, Item
from staydown.apps.console.counts import listed, spoken, thing
from staydown.core.law.schema import Regime

Facts = Mapping[str, Any]
Verdict, Kind, Result = Decision.Verdict, Action.Kind, Action.Result

MOST: Final = 300
WHO: Final = {"reporter": "The reporter", "uploader": "The uploader", "system": "staydown", "platform": "The platform"}
ANSWERS: Final = {
    (Kind.REMOVE, Result.REMOVED): "took one item down",
    (Kind.REMOVE, Result.NOT_FOUND): "found one item gone already",
    (Kind.REMOVE, Result.FAILED): "could not take one item down; it waits for a decision again",
    (Kind.DISABLE, Result.DISABLED): "hid one item",
    (Kind.DISABLE, Result.REMOVED): "took one item down instead of hiding it",
    (Kind.DISABLE, Result.NOT_FOUND): "found one item gone already",
    (Kind.DISABLE, Result.FAILED): "could not hide one item; it waits for a decision again",
    (Kind.RESTORE, Result.RESTORED): "shows one item again",
    (Kind.RESTORE, Result.NOT_FOUND): "could not show one item again: it is gone",
    (Kind.RESTORE, Result.FAILED): "could not show one item again",
}
DECIDED: Final = {
    Verdict.REMOVE: "decided to remove {items} under the {law}",
    Verdict.DECLINE: "declined {items} under the {law}: {ground}",
    Verdict.DISABLE: "decided to hide {items} for now under the {law}",
    Verdict.RESTORE: "decided that {items} may be seen again under the {law}: {ground}",
}

ARTEFACTS: Final = {
    "report": "what reporters wrote",
    "content_pointer": "links and addresses",
    "decision": "reasons, notes and answers",
}
PROPOSED: Final = {
    "restore": "show something again",
    "erase": "erase what people wrote before its time",
    "unlock": "give the case back, because nobody under 18 is shown",
}


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One thing that happened, or several of the same kind in a row. ``seq`` is that of the last."""

    seq: int
    at: datetime
    who: str
    what: str
    verb: str


def of_case(case: Case, regimes: Sequence[Regime], items: Sequence[Item] = ()) -> list[HistoryLine]:
    """The newest of a case's history, the oldest first, with waves of hits folded into one line each.

    Those of ``items`` that are one link are counted as one: for who may read them.
    """
    lines, more = newest_of(case, MOST, wave="hits.recorded")
    found = told(lines, {regime.id: regime for regime in regimes}, {str(item.public_id): item for item in items})
    if more and found:
        what = f"keeps more than this: here are the newest {MOST} lines, the audit log has them all"
        found.insert(0, HistoryLine(0, found[0].at, WHO["system"], what, ""))
    return found


def told(lines: Sequence[Any], regimes: Mapping[str, Regime], items: Mapping[str, Item]) -> list[HistoryLine]:
    """Lines of the log as sentences."""
    found: list[HistoryLine] = []
    wave: dict[str, int] = {}
    for line in lines:
        facts = dict(line.facts or {})
        if items and isinstance(facts.get("items"), list):  # their ids, not their number
            facts["items"] = {thing(items[each]) if each in items else each for each in facts["items"]}
        if line.verb == "hits.recorded":
            if found and found[-1].verb == line.verb:
                found.pop()
            else:
                wave = {}
            wave = {name: wave.get(name, 0) + int(facts.get(name, 0)) for name in ("block", "review")}
            found.append(HistoryLine(line.seq, line.at, "Screening", _hits(wave), line.verb))
            continue
        what = SENTENCES.get(line.verb, _plain(line.verb))
        found.append(HistoryLine(line.seq, line.at, _who(line), what(facts, regimes), line.verb))
    return found


def _who(line: Any) -> str:
    if line.verb == "action.answered":
        return WHO["platform"]
    return WHO.get(line.actor_kind) or (line.actor_label or "Someone")


def _hits(counts: Mapping[str, int]) -> str:
    parts = [
        f"stopped {spoken(counts['block'], 'upload')}" if counts["block"] else "",
        f"sent {spoken(counts['review'], 'upload')} here to be looked at" if counts["review"] else "",
    ]
    return listed(part for part in parts if part) or "reported hits"


def _received(facts: Facts, regimes: Mapping[str, Regime]) -> str:
    parts = [
        spoken(int(facts.get(name, 0)), thing)
        for name, thing in (("links", "link"), ("pictures", "picture"), ("videos", "video"))
        if facts.get(name)
    ]
    which = "another" if facts.get("joined") else "a"
    who = ", acting for the person shown" if facts.get("role") == "agent" else ""
    return f"sent {which} report with {listed(parts) or 'nothing in it'}{who}"


def _decided(facts: Facts, regimes: Mapping[str, Regime]) -> str:
    regime = regimes.get(str(facts.get("regime")))
    ground = next((g.label for g in regime.grounds if g.id == facts.get("ground")), "") if regime else ""
    words = {
        "items": spoken(len(facts.get("items", ())), "item"),
        "law": regime.short_name if regime else str(facts.get("regime", "law")),
        "ground": ground or "on a ground of that law",
    }
    return DECIDED.get(str(facts.get("verdict")), "decided about {items}").format(**words)  # type: ignore[call-overload,no-any-return]


def _answered(facts: Facts, regimes: Mapping[str, Regime]) -> str:
    return ANSWERS.get((str(facts.get("kind")), str(facts.get("result"))), "answered")  # type: ignore[call-overload,no-any-return]


def _served(facts: Facts, regimes: Mapping[str, Regime]) -> str:
    law = regimes.get(str(facts.get("regime")))
    named = f" under the {law.short_name}" if law else ""
    return f"entered an order with {spoken(int(facts.get('links', 0)), 'link')}{named}"


def _hidden_at_once(facts: Facts, regimes: Mapping[str, Regime]) -> str:
    said = _decided({**facts, "verdict": Verdict.DISABLE}, regimes)
    return said.replace("decided to hide", "had the platform hide", 1)


def _taken_over(facts: Facts, regimes: Mapping[str, Regime]) -> str:
    return f"took the case over from {facts['from']}" if facts.get("from") else "took the case"


def _assigned(facts: Facts, regimes: Mapping[str, Regime]) -> str:
    return f"assigned the case to {facts['to']}" if facts.get("to") else "assigned the case to nobody"


def _proposed(facts: Facts, regimes: Mapping[str, Regime]) -> str:
    return f"proposed to {PROPOSED.get(str(facts.get('kind')), 'do something')}; it takes two people"


def _forgotten(facts: Facts, regimes: Mapping[str, Regime]) -> str:
    gone = listed(ARTEFACTS.get(str(each), str(each)) for each in facts.get("artefacts", ()))
    return f"erased {gone}{', before the time for it' if facts.get('ordered') else ', whose time was over'}"


def _appeal_decided(facts: Facts, regimes: Mapping[str, Regime]) -> str:
    said = "reversed the decision" if facts.get("outcome") == "reversed" else "upheld the decision"
    before = ", having decided about it before, as nobody else was there" if facts.get("decided_before") else ""
    return f"looked again for the {facts.get('side', 'other side')}, and {said}{before}"


def _plain(verb: str) -> Callable[[Facts, Mapping[str, Regime]], str]:
    """A sentence for a verb that has none of its own: its own words."""
    return lambda facts, regimes: verb.replace(".", " ").replace("_", " ")


def _always(text: str) -> Callable[[Facts, Mapping[str, Regime]], str]:
    return lambda facts, regimes: text


SENTENCES: Final[dict[str, Callable[[Facts, Mapping[str, Regime]], str]]] = {
    "report.received": _received,
    "report.withdrawn": _always("took a report back"),
    "item.withdrawn": _always("took one item back"),
    "case.minor_suspected": _always("saw that somebody under 18 may be shown, and locked the case"),
    "case.unlocked": _always("gave the case back: nobody under 18 is shown, it was locked by mistake"),
    "case.referred": _always("referred it to others; the notes say to whom"),
    "report.added": _always("added something to a report"),
    "report.completed": _always("added what some laws ask for"),
    "report.asked": _always("asked the reporter a question"),
    "report.answered": _always("answered a question"),
    "report.parts_deleted": _always("deleted something that they had written"),
    "case.leased": _always("took the case"),
    "case.released": _always("gave the case back"),
    "case.viewed": _always("read the report"),
    "case.decided": _decided,
    "case.taken_over": _taken_over,
    "case.assigned": _assigned,
    "proposal.made": _proposed,
    "proposal.approved": _always("approved the proposal"),
    "proposal.rejected": _always("rejected the proposal"),
    "proposal.void": _always("voided the proposal"),
    "proposal.used": _always("had it carried out"),
    "appeal.received": _always("asked that another person looks at the decision again"),
    "appeal.decided": _appeal_decided,
    "notice.handed_over": _always("fetched the notice for an uploader"),
    "case.noted": _always("left a note for colleagues"),
    "report.unfounded": _always("recorded a report as unfounded"),
    "case.hidden_at_once": _hidden_at_once,
    "case.forgotten": _forgotten,
    "order.served": _served,
    "action.answered": _answered,
}
