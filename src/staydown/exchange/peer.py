"""The signed feed of another staydown, or of our own: followed line by line, and nothing believed that does not verify.

Screening nodes, partners and mirrors all read it through this client. It also carries what a node says back: the hits.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

import httpx

from staydown.core import feed
from staydown.core.feed import Cursor, Line
from staydown.core.hashing.algorithm import Algorithm
from staydown.core.note import Verifier
from staydown.errors import FeedError, FeedUnreachableError, ProofError, ReplyRefusedError, SettingError
from staydown.exchange import later

USUAL_LIMIT: Final = 1000
LONGEST_REPLY: Final = 16 << 20  # bytes, of the answers that are not pages of the feed
_LINE_ROOM: Final = feed.LINE_ROOM
ALGORITHMS_READ: Final = ",".join(Algorithm)
_BAD_REQUEST: Final = frozenset({400, 404, 413, 415, 422})


class Pull(NamedTuple):
    """New lines, verified; the cursor after them; and the note that vouches for them. No lines: this was everything."""

    lines: list[Line]
    cursor: Cursor
    note: str


class ScreeningKey(NamedTuple):
    """A client key that a node accepts: the SHA-256 of its text, what it is for, and its banks; none stand for all."""

    digest: bytes
    scopes: frozenset[str]
    banks: frozenset[str] = frozenset()


class Relayed(NamedTuple):
    """What the publisher said to somebody else's request."""

    status: int
    body: bytes
    retry_after: str = ""


class FeedClient:
    """Speaks to one publisher with one key. Thread-safe, as httpx's client is.

    Every method raises `FeedUnreachableError` when the publisher does not answer or does not take the key (try again
    later), and `FeedError` when what it says must not be believed.
    """

    def __init__(
        self,
        base_url: str,
        key: str,
        verifier_key: str,
        *,
        transport: httpx.BaseTransport | None = None,
        seconds: float = 10.0,
    ) -> None:
        try:
            self._verifier = Verifier.parse(verifier_key)
        except ProofError as error:
            raise SettingError(f"The feed's verifier key is not valid. {error.message}") from None
        if not (key.isascii() and key.isprintable() and key.strip() == key and key):
            raise SettingError("The key for the feed is empty or holds characters that no key has. Copy it again.")
        self._seconds = seconds
        self._client = httpx.Client(
            base_url=_address(base_url),
            # The environment may say which certificates to trust, and nothing else: no proxy ever sees the key.
            transport=transport or httpx.HTTPTransport(verify=httpx.create_ssl_context()),
            trust_env=False,
            follow_redirects=False,
            headers={"authorization": f"Bearer {key}", "user-agent": "staydown"},
            timeout=seconds,
        )

    def pull(
        self, cursor: Cursor, *, limit: int = USUAL_LIMIT, wait: float = 0.0, confirmed: int | None = None
    ) -> Pull:
        """The lines after ``cursor``, at most ``limit``; the publisher may hold the answer ``wait`` seconds for one.

        They are verified as a whole before any is returned, so a caller may use each of them. To ask is to confirm that
        every line up to ``cursor`` is applied, or up to ``confirmed`` for who reads ahead. Raises `TooOftenError` when
        the publisher says when to ask again.
        """
        query = {"after": str(cursor.seq), "limit": str(limit), "wait": f"{wait:g}", "algorithms": ALGORITHMS_READ}
        if confirmed is not None:
            query["confirmed"] = str(confirmed)
        timeout = httpx.Timeout(self._seconds, read=self._seconds + wait)
        try:
            with self._client.stream("GET", "api/v1/feed", params=query, timeout=timeout) as response:
                later.check(response)
                _check(response.status_code)
                longest = (limit + 1) * _LINE_ROOM + feed.LONGEST_LINE
                lines, note = feed.decode_page(_texts(response.iter_bytes(), longest))
        except httpx.HTTPError as error:
            raise _unreachable(error) from None
        if len(lines) > limit:
            raise FeedError("The feed sent more lines than it was asked for.")
        return Pull(lines, feed.verify(cursor, lines, note, self._verifier), note)

    def report_hits(self, hits: Sequence[Mapping[str, object]]) -> int:
        """How many hits the publisher took; those it knows by their id already are among them.

        Raises `ReplyRefusedError` when it read them and will never take them as they are.
        """
        answer = self._exchange("POST", "api/v1/hits", {"hits": list(hits)}, patience=3)  # a long transaction there
        accepted = answer.get("accepted")
        if type(accepted) is not int:
            raise FeedUnreachableError("The feed's server did not say how many hits it took.")
        return accepted

    def screening_keys(self) -> list[ScreeningKey]:
        """The client keys that a node of this publisher accepts now."""
        given: Any = self._exchange("GET", "api/v1/screening/keys").get("keys")
        try:
            return [
                ScreeningKey(
                    _digest(each["digest"]), frozenset(map(str, each["scopes"])), frozenset(map(str, each["banks"]))
                )
                for each in given
            ]
        except (TypeError, KeyError, ValueError):
            raise FeedError("The list of client keys is not readable. Its server is of another version.") from None

    def relay(self, method: str, path: str, authorization: str, *, query: str = "", body: bytes = b"") -> Relayed:
        """What the publisher answers to somebody else's request, made in their name: our own key is not sent with it.

        Only for addresses whose answers hold nothing for us; a status is passed on, not judged.
        """
        given = {"authorization": authorization} if authorization else {}
        headers = {"user-agent": "staydown", "accept": "application/json", **given}
        if body:
            headers["content-type"] = "application/json"
        url = self._client.base_url.join(path.lstrip("/")).copy_with(query=query.encode("ascii", "ignore") or None)
        request = httpx.Request(method, url, headers=headers, content=body)
        try:
            response = self._client.send(request, stream=True)
            try:
                said = b"".join(_capped(response.iter_bytes(), LONGEST_REPLY))
                return Relayed(response.status_code, said, response.headers.get("retry-after", ""))
            finally:
                response.close()
        except httpx.HTTPError as error:
            raise _unreachable(error) from None

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        self.close()

    def _exchange(self, method: str, path: str, body: object = None, *, patience: int = 1) -> dict[str, Any]:
        """The JSON object with which the publisher answers."""
        try:
            with self._client.stream(method, path, json=body, timeout=self._seconds * patience) as response:
                if body is not None and response.status_code in _BAD_REQUEST:
                    raise ReplyRefusedError(
                        f"The feed's server refused what was sent, with status {response.status_code}."
                    )
                _check(response.status_code)
                text = b"".join(_capped(response.iter_bytes(), LONGEST_REPLY))
            answer = json.loads(text)
        except httpx.HTTPError as error:
            raise _unreachable(error) from None
        except (ValueError, RecursionError):
            raise FeedUnreachableError("The feed's server answered with something else than JSON.") from None
        if not isinstance(answer, dict):
            raise FeedUnreachableError("The feed's server answered with something else than a JSON object.")
        return answer


