"""One worker process as its pool sees it: started, asked, watched, ended."""

from __future__ import annotations

import contextlib
import fcntl
import math
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, Final

from staydown.core.hashing.digest import exact
from staydown.core.hashing.frames import ANSWER, QUESTION, READY, unpack
from staydown.core.hashing.image import Limits
from staydown.core.hashing.picture import Picture
from staydown.errors import CorruptError, StaydownError, TooSlowError

_ITEMS_IN_A_LIFE: Final = 1000  # whatever a picture may have left behind in a worker ends with it
_SECONDS_TO_START: Final = 60
_ROOM_IN_THE_PIPE: Final = 1 << 20  # bytes; a usual picture then crosses in one go
_NO_START: Final = "A hashing worker does not start. Run `staydown doctor` to see why."
_SOURCES: Final = str(Path(__file__).parents[3])
_ENVIRONMENT: Final = {
    "PYTHONPATH": _SOURCES,
    "OPENBLAS_NUM_THREADS": "1",  # one picture is too little work to share, and a worker may start no thread
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    # glibc would give the room of each picture back and ask for it again: 300 page faults, a sixth of a worker's time.
    "MALLOC_MMAP_THRESHOLD_": str(32 << 20),  # larger rooms are given back at once; it cannot be more
    "MALLOC_TRIM_THRESHOLD_": str(64 << 20),  # so much is kept for the next picture
}


class Child:
    """A worker process. Not for two threads at once. Starting one returns at once; its first item waits for it."""

    def __init__(self, limits: Limits, seconds: float) -> None:
        self._seconds = seconds
        self._items = 0
        self._in_step = True
        self._expired = False
        self._until = 0.0
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
        assert self._process.stdin is not None  # noqa: S101 - for the type checker
        assert self._process.stdout is not None  # noqa: S101
        self._questions, self._answers = self._process.stdin, self._process.stdout
        os.set_blocking(self._questions.fileno(), False)  # a worker that reads nothing must not hold us up
        with contextlib.suppress(AttributeError, OSError):  # Linux only, and only as much as a user may have
            fcntl.fcntl(self._questions, fcntl.F_SETPIPE_SZ, _ROOM_IN_THE_PIPE)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def is_usable(self) -> bool:
        """Whether it lives, owes no answer and may take another item."""
        return self._in_step and self._items < _ITEMS_IN_A_LIFE and self._process.poll() is None

    def hash(self, data: bytes, *, with_md5: bool = False) -> Picture:
        """The hashes of a picture file. Raises a `MediaError`; the process may be dead afterwards."""
        self._in_step = False  # until the answer is here: were this broken off, the next item would get it
        if not self._items:
            self._await_start()
        self._items += 1
        self._until = time.monotonic() + self._seconds
        self._write(QUESTION.pack(len(data)), data)
        digests = exact(data, with_md5=with_md5)  # while the worker decodes
        frame = self._read(ANSWER)
        if len(frame) < ANSWER:
            raise self._cause_of_death()
        self._in_step = True
        return unpack(frame).with_digests(*digests)

    def end(self) -> None:
        """End the process, whatever it does."""
        self._process.kill()
        self._process.wait()
        self._questions.close()
        self._answers.close()

    def _await_start(self) -> None:
        self._until = time.monotonic() + _SECONDS_TO_START
        if self._read(len(READY)) != READY:
            raise StaydownError(_NO_START)

    def _cause_of_death(self) -> TooSlowError | CorruptError:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(max(self._until - time.monotonic(), 0))
        if self._process.returncode is None:
            self._expire()
        if self._expired or self._process.returncode == -signal.SIGXCPU:
            return TooSlowError()
        return CorruptError("This picture made its decoder fail. Download or copy it again.")

    def _expire(self) -> None:
        self._expired = True
        self._process.kill()

    def _write(self, *parts: bytes) -> None:
        with contextlib.suppress(BrokenPipeError):  # it died; the answer will be missing
            for part in parts:
                rest = memoryview(part)
                while rest and self._may(self._questions, select.POLLOUT):
                    with contextlib.suppress(BlockingIOError):
                        rest = rest[os.write(self._questions.fileno(), rest) :]

    def _read(self, size: int) -> bytes:
        """``size`` bytes, or fewer from a process that ended."""
        got = b""
        while len(got) < size and self._may(self._answers, select.POLLIN):
            more = os.read(self._answers.fileno(), size - len(got))
            if not more:
                break
            got += more
        return got

    def _may(self, pipe: IO[bytes], event: int) -> bool:
        """Waits until the pipe takes or gives something, and says whether it does; ends a process that is too slow."""
        ready = select.poll()
        ready.register(pipe, event)
        if ready.poll(max(self._until - time.monotonic(), 0) * 1000):
            return True
        self._expire()
        return False
