"""What the machine itself can do, measured in the same run: nothing that reads memory is faster than this."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

import numba
import numpy as np

Limit = dict[str, object]

WORDS: Final = 1 << 25  # of eight bytes: 256 MB, more than any cache holds
STEPS: Final = 1 << 20
TURNS: Final = 3

_compiled: Any = numba.njit(nogil=True)


def measured() -> list[Limit]:
    """Each limit as what it is, its value and its unit; the best of a few turns. Takes about ten seconds."""
    rng = np.random.default_rng(5)
    words = rng.permutation(WORDS).astype(np.uint64)
    places = rng.integers(0, WORDS, STEPS, np.uint64)
    in_order = _best(lambda: _sum(words))
    waiting = _best(lambda: _chase(words, STEPS))
    at_once = _best(lambda: _gather(words, places))
    return [
        _limit("memory read in order", words.nbytes / in_order / 1e9, "GB/s"),
        _limit("a read at random that the next one waits for", waiting / STEPS * 1e9, "ns"),
        _limit("a read at random among many that do not wait", at_once / STEPS * 1e9, "ns"),
    ]


def _limit(what: str, value: float, unit: str) -> Limit:
    return {"what": what, "value": round(value, 2), "unit": unit}


def _best(work: Callable[[], object]) -> float:
    """The seconds of the quickest turn; the first, which compiles, does not count."""
    taken = []
    for _ in range(TURNS + 1):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return min(taken[1:])


@_compiled
def _sum(words: Any) -> Any:
    total = np.uint64(0)
    for word in words:
        total += word
    return total


@_compiled
def _chase(words: Any, steps: int) -> Any:
    """Every read says where the next one is."""
    at = np.uint64(1)
    for step in range(steps):
        at = (words[at] + np.uint64(step)) & np.uint64(words.size - 1)  # the step keeps it out of short circles
    return at


@_compiled
def _gather(words: Any, places: Any) -> Any:
    total = np.uint64(0)
    for place in places:
        total += words[place]
    return total
