"""Compiles loops with numba, once per machine: the result is kept on disk, and forgotten when its sources change.

Imported only by modules of compiled loops, which are loaded when there is enough to do: numba alone takes half a second
to load.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import numba

Kernel = TypeVar("Kernel", bound=Callable[..., Any])

STAMP: Final = "compiled-from.sha256"
HERE: Final = Path(__file__)  # it says with which options a loop is compiled


def compiled(*signature: Any, **options: Any) -> Callable[[Kernel], Kernel]:
    """Compiles a function for one signature, or for whatever it is called with when none is given; kept on disk.

    Kept beside the source or in the user's cache folder; where neither can be written it is compiled again in each
    process. ``options`` are numba's.
    """
    options = {"nogil": True, "error_model": "numpy", **options}

    def compile_(function: Kernel) -> Kernel:
        njit: Any = numba.njit
        try:
            kept = Path(njit(cache=True)(function).stats.cache_path)
            forget_others(Path(function.__code__.co_filename).parent, kept)
            return cast("Kernel", njit(*signature, cache=True, **options)(function))
        except (OSError, RuntimeError):  # no folder for the cache can be written, or the disk is full
            return cast("Kernel", njit(*signature, **options)(function))

    return compile_


@cache
def forget_others(sources: Path, kept: Path) -> None:
    """Deletes the loops in ``kept`` unless they were compiled from the ``sources`` as they are now, and as here.

    Numba itself compiles a loop again when the file changed that it stands in, but not when one did whose loops and
    numbers it takes in, nor for other options: after an upgrade, tables would be made by the rules of one version and
    searched by another's.
    """
    digest = hashlib.sha256()
    for source in [HERE, *sorted(sources.glob("*.py"))]:
        digest.update(hashlib.sha256(source.read_bytes()).digest())
    now = digest.hexdigest().encode()
    stamp = kept / STAMP
    if stamp.is_file() and stamp.read_bytes() == now:
        return
    for loop in [*kept.glob("*.nbi"), *kept.glob("*.nbc")]:
        loop.unlink(missing_ok=True)
    kept.mkdir(parents=True, exist_ok=True)
    stamp.write_bytes(now)
