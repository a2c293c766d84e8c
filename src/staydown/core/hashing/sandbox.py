"""What a worker process gives up before it sees the first byte from a stranger.

No files and no sockets: no descriptor can be opened any more. No new processes, no privileges, no network, bounded
memory, bounded processor time; on systems other than Linux, as much of this as they have.

The worker is not tied to the life of its parent with ``PR_SET_PDEATHSIG``: the kernel ties that to the *thread* that
started it, and the threads of a server come and go. It ends when its pipe does.
"""

from __future__ import annotations

import contextlib
import ctypes
import math
import os
import resource
from typing import Final

_NOBODY: Final = 65534
_CAPABILITIES_VERSION: Final = 0x20080522
_CLONE_NEWUSER: Final = 0x10000000
_CLONE_NEWNET: Final = 0x40000000
_PR_SET_DUMPABLE: Final = 4
_PR_SET_NO_NEW_PRIVS: Final = 38


def give_up_rights(*, max_memory: int, descriptors: int, processes: int) -> None:
    """Restrict this process for good.

    ``descriptors``: how many, counted from 0, stay usable. ``processes``: how many its user may have before it can
    start no other one, threads included.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    _leave_the_network(libc)
    if os.geteuid() == 0:
        _become_nobody()
    with contextlib.suppress(AttributeError):  # these calls are Linux's
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
        _drop_capabilities(libc)
    for kind, most in (
        (resource.RLIMIT_AS, max_memory),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NPROC, processes),
        (resource.RLIMIT_NOFILE, descriptors),
    ):
        with contextlib.suppress(ValueError, OSError):  # a stricter limit already stands, or the system has none
            resource.setrlimit(kind, (most, most))


def allow_processor_seconds(seconds: int) -> None:
    """Let this process use so much more processor time; the kernel ends it when it takes more."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    total = math.ceil(used.ru_utime + used.ru_stime + seconds)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CPU, (total, hard))


def _leave_the_network(libc: ctypes.CDLL) -> None:
    """Move into an empty network namespace where that is allowed: as root, or where users may make namespaces."""
    with contextlib.suppress(AttributeError):  # unshare is Linux
        if libc.unshare(_CLONE_NEWNET) != 0:
            libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET)


def _become_nobody() -> None:
    """Drop root. A container may have no such user; then the other limits have to do."""
    with contextlib.suppress(OSError):
        os.setgroups([])
        os.setresgid(_NOBODY, _NOBODY, _NOBODY)
        os.setresuid(_NOBODY, _NOBODY, _NOBODY)


def _drop_capabilities(libc: ctypes.CDLL) -> None:
    """Keep no capability: a user namespace of one's own comes with all of them."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITIES_VERSION, 0)
    none = (ctypes.c_uint32 * 6)()
    libc.capset(header, none)
