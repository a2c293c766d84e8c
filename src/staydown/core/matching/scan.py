"""Compares hashes with every row, and is the door to the compiled kernels."""

from __future__ import annotations

import importlib
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint64]
Rows = NDArray[np.uint32]
Small = NDArray[np.uint8]

ALONE: Final = 10_000  # rows up to which NumPy is fast enough not to wait half a second for numba
FEW: Final = 500  # rows up to which NumPy is as fast as a kernel that is there already


@cache
def kernels() -> Any:
    """The module of compiled kernels, loaded when it is first needed: a process with few entries never loads numba."""
    return importlib.import_module("staydown.core.matching.kernels")


def near(values: Words, queries: Words, radius: int) -> tuple[Rows, Small]:
    """Rows within ``radius`` bits of a row of ``queries``, once for each such query, and the distances."""
    if len(values) > (FEW if kernels.cache_info().currsize else ALONE):
        rows, distances = kernels().compare(values, queries, radius)
        return rows, distances
    return joined([_near_one(values, query, radius) for query in queries])


def joined(found: list[tuple[Rows, Small]]) -> tuple[Rows, Small]:
    """Rows and distances that were found apart, one after the other."""
    if len(found) == 1:
        return found[0]
    found = [some for some in found if len(some[0])]
    if not found:
        return np.empty(0, np.uint32), np.empty(0, np.uint8)
    return np.concatenate([rows for rows, _ in found]), np.concatenate([distances for _, distances in found])


def _near_one(values: Words, query: Words, radius: int) -> tuple[Rows, Small]:
    ones = np.bitwise_count(values ^ query)
    distances = ones[:, 0].astype(np.uint16) + ones[:, 1] + ones[:, 2] + ones[:, 3]  # 256 does not fit in eight bits
    rows = np.flatnonzero(distances <= radius)
    return rows.astype(np.uint32), distances[rows].astype(np.uint8)
