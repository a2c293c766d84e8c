"""What happens when a decision is sent, in sentences, before it is sent."""

from __future__ import annotations

from collections.abc import Sequence

from staydown.apps.cases.models import Decision, Item
from staydown.apps.console.counts import spoken
from staydown.core.law.schema import Regime

Verdict = Decision.Verdict


def of_decision(verdict: str, chosen: Sequence[Item], waiting: Sequence[Item], regimes: Sequence[Regime]) -> list[str]:
    """The sentences for deciding ``verdict`` about ``chosen`` of the ``waiting`` items of a case under ``regimes``."""
    located = [item for item in chosen if item.kind != Item.Kind.HASH]
    pictures = [item for item in chosen if item.kind == Item.Kind.HASH]
    uploads = [item for item in chosen if item.kind == Item.Kind.CONTENT]
    said = {Verdict.REMOVE: _remove, Verdict.DECLINE: _decline, Verdict.DISABLE: _hide}[Verdict(verdict)](
        located, pictures, uploads
    )
    left = len(waiting) - len(chosen)
    if left:
        said.append(f"{spoken(left, 'item')} of this case still {'waits' if left == 1 else 'wait'} for a decision.")
    if verdict == Verdict.DECLINE:
        said += _other_laws(regimes)
    said.append("The reporter reads on their page what was decided, and the law's ground where you decline.")
    said.append("The decision stays in the history for good.")
    said += _for_good(verdict)
    return said


def _for_good(verdict: str) -> list[str]:
    """Whether it can be changed later, and by whom: a case takes back neither a removal nor a decline."""
    if verdict == Verdict.DISABLE:
        return []
    if verdict == Verdict.DECLINE:
        return ["It cannot be changed here: the reporter would have to send a new report."]
    return [
        "It cannot be changed here. With an administrator's key for entry:write the hashes can be withdrawn.",
        "What was taken down, only the platform can put back.",
    ]


def _remove(located: list[Item], pictures: list[Item], uploads: list[Item]) -> list[str]:
    said = []
    if located:
        said.append(
            f"The platform is asked now to take down {spoken(len(located), 'item')}. "
            "The clock stops when it answers that it has."
        )
    if pictures or uploads:
        said.append("Copies are blocked from now on, on every node, before they are published.")
    return said


def _decline(located: list[Item], pictures: list[Item], uploads: list[Item]) -> list[str]:
    said = []
    links = len(located) - len(uploads)
    if links:
        said.append(f"{spoken(links, 'link')} {'stays' if links == 1 else 'stay'} up on the platform.")
    if pictures:
        said.append(
            f"The {'hash' if len(pictures) == 1 else 'hashes'} of {spoken(len(pictures), 'picture')} "
            f"{'is' if len(pictures) == 1 else 'are'} erased, unless another report still needs "
            f"{'it' if len(pictures) == 1 else 'them'}. Copies pass."
        )
    if uploads:
        them = "it" if len(uploads) == 1 else "them"
        said.append(f"The platform may publish {spoken(len(uploads), 'upload')} that matched, or leave {them} up.")
    return said


def _hide(located: list[Item], pictures: list[Item], uploads: list[Item]) -> list[str]:
    return [
        f"The platform is asked now to hide {spoken(len(located), 'item')}, until you decide for good.",
        "The clock runs on: this is not the last word.",
    ]


def _other_laws(regimes: Sequence[Regime]) -> list[str]:
    """Laws that also bind the case and list no ground at all: a decline there rests on nothing."""
    bare = [regime.short_name for regime in regimes if not regime.grounds]
    return [f"The {name} also binds this case and lists no ground to decline." for name in bare]
