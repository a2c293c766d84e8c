"""PDQ: the 256-bit hash of a picture, its quality, and the hashes of its eight rotations and mirrors.

Everything before the last step is linear and separable: blur, decimation to 64 x 64 and a 16 x 16 corner of the cosine
transform. The blur and the decimation are two thin operators (`operator.bands`), applied to the pixels directly; the
transform is one more matrix. The hash is which of the 256 coefficients lie above their median. On the same pixels this
gives the bits of the reference implementation; `tests/golden/pdq` pins them.
"""

from __future__ import annotations

import importlib
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from staydown.core.hashing.algorithm import Algorithm, Hash
from staydown.core.hashing.operator import SIDE, Band, bands, single_rows

#: The order of `Pdq.variants`, the reference's: the picture as it is, turned anticlockwise, mirrored top to bottom
#: (about the x axis), left to right (about the y axis), and about its two diagonals.
VARIANTS: Final = ("original", "rotate90", "rotate180", "rotate270", "flipx", "flipy", "flipplus1", "flipminus1")

_FREQUENCIES: Final = 16
LEAST_SIDE: Final = 5  # the reference gives smaller pictures the zero hash and quality 0
_PATIENCE: Final = 2000  # arrays
_arrays = itertools.count()
_LUMA: Final = np.array([0.299, 0.587, 0.114], dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Pdq:
    """What PDQ says of a picture: eight hashes in the order of `VARIANTS`, and a quality from 0 to 100."""

    variants: tuple[Hash, ...]
    quality: int

    @property
    def hash(self) -> Hash:
        """The hash of the picture as it is."""
        return self.variants[0]


@dataclass(frozen=True, slots=True)
class Raster:
    """Pixels on their way into a hash, read a few rows at a time so that no second copy of a large picture exists.

    ``rows(top, bottom)`` gives stored rows as grey (rows, columns) or RGB (rows, columns, 3). The picture that people
    see is ``width`` x ``height``; the stored one may be turned against it by the EXIF ``orientation`` and be smaller
    by ``fold``: each stored pixel is then the mean of fold x fold of its pixels.
    """

    rows: Callable[[int, int], NDArray[Any]]
    width: int
    height: int
    fold: int = 1
    orientation: int = 1


def pdq(pixels: NDArray[Any]) -> Pdq:
    """The hash of an array of grey (height, width) or RGB (height, width, 3) pixels from 0 to 255.

    A process that hashes many arrays of bytes goes over to a compiled loop, which is three times faster.
    """
    height, width = pixels.shape[:2]
    if _is_compiled() and _suits(pixels):
        return pdq_of_lines(compiled().decimated(pixels, single_rows(height), single_rows(width)))
    return pdq_of(Raster(lambda top, bottom: pixels[top:bottom], width, height))


def _suits(pixels: NDArray[Any]) -> bool:
    """Whether the compiled loop takes these pixels; it checks nothing any more."""
    shaped = pixels.shape[2:] in ((), (3,)) and min(pixels.shape[:2]) >= LEAST_SIDE
    return shaped and pixels.dtype == np.uint8 and pixels.flags.c_contiguous


@cache
def compiled() -> Any:
    """The module of the compiled loop, loaded now if it is not yet; None where it cannot be, as in a sandbox."""
    try:
        return importlib.import_module("staydown.core.hashing.kernel")
    except (ImportError, OSError):
        return None


def _is_compiled() -> bool:
    """Whether to use the compiled loop. Loading it takes as long as hashing some thousand arrays without it does."""
    if compiled.cache_info().currsize or next(_arrays) >= _PATIENCE:
        return compiled() is not None
    return False


def pdq_of(raster: Raster) -> Pdq:
    """The hash of a raster, equal to that of its upright picture."""
    if min(raster.width, raster.height) < LEAST_SIDE:
        return Pdq((Hash(Algorithm.PDQ, bytes(32)),) * 8, 0)
    return pdq_of_lines(decimated(raster))


def pdq_of_lines(small: NDArray[np.float32]) -> Pdq:
    """The hash of what `decimated` left of a picture."""
    coefficients = _COSINES @ small.astype(np.float64) @ _COSINES.T
    return Pdq(_hashes(coefficients * _SIGNS), _quality(small))


def pdq_of_mirrors(four: NDArray[np.float32]) -> Pdq:
    """The hash of what `mirrored` left of a picture; each variant is that of the turned pixels."""
    return Pdq(_hashes(_COSINES @ four.astype(np.float64) @ _COSINES.T), _quality(four[0]))


def decimated(raster: Raster) -> NDArray[np.float32]:
    """The blurred picture's 64 x 64 kept pixels, upright."""
    transposed, from_below, from_right = _TURNS[raster.orientation]
    down, across = (raster.width, raster.height) if transposed else (raster.height, raster.width)
    strips = _strips(raster, bands(down, raster.fold, backwards=from_below))
    small = _across(strips, bands(across, raster.fold, backwards=from_right, outputs=16))
    return small.T if transposed else small


def mirrored(raster: Raster, *, through: int = 0) -> NDArray[np.float32]:
    """What `decimated` makes of the picture as it is, mirrored left to right, top to bottom, and both: 4 x 64 x 64.

    ``through``: of the picture brought to so many lines and columns.

    Where the box of the published blur is an even number of pixels wide, it lies half a pixel beside its line, so a
    mirrored picture keeps other pixels. In a large picture that moves no bit; at 500 pixels it moves some twenty.
    """
    transposed, from_below, from_right = _TURNS[raster.orientation]
    down, across = (raster.width, raster.height) if transposed else (raster.height, raster.width)
    four = []
    for below in (from_below, not from_below):
        strips = _strips(raster, bands(down, raster.fold, backwards=below, through=through))
        for right in (from_right, not from_right):
            lines = bands(across, raster.fold, backwards=right, outputs=16, through=through)
            four.append(_across(strips, lines))
    if transposed:
        four = [each.T for each in (four[0], four[2], four[1], four[3])]
    return np.stack(four)


def _across(strips: NDArray[np.float32], horizontal: tuple[Band, ...]) -> NDArray[np.float32]:
    """The kept pixels of the kept rows."""
    return np.concatenate([strips[:, band.start : band.stop] @ band.weights.T for band in horizontal], axis=1)


def _strips(raster: Raster, vertical: tuple[Band, ...]) -> NDArray[np.float32]:
    """The luma of the kept rows, still full width."""
    lines = np.empty(0, np.float32)  # used again for each band, so that it stays in the processor's cache
    kept = []
    for band in vertical:
        rows = raster.rows(band.start, band.stop)
        if lines.size < rows.size:
            lines = np.empty(rows.size, np.float32)
        part = lines[: rows.size].reshape(len(rows), -1)
        part[...] = rows.reshape(part.shape)
        kept.append(band.weights @ part)
    strips: NDArray[np.float32] = np.concatenate(kept)
    if rows.ndim == 3:  # luma is linear as well, so it waits until few rows are left
        strips = strips.reshape(SIDE, -1, 3) @ _LUMA
    return strips


def _quality(small: NDArray[np.float32]) -> int:
    """The reference's quality: how much the 64 x 64 picture changes from pixel to pixel, in whole steps, 0 to 100."""
    steps = np.concatenate([(small[1:] - small[:-1]).ravel(), (small[:, 1:] - small[:, :-1]).ravel()])
    steps *= np.float32(100)
    steps /= np.float32(255)
    np.trunc(steps, out=steps)
    np.abs(steps, out=steps)
    return min(int(steps.sum(dtype=np.float64)) // 90, 100)


def _hashes(signed: NDArray[np.float64]) -> tuple[Hash, ...]:
    """The eight hashes, from the coefficients of the picture and of its three mirrors.

    A mirror only changes signs of coefficients, a turn also which axis is which.
    """
    # The reference's median of 256 values is the 128th smallest.
    medians = np.partition(signed.reshape(4, 256), 127, axis=1)[:, 127]
    above = signed > medians[:, None, None]
    both = np.concatenate([above, above.transpose(0, 2, 1)]).reshape(8, 256)
    packed = np.packbits(both, axis=1, bitorder="little")[_PLACES, ::-1].tobytes()
    return tuple([Hash(Algorithm.PDQ, packed[at : at + 32]) for at in range(0, 256, 32)])


def _cosines() -> NDArray[np.float64]:
    """Frequencies 1 to 16 of the cosine transform of 64 values."""
    frequency = np.arange(1, _FREQUENCIES + 1)[:, None]
    place = np.arange(SIDE)[None, :]
    scaled = np.cos(np.pi / 2 / SIDE * frequency * (2 * place + 1)) * np.sqrt(2.0 / SIDE)
    rounded: NDArray[np.float32] = scaled.astype(np.float32)  # as the reference holds them
    return rounded.astype(np.float64)


def _signs() -> NDArray[np.float64]:
    """The signs of the coefficients of a picture as it is, mirrored left to right, top to bottom, and both.

    Mirroring an axis negates its odd cosines, which are those at even places because frequency 0 is left out.
    """
    odd = np.where(np.arange(_FREQUENCIES) % 2 == 0, -1.0, 1.0)
    same = np.ones(_FREQUENCIES)
    return np.stack([np.outer(down, across) for down in (same, odd) for across in (same, odd)])


_COSINES: Final = _cosines()
_SIGNS: Final = _signs()

#: Which of the four signs makes each variant; 4 more where rows and columns change places afterwards.
_PLACES: Final = [0, 5, 3, 6, 2, 1, 4, 7]

#: EXIF orientation -> (rows and columns change places, stored rows run upwards, stored columns run leftwards)
_TURNS: Final = {
    1: (False, False, False),
    2: (False, False, True),
    3: (False, True, True),
    4: (False, True, False),
    5: (True, False, False),
    6: (True, True, False),
    7: (True, True, True),
    8: (True, False, True),
}
