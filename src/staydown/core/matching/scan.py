"""Compares hashes with every row, and is the door to the compiled kernels."""

from __future__ import annotations

import importlib
from functools import cache
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint64]
Rows = NDArray[np.uint32]
Small = NDArray[np.uint8]

ALONE: Final = 10_000  # rows up to which NumPy is fast enough; whoever makes an index of more loads the kernels
FEW: Final = 500  # rows up to which NumPy is as fast as a kernel that is there already


@cache
def kernels() -> Any:
    """The module of compiled kernels, loaded when it is first needed: a process with few entries never loads numba."""
    return importlib.import_module("staydown.core.matching.kernels")


class Found(NamedTuple):
    """Rows near a query, how many bits away, and the number of that query; a row may be there several times."""

    rows: Rows
    distances: Small
    askers: Rows


NOTHING: Final = Found(np.empty(0, np.uint32), np.empty(0, np.uint8), np.empty(0, np.uint32))


def near(values: Words, queries: Words, radius: int) -> Found:
    """Rows within ``radius`` bits of a row of ``queries``, once for each such query.

    Never loads the kernels: a query must not wait for that.
    """
    if len(values) > FEW and kernels.cache_info().currsize:
        return Found(*kernels().compare(values, queries, radius))
    return joined([_near_one(values, query, radius, number) for number, query in enumerate(queries)])


def joined(found: list[Found]) -> Found:
    """What was found apart, one after the other."""
    if len(found) == 1:
        return found[0]
    found = [some for some in found if len(some.rows)]
    if len(found) < 2:
        return found[0] if found else NOTHING
    return Found(*(np.concatenate(column) for column in zip(*found, strict=True)))


def _near_one(values: Words, query: Words, radius: int, number: int) -> Found:
    ones = np.bitwise_count(values ^ query)
    distances = ones[:, 0].astype(np.uint16) + ones[:, 1] + ones[:, 2] + ones[:, 3]  # 256 does not fit in eight bits
    rows = np.flatnonzero(distances <= radius)
    return Found(rows.astype(np.uint32), distances[rows].astype(np.uint8), np.full(len(rows), number, np.uint32))
