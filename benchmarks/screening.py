"""POST /v1/screen with a hash and with a picture: requests a second, p99 and memory, asked from a second process.

The node and the generator have two cores between them. Beside it stands an application that answers every request with
the same bytes and does nothing else, under the same server: no node on this server can be faster than that.

python -m benchmarks.screening 1000000     # the node's side alone, for a look with another load generator
"""

from __future__ import annotations

import random
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import httpx
import numpy as np
import uvicorn
from PIL import Image

from benchmarks import load
from benchmarks.load import Request
from staydown.core.bank import Action
from staydown.core.hashing.algorithm import Algorithm
from staydown.core.hashing.pool import HashingPool
from staydown.core.matching.live import LiveIndex
from staydown.core.matching.table import Kind, Kinds, Table
from staydown.exchange.testing import Publisher
from staydown.screening.app import build
from staydown.screening.settings import Settings
from staydown.screening.turns import take_short_turns
from tests import pictures

SEED: Final = 7
KEY: Final = "sdn_live_benchmark"
EMPTY: Final = "empty"
CONNECTIONS: Final = 16
UPLOADERS: Final = 8
QUESTIONS: Final = 4000  # different ones, asked in turn
KNOWN: Final = 20  # one question in so many is a copy of an entry, 20 bits away, and must be blocked
TARGETS: Final = {100_000: 8000, 1_000_000: 8000, 10_000_000: 4000}  # requests a second
UPLOAD_TARGET: Final = 250
PUBLISHED_GOAL: Final = 1000  # requests a second, of HMA
P99_TARGET: Final = 15.0  # milliseconds
WARM: Final = 5_000  # uploads whose highest memory the highest of all may not exceed by more than GROWTH
LONG: Final = 50_000  # all of them
GROWTH: Final = 1.05

Row = dict[str, object]


def rows(*, quick: bool) -> list[Row]:
    """The rows of this part; about five minutes, or 30 seconds when quick."""
    seconds = 2.0 if quick else 6.0
    with node(EMPTY) as (port, _):
        bound = asked(port, hashes(0), seconds=seconds).rate
    found: list[Row] = []
    for count in (100_000,) if quick else (1_000_000, 10_000_000):
        with node(str(count)) as (port, _):
            took = asked(port, hashes(count), seconds=seconds)
        found += hash_rows(count, took, bound)
    with node("100000") as (port, pid):
        found += upload_rows(port, pid, share=0.05 if quick else 1.0)
    return found


def asked(port: int, requests: list[Request], *, seconds: float) -> load.Took:
    """What the requests took once the node is warm: compiled code, open connections, filled caches."""
    load.for_seconds(port, requests, connections=CONNECTIONS, seconds=seconds / 3)
    return load.for_seconds(port, requests, connections=CONNECTIONS, seconds=seconds)


def hash_rows(count: int, took: load.Took, bound: float) -> list[Row]:
    """Rate and p99 of questions with a hash."""
    work = f"POST /v1/screen, a hash over {count:,} entries, one node"
    unit = "requests/s"
    goal, p99 = TARGETS[count], took.percentile(0.99)
    rate = row(work, "HMA's published goal", took.rate, PUBLISHED_GOAL, unit, f"at least {goal:,}", took.rate >= goal)
    return [
        {**rate, "limit": round(bound, 3), "limited_by": "the same server with nothing to do"},
        row(f"{work}: p99", "the target", p99, P99_TARGET, "ms", f"under {P99_TARGET:g}", p99 < P99_TARGET),
    ]


def upload_rows(port: int, pid: int, *, share: float) -> list[Row]:
    """Rate of pictures, and whether memory stays flat; with so large a share of the uploads."""
    requests = uploads()
    warm, long = int(WARM * share), int(LONG * share)
    with load.watched(pid) as first:
        load.so_many(port, requests, connections=UPLOADERS, count=warm)
    with load.watched(pid) as later:
        took = load.so_many(port, requests, connections=UPLOADERS, count=long - warm)
    before, after = max(first) / 1e6, max(later) / 1e6
    work = "POST /v1/screen, a 2-megapixel JPEG, one node, two workers"
    target = f"at least {UPLOAD_TARGET}"
    highest, flat = f"{work}: highest memory over {long:,}", f"at most {GROWTH:g} times"
    return [
        row(work, "the target", took.rate, UPLOAD_TARGET, "requests/s", target, took.rate >= UPLOAD_TARGET),
        row(highest, f"over the first {warm:,}", after, before, "MB", flat, after <= before * GROWTH),
    ]


