"""A publisher in memory, to test followers against: it publishes, withdraws, waits, fails, stalls and lies.

publisher = Publisher()
publisher.add(entry)
client = publisher.client()            # in this process, without a socket
with publisher.serving() as address:   # or over loopback, for another process
    ...
"""

from __future__ import annotations

import enum
import hashlib
import json
import secrets
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final
from uuid import UUID

import httpx

from staydown.core import feed
from staydown.core.bank import Entry
from staydown.core.feed import AddLine, Line, OpaqueLine, RemoveLine
from staydown.core.hashing.algorithm import Algorithm
from staydown.core.merkle import Frontier
from staydown.core.note import Signer
from staydown.exchange.peer import FeedClient
from staydown.exchange.testing.loopback import serving

LONGEST_WAIT: Final = 30.0


class Fault(enum.Enum):
    """How a publisher misbehaves."""

    DOWN = "answers 503"
    DROPPED = "takes the request and drops the connection"
    STALLED = "takes the request and does not answer until the fault is over"
    KEY_REFUSED = "answers 401"
    BUSY = "answers 429, and that it may be asked again after seven seconds"
    NOT_A_FEED = "answers with a web page"
    CUT_OFF = "stops before the checkpoint"
    GAP = "leaves the first new line out"
    REPEATED = "sends the first new line twice"
    CHANGED_LINE = "changes the last new line"
    WRONG_KEY = "signs with another key"
    ROLLED_BACK = "forgets lines that it has sent"
    REWRITTEN = "signs a history that is not the one it sent"


