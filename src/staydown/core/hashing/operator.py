"""One side of PDQ as a thin matrix: the tent filter and the decimation to 64 lines, folded for scaled pictures.

The reference blurs a picture twice with a box along each axis and then keeps 64 x 64 of the blurred pixels. Each kept
pixel is a weighted mean of the few lines around it, so a whole axis is a 64-row matrix with short rows, made here
without ever forming the blurred picture. Rows of neighbours overlap little: they are kept as dense `Band` blocks of a
few outputs each, which touches every line about once.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

SIDE: Final = 64  # lines that the decimation keeps
_ROWS_IN_BAND: Final = 8


@dataclass(frozen=True, slots=True)
class Band:
    """The outputs ``rows`` as ``weights @ lines[start:stop]``."""

    rows: slice
    start: int
    stop: int
    weights: NDArray[np.float32]


@lru_cache(maxsize=256)
def bands(size: int, fold: int = 1, *, backwards: bool = False) -> tuple[Band, ...]:
    """The operator of an axis of ``size`` lines, for lines that each hold the mean of ``fold`` of them.

    The last line of a folded axis may stand for fewer. ``backwards``: the lines arrive from the last to the first.
    Cached: a few hundred kilobytes for each size of picture in use.
    """
    made = [_band(size, fold, first, backwards=backwards) for first in range(0, SIDE, _ROWS_IN_BAND)]
    return tuple(made)


def _band(size: int, fold: int, first: int, *, backwards: bool) -> Band:
    centres = ((np.arange(first, first + _ROWS_IN_BAND) + 0.5) * size / SIDE).astype(np.int64)
    # Second pass of the box: which lines of the first pass each centre averages; masked at the edges.
    low, high = _window(centres, size)
    reach = np.arange(int((high - low).max()))
    middle = low[:, None] + reach
    share = np.where(middle < high[:, None], 1.0 / (high - low)[:, None], 0.0)
    # First pass: each of those is itself a mean over a window, added as the two ends of a step.
    start, stop = _window(np.minimum(middle, size - 1), size)
    share /= stop - start
    left, right = int(start.min()), int(stop.max())
    steps = np.zeros((_ROWS_IN_BAND, right - left + 1))
    outputs = np.broadcast_to(np.arange(_ROWS_IN_BAND)[:, None], middle.shape)
    np.add.at(steps, (outputs, start - left), share)
    np.add.at(steps, (outputs, stop - left), -share)
    weights = np.cumsum(steps, axis=1)[:, :-1]
    if backwards:
        weights, left, right = weights[:, ::-1], size - right, size - left
    if fold > 1:
        weights, left, right = _folded(weights, left, right, fold)
    thin = np.ascontiguousarray(weights, dtype=np.float32)
    thin.flags.writeable = False
    return Band(slice(first, first + _ROWS_IN_BAND), left, right, thin)


def _window(at: NDArray[np.int64], size: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First line and line after the last of the box around each of ``at``, clipped as the reference clips it."""
    width = (size + 2 * SIDE - 1) // (2 * SIDE)
    ahead = (width + 2) // 2
    return np.maximum(at + ahead - width, 0), np.minimum(at + ahead, size)


def _folded(weights: NDArray[np.float64], left: int, right: int, fold: int) -> tuple[NDArray[np.float64], int, int]:
    """The weights summed in groups of ``fold`` lines, the groups counted from line 0 of the axis."""
    before = left % fold
    after = -right % fold
    padded = np.pad(weights, ((0, 0), (before, after)))
    groups = padded.reshape(len(weights), -1, fold).sum(axis=2)
    return groups, left // fold, -(-right // fold)
