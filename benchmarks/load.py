"""A light load generator: connections that are kept alive, each with one question after the other and never two."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

import uvloop

EVERY: Final = 0.2  # seconds between two looks at memory


class Request(NamedTuple):
    """The bytes of a request, and what the answer must hold: fast and wrong is nothing."""

    sent: bytes
    wanted: bytes


class Took(NamedTuple):
    """Seconds of each request, and of all of them together."""

    each: list[float]
    together: float

    @property
    def rate(self) -> float:
        """Requests a second."""
        return len(self.each) / self.together

    def percentile(self, share: float) -> float:
        """Milliseconds within which so large a share of the requests was answered."""
        return sorted(self.each)[int(len(self.each) * share)] * 1000


class Connection(asyncio.Protocol):
    """Asks until it is told to stop; ``ended`` gets the reason when an answer is not what it must be."""

    def __init__(self, requests: Iterator[Request], took: list[float]) -> None:
        self._requests = requests
        self._took = took
        self._answer = b""
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._ask()

    def data_received(self, data: bytes) -> None:
        self._answer += data
        head = self._answer.find(b"\r\n\r\n")
        if head < 0:
            return
        at = self._answer.find(b"content-length: ") + 16
        if len(self._answer) < head + 4 + int(self._answer[at : self._answer.find(b"\r", at)]):
            return
        self._took.append(time.perf_counter() - self._began)
        if self._request.wanted not in self._answer:
            self._end(AssertionError(f"{self._request.wanted!r} was not in {self._answer!r}"))
            return
        self._answer = b""
        self._ask()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(exc or ConnectionError("The node closed the connection."))

    def _ask(self) -> None:
        request = next(self._requests, None)
        if request is None:
            self._end(None)
            return
        self._request = request
        self._began = time.perf_counter()
        self._transport.write(request.sent)

    def _end(self, reason: Exception | None) -> None:
        if not self.ended.done():
            self.ended.set_result(None) if reason is None else self.ended.set_exception(reason)
        self._transport.close()


def for_seconds(port: int, requests: Sequence[Request], *, connections: int, seconds: float) -> Took:
    """Ask all ``requests`` over and over for so long."""
    until = time.perf_counter() + seconds

    def asked(first: int) -> Iterator[Request]:
        while time.perf_counter() < until:
            yield requests[first % len(requests)]
            first += connections

    return uvloop.run(_run(port, [asked(first) for first in range(connections)]))


def so_many(port: int, requests: Sequence[Request], *, connections: int, count: int) -> Took:
    """Ask ``count`` of the ``requests``, over and over."""
    numbers = iter(range(count))
    return uvloop.run(_run(port, [(requests[n % len(requests)] for n in numbers) for _ in range(connections)]))


async def _run(port: int, streams: list[Iterator[Request]]) -> Took:
    loop, took = asyncio.get_running_loop(), list[float]()
    began = time.perf_counter()
    opened = [
        await loop.create_connection(lambda stream=stream: Connection(stream, took), "127.0.0.1", port)
        for stream in streams
    ]
    await asyncio.gather(*(connection.ended for _, connection in opened))
    return Took(took, time.perf_counter() - began)


def memory(pid: int) -> int:
    """Bytes of memory that a process and its children hold.

    A child that has not begun its own program yet is the process once more, with the same memory, and not counted.
    """
    own, total = Path(f"/proc/{pid}/cmdline").read_bytes(), 0
    for each in [pid, *_children(pid)]:
        with contextlib.suppress(OSError):  # a child that has just ended
            if each != pid and Path(f"/proc/{each}/cmdline").read_bytes() == own:
                continue  # looked at first: it may begin its program at any moment, and is small from then on
            total += int(Path(f"/proc/{each}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return total


@contextmanager
def watched(pid: int) -> Iterator[list[int]]:
    """What `memory` says, several times a second for as long as the block runs: its end may be a lucky moment."""
    seen, ended = [memory(pid)], threading.Event()

    def watch() -> None:
        while not ended.wait(EVERY):
            seen.append(memory(pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield seen
    finally:
        ended.set()
        watcher.join()
        seen.append(memory(pid))


def _children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return [int(child) for task in tasks for child in _read(task / "children").split()]


def _read(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:  # the thread has just ended
        return ""