def row(work: str, peer: str, ours: float, theirs: float, unit: str, target: str, holds: object) -> Row:
    """A row of the table. More is better of rates, less of everything else; the ratio is above 1 for what is better."""
    ratio = ours / theirs if unit == "requests/s" else theirs / ours
    figures = {"ours": round(ours, 3), "theirs": round(theirs, 3), "unit": unit, "ratio": round(ratio, 3)}
    return {"work": work, "peer": peer, **figures, "target": target, "holds": bool(holds)}


def values(count: int) -> np.ndarray[Any, Any]:
    """The first hashes of the entries, as four words each; the same on every run, whatever comes after them."""
    return np.random.default_rng(SEED).integers(0, 1 << 64, (count, 4), np.uint64)


def hashes(count: int) -> list[Request]:
    """Questions with a hash, each with the action that must be the answer; of an empty node, all allowed."""
    chosen = random.Random(SEED)
    known = values(min(count, 1000))
    found = []
    for number in range(QUESTIONS):
        blocked = len(known) > 0 and number % KNOWN == 0
        value = int.from_bytes(chosen.choice(known).tobytes() if blocked else chosen.randbytes(32))
        for bit in chosen.sample(range(256), 20) if blocked else ():
            value ^= 1 << bit
        body = b'{"hashes":[{"algorithm":"pdq","value":"%s"}]}' % value.to_bytes(32).hex().encode()
        found.append(Request(head("application/json", body) + body, b'"block"' if blocked else b'"allow"'))
    return found


def uploads() -> list[Request]:
    """Pictures of two megapixels as a browser sends them; none is known to the node."""
    found = []
    for turn in (None, Image.Transpose.ROTATE_90, Image.Transpose.FLIP_LEFT_RIGHT):
        for name in pictures.PHOTOGRAPHS:
            image = pictures.photograph(name).resize((1632, 1224), Image.Resampling.LANCZOS)
            data = pictures.encoded(image if turn is None else image.transpose(turn), quality=85)
            opened = b'--part\r\ncontent-disposition: form-data; name="file"; filename="a.jpg"\r\n'
            body = opened + b"content-type: image/jpeg\r\n\r\n" + data + b"\r\n--part--\r\n"
            found.append(Request(head("multipart/form-data; boundary=part", body) + body, b'"allow"'))
    return found


def head(kind: str, body: bytes) -> bytes:
    """The head of a request."""
    return (
        f"POST /v1/screen HTTP/1.1\r\nhost: node\r\ncontent-type: {kind}\r\n"
        f"authorization: Bearer {KEY}\r\ncontent-length: {len(body)}\r\n\r\n"
    ).encode()


@contextmanager
def node(kind: str) -> Iterator[tuple[int, int]]:
    """Port and process id of a node with so many entries, or of the application that does nothing."""
    command = [sys.executable, "-u", "-m", "benchmarks.screening", kind]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            port = int(process.stdout.readline())
            while httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=60).status_code != 200:
                time.sleep(0.05)
            yield port, process.pid
        finally:
            process.terminate()


def serve(kind: str) -> None:
    """Run a node whose index is filled without a feed, or the application that does nothing; print its port."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)
    if kind == EMPTY:
        print(listener.getsockname()[1], flush=True)
        run(nothing, listener)
        return
    index = LiveIndex()
    index.load(table(int(kind)))
    index.settle()
    publisher = Publisher()
    publisher.allow(KEY, "screen")
    take_short_turns()  # as `staydown screen` does
    print(listener.getsockname()[1], flush=True)
    with HashingPool(2) as pool:
        run(build(Settings(), feed_client=publisher.client(), pool=pool, index=index), listener)


def run(app: Any, listener: socket.socket) -> None:
    """Serve as `staydown screen` does."""
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http="httptools",
        log_level="error",
        access_log=False,
        server_header=False,
        proxy_headers=False,
    )
    uvicorn.Server(config).run(sockets=[listener])


async def nothing(scope: Any, receive: Any, send: Any) -> None:
    """An application that answers at once, always the same."""
    if scope["type"] != "http":
        await send({"type": f"{(await receive())['type']}.complete"})
        return
    await receive()
    body = b'{"action":"allow","hashable":true,"hit_id":null}'
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def table(count: int) -> Table:
    """Entries with random hashes."""
    numbers = np.arange(count, dtype=np.uint64)
    kinds = Kinds([Kind(Algorithm.PDQ, "benchmark", 31, Action.BLOCK)])
    return Table(values(count), numbers, numbers.copy(), np.zeros(count, np.uint16), kinds)


if __name__ == "__main__":
    serve(sys.argv[1])
