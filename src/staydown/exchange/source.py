"""What every list that we follow looks like from here, whatever protocol its people speak."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Protocol, Self

import httpx

from staydown.core.hashing.algorithm import Hash
from staydown.errors import (
    ReplyRefusedError,
    SettingError,
    SourceAnswerError,
    SourceDeniedError,
    SourceEndlessError,
    UnreachableError,
)
from staydown.exchange import guarded, later

LONGEST_PAGE: Final = 32 << 20  # bytes; ten times what the largest page of any of the protocols takes
SECONDS: Final = 60.0
OPINIONS: Final = ("confirmed", "disputed", "reviewing")
LONGEST_ID: Final = 400  # characters
LONGEST_CURSOR: Final = 8192  # characters
MOST_EMPTY: Final = 1000  # pages in a row that bring nothing
MOST_REPEATED: Final = 20  # pages in a row that say what an earlier one said: lists that grow meanwhile repeat some
MOST_BEGUN_AGAIN: Final = 3  # times in one reading that a source forgets the places that it named


class RefusedError(SourceAnswerError):
    """The source refuses this request: it may no longer know the place that it named itself."""


@dataclass(frozen=True, slots=True, repr=False)
class Signal:
    """A record with a hash. ``id`` is the source's own and stays the same when the record changes."""

    id: str
    hash: Hash
    quality: int | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Page:
    """Part of a list: records that are there, ids of those that are gone, and the place behind both.

    ``cursor`` is to be kept together with what the page changed, and given back. Reading on from it may bring some
    records again. ``skipped`` counts records that could not be read or whose algorithm is not banked here.
    ``again``: the source forgot the place, and what follows begins once more behind the last time that it named.
    """

    added: Sequence[Signal]
    removed: Sequence[str]
    cursor: str
    more: bool
    skipped: int = 0
    again: bool = False


