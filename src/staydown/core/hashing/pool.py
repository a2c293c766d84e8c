"""Pictures from strangers, hashed in worker processes that can do nothing else."""

from __future__ import annotations

import contextlib
import queue
import threading
from types import TracebackType
from typing import Self

from staydown.core.hashing.child import Child
from staydown.core.hashing.image import Limits, admit
from staydown.core.hashing.picture import DEFAULT_LIMITS, Picture
from staydown.errors import StaydownError


class HashingPool:
    """Hashes untrusted pictures in ``workers`` processes, each under ``limits``, each item within ``seconds``.

    Threads may share a pool; those beyond the number of workers wait their turn. Workers start when first needed. A
    worker that dies costs the one item it had and is replaced. Close the pool, or use it as a context manager.
    """

    def __init__(self, workers: int = 2, limits: Limits = DEFAULT_LIMITS, seconds: float = 20) -> None:
        self._limits = limits
        self._seconds = seconds
        self._workers = workers
        self._free: queue.SimpleQueue[Child | None] = queue.SimpleQueue()
        for _ in range(workers):
            self._free.put(None)
        self._closed = threading.Event()

    def hash(self, data: bytes, *, with_md5: bool = False) -> Picture:
        """The hashes of a picture file. Raises the `MediaError` that says why it has none."""
        admit(data, self._limits)
        child = self._take()
        try:
            return child.hash(data, with_md5=with_md5)
        finally:
            self._give_back(child)

    def close(self) -> None:
        """Let every item in work end, then every worker. A closed pool hashes nothing."""
        if self._closed.is_set():
            return
        self._closed.set()
        for _ in range(self._workers):
            child = self._free.get()
            if child is not None:
                child.end()
        for _ in range(self._workers):  # wakes the threads that still wait for a worker
            self._free.put(None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _take(self) -> Child:
        child = self._free.get()
        if self._closed.is_set():
            self._free.put(child)
            raise StaydownError("This pool of hashing workers is closed. Open another one.")
        if child is not None and child.is_usable:
            return child
        if child is not None:
            child.end()  # it died in its sleep
        try:
            return Child(self._limits, self._seconds)
        except BaseException:
            self._free.put(None)
            raise

    def _give_back(self, child: Child) -> None:
        """Frees a worker for the next thread; in place of a spent one, another that starts meanwhile."""
        place: Child | None = child
        if not child.is_usable:
            child.end()
            place = None
            with contextlib.suppress(StaydownError):  # the next thread tries again, and says so
                place = Child(self._limits, self._seconds)
        self._free.put(place)
