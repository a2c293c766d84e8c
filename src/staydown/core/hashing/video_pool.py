"""Videos from strangers, each hashed in a process of its own that can do nothing else.

A video takes long enough that starting a process for it costs nothing in comparison. So the process gets the file
itself as its standard input, however large, and whatever becomes of it touches no other video.
"""

from __future__ import annotations

import contextlib
import hashlib
import math
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import astuple
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from staydown.core.hashing.algorithm import Algorithm, Hash
from staydown.core.hashing.containers import SNIFFED, container_of
from staydown.core.hashing.video import DEFAULT_LIMITS, Frame, Summary, Video, VideoLimits, fault
from staydown.core.hashing.video_records import read_record
from staydown.errors import CorruptError, MediaError, StaydownError, TooLargeError, TooLongError, TooSlowError

_SOURCES: Final = str(Path(__file__).parents[3])
_ENVIRONMENT: Final = {
    "PYTHONPATH": _SOURCES,
    "OPENBLAS_NUM_THREADS": "1",  # the process may start no thread
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}
_AT_A_TIME: Final = 1 << 20  # bytes

Progress = Callable[[float], object]


class VideoPool:
    """Hashes untrusted videos, at most ``workers`` at once, each under ``limits`` and within ``seconds``.

    Threads may share a pool; those beyond the number of workers wait their turn. A process that dies costs the one
    video it had. Close the pool, or use it as a context manager: what is still being decoded is then given up.
    """

    def __init__(self, workers: int = 1, limits: VideoLimits = DEFAULT_LIMITS, seconds: float = 900) -> None:
        self._limits = limits
        self._seconds = seconds
        self._room = threading.BoundedSemaphore(workers)
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._is_closed = False

    def hash(
        self, source: bytes | Path, *, every: float = 1.0, quick: bool = False, progress: Progress | None = None
    ) -> Video:
        """The hashes of a video file; see `footage.hash_video`. Raises the `MediaError` that says why it has none.

        ``progress`` is called with the time of each frame as it is hashed.
        """
        if isinstance(source, bytes):
            self._admit(source[:SNIFFED], len(source))
            with self._process(subprocess.PIPE, every=every, quick=quick) as process:
                feeder = threading.Thread(target=_feed, args=(process, source), daemon=True)
                feeder.start()
                return self._video(process, hashlib.sha256(source).digest, progress)
        try:
            file = source.open("rb")
        except OSError as error:
            raise MediaError(f"This file cannot be read ({error.strerror}). Check its permissions.") from None
        with file:
            self._admit(file.read(SNIFFED), os.fstat(file.fileno()).st_size)
            file.seek(0)
            with self._process(file, every=every, quick=quick) as process:
                return self._video(process, lambda: _digest(file.fileno()), progress)

    def close(self) -> None:
        """End every process, whatever it does. A closed pool hashes nothing."""
        with self._lock:
            self._is_closed = True
            for process in self._running:
                process.kill()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _admit(self, start: bytes, size: int) -> None:
        container_of(start)
        if size > self._limits.max_bytes:
            raise fault(TooLargeError)

    @contextlib.contextmanager
    def _process(self, source: Any, *, every: float, quick: bool) -> Iterator[subprocess.Popen[bytes]]:
        """A worker with ``source`` as its input; ended and forgotten afterwards."""
        figures = (*astuple(self._limits), math.ceil(self._seconds), int(quick), every)
        with self._room:
            with self._lock:
                if self._is_closed:
                    raise StaydownError("This pool of video workers is closed. Open another one.")
                try:
                    process = subprocess.Popen(
                        [sys.executable, "-sP", "-m", "staydown.core.hashing.video_worker", *map(str, figures)],
                        stdin=source,
                        stdout=subprocess.PIPE,
                        stderr=subprocess.DEVNULL,  # decoders write there what strangers put into their files
                        env=_ENVIRONMENT,
                        cwd="/",
                    )
                except OSError:
                    raise StaydownError("A video worker does not start. Run `staydown doctor` to see why.") from None
                self._running.add(process)
            try:
                yield process
            finally:
                with self._lock:
                    self._running.discard(process)
                process.kill()
                process.wait()
                for pipe in (process.stdin, process.stdout):
                    if pipe is not None:
                        with contextlib.suppress(OSError):
                            pipe.close()

    def _video(self, process: subprocess.Popen[bytes], digest: Callable[[], bytes], progress: Progress | None) -> Video:
        """What the process finds out, and the SHA-256, which is made while it works."""
        expired = threading.Event()

        def expire() -> None:
            expired.set()
            process.kill()

        watchdog = threading.Timer(self._seconds, expire)
        watchdog.daemon = True
        watchdog.start()
        try:
            whole = Hash(Algorithm.SHA256, digest())
            frames, found = self._records(process, progress)
        finally:
            watchdog.cancel()
            watchdog.join()
        if found is None:
            process.wait()
            raise fault(TooSlowError if expired.is_set() or process.returncode == -signal.SIGXCPU else CorruptError)
        return Video(frames, found.duration, found.width, found.height, whole, found.is_whole)

    def _records(
        self, process: subprocess.Popen[bytes], progress: Progress | None
    ) -> tuple[tuple[Frame, ...], Summary | None]:
        """The frames and the end that the process writes; no end when it died."""
        assert process.stdout is not None  # noqa: S101 - for the type checker
        frames: list[Frame] = []
        while isinstance(record := read_record(process.stdout.read), Frame):
            frames.append(record)
            if len(frames) > self._limits.max_frames:  # no honest worker writes so many
                raise fault(TooLongError)
            if progress is not None:
                progress(record.time)
        return tuple(frames), record


def _feed(process: subprocess.Popen[bytes], data: bytes) -> None:
    """Write a video into the pipe of a process that may die meanwhile."""
    assert process.stdin is not None  # noqa: S101 - for the type checker
    with contextlib.suppress(OSError, ValueError):
        process.stdin.write(data)
        process.stdin.close()


def _digest(descriptor: int) -> bytes:
    """The SHA-256 of a file, read without moving the place that another process reads at."""
    digest, at = hashlib.sha256(), 0
    while part := os.pread(descriptor, _AT_A_TIME, at):
        digest.update(part)
        at += len(part)
    return digest.digest()