class Source(Protocol):
    """A client of one list. Every method raises `ExchangeError`, `FeedError` or, when the source says when to ask
    again, `TooOftenError`; what was yielded before stays true."""

    def pages(self, cursor: str | None) -> Iterator[Page]:
        """What came after ``cursor``, None: everything. The last page says ``more=False``, and there always is one.

        Read them through `watched`: a client believes its source that there is more.
        """
        ...

    def say(self, id: str, hash: Hash, opinion: str) -> None:  # noqa: A002 - the words of the protocol
        """Tell the source what came of a match: one of `OPINIONS`. `ReplyRefusedError` where it does not listen."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_value: BaseException | None, traceback: TracebackType | None
    ) -> None: ...


@dataclass(frozen=True, slots=True)
class Asked:
    """One thing that a kind needs beside the address."""

    name: str
    label: str
    help: str = ""
    required: bool = True
    secret: bool = True


@dataclass(frozen=True, slots=True)
class Wire:
    """How a source is reached: under which rules, or in a test by which transport."""

    allow_private: bool = False  # sources in one's own network, and plain http
    lists: Path | None = None  # the folder whose files may be followed; without one, none may
    transport: httpx.BaseTransport | None = None
    wait: float = 0.0  # seconds for which a kind that `waits` lets its source hold an answer until there is news

    @property
    def rules(self) -> guarded.Rules:
        """What a call may do: lists have longer pages than webhooks have answers."""
        return guarded.Rules(self.allow_private, longest_reply=LONGEST_PAGE, seconds=SECONDS)

    def client(self, headers: Mapping[str, str]) -> httpx.Client:
        """A client that makes guarded calls alone."""
        return guarded.client(self.rules, headers=dict(headers), transport=self.transport)

    def feed_transport(self) -> httpx.BaseTransport:
        """The same, for a client that is built elsewhere."""
        return self.transport or guarded.GuardedTransport(self.rules)


Open = Callable[[str, Mapping[str, str], Wire], Source]


@dataclass(frozen=True, slots=True)
class Kind:
    """A protocol in words, for forms and the command line, and how a list of it is opened."""

    name: str
    title: str
    about: str
    address: str  # an example, or the one that everybody has
    address_help: str
    asks: tuple[Asked, ...]
    listens: bool
    open: Open
    waits: bool = False  # its sources hold an answer until there is news, so that they can be asked without a pause
    whole_every: timedelta | None = None  # where removals are not told: read all of it so often; the rest is gone

    def check(self, address: str, credentials: Mapping[str, str], wire: Wire) -> None:
        """Raise `SettingError` that says what is missing or not valid."""
        self.opened(address, credentials, wire).__exit__(None, None, None)

    def opened(self, address: str, credentials: Mapping[str, str], wire: Wire) -> Source:
        """A client of the list, to be used in a ``with``; raises `SettingError`."""
        others = credentials.keys() - {asked.name for asked in self.asks}
        if others:
            raise SettingError(f"{min(others)}: this kind of source does not ask for it. Leave it out.")
        for asked in self.asks:
            value = credentials.get(asked.name, "")
            if asked.required and not value:
                raise SettingError(f"{asked.label} is missing. {asked.help}".strip())
            if not (value.isascii() and (value.isprintable() or not value) and value.strip() == value):
                raise SettingError(f"{asked.label} holds characters that none has. Copy it again.")
        return self.open(address, credentials, wire)


Read = tuple[str, Signal | None] | None
"""What a client made of a record: its id with what is there, its id with None: it is gone, None: not readable."""


def gather(records: Iterable[Read], cursor: str, *, more: bool) -> Page:
    """The page that holds ``records``; of several about one id the last counts.

    Raises `SourceEndlessError` for a place that only grows.
    """
    if len(cursor) > LONGEST_CURSOR:
        raise SourceEndlessError("The source names its pages by ever longer texts. Tell its people.")
    added: dict[str, Signal] = {}
    removed: dict[str, None] = {}
    skipped = 0
    for record in records:
        if record is None or not 0 < len(record[0]) <= LONGEST_ID:
            skipped += 1
            continue
        id_, signal = record
        added.pop(id_, None)
        removed.pop(id_, None)
        if signal is None:
            removed[id_] = None
        else:
            added[id_] = signal
    return Page(list(added.values()), list(removed), cursor, more, skipped)


def by_time(records: Iterable[tuple[Any, Read]]) -> list[Read]:
    """``records`` in the order of their times, so that of two about one id the newer counts; if equal, the removal."""
    return [read for _, read in sorted(records, key=lambda each: (each[0], each[1] is not None and each[1][1] is None))]


def begun_again(cursor: str) -> Page:
    """The page that says so; ``cursor`` names no place within a reading."""
    return Page((), (), cursor, more=True, again=True)


def watched(pages: Iterable[Page]) -> Iterator[Page]:
    """``pages``; raises `SourceEndlessError` when they repeat themselves, bring nothing or begin again for ever."""
    seen: set[bytes] = set()
    empty = repeated = begun = 0
    for page in pages:
        if page.again:
            begun, repeated = begun + 1, 0
            seen.clear()
        else:
            marks = {_digest(["place", page.cursor]), _digest(_said(page))}
            is_empty = not (page.added or page.removed)
            empty = empty + 1 if is_empty else 0
            repeated = repeated + 1 if not is_empty and not marks.isdisjoint(seen) else 0
            seen |= marks
        if page.more and (empty > MOST_EMPTY or repeated > MOST_REPEATED or begun > MOST_BEGUN_AGAIN):
            raise SourceEndlessError
        yield page


def _said(page: Page) -> Iterator[str]:
    """What a page says, in pieces."""
    for signal in page.added:
        yield signal.id
        yield signal.hash.hex()
    yield "removed"
    yield from page.removed


def _digest(texts: Iterable[str]) -> bytes:
    found = hashlib.blake2b(digest_size=8)
    for text in texts:
        found.update(text.encode("utf-8", "surrogatepass") + b"\n")
    return found.digest()


class HttpSource:
    """What the clients over HTTP share: an address, a guarded client, and answers that are judged before use."""

    def __init__(self, address: str, client: httpx.Client) -> None:
        self.base = base_address(address)
        self.http = client

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        self.http.close()

    def say(self, id: str, hash: Hash, opinion: str) -> None:  # noqa: A002, ARG002 - the words of the protocol
        """Raise `ReplyRefusedError`: a source of this kind does not listen, unless its client knows better."""
        raise ReplyRefusedError("This kind of source takes no opinions. Tell its people in another way.")

    def ask(self, method: str, path: str, **given: Any) -> bytes:
        """The body of an answer of status 2xx; raises `ExchangeError`, which quotes neither, or `TooOftenError`."""
        try:
            answer = self.http.request(method, self.base + path, **given)
        except httpx.InvalidURL:
            raise SettingError("The address of the source is not an address.") from None
        except (httpx.HTTPError, UnicodeError):
            raise UnreachableError from None
        later.check(answer)
        judge(answer.status_code)
        return answer.content


def base_address(text: str) -> str:
    """``text`` without the slash at its end; raises `SettingError` unless it is the address of a server."""
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL:
        raise SettingError("The address of the source is not an address.") from None
    if url.scheme not in ("http", "https") or not url.host or url.userinfo or url.query or url.fragment:
        raise SettingError("The address of the source must be like https://hashes.example/v1, with no password in it.")
    return text.rstrip("/")


def judge(status: int) -> None:
    """Raise what an answer of this status means, unless it is one of success."""
    if 200 <= status < 300:
        return
    if status in (401, 403):
        raise SourceDeniedError
    if status == 429 or status >= 500:
        raise UnreachableError(f"The source has trouble: it answered with status {status}. It is asked again later.")
    raise RefusedError(f"The source answered with status {status}. Check its kind and its address.")


def json_object(body: bytes) -> dict[str, Any]:
    """The JSON object in ``body``; raises `SourceAnswerError`."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise SourceAnswerError("The source answered with something else than JSON. Check its address.") from None
    if not isinstance(found, dict):
        raise SourceAnswerError("The source answered with something else than a JSON object. Check its address.")
    return found


def objects(found: Mapping[str, Any], name: str) -> list[Any]:
    """The list called ``name``; raises `SourceAnswerError`. What is in it is for the reader to judge."""
    listed = found.get(name)
    if not isinstance(listed, list):
        raise SourceAnswerError(f"The source sent no list called {name}. Its protocol may have changed.")
    return listed


def place(cursor: str | None, usual: Sequence[Any]) -> list[Any]:
    """What a kept cursor holds, ``usual`` at the start; one of another shape is the start too: nothing is missed."""
    try:
        found = json.loads(cursor or "null")
    except (ValueError, RecursionError):
        return list(usual)
    same = isinstance(found, list) and len(found) == len(usual)
    return found if same and all(_alike(a, b) for a, b in zip(found, usual, strict=True)) else list(usual)


def _alike(kept: object, usual: object) -> bool:
    return type(kept) is type(usual) or (usual is None and isinstance(kept, str))
