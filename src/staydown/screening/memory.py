"""One heap for all threads, so that a node that runs for months stays as large as it was after the first hour."""

from __future__ import annotations

import contextlib
import ctypes
from typing import Final

_M_ARENA_MAX: Final = -8  # of malloc.h


def use_one_heap() -> None:
    """Tell the C library to keep one heap, whatever the number of threads; called before there are many.

    glibc gives threads heaps of their own. An upload is received in one thread and hashed in another, so each heap is
    left with gaps that only its own threads can fill, and the process grows by some kilobytes an upload for a long
    time. Python's threads allocate one after the other, so they lose nothing by sharing. Does nothing on other systems.
    """
    with contextlib.suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)
