"""Short turns, so that whoever answers is let in soon while the index is written anew or a long page is read.

A thread that wants the interpreter waits for one turn of another, five milliseconds unless told otherwise. One that
wants a processor waits for one turn of another there, some three milliseconds on Linux, and longer when several do.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import sys
from typing import Final

AT_THE_INTERPRETER: Final = 0.0005  # seconds
AT_THE_PROCESSOR: Final = 100_000  # nanoseconds, the shortest that Linux gives

_SET_ATTRIBUTES: Final = {"x86_64": 314, "aarch64": 274}  # numbers of the system call sched_setattr
_ATTRIBUTES: Final = struct.Struct("=IIQiIQQQ")  # size, policy, flags, nice, priority, runtime, deadline, period


def take_short_turns() -> None:
    """Every thread gives the interpreter away sooner, and the calling one asks for short turns at the processor.

    It then waits less for its next one and computes as much as before (sched(7), the slice of an EEVDF scheduler: Linux
    6.12). Where there is no such thing, or it is not allowed, nothing else changes.
    """
    sys.setswitchinterval(AT_THE_INTERPRETER)
    number = _SET_ATTRIBUTES.get(platform.machine())
    if sys.platform != "linux" or number is None or os.sched_getscheduler(0) != os.SCHED_OTHER:
        return
    nice = os.getpriority(os.PRIO_PROCESS, 0)
    told = _ATTRIBUTES.pack(_ATTRIBUTES.size, os.SCHED_OTHER, 0, nice, 0, AT_THE_PROCESSOR, 0, 0)
    ctypes.CDLL(None).syscall(ctypes.c_long(number), 0, told, 0)
