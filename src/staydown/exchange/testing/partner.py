"""A partner in memory that serves a list by somebody else's protocol, and misbehaves in each way that one can.

partner = Partner("stopncii", records=5)
with partner.serving() as address:
    ...
    partner.withdraw(3)
    partner.fault = PartnerFault.SHRUNK
"""

from __future__ import annotations

import enum
import itertools
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Final

import httpx

from staydown.core.hashing.algorithm import Algorithm, Hash
from staydown.exchange import ncmec
from staydown.exchange.testing.loopback import serving
from staydown.exchange.testing.wires import FIRST, WIRES, Record, Wanted

_ENDLESS_PART: Final = b" " * 65_536


class PartnerFault(enum.Enum):
    """How a partner misbehaves."""

    SILENT = "takes the request and drops the connection"
    DOWN = "answers 503"
    REFUSES = "answers 401"
    BUSY = "answers 429, and that it may be asked again after seven seconds"
    WEB_PAGE = "answers with a web page"
    WRONG_SHAPE = "answers in the format of its protocol with something else in it"
    SHRUNK = "has lost the second half of its list, and says nothing of it"
    REPEATS = "sends the first page again and again"
    ENDLESS = "sends the same records for ever, each page at a new place"
    TOO_LARGE = "sends one answer that does not end"
    MALFORMED = "damages every third record"
    FORGETS_PLACES = "does not know the places that it named any more"
    WENT_BACK = "is a copy from long before"


class Partner:
    """A list of ``records`` hashes, made when they are asked for: ten million take no more room than ten.

    They are of ``algorithm``: PDQ, or the MD5 by which such a list knows videos.
    """

    def __init__(
        self, kind: str, *, records: int = 0, page: int | None = None, algorithm: Algorithm = Algorithm.PDQ
    ) -> None:
        self.wire = WIRES[kind]
        self.algorithm = algorithm
        self.records = records
        self.page = page or self.wire.page
        self.fault: PartnerFault | None = None
        self.asked: list[httpx.Request] = []
        self.said: list[httpx.Request] = []
        self._changes: list[Record] = []  # withdrawals, behind all that was ever added
        self._lock = threading.Lock()

    def record(self, number: int) -> Record:
        """The record of that number, from 1 on, as it was added."""
        return Record(
            number, FIRST + number, Hash(self.algorithm, number.to_bytes(4, "big") * (self.algorithm.size // 4))
        )

    def withdraw(self, number: int) -> None:
        """Say from now on that the record is gone."""
        with self._lock:
            last = self._changes[-1].at if self._changes else FIRST + self.records
            at = max(last + 1, int(time.time()))  # some protocols look at windows of time that end now
            self._changes.append(Record(number, at, self.record(number).hash, is_gone=True))

    def live(self) -> set[str]:
        """What a follower calls the records that are there."""
        gone = {each.number for each in self._changes}
        return {self.wire.name(self.record(n)) for n in range(1, self.records + 1) if n not in gone}

    def serving(self) -> AbstractContextManager[str]:
        """The address of this partner on loopback, for as long as the block runs."""
        return serving(self.respond)

    def respond(self, request: httpx.Request) -> httpx.Response:
        """The answer to ``request``."""
        with self._lock:
            self.asked.append(request)
        if request.url.path.endswith("token-auth/tcap/") and self.fault is not PartnerFault.REFUSES:
            return self._failed() or httpx.Response(200, json={"token": "pass", "user": {}})
        failed = self._failed()
        if failed is not None:
            return failed
        if request.url.path.endswith("/reasons"):
            return httpx.Response(200, content=ncmec.reasons(Algorithm.PDQ))
        if request.url.path.endswith("/descriptors"):
            return httpx.Response(200, json={"data": [{"id": "91"}]})
        if request.method in ("POST", "PUT"):
            with self._lock:
                self.said.append(request)
            return httpx.Response(200, json={})
        return self._listed(request)

    def _failed(self) -> httpx.Response | None:
        match self.fault:
            case PartnerFault.SILENT:
                raise httpx.ReadError("silent")
            case PartnerFault.DOWN:
                return httpx.Response(503)
            case PartnerFault.REFUSES:
                return httpx.Response(401)
            case PartnerFault.BUSY:
                return httpx.Response(429, headers={"retry-after": "7"})
            case PartnerFault.WEB_PAGE:
                return httpx.Response(200, html="<!doctype html><title>Sign in</title>")
            case PartnerFault.WRONG_SHAPE:
                wrong = b"<status/>" if self.wire.kind == "ncmec" else b'{"hello": []}'
                return httpx.Response(200, content=wrong)
            case PartnerFault.TOO_LARGE:
                return httpx.Response(200, content=itertools.repeat(_ENDLESS_PART))
        return None

    def _listed(self, request: httpx.Request) -> httpx.Response:
        wanted = self.wire.wanted(request)
        if self.fault is PartnerFault.FORGETS_PLACES and wanted.token and self.wire.kind != "tech-against-terrorism":
            return httpx.Response(400)
        found, token = self._page(wanted)
        body = self.wire.body(request, found, token)
        return httpx.Response(200, content=self.wire.broken(body) if self.fault is PartnerFault.MALFORMED else body)

    def _page(self, wanted: Wanted) -> tuple[list[Record], str]:
        """The records that are wanted, and what leads to the next ones."""
        if self.fault is PartnerFault.REPEATS:
            found = list(itertools.islice(self._from(0), self.page))
            return found, f"{FIRST + self.page},{self.page}"
        if self.fault is PartnerFault.ENDLESS:
            turn = int(wanted.token.partition(",")[2] or 0) + 1
            return list(itertools.islice(self._from(0), self.page)), f"{FIRST + turn},{turn}"
        if self.fault is PartnerFault.WENT_BACK:
            return [
                Record(1, 1000, self.record(1).hash)
            ], "1000,1" if self.wire.kind == "tech-against-terrorism" else ""
        place = int(wanted.token.partition(",")[2] or 0)
        start = max(place, int(wanted.since) - FIRST - 1, 0)
        found = list(itertools.islice(self._from(start), self.page + 1))
        more = len(found) > self.page
        found = found[: self.page]
        return found, f"{found[-1].at},{found[-1].at - FIRST}" if more else ""

    def _from(self, place: int) -> Iterator[Record]:
        """The records behind a place, which counts changes in the order of their times."""
        count = self.records // 2 if self.fault is PartnerFault.SHRUNK else self.records
        gone = {each.number for each in self._changes}
        for number in range(place + 1, count + 1):
            if number not in gone:
                yield self.record(number)
        if self.fault is not PartnerFault.SHRUNK:
            yield from (each for each in self._changes if each.at > FIRST + place)
