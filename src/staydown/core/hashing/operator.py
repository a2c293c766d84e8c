"""One side of PDQ as a thin matrix: the tent filter and the decimation to 64 lines, folded for scaled pictures.

The reference blurs a picture twice with a box along each axis and then keeps 64 x 64 of the blurred pixels. Each kept
line is a weighted mean of the few lines around it, so a whole axis is a 64-row matrix with short rows, made here
without ever forming the blurred picture. Rows of neighbours overlap little: they are kept as dense `Band` blocks of a
few outputs each, which touches every line about once.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

SIDE: Final = 64  # lines that the decimation keeps
_MOST_CACHED: Final = 4096  # lines; the operators of so large an axis take a third of a megabyte

_Lines = NDArray[np.int64]
_Weights = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Band:
    """The outputs ``rows`` as ``weights @ lines[start:stop]``."""

    rows: slice
    start: int
    stop: int
    weights: NDArray[np.float32]


class Rows(NamedTuple):
    """The 64 outputs one by one, as ``weights[output] @ lines[starts[output]:]``, the lines ending in enough zeros.

    The weights are as many for each output, a multiple of eight; those that nothing stands for are 0.
    """

    starts: NDArray[np.uint64]
    weights: NDArray[np.float32]


def single_rows(size: int) -> Rows:
    """The operator of an axis of ``size`` lines, row by row. Cached as `bands` are."""
    return (_cached_rows if size <= _MOST_CACHED else _made_rows)(size)


def _made_rows(size: int) -> Rows:
    single = bands(size, outputs=1)
    room = -(-max(band.stop - band.start for band in single) // 8) * 8
    weights = np.zeros((SIDE, room), np.float32)
    for into, band in zip(weights, single, strict=True):
        into[: band.stop - band.start] = band.weights[0]
    weights.flags.writeable = False
    return Rows(np.array([band.start for band in single], np.uint64), weights)


_cached_rows = lru_cache(maxsize=128)(_made_rows)


def bands(size: int, fold: int = 1, *, backwards: bool = False, outputs: int = 4, through: int = 0) -> tuple[Band, ...]:
    """The operator of an axis of ``size`` lines, for lines that each hold the mean of ``fold`` of them.

    The last line of a folded axis may stand for fewer. ``backwards``: the lines arrive from the last to the first.
    ``outputs``: how many rows a band has; few save arithmetic, many save calls. ``through``: the lines are
    brought to so many first. Cached, except for sizes so large that the pictures take far longer
    than this and the cache would take up what strangers like to fill.
    """
    make = _cached_bands if size // fold <= _MOST_CACHED else _bands
    return make(size, fold, backwards, outputs, through)


def _bands(size: int, fold: int, backwards: bool, outputs: int, through: int) -> tuple[Band, ...]:
    lines = -(-size // fold)
    if through:
        starts, weights = _rows_through(through, lines, backwards=backwards)
    else:
        starts, weights = _rows(size, fold, backwards=backwards)
        if fold > 1:
            starts, weights = starts // fold - 1, _folded(weights, fold)
    return tuple(_band(slice(first, first + outputs), starts, weights, lines) for first in range(0, SIDE, outputs))


_cached_bands = lru_cache(maxsize=128)(_bands)


def _rows(size: int, fold: int, *, backwards: bool) -> tuple[_Lines, _Weights]:
    """The 64 rows of the operator, each from its own first line on, which is a multiple of ``fold``."""
    centres = ((np.arange(SIDE) + 0.5) * size / SIDE).astype(np.int64)
    # The second pass of the box: which lines of the first pass each centre averages; fewer at the edges.
    low, high = _window(centres, size)
    middle = low[:, None] + np.arange(int((high - low).max()))
    share = np.where(middle < high[:, None], 1.0 / (high - low)[:, None], 0.0)
    # The first pass: each of those is itself a mean over a window, added as the two ends of a step.
    left, right = _window(np.minimum(middle, size - 1), size)
    share /= right - left
    if backwards:
        left, right = size - right, size - left
    starts = left.min(axis=1) // fold * fold
    span = -(-int((right.max(axis=1) - starts).max()) // fold) * fold
    steps = np.zeros((SIDE, span + 1))
    row = np.broadcast_to(np.arange(SIDE)[:, None], middle.shape)
    np.add.at(steps, (row, left - starts[:, None]), share)
    np.add.at(steps, (row, right - starts[:, None]), -share)
    return starts, np.cumsum(steps, axis=1)[:, :-1]


def _rows_through(through: int, size: int, *, backwards: bool) -> tuple[_Lines, _Weights]:
    """The 64 rows for an axis that is brought from ``size`` lines to ``through`` by a tent filter, and then reduced."""
    starts, weights = _rows(through, 1, backwards=False)
    at = starts[:, None] + np.arange(weights.shape[1])
    reduced = np.zeros((SIDE, through))
    np.add.at(reduced, (np.broadcast_to(np.arange(SIDE)[:, None], at.shape), np.clip(at, 0, through - 1)), weights)
    wide = max(size / through, 1.0)
    centres = (np.arange(through) + 0.5) * size / through - 0.5
    tents = np.maximum(1 - np.abs(np.arange(size) - centres[:, None]) / wide, 0)
    whole = reduced @ (tents / tents.sum(axis=1, keepdims=True))
    if backwards:
        whole = whole[:, ::-1]
    first, last = (whole > 0).argmax(axis=1), size - (whole[:, ::-1] > 0).argmax(axis=1)
    span = int((last - first).max())
    padded = np.pad(whole, ((0, 0), (0, span)))
    return first, np.take_along_axis(padded, first[:, None] + np.arange(span), axis=1)


def _window(at: _Lines, size: int) -> tuple[_Lines, _Lines]:
    """First line and line after the last of the box around each of ``at``, clipped as the reference clips it."""
    width = (size + 2 * SIDE - 1) // (2 * SIDE)
    ahead = (width + 2) // 2
    return np.maximum(at + ahead - width, 0), np.minimum(at + ahead, size)


def _folded(weights: _Weights, fold: int) -> _Weights:
    """The weights of lines that each hold the mean of ``fold`` lines, with one such line more at either end.

    Within a group the lines are taken to follow the parabola through the means of the group and its two neighbours.
    That costs nothing when the operator is applied, and keeps far more bits than a picture of flat blocks would.
    """
    groups = weights.reshape(SIDE, -1, fold)
    place = (np.arange(fold) + 0.5) / fold - 0.5
    slope = groups @ place
    curve = groups @ (place**2 - np.mean(place**2))  # less its mean: the parabola keeps the mean of the group
    spread: _Weights = np.pad(groups.sum(axis=2) - curve, ((0, 0), (1, 1)))
    spread[:, 2:] += (curve + slope) / 2
    spread[:, :-2] += (curve - slope) / 2
    return spread


def _band(rows: slice, starts: _Lines, weights: _Weights, lines: int) -> Band:
    """A few rows side by side over the lines that any of them uses. Beyond an edge a picture goes on as it ends."""
    first, span = int(starts[rows].min()), weights.shape[1]
    block = np.zeros((rows.stop - rows.start, int(starts[rows].max()) - first + span))
    for into, start, row in zip(block, starts[rows] - first, weights[rows], strict=True):
        into[start : start + span] = row
    before, after = max(-first, 0), max(first + block.shape[1] - lines, 0)
    inside = block[:, before : block.shape[1] - after]
    inside[:, 0] += block[:, :before].sum(axis=1)
    inside[:, -1] += block[:, block.shape[1] - after :].sum(axis=1)
    thin = np.ascontiguousarray(inside, dtype=np.float32)
    thin.flags.writeable = False
    return Band(rows, first + before, first + before + thin.shape[1], thin)
