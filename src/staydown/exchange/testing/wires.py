"""What a simulated partner puts on the wire, one class a protocol: the page that a request asks for, and its answer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple, Protocol
from uuid import UUID

import httpx

from staydown.core.hashing.algorithm import Hash
from staydown.exchange import ncmec, stopncii
from staydown.exchange.ncmec import Member, Shared, Window

FIRST: Final = 1_700_000_000  # when the list began, in seconds since 1970; each change is a second after the last one
OWNER: Final = Member(42, "Helpline")


@dataclass(frozen=True, slots=True)
class Record:
    """A record of a partner's list. ``number`` is its own, ``at`` when it last changed, in seconds since 1970."""

    number: int
    at: int
    hash: Hash
    is_gone: bool = False


class Wanted(NamedTuple):
    """What a request asks for: what changed from ``since`` on (inclusive), behind the place ``token``."""

    since: float
    token: str


class Wire(Protocol):
    """How one protocol is spoken."""

    kind: str
    page: int

    def wanted(self, request: httpx.Request) -> Wanted: ...

    def name(self, record: Record) -> str:
        """What a follower calls the record."""
        ...

    def body(self, request: httpx.Request, records: Sequence[Record], token: str) -> bytes:
        """A page with these records; ``token`` leads to the next one, empty: there is none."""
        ...

    def broken(self, body: bytes) -> bytes:
        """The page with every third record damaged."""
        ...


class StopNCIIWire:
    """The partner API of StopNCII."""

    kind = "stopncii"
    page = 800

    def wanted(self, request: httpx.Request) -> Wanted:
        ask = request.url.params
        return Wanted(int(ask["startTimestamp"]), ask.get("nextPageToken", ""))

    def name(self, record: Record) -> str:
        return f"{stopncii.TYPES[record.hash.algorithm]}:{record.hash.hex()}"

    def body(self, request: httpx.Request, records: Sequence[Record], token: str) -> bytes:
        told = [stopncii.Record(UUID(int=each.number), each.hash, each.at) for each in records]
        page = stopncii.page(told, since=int(self.wanted(request).since), token=token or None)
        for each, record in zip(records, page["hashRecords"], strict=True):
            if each.is_gone:
                record["hashStatus"], record["caseNumbers"] = "Withdrawn", {str(UUID(int=each.number)): "Withdrawn"}
        return json.dumps(page).encode()

    def broken(self, body: bytes) -> bytes:
        return _json_broken(body, "hashRecords", "hashValue")


class NCMECWire:
    """NCMEC's hash sharing."""

    kind = "ncmec"
    page = 1000

    def wanted(self, request: httpx.Request) -> Wanted:
        ask = request.url.params
        return Wanted(self._window(request).start.timestamp(), ask.get("after", ""))

    def name(self, record: Record) -> str:
        return f"{OWNER.id}-{UUID(int=record.number)}"

    def body(self, request: httpx.Request, records: Sequence[Record], token: str) -> bytes:
        told = [self._told(each) for each in records]
        return ncmec.entries(OWNER, told, self._window(request), start=1, total=len(told), token=token or None)

    def broken(self, body: bytes) -> bytes:
        parts = body.split(b"<pdq>")
        return parts[0] + b"".join(
            b"<pdq>" + (b"zz" + part[2:] if at % 3 == 0 else part) for at, part in enumerate(parts[1:])
        )

    def _told(self, record: Record) -> Shared:
        at, hash_ = datetime.fromtimestamp(record.at, UTC), None if record.is_gone else record.hash
        return Shared(UUID(int=record.number), at, record.hash.algorithm, hash_)

    def _window(self, request: httpx.Request) -> Window:
        return Window.read(request.url.params["from"], request.url.params["to"])


class ThreatExchangeWire:
    """The updates of a privacy group."""

    kind = "threatexchange"
    page = 100

    def wanted(self, request: httpx.Request) -> Wanted:
        ask = request.url.params
        return Wanted(int(ask.get("start_time", 0)), ask.get("after", ""))

    def name(self, record: Record) -> str:
        return str(record.number)

    def body(self, request: httpx.Request, records: Sequence[Record], token: str) -> bytes:
        found: dict[str, Any] = {"data": [self._told(each) for each in records]}
        if token:
            again = request.url.copy_set_param("after", token).copy_set_param("access_token", "1|secret")
            found["paging"] = {"cursors": {"after": token}, "next": str(again)}
        return json.dumps(found).encode()

    def broken(self, body: bytes) -> bytes:
        return _json_broken(body, "data", "indicator")

    def _told(self, record: Record) -> dict[str, Any]:
        told = {"id": str(record.number), "indicator": record.hash.hex()}
        told["type"] = f"HASH_{record.hash.algorithm.upper()}"
        opinion = {"id": f"9{record.number}", "owner": {"id": "7"}, "status": "MALICIOUS", "tags": []}
        by_whom = {} if record.is_gone else {"descriptors": {"data": [opinion]}}
        return {**told, "last_updated": record.at, "should_delete": record.is_gone, **by_whom}


class TATWire:
    """The list of Tech Against Terrorism. Its place is in the checkpoint, so the token is one too."""

    kind = "tech-against-terrorism"
    page = 500

    def wanted(self, request: httpx.Request) -> Wanted:
        return Wanted(0, request.url.params.get("after", ""))

    def name(self, record: Record) -> str:
        return str(record.number)

    def body(self, request: httpx.Request, records: Sequence[Record], token: str) -> bytes:
        last = f"{records[-1].at},{records[-1].at - FIRST}" if records else request.url.params.get("after", "")
        base = {"count": len(records), "previous": None, "next": "limit=500&offset=500" if token else None}
        return json.dumps({**base, "checkpoint": token or last, "results": [self._told(e) for e in records]}).encode()

    def broken(self, body: bytes) -> bytes:
        return _json_broken(body, "results", "hash_digest")

    def _told(self, record: Record) -> dict[str, Any]:
        told = {"hash_digest": record.hash.hex(), "algorithm": record.hash.algorithm.upper()}
        told |= {"ideology": "all", "file_type": "jpg"}
        when = {"updated_on": float(record.at), "created_on": "2026-01-01T00:00:00Z"}
        return {**told, **when, "deleted": record.is_gone, "id": record.number}


def _json_broken(body: bytes, listed: str, field: str) -> bytes:
    page = json.loads(body)
    for record in page[listed][::3]:
        record[field] = "zz" + record[field][2:]
    return json.dumps(page).encode()


WIRES: Final[dict[str, Wire]] = {
    wire.kind: wire for wire in (StopNCIIWire(), NCMECWire(), ThreatExchangeWire(), TATWire())
}
