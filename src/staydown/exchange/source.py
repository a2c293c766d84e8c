"""What following somebody else's list comes down to, whatever it speaks: pages, a place to go on at, a word back.

A source is read in pages. Each says what is there, what is gone and the place behind it: text that the caller keeps and
hands back. Whoever applies a page before keeping its place loses nothing when they are interrupted, and applying a page
twice changes nothing. One record that cannot be read is counted and named, and never ends the reading.
"""

from __future__ import annotations

import enum
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, NamedTuple, Protocol, runtime_checkable

import httpx

from staydown.core.hashing.algorithm import Hash
from staydown.errors import CursorError, SettingError, SourceEndlessError, StaydownError
from staydown.exchange.guarded import Rules

LONGEST_CURSOR: Final = 8192  # characters
MOST_EMPTY: Final = 1000  # pages in a row that bring nothing
MOST_REPEATED: Final = 20  # pages in a row that say what an earlier one said: lists that grow meanwhile repeat some
LONGEST_ID: Final = 400  # characters


class Opinion(enum.StrEnum):
    """What somebody says of a record."""

    CONFIRMED = "confirmed"
    DISPUTED = "disputed"
    REVIEWING = "reviewing"


@dataclass(frozen=True, slots=True, repr=False)
class Signal:
    """A record of a source. ``id`` is what the source calls it; ``opinions``: what its members say of it, by name."""

    id: str
    hash: Hash
    quality: int | None = None
    opinions: Sequence[tuple[str, Opinion]] = ()


class Skipped(NamedTuple):
    """A record that was not read: the code of the error, and where on the page it stood. Nothing of what it held."""

    code: str
    place: str


@dataclass(frozen=True, slots=True, repr=False)
class Page:
    """Some records. No id is both in ``added`` and in ``removed``; to go on, hand ``cursor`` back.

    ``more`` is False on the last page: then the source holds nothing newer, and ``cursor`` is where to look next time.
    """

    added: Sequence[Signal]
    removed: Sequence[str]
    cursor: str
    more: bool
    skipped: Sequence[Skipped] = ()


@runtime_checkable
class Source(Protocol):
    """A client of one source. Its methods raise `ExchangeError`, or `FeedError` where it is another staydown."""

    def pages(self, cursor: str | None) -> Iterator[Page]:
        """The pages after ``cursor``, the first ones for None; at least one."""
        ...

    def close(self) -> None:
        """Close the connections."""
        ...


@runtime_checkable
class Listener(Source, Protocol):
    """A source that can be told what came of a record."""

    def say(self, id: str, hash: Hash, opinion: Opinion) -> None:  # noqa: A002 - the words of the protocols
        """Tell the source; twice is the same as once. Raises `SourceDeafError` for an opinion it has no word for."""
        ...


@dataclass(frozen=True, slots=True)
class Asked:
    """One thing that a kind of source asks for."""

    name: str
    label: str
    help: str = ""
    required: bool = True
    secret: bool = True


@dataclass(frozen=True, slots=True, repr=False)
class Given:
    """What a source is opened with. ``rules`` are those of the guarded transport; a test gives a ``transport``."""

    address: str
    credentials: Mapping[str, str] = field(default_factory=dict)
    rules: Rules = field(default_factory=Rules)
    transport: httpx.BaseTransport | None = None


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of source in words, and how it is opened. ``address`` is the usual one.

    ``whole_every`` is for kinds that do not say of everything that it is gone: so often the list is read from its
    start, and what was not in it is gone. None: it says so itself.
    """

    name: str
    title: str
    about: str
    address: str
    address_help: str
    asks: tuple[Asked, ...]
    open: Callable[[Given], Source]
    opinions: frozenset[Opinion] = frozenset()
    whole_every: timedelta | None = None

    @property
    def listens(self) -> bool:
        """Whether it takes opinions."""
        return bool(self.opinions)

    def opened(self, given: Given) -> Source:
        """A client; nothing was asked of the source yet. Raises `SettingError` for what cannot be one."""
        names = {asked.name for asked in self.asks}
        for asked in self.asks:
            if asked.required and not given.credentials.get(asked.name):
                raise SettingError(f"{asked.name}: this kind of source asks for it. {asked.help}".strip())
        for name, value in given.credentials.items():
            if name not in names:
                raise SettingError(f"{name}: this kind of source does not ask for it. Leave it out.")
            if not value.isprintable() or value != value.strip():
                raise SettingError(f"{name}: it holds characters that do not belong there. Copy it again.")
        return self.open(given)


class Collected:
    """The records of one page while it is read: what was said last of an id counts."""

    def __init__(self) -> None:
        self._last: dict[str, Signal | None] = {}
        self.skipped: list[Skipped] = []

    def add(self, signal: Signal) -> None:
        """The record is there."""
        self._last[signal.id] = signal

    def remove(self, record_id: str) -> None:
        """The record is gone."""
        self._last[record_id] = None

    def skip(self, error: StaydownError, place: str) -> None:
        """The record at this place cannot be read."""
        self.skipped.append(Skipped(error.code, place))

    def page(self, cursor: str, *, more: bool) -> Page:
        """The page."""
        added = [signal for signal in self._last.values() if signal is not None]
        removed = [name for name, signal in self._last.items() if signal is None]
        return Page(added, removed, cursor, more, self.skipped)


def written(place: Mapping[str, Any]) -> str:
    """A cursor for a place. Raises `SourceEndlessError` for one that only grows."""
    text = json.dumps(dict(place), separators=(",", ":"), sort_keys=True)
    if len(text) > LONGEST_CURSOR:
        raise SourceEndlessError("The source names its pages by ever longer texts. Tell its people.")
    return text


def read_place(cursor: str | None, shape: Mapping[str, type]) -> dict[str, Any]:
    """The place of a cursor, whose fields have these types or are missing; raises `CursorError`."""
    if cursor is None:
        return {}
    try:
        found = json.loads(cursor)
    except (ValueError, RecursionError):
        raise CursorError from None
    if not isinstance(found, dict) or not set(found) <= set(shape):
        raise CursorError
    if not all(type(value) is shape[name] for name, value in found.items()):
        raise CursorError
    return found


def watched(pages: Iterable[Page]) -> Iterator[Page]:
    """``pages``; raises `SourceEndlessError` when they come to a place again, repeat themselves or bring nothing."""
    places: set[bytes] = set()
    contents: set[bytes] = set()
    empty = repeated = 0
    for page in pages:
        place, content = _digest([page.cursor]), _digest(_said(page))
        if page.more and place in places:
            raise SourceEndlessError("The source sends the same page again and again. Ask its people.")
        empty = 0 if page.added or page.removed or page.skipped else empty + 1
        repeated = repeated + 1 if not empty and content in contents else 0
        if page.more and max(empty - MOST_EMPTY, repeated - MOST_REPEATED) > 0:
            raise SourceEndlessError
        places.add(place)
        contents.add(content)
        yield page


def _said(page: Page) -> Iterator[str]:
    """What a page says, in pieces."""
    for signal in page.added:
        yield signal.id
        yield signal.hash.hex()
    yield from page.removed
    yield from (skipped.place for skipped in page.skipped)


def _digest(texts: Iterable[str]) -> bytes:
    found = hashlib.blake2b(digest_size=8)
    for text in texts:
        found.update(text.encode("utf-8", "surrogatepass") + b"\n")
    return found.digest()