def _address(text: str) -> httpx.URL:
    """The base address of a publisher; raises `SettingError`, which does not quote it."""
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL:
        raise SettingError("The address of the feed is not an address.") from None
    if url.scheme not in ("http", "https") or not url.host or url.userinfo or url.query or url.fragment:
        raise SettingError("The address of the feed must be like https://takedown.example, without a password in it.")
    return url


def _check(status: int) -> None:
    """Raise what an answer of this status means, unless it is 200."""
    if status == 200:
        return
    if status in (401, 403):
        raise FeedUnreachableError(
            "The feed's server does not accept the key. Make one with `staydown feed key`, for a node with --node."
        )
    if status == 409:
        raise FeedError("The feed has fewer lines than were followed. Ask its publisher whether it was restored.")
    if status == 429:
        raise FeedUnreachableError("The feed's server says that it is asked too often.")
    raise FeedUnreachableError(f"The feed's server answered with status {status}. Check its address.")


def _unreachable(error: httpx.HTTPError) -> FeedUnreachableError:
    """A sentence for ``error`` that quotes no address and no answer."""
    if isinstance(error, httpx.TimeoutException):
        return FeedUnreachableError("The feed did not answer in time. Check that its server runs.")
    return FeedUnreachableError()


def _capped(parts: Iterable[bytes], longest: int) -> Iterator[bytes]:
    """``parts``, until they are longer than ``longest`` bytes together."""
    seen = 0
    for part in parts:
        seen += len(part)
        if seen > longest:
            raise FeedError("The feed's server answered with more than was asked for.")
        yield part


def _texts(parts: Iterable[bytes], longest: int) -> Iterator[str]:
    """The lines of a page, as text. Only a newline ends a line: names may hold the other line ends of Unicode."""
    rest = b""
    for part in _capped(parts, longest):
        *whole, rest = (rest + part).split(b"\n")
        for line in whole:
            if line:
                yield _text(line)
    if rest:
        yield _text(rest)


def _text(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        raise FeedError("A feed line is not UTF-8.") from None


def _digest(text: object) -> bytes:
    digest = bytes.fromhex(str(text))
    if len(digest) != 32:
        raise ValueError("not a SHA-256")
    return digest
