"""The hashes of `perception`, which cannot stand in one environment with the rest: a process of its own answers."""

from __future__ import annotations

import json
import math
import os
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import IO, Any, Final, cast

import numpy as np
from numpy.typing import NDArray

WORKER: Final = Path(__file__).with_name("apart_worker.py")
PYTHON: Final = Path(__file__).parents[2] / ".venv-peers" / "bin" / "python"
#: Bits of each hash, in the order in which the process answers.
BITS: Final = {"perception PHash": 64, "perception BlockMean": 968}


class ApartError(Exception):
    """The process that hashes with `perception` did not answer. Run `make bench-robustness`, which installs it."""


class Apart:
    """A process that hashes arrays of pictures."""

    def __init__(self, command: Sequence[str | Path]) -> None:
        try:
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        except OSError as error:
            raise ApartError(f"{ApartError.__doc__} ({error})") from error
        self._asking = cast("IO[bytes]", self._process.stdin)
        self._answering = cast("IO[bytes]", self._process.stdout)
        try:
            self.about: dict[str, Any] = json.loads(self._answering.readline())
        except ValueError as error:
            self.close()
            raise ApartError(f"{ApartError.__doc__} ({error})") from error

    def hashes(self, pictures: NDArray[np.uint8]) -> dict[str, NDArray[np.uint64]]:
        """The hashes of pictures x rows x columns x 3 colours, by method, as rows of 64-bit words."""
        try:
            self._asking.write(json.dumps(pictures.shape).encode() + b"\n" + pictures.tobytes())
            self._asking.flush()
            shape = json.loads(self._answering.readline())
            answer = np.frombuffer(self._answering.read(math.prod(shape)), np.uint8).reshape(shape)
        except (OSError, ValueError) as error:
            raise ApartError(f"{ApartError.__doc__} ({error})") from error
        if answer.shape != (len(pictures), sum(map(_bytes, BITS.values()))):
            raise ApartError(f"{ApartError.__doc__} (its answer has the shape {answer.shape})")
        found, start = {}, 0
        for method, bits in BITS.items():
            found[method] = _words(answer[:, start : start + _bytes(bits)])
            start += _bytes(bits)
        return found

    def close(self) -> int:
        """The exit status of the process, which ends because nobody asks any more."""
        self._process.communicate()
        return self._process.returncode


def hashes(pictures: NDArray[np.uint8]) -> dict[str, NDArray[np.uint64]]:
    """The hashes of pictures by the process that belongs to this one."""
    return _apart(os.getpid()).hashes(pictures)


def about() -> dict[str, Any]:
    """The version of `perception`, and the milliseconds that each of its hashes takes."""
    return _apart(os.getpid()).about


@cache
def _apart(_asking: int) -> Apart:
    """One process for each process that asks: a fork must not share its parent's pipes."""
    return Apart([PYTHON, "-P", WORKER])


def _bytes(bits: int) -> int:
    return -(-bits // 8)


def _words(values: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Rows of bytes as rows of 64-bit words, the last one filled up with nothing."""
    whole = -(-values.shape[1] // 8) * 8
    return np.pad(values, ((0, 0), (0, whole - values.shape[1]))).view(np.uint64)
