"""POST /v1/screen with a hash: requests a second and p99, asked over loopback from a second process.

python -m benchmarks.screening 1000000     # the node's side alone, for a look with another load generator
"""

from __future__ import annotations

import asyncio
import random
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import httpx
import numpy as np
import uvicorn
import uvloop

from staydown.cli.screen import TURN
from staydown.core.bank import Action, Entry
from staydown.core.hashing.algorithm import Algorithm, Hash
from staydown.core.hashing.pool import HashingPool
from staydown.core.matching.live import LiveIndex
from staydown.exchange.testing import Publisher
from staydown.screening.app import build
from staydown.screening.settings import Settings

SEED: Final = 7
KEY: Final = "sdn_live_benchmark"
CONNECTIONS: Final = 16
QUESTIONS: Final = 4000  # different ones, asked in turn
KNOWN: Final = 20  # one question in so many is a copy of an entry, 20 bits away, and must be blocked
TARGETS: Final = {100_000: 8000, 1_000_000: 8000, 10_000_000: 4000}
PUBLISHED_GOAL: Final = 1000  # requests a second, of HMA
P99_TARGET: Final = 15.0  # milliseconds


def rows(*, quick: bool) -> list[dict[str, object]]:
    """The rows of this part; about 40 seconds, or 15 when quick."""
    found: list[dict[str, object]] = []
    for count in (100_000,) if quick else (100_000, 1_000_000):
        rate, p99 = measure(count, seconds=2.0 if quick else 6.0)
        work = f"POST /v1/screen, a hash over {count:,} entries, one node"
        goal = {"peer": "HMA's published goal", "ours": rate, "theirs": PUBLISHED_GOAL, "unit": "requests/s"}
        found.append(
            {
                "work": work,
                **goal,
                "ratio": rate / PUBLISHED_GOAL,
                "target": f"at least {TARGETS[count]:,} requests/s",
                "holds": rate >= TARGETS[count],
            }
        )
        found.append(
            {
                "work": f"{work}: p99",
                "peer": "the target",
                "ours": p99,
                "theirs": P99_TARGET,
                "unit": "ms",
                "ratio": P99_TARGET / p99,
                "target": f"under {P99_TARGET:g} ms",
                "holds": p99 < P99_TARGET,
            }
        )
    return found


def measure(count: int, *, seconds: float) -> tuple[float, float]:
    """Requests a second, and the 99th percentile in milliseconds, of a node with ``count`` entries."""
    with node(count) as port:
        questions = asked(count)
        uvloop.run(load(port, questions, seconds=seconds / 3))  # warm: compiled code, open connections, filled caches
        took, elapsed = uvloop.run(load(port, questions, seconds=seconds))
    took.sort()
    return len(took) / elapsed, took[int(len(took) * 0.99)] * 1000


def values(count: int) -> Iterator[bytes]:
    """The hashes of ``count`` entries, the same on every run."""
    rng = np.random.default_rng(SEED)
    for start in range(0, count, 50_000):
        block = rng.bytes(32 * min(50_000, count - start))
        yield from (block[at : at + 32] for at in range(0, len(block), 32))


def asked(count: int) -> list[tuple[bytes, bytes]]:
    """Requests, each with the action that it must be answered with."""
    chosen = random.Random(SEED)
    known = [value for number, value in enumerate(values(min(count, 50_000))) if number % 250 == 0]
    found = []
    for number in range(QUESTIONS):
        value = int.from_bytes(chosen.randbytes(32) if number % KNOWN else chosen.choice(known))
        if number % KNOWN == 0:
            for bit in chosen.sample(range(256), 20):
                value ^= 1 << bit
        body = b'{"hashes":[{"algorithm":"pdq","value":"%s"}]}' % value.to_bytes(32).hex().encode()
        head = (
            "POST /v1/screen HTTP/1.1\r\nhost: node\r\ncontent-type: application/json\r\n"
            f"authorization: Bearer {KEY}\r\ncontent-length: {len(body)}\r\n\r\n"
        )
        found.append((head.encode() + body, b'"allow"' if number % KNOWN else b'"block"'))
    return found


async def load(port: int, questions: list[tuple[bytes, bytes]], *, seconds: float) -> tuple[list[float], float]:
    """The seconds that each request took, and the seconds that all of them took together.

    Every connection asks one question after the other. A wrong answer ends the measurement: fast and wrong is nothing.
    """
    took: list[float] = []
    began = time.perf_counter()
    until = began + seconds

    async def ask(first: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        number = first
        while (now := time.perf_counter()) < until:
            request, action = questions[number % len(questions)]
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            at = head.index(b"content-length: ") + 16
            body = await reader.readexactly(int(head[at : head.index(b"\r", at)]))
            took.append(time.perf_counter() - now)
            if action not in body:
                raise AssertionError(f"question {number} was answered with {body!r}")
            number += CONNECTIONS
        writer.close()

    await asyncio.gather(*(ask(first) for first in range(CONNECTIONS)))
    return took, time.perf_counter() - began


@contextmanager
def node(count: int) -> Iterator[int]:
    """The port of a node with ``count`` entries, in a process of its own."""
    command = [sys.executable, "-u", "-m", "benchmarks.screening", str(count)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            port = int(process.stdout.readline())
            while httpx.get(f"http://127.0.0.1:{port}/readyz").status_code != 200:
                time.sleep(0.05)
            yield port
        finally:
            process.terminate()


def serve(count: int) -> None:
    """Run a node whose index is filled without a feed; print its port once it answers."""
    index = LiveIndex()
    index.load(
        Entry(uuid.UUID(int=number), "benchmark", Hash(Algorithm.PDQ, value), 31, Action.BLOCK)
        for number, value in enumerate(values(count))
    )
    index.settle()
    publisher = Publisher()
    publisher.allow(KEY, "screen")
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)
    sys.setswitchinterval(TURN)  # as `staydown screen` does
    print(listener.getsockname()[1], flush=True)
    with HashingPool(1) as pool:
        app = build(Settings(), feed_client=publisher.client(), pool=pool, index=index)
        config = uvicorn.Config(app, loop="uvloop", http="httptools", log_level="error", access_log=False)
        uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    serve(int(sys.argv[1]))
