"""A source that says what a test wants it to say, page by page, and what it is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from staydown.apps.audit.actor import Actor
from staydown.apps.audit.querysets import history
from staydown.apps.banks.models import Entry
from staydown.apps.sharing import following, sources
from staydown.exchange.source import Page, Signal
from tests.factories import pdq

KEYS = {"fetch_key": "a", "subscription_key": "b"}  # what its kind asks for


def signal(seed: int, name: str = "") -> Signal:
    """A record of no picture."""
    return Signal(name or f"record-{seed}", pdq(seed))


def signals(*seeds: int) -> list[Signal]:
    """One for each seed."""
    return [signal(seed) for seed in seeds]


@dataclass
class Scripted:
    """Its list is ``steps``: what each page adds and removes; the cursor counts them. Call it to open it."""

    steps: list[tuple[Sequence[Signal], Sequence[str]]] = field(default_factory=list)
    at_page: Callable[[int], None] = lambda _: None
    said: list[tuple[str, str, str]] = field(default_factory=list)
    asked: list[str | None] = field(default_factory=list)
    fault: Exception | None = None

    def adds(self, *seeds: int) -> Scripted:
        """One more page with these records."""
        self.steps.append((signals(*seeds), ()))
        return self

    def removes(self, *seeds: int) -> Scripted:
        """One more page that takes these back."""
        self.steps.append(((), [f"record-{seed}" for seed in seeds]))
        return self

    def __call__(self, _: object) -> Scripted:
        return self

    def __enter__(self) -> Scripted:
        return self

    def __exit__(self, *ended: object) -> None:
        pass

    def pages(self, cursor: str | None) -> Iterator[Page]:
        """The pages after ``cursor``."""
        self.asked.append(cursor)
        if self.fault:
            raise self.fault
        at = int(cursor or 0)
        if at == len(self.steps):
            yield Page((), (), str(at), more=False)
        for number in range(at, len(self.steps)):
            self.at_page(number)
            added, removed = self.steps[number]
            yield Page(added, removed, str(number + 1), more=number + 1 < len(self.steps))

    def say(self, id: str, hash: object, opinion: str) -> None:  # noqa: A002 - the protocol's words
        """Hear it."""
        if self.fault:
            raise self.fault
        self.said.append((id, hash.hex(), str(opinion)))


def added(policy, name="helpline", **changes):
    """A source that the tests follow through `Scripted`."""
    address = "https://list.test/v1"
    return sources.add_source(name, "stopncii", address, KEYS, replace(policy, **changes), by=Actor.system())


def follow(source, script, **how):
    """What comes of following it now."""
    return following.follow(source, make=script, **{"is_due": False, **how})


def live(bank="shared"):
    """The hashes that are matched now."""
    return {entry.hash for entry in Entry.objects.filter(bank__name=bank, state__in=["pending", "enforced"])}


def verbs(thing):
    """What its history says."""
    return [line.verb for line in history(thing)]
