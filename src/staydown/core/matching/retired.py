"""The memory of what a merge has replaced, given back an array at a time.

Python gives memory back while it holds the interpreter, some milliseconds for a gigabyte, and everybody who asks waits
for as long. So the arrays go one after the other, and between two of them whoever waits may run.
"""

from __future__ import annotations

import time
import weakref
from collections.abc import Iterable
from typing import Any, Final

from numpy.typing import NDArray

from staydown.core.matching.shelf import Shelf

PATIENCE: Final = 1.0  # seconds; queries take thousandths, and whoever reads a whole index for longer is not waited for
LARGE: Final = 1 << 20  # bytes; what has fewer is given back in no time
PAUSE: Final = 0.001  # seconds; whoever waits for the interpreter has woken up by then


class Retired:
    """The large arrays of shelves that were searched until now."""

    def __init__(self, shelves: Iterable[Shelf]) -> None:
        self._users: list[weakref.ref[Any]] = []
        self._arrays: list[NDArray[Any]] = []
        for shelf in shelves:
            self._users += [weakref.ref(shelf), weakref.ref(shelf.table)]
            self._arrays += [array for array in shelf.arrays() if array.nbytes >= LARGE]

    def give_back(self) -> None:
        """Lets the arrays go, once the queries that began earlier are done with them.

        Called when the caller itself has nothing else of those shelves any more. What somebody still has after
        `PATIENCE` goes when they let it go.
        """
        if not self._arrays:
            return
        until = time.monotonic() + PATIENCE
        while any(user() is not None for user in self._users) and time.monotonic() < until:
            time.sleep(PAUSE)
        while self._arrays:
            self._arrays.pop()
            time.sleep(PAUSE)