class Publisher:
    """A feed with a real signer. Thread-safe. ``hits`` holds the hits that were taken, by their id."""

    def __init__(self, name: str = "publisher.test", *, key: str = "sdn_live_follower") -> None:
        self.key = key
        self.hits: dict[str, dict[str, Any]] = {}
        self.posts = 0  # of hits, taken or not
        self.pulls = 0
        self.confirmed = 0  # the number of the last line that the follower says it has applied
        self.hit_fault: Fault | None = None
        self.hit_status = 200  # another one refuses the hits with it
        self._signer = Signer(name, secrets.token_bytes(32))
        self._false_signer = Signer(name, secrets.token_bytes(32))
        self._lines: list[Line] = []
        self._trees = [Frontier()]
        self._client_keys: dict[str, dict[str, Any]] = {}
        self._fault: Fault | None = None
        self._closing = False
        self._changed = threading.Condition()

    @property
    def verifier_key(self) -> str:
        """What followers verify with."""
        return self._signer.verifier_key

    @property
    def size(self) -> int:
        """How many lines there are."""
        return len(self._lines)

    @property
    def fault(self) -> Fault | None:
        """How it misbehaves now, if it does."""
        return self._fault

    @fault.setter
    def fault(self, fault: Fault | None) -> None:
        with self._changed:
            self._fault = fault
            self._changed.notify_all()

    def add(self, entry: Entry) -> int:
        """Publish that ``entry`` is matched from now on; the number of its line."""
        with self._changed:
            return self._append(AddLine(self.size + 1, entry, secrets.token_bytes(feed.SALT_SIZE)))

    def withdraw(self, entry_id: UUID) -> int:
        """Publish that the entry is matched no more, and erase its hash from the earlier lines."""
        with self._changed:
            for at, line in enumerate(self._lines):
                if isinstance(line, AddLine) and line.entry.id == entry_id:
                    self._lines[at] = feed.opaque(line)
            return self._append(RemoveLine(self.size + 1, entry_id))

    def allow(self, client_key: str, *scopes: str, banks: Sequence[str] = ()) -> None:
        """Let clients of the screening nodes use ``client_key``, for these banks or for all."""
        with self._changed:
            digest = hashlib.sha256(client_key.encode()).hexdigest()
            self._client_keys[digest] = {"digest": digest, "scopes": list(scopes), "banks": list(banks)}

    def revoke(self, client_key: str) -> None:
        """Let nobody use ``client_key`` any more."""
        with self._changed:
            del self._client_keys[hashlib.sha256(client_key.encode()).hexdigest()]

    def wait_for_hits(self, total: int, *, seconds: float = 30.0) -> bool:
        """Whether hits with this total count were taken within some seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: self.total_of_hits() >= total, seconds)

    def total_of_hits(self) -> int:
        """How many uploads the hits taken so far speak of."""
        return sum(int(hit["count"]) for hit in self.hits.values())

    def client(self, *, seconds: float = 10.0) -> FeedClient:
        """A client of this publisher, without a socket."""
        return FeedClient(
            "http://publisher.test", self.key, self.verifier_key, transport=self.transport(), seconds=seconds
        )

    def transport(self) -> httpx.MockTransport:
        """For an httpx client of one's own."""
        return httpx.MockTransport(self.respond)

    def respond(self, request: httpx.Request) -> httpx.Response:
        """The answer to ``request``."""
        if request.headers.get("authorization") != f"Bearer {self.key}":
            return _problem(401)
        if request.url.path == "/api/v1/hits" and request.method == "POST":
            return self._take_hits(json.loads(request.content))
        failed = self._fail(self.fault)
        if failed is not None:
            return failed
        if request.url.path == "/api/v1/screening/keys":
            with self._changed:
                keys = list(self._client_keys.values())
            return httpx.Response(200, json={"keys": keys})
        if request.url.path == "/api/v1/feed":
            ask = request.url.params
            read = feed.algorithms_read(ask.get("algorithms", ""))
            wait = min(float(ask.get("wait", 0)), LONGEST_WAIT)
            confirmed = min(int(ask["after"]), int(ask.get("confirmed", ask["after"])))
            self.confirmed = max(self.confirmed, confirmed)
            return self._page(int(ask["after"]), int(ask["limit"]), wait, read)
        return _problem(404)

    @contextmanager
    def serving(self) -> Iterator[str]:
        """The address of this publisher on loopback, for as long as the block runs."""
        with serving(self.respond, stop=self._stop) as address:
            yield address
        self._closing = False

    def _stop(self) -> None:
        with self._changed:
            self._closing = True
            self._changed.notify_all()

    def _append(self, line: Line) -> int:
        self._lines.append(line)
        self._trees.append(self._trees[-1].append(feed.leaf(line)))
        self._changed.notify_all()
        return line.seq

    def _page(self, after: int, limit: int, wait: float, read: Collection[Algorithm]) -> httpx.Response:
        with self._changed:
            self.pulls += 1
            self._changed.wait_for(lambda: self.size > after or self._fault or self._closing, wait)
            failed = self._fail(self._fault)
            if failed is not None:
                return failed
            if after > self.size:
                return httpx.Response(409)  # this feed is another, or an older copy of itself
            lines = [feed.readable(line, read) for line in self._lines[after : after + limit]]
            return _ndjson(*self._told(lines, after))

    def _told(self, lines: list[Line], after: int) -> tuple[list[Line], feed.CheckpointLine | None]:
        """The lines and the checkpoint, with the fault of the moment in them."""
        signer, last = self._signer, after + len(lines)
        tree = self._trees[last]
        match self._fault:
            case Fault.CUT_OFF:
                return lines, None
            case Fault.GAP:
                lines = lines[1:]
            case Fault.REPEATED:
                lines = lines[:1] + lines
            case Fault.CHANGED_LINE if lines:
                lines = [*lines[:-1], OpaqueLine(last, bytes(32))]
            case Fault.WRONG_KEY:
                signer = self._false_signer
            case Fault.ROLLED_BACK:
                lines, tree = [], self._trees[max(after - 1, 0)]
            case Fault.REWRITTEN:
                tree = Frontier()
                for number in range(last):
                    tree = tree.append(bytes([number % 256]) * 32)
        return lines, feed.checkpoint(tree.size, tree.root(), signer)

    def _take_hits(self, body: dict[str, Any]) -> httpx.Response:
        with self._changed:
            self.posts += 1
            self._changed.notify_all()
            if self.hit_status != 200:
                return _problem(self.hit_status)
            if self.hit_fault is not Fault.DROPPED:
                failed = self._fail(self.hit_fault or self._fault)
                if failed is not None:
                    return failed
            for hit in body["hits"]:
                self.hits.setdefault(hit["id"], hit)
            self._changed.notify_all()
            if self.hit_fault is Fault.DROPPED:  # taken, but the answer is lost: the node must send the same ids again
                raise httpx.ReadError("dropped")
            return httpx.Response(200, json={"accepted": len(body["hits"])})

    def _fail(self, fault: Fault | None) -> httpx.Response | None:
        """The answer when the publisher is not able to give a true one."""
        match fault:
            case Fault.DOWN:
                return _problem(503)
            case Fault.KEY_REFUSED:
                return _problem(401)
            case Fault.BUSY:
                return _problem(429, {"retry-after": "7"})
            case Fault.NOT_A_FEED:
                return httpx.Response(200, html="<!doctype html><title>Sign in</title>")
            case Fault.DROPPED:
                raise httpx.ReadError("dropped")
            case Fault.STALLED:
                with self._changed:
                    self._changed.wait_for(lambda: self._fault is not Fault.STALLED or self._closing)
                raise httpx.ReadTimeout("stalled")
        return None


def _problem(status: int, headers: Mapping[str, str] | None = None) -> httpx.Response:
    return httpx.Response(status, json={"status": status, "code": "refused"}, headers=headers)


def _ndjson(lines: list[Line], checkpoint: feed.CheckpointLine | None) -> httpx.Response:
    sent = [*lines, checkpoint] if checkpoint else lines
    body = "".join(feed.encode(line) + "\n" for line in sent)
    return httpx.Response(200, content=body.encode(), headers={"content-type": "application/x-ndjson"})
