"""The compiled loop from pixels in memory to the 64 x 64 kept ones: one pass over them, no copy as floating point.

Imported only by `pdq`, and only in a process that hashes many arrays: numba alone takes half a second to load. There is
one signature, so there is one thing to compile, once per machine; the result is kept beside this file or in the user's
cache folder, and where neither can be written it is compiled again in each process.

Neighbouring rows of the operator share few lines, so every pixel is read about once and turned into a float about once.
Whole numbers are unsigned 64-bit (`U`): signed ones may count from the end of an array, and the check for it would keep
the loops from working on many pixels at a time.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Final, TypeAlias

import numba
import numpy as np
from numpy.typing import NDArray

from staydown.core.compiling import compiled
from staydown.core.hashing.operator import SIDE, Rows

Number: TypeAlias = Any  # np.uint64; its arithmetic is numba's, not Python's
Pixels: TypeAlias = NDArray[np.uint8]
Floats: TypeAlias = NDArray[np.float32]
Numbers: TypeAlias = NDArray[np.uint64]

U: Final[Any] = np.uint64
F: Final[Any] = np.float32

_types: Final[Any] = numba.types


def decimated(pixels: NDArray[np.uint8], vertical: Rows, horizontal: Rows) -> NDArray[np.float32]:
    """The 64 x 64 kept pixels of a blurred picture, given as contiguous grey (h, w) or RGB (h, w, 3)."""
    height, width = pixels.shape[:2]
    small = np.empty((SIDE, SIDE), np.float32)
    _decimate(pixels.reshape(height, -1), width, *vertical, *horizontal, small)
    return small


# Sums in any order: a pixel is the mean of few, and the last bit of a float moves no bit of a hash.
_compiled: Final = partial(compiled, fastmath={"contract", "reassoc"})


@_compiled()
def _add_eight(pixels: Pixels, first: Number, weights: Floats, sums: Floats) -> None:
    """Adds eight weighted lines to ``sums``. Those beyond the last have no weight; the last is read in their place."""
    last = U(pixels.shape[0]) - U(1)
    r0, r1 = pixels[min(first, last)], pixels[min(first + U(1), last)]
    r2, r3 = pixels[min(first + U(2), last)], pixels[min(first + U(3), last)]
    r4, r5 = pixels[min(first + U(4), last)], pixels[min(first + U(5), last)]
    r6, r7 = pixels[min(first + U(6), last)], pixels[min(first + U(7), last)]
    w0, w1, w2, w3 = weights[U(0)], weights[U(1)], weights[U(2)], weights[U(3)]
    w4, w5, w6, w7 = weights[U(4)], weights[U(5)], weights[U(6)], weights[U(7)]
    for at in range(U(sums.size)):
        upper = w0 * F(r0[at]) + w1 * F(r1[at]) + w2 * F(r2[at]) + w3 * F(r3[at])
        lower = w4 * F(r4[at]) + w5 * F(r5[at]) + w6 * F(r6[at]) + w7 * F(r7[at])
        sums[at] += upper + lower


_ROWS: Final = (_types.Array(_types.uint64, 1, "C", readonly=True), _types.Array(_types.float32, 2, "C", readonly=True))


@_compiled(
    _types.void(
        _types.Array(_types.uint8, 2, "C", readonly=True), _types.uint64, *_ROWS, *_ROWS, _types.float32[:, ::1]
    )
)
def _decimate(
    pixels: Pixels, width: Number, tops: Numbers, down: Floats, lefts: Numbers, across: Floats, small: Floats
) -> None:
    """Fills ``small``: per kept row the weighted lines, their luma, and of that the weighted columns."""
    sums = np.empty(pixels.shape[1], np.float32)
    luma = np.zeros(width + U(across.shape[1]), np.float32)
    for row in range(U(SIDE)):
        sums[:] = F(0)
        for some in range(U(0), U(down.shape[1]), U(8)):
            _add_eight(pixels, tops[row] + some, down[row, some:], sums)
        if U(sums.size) == width:
            luma[:width] = sums
        else:
            for at in range(width):
                red = U(3) * at
                luma[at] = F(0.299) * sums[red] + F(0.587) * sums[red + U(1)] + F(0.114) * sums[red + U(2)]
        for column in range(U(SIDE)):
            kept, left = F(0), lefts[column]
            for at in range(U(across.shape[1])):
                kept += across[column, at] * luma[left + at]
            small[row, column] = kept
