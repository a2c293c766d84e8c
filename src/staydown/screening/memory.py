"""A heap that does not grow, so that a node that runs for months stays as large as it was after the first hour."""

from __future__ import annotations

import contextlib
import ctypes
from typing import Final

_M_ARENA_MAX: Final = -8  # of malloc.h
_M_MMAP_THRESHOLD: Final = -3
_BODY: Final = 65_536  # bytes


def use_one_heap() -> None:
    """Tell the C library to keep one heap without room for bodies, whatever the number of threads; called before there
    are many.

    glibc gives threads heaps of their own. An upload is received in one thread and hashed in another, so each heap is
    left with gaps that only its own threads can fill, and the process grows by some kilobytes an upload for a long
    time. Python's threads allocate one after the other, so they lose nothing by sharing.

    It also learns from the first upload to keep blocks of that size in the heap, where the next one, a little larger,
    does not fit: the gaps add up. With a fixed bound each body has pages of its own, which go back when it is answered.
    Does nothing on other systems.
    """
    with contextlib.suppress(AttributeError, OSError, TypeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_ARENA_MAX, 1)
        mallopt(_M_MMAP_THRESHOLD, _BODY)
