"""Videos from strangers, hashed in worker processes that can do nothing else.

A file has a process of its own, which gets it as its standard input, however large. Videos in memory, which are mostly
short, share a few processes, one after the other. A process that dies or overruns costs the one video that it had.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from staydown.core.hashing.containers import SNIFFED, Container, container_of, is_video
from staydown.core.hashing.video import DEFAULT_LIMITS, Video, VideoLimits, fault
from staydown.core.hashing.video_child import Progress, VideoChild
from staydown.errors import MediaError, NotAVideoError, StaydownError, TooLargeError


class VideoPool:
    """Hashes untrusted videos, at most ``workers`` at once, each under ``limits`` and within ``seconds``.

    Threads may share a pool; those beyond the number of workers wait their turn. Workers start when first needed. Close
    the pool, or use it as a context manager: what is still being decoded is then given up.
    """

    def __init__(self, workers: int = 1, limits: VideoLimits = DEFAULT_LIMITS, seconds: float = 900) -> None:
        self._limits = limits
        self._seconds = seconds
        self._room = threading.BoundedSemaphore(workers)
        self._lock = threading.Lock()
        self._busy: set[VideoChild] = set()
        self._free: list[VideoChild] = []
        self._is_closed = False

    def hash(
        self,
        source: bytes | Path,
        *,
        every: float = 1.0,
        quick: bool = False,
        with_md5: bool = False,
        progress: Progress | None = None,
    ) -> Video:
        """The hashes of a video file; see `footage.hash_video`. Raises the `MediaError` that says why it has none.

        ``progress`` is called with the time of each frame as it is hashed.
        """
        if isinstance(source, bytes):
            self._admit(source[:SNIFFED], len(source))
            if container_of(source[:SNIFFED]) is Container.PNG and not is_video(source):
                raise NotAVideoError  # its first bytes need not tell; no process is started for it
            with self._child(lambda: VideoChild(self._limits, self._seconds)) as child:
                return child.hash(source, progress, every=every, quick=quick, with_md5=with_md5)
        try:
            file = source.open("rb")
        except OSError as error:
            raise MediaError(f"This file cannot be read ({error.strerror}). Check its permissions.") from None
        with file:
            self._admit(file.read(SNIFFED), os.fstat(file.fileno()).st_size)
            start = lambda: VideoChild(self._limits, self._seconds, file=file, every=every, quick=quick)  # noqa: E731
            with self._child(start, own=True) as child:
                return child.hash_file(progress, with_md5=with_md5)

    def close(self) -> None:
        """End every process, whatever it does. A closed pool hashes nothing."""
        with self._lock:
            self._is_closed = True
            free, self._free = self._free, []
            for child in self._busy:
                child.kill()
        for child in free:
            child.end()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _admit(self, start: bytes, size: int) -> None:
        container_of(start)
        if size > self._limits.max_bytes:
            raise fault(TooLargeError)

    @contextlib.contextmanager
    def _child(self, start: Callable[[], VideoChild], *, own: bool = False) -> Iterator[VideoChild]:
        """A worker: a free one unless the video is to have its ``own``. Kept for the next video if it can take one."""
        with self._room:
            spent = []
            with self._lock:
                if self._is_closed:
                    raise StaydownError("This pool of video workers is closed. Open another one.")
                child = None
                while not own and self._free and child is None:
                    child = self._free.pop()
                    if not child.is_usable:  # it died in its sleep
                        spent.append(child)
                        child = None
                child = child or start()
                self._busy.add(child)
            try:
                yield child
            finally:
                with self._lock:
                    self._busy.discard(child)
                    keep = child.is_usable and not self._is_closed
                    (self._free if keep else spent).append(child)
                for each in spent:
                    each.end()
