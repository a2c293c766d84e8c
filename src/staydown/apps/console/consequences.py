"""What happens when a decision is sent, in sentences, before it is sent."""

from __future__ import annotations

from collections.abc import Sequence

from staydown.apps.cases.actions.carrying_out import is_located
from staydown.apps.cases.models import Decision, Item
from staydown.apps.console.counts import listed, spoken, things
from staydown.core.law.schema import Regime

Verdict = Decision.Verdict


def of_decision(verdict: str, chosen: Sequence[Item], waiting: Sequence[Item], regimes: Sequence[Regime]) -> list[str]:
    """The sentences for deciding ``verdict`` about ``chosen`` of the ``waiting`` items of a case under ``regimes``."""
    located = [item for item in chosen if is_located(item)]
    pictures = [item for item in chosen if item.kind == Item.Kind.HASH]
    uploads = [item for item in chosen if item.kind == Item.Kind.CONTENT]
    said = {Verdict.REMOVE: _remove, Verdict.DECLINE: _decline, Verdict.DISABLE: _hide}[Verdict(verdict)](
        located, pictures, uploads
    )
    if left := things(set(waiting) - set(chosen)):
        said.append(f"{spoken(left, 'item')} of this case still {'waits' if left == 1 else 'wait'} for a decision.")
    if verdict == Verdict.DECLINE:
        said += _other_laws(regimes)
    if all(item.order_id for item in chosen):
        said.append("The authority is not told from here: tell it yourself what was done about its order.")
    else:
        said.append("The reporter reads on their page what was decided, and the law's ground where you decline.")
    said.append("The decision stays in the history for good.")
    said += _for_good(verdict)
    return said


def _for_good(verdict: str) -> list[str]:
    """Whether it can be changed later, and by whom."""
    if verdict == Verdict.DISABLE:
        return []
    if verdict == Verdict.DECLINE:
        return ["The reporter can ask once that another person looks again. Hashes that are erased do not come back."]
    return [
        "Whoever uploaded it can appeal; then another person looks again.",
        "It can be taken back here. What the platform has deleted for good, nobody can put back.",
    ]


def _remove(located: list[Item], pictures: list[Item], uploads: list[Item]) -> list[str]:
    said = []
    if located:
        said.append(
            f"The platform is asked now to take down {spoken(things(located), 'item')}. {_requests(located)}"
            "The clock stops when it answers that it has."
        )
    nowhere = len(uploads) - sum(1 for item in uploads if item in located)
    if nowhere:
        said.append(f"Of {spoken(nowhere, 'upload')} the platform gave no id, so nothing is asked of it there.")
    if pictures or uploads:
        said.append("Copies are blocked from now on, on every node, before they are published.")
    return said


def _requests(located: list[Item]) -> str:
    """What is said where the platform hears of one link more than once."""
    if things(located) == len(located):
        return ""
    return f"It gets {spoken(len(located), 'request')}: one for each report that names the same link. "


def _counted(items: list[Item]) -> str:
    """How many pictures and how many videos they are."""
    videos = sum(item.is_video for item in items)
    counts = ((len(items) - videos, "picture"), (videos, "video"))
    return listed(spoken(count, thing) for count, thing in counts if count)


def _decline(located: list[Item], pictures: list[Item], uploads: list[Item]) -> list[str]:
    said = []
    links = things(item for item in located if item.kind == Item.Kind.LINK)
    if links:
        said.append(f"{spoken(links, 'link')} {'stays' if links == 1 else 'stay'} up on the platform.")
    if pictures:
        said.append(
            f"The {'hash' if len(pictures) == 1 else 'hashes'} of {_counted(pictures)} "
            f"{'is' if len(pictures) == 1 else 'are'} erased, unless another report still needs "
            f"{'it' if len(pictures) == 1 else 'them'}. Copies pass."
        )
    if uploads:
        them = "it" if len(uploads) == 1 else "them"
        said.append(f"The platform may publish {spoken(len(uploads), 'upload')} that matched, or leave {them} up.")
    return said


def _hide(located: list[Item], pictures: list[Item], uploads: list[Item]) -> list[str]:
    return [
        f"The platform is asked now to hide {spoken(things(located), 'item')}, until you decide for good. "
        f"{_requests(located)}".strip(),
        "The clock runs on: this is not the last word.",
    ]


def _other_laws(regimes: Sequence[Regime]) -> list[str]:
    """Laws that also bind the case and list no ground at all: a decline there rests on nothing."""
    bare = [regime.short_name for regime in regimes if not regime.grounds]
    return [f"The {name} also binds this case and lists no ground to decline." for name in bare]
