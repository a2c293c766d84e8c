"""One worker process as its pool sees it: started, asked, watched, ended."""

from __future__ import annotations

import contextlib
import math
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from staydown.core.hashing.digest import sha256
from staydown.core.hashing.frames import ANSWER, QUESTION, READY, unpack
from staydown.core.hashing.image import Limits
from staydown.core.hashing.picture import Picture
from staydown.errors import CorruptError, StaydownError, TooSlowError

_ITEMS_IN_A_LIFE: Final = 1000  # whatever a picture may have left behind in a worker ends with it
_SECONDS_TO_START: Final = 60
_NO_START: Final = "A hashing worker does not start. Run `staydown doctor` to see why."
_SOURCES: Final = str(Path(__file__).parents[3])
_ENVIRONMENT: Final = {
    "PYTHONPATH": _SOURCES,
    "OPENBLAS_NUM_THREADS": "1",  # one picture is too little work to share, and a worker may start no thread
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}


class Child:
    """A worker process. Not for two threads at once. Starting one returns at once; its first item waits for it."""

    def __init__(self, limits: Limits, seconds: float) -> None:
        self._seconds = seconds
        self._items = 0
        self._in_step = True
        self._expired = False
        figures = (limits.max_bytes, limits.max_pixels, limits.max_memory, math.ceil(seconds))
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-sP", "-m", "staydown.core.hashing.worker", *map(str, figures)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,  # decoders write there what strangers put into their files
                bufsize=0,
                env=_ENVIRONMENT,
                cwd="/",
            )
        except OSError:
            raise StaydownError(_NO_START) from None

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def is_usable(self) -> bool:
        """Whether it lives, owes no answer and may take another item."""
        return self._in_step and self._items < _ITEMS_IN_A_LIFE and self._process.poll() is None

    def hash(self, data: bytes) -> Picture:
        """The hashes of a picture file. Raises a `MediaError`; the process may be dead afterwards."""
        self._in_step = False  # until the answer is here: were this broken off, the next item would get it
        if not self._items:
            self._await_start()
        self._items += 1
        with self._watched(self._seconds):
            self._write(QUESTION.pack(len(data)), data)
            digest = sha256(data)  # while the worker decodes
            frame = self._read(ANSWER)
            if len(frame) < ANSWER:
                self._process.wait()
        if len(frame) < ANSWER:
            raise self._cause_of_death()
        self._in_step = not self._expired
        return unpack(frame).with_digest(digest)

    def end(self) -> None:
        """End the process, whatever it does."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def _await_start(self) -> None:
        with self._watched(_SECONDS_TO_START):
            said = self._read(len(READY))
        if said != READY:
            raise StaydownError(_NO_START)

    def _cause_of_death(self) -> TooSlowError | CorruptError:
        if self._expired or self._process.returncode == -signal.SIGXCPU:
            return TooSlowError()
        return CorruptError("This picture made its decoder fail. Download or copy it again.")

    @contextlib.contextmanager
    def _watched(self, seconds: float) -> Iterator[None]:
        """Ends the process when the body has not ended in time; reads and writes then return."""
        watchdog = threading.Timer(seconds, self._expire)
        watchdog.daemon = True
        watchdog.start()
        try:
            yield
        finally:
            watchdog.cancel()
            watchdog.join()

    def _expire(self) -> None:
        self._expired = True
        self._process.kill()

    def _write(self, *parts: bytes) -> None:
        assert self._process.stdin is not None  # noqa: S101 - for the type checker
        with contextlib.suppress(BrokenPipeError):  # it died; the answer will be missing
            for part in parts:
                rest = memoryview(part)
                while rest:
                    rest = rest[os.write(self._process.stdin.fileno(), rest) :]

    def _read(self, size: int) -> bytes:
        """``size`` bytes, or fewer from a process that ended."""
        assert self._process.stdout is not None  # noqa: S101 - for the type checker
        got = b""
        while len(got) < size and (more := os.read(self._process.stdout.fileno(), size - len(got))):
            got += more
        return got
