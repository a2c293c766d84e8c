"""One video worker as its pool sees it: started, given videos, watched, ended."""

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
from typing import BinaryIO, Final

from staydown.core.hashing.algorithm import Algorithm, Hash
from staydown.core.hashing.digest import exact
from staydown.core.hashing.video import Frame, Summary, Video, VideoLimits, fault
from staydown.core.hashing.video_records import QUESTION, read_record
from staydown.errors import CorruptError, MediaError, StaydownError, TooLongError, TooSlowError

_VIDEOS_IN_A_LIFE: Final = 100  # whatever a video may have left behind in a worker ends with it
_AT_A_TIME: Final = 1 << 20  # bytes
_SOURCES: Final = str(Path(__file__).parents[3])
_ENVIRONMENT: Final = {
    "PYTHONPATH": _SOURCES,
    "OPENBLAS_NUM_THREADS": "1",  # the process may start no thread
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}

Progress = Callable[[float], object]


class VideoChild:
    """A worker process: for the one video that is ``file``, or for those that it is given one after the other.

    Not for two threads at once, but any thread may end it.
    """

    def __init__(
        self,
        limits: VideoLimits,
        seconds: float,
        *,
        file: BinaryIO | None = None,
        every: float = 1.0,
        quick: bool = False,
    ) -> None:
        self._limits = limits
        self._seconds = seconds
        self._file = file
        self._videos = 0
        self._in_step = True
        self._is_fed = True
        figures = (*astuple(limits), math.ceil(seconds), every, int(quick))
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-sP", "-m", "staydown.core.hashing.video_worker", *map(str, figures)],
                stdin=subprocess.PIPE if file is None else file,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,  # decoders write there what strangers put into their files
                env=_ENVIRONMENT,
                cwd="/",
            )
        except OSError:
            raise StaydownError("A video worker does not start. Run `staydown doctor` to see why.") from None

    @property
    def is_usable(self) -> bool:
        """Whether it lives, owes no answer and may take another video."""
        fresh = self._file is None and self._videos < _VIDEOS_IN_A_LIFE
        return fresh and self._in_step and self._process.poll() is None

    def hash_file(self, progress: Progress | None, *, with_md5: bool = False) -> Video:
        """The hashes of the video that is its input. Raises a `MediaError`."""
        assert self._file is not None  # noqa: S101 - for the type checker
        return self._hashed(_exact(self._file.fileno(), with_md5=with_md5), progress)

    def hash(
        self, data: bytes, progress: Progress | None, *, every: float, quick: bool, with_md5: bool = False
    ) -> Video:
        """The hashes of a video in memory. Raises a `MediaError`; the process may be dead afterwards."""
        question = QUESTION.pack(len(data), every, quick)
        self._is_fed = False
        feeder = threading.Thread(target=self._feed, args=(question, data), daemon=True)
        feeder.start()
        try:
            return self._hashed(exact(data, with_md5=with_md5), progress)
        finally:
            if not self._in_step:
                self.kill()  # or the feeder might wait for ever
            feeder.join()
            self._in_step = self._in_step and self._is_fed  # one that answered before it had read everything is ending

    def kill(self) -> None:
        """Make it end, whatever it does; whoever waits for its answer hears of it."""
        self._process.kill()

    def end(self) -> None:
        """End the process and forget it."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    def _hashed(self, digests: tuple[Hash, ...], progress: Progress | None) -> Video:
        self._in_step = False  # until the end is here: were this broken off, the next video would get the rest
        self._videos += 1
        with self._watched() as expired:
            frames, found = self._records(progress)
        if found is None:
            self._process.wait()
            slow = expired.is_set() or self._process.returncode == -signal.SIGXCPU
            raise fault(TooSlowError if slow else CorruptError)
        sha256, *md5 = digests
        return Video(frames, found.duration, found.width, found.height, sha256, found.is_whole, *md5)

    def _records(self, progress: Progress | None) -> tuple[tuple[Frame, ...], Summary | None]:
        """The frames and the end that the process writes; no end when it died."""
        assert self._process.stdout is not None  # noqa: S101 - for the type checker
        frames: list[Frame] = []
        while isinstance(record := read_record(self._process.stdout.read), Frame):
            frames.append(record)
            if len(frames) > self._limits.max_frames:  # no honest worker writes so many
                raise fault(TooLongError)
            if progress is not None:
                progress(record.time)
        if isinstance(record, MediaError):
            self._in_step = True
            raise record
        self._in_step = record is not None
        return tuple(frames), record

    @contextlib.contextmanager
    def _watched(self) -> Iterator[threading.Event]:
        """Kills the process when the body has not ended in time, and says so; reads then end."""
        expired = threading.Event()

        def expire() -> None:
            expired.set()
            self.kill()

        watchdog = threading.Timer(self._seconds, expire)
        watchdog.daemon = True
        watchdog.start()
        try:
            yield expired
        finally:
            watchdog.cancel()
            watchdog.join()

    def _feed(self, question: bytes, data: bytes) -> None:
        """Write a video into the pipe of a process that may die meanwhile."""
        assert self._process.stdin is not None  # noqa: S101 - for the type checker
        with contextlib.suppress(OSError, ValueError):
            self._process.stdin.write(question)
            self._process.stdin.write(data)
            self._process.stdin.flush()
            self._is_fed = True


def _exact(descriptor: int, *, with_md5: bool) -> tuple[Hash, ...]:
    """What `exact` says of a file, read without moving the place that another process reads at."""
    made = [(Algorithm.SHA256, hashlib.sha256()), (Algorithm.MD5, hashlib.md5(usedforsecurity=False))][: 1 + with_md5]
    at = 0
    while part := os.pread(descriptor, _AT_A_TIME, at):
        for _, digest in made:
            digest.update(part)
        at += len(part)
    return tuple(Hash(algorithm, digest.digest()) for algorithm, digest in made)
