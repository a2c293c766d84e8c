"""PDQ: the 256-bit hash of a picture, its quality, and the hashes of its eight rotations and mirrors.

Everything before the last step is linear and separable: blur, decimation to 64 x 64 and a 16 x 16 corner of the cosine
transform. The blur and the decimation are two thin operators (`operator.bands`), applied to the pixels directly; the
transform is one more matrix. The hash is which of the 256 coefficients lie above their median. On the same pixels this
gives the bits of the reference implementation; `tests/golden/pdq` pins them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from staydown.core.hashing.algorithm import Algorithm, Hash
from staydown.core.hashing.operator import SIDE, Band, bands

#: The order of `Pdq.variants`, the reference's: the picture as it is, turned anticlockwise, mirrored top to bottom
#: (about the x axis), left to right (about the y axis), and about its two diagonals.
VARIANTS: Final = ("original", "rotate90", "rotate180", "rotate270", "flipx", "flipy", "flipplus1", "flipminus1")

_FREQUENCIES: Final = 16
_LEAST_SIDE: Final = 5  # the reference gives smaller pictures the zero hash and quality 0
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
    """The hash of an array of grey (height, width) or RGB (height, width, 3) pixels from 0 to 255."""
    return pdq_of(Raster(lambda top, bottom: pixels[top:bottom], pixels.shape[1], pixels.shape[0]))


def pdq_of(raster: Raster) -> Pdq:
    """The hash of a raster, equal to that of its upright picture."""
    if min(raster.width, raster.height) < _LEAST_SIDE:
        return Pdq((Hash(Algorithm.PDQ, bytes(32)),) * 8, 0)
    return pdq_of_lines(decimated(raster))


def pdq_of_lines(small: NDArray[np.float32]) -> Pdq:
    """The hash of what `decimated` left of a picture."""
    coefficients = _COSINES @ small.astype(np.float64) @ _COSINES.T
    return Pdq(_hashes(coefficients), _quality(small))


def decimated(raster: Raster) -> NDArray[np.float32]:
    """The blurred picture's 64 x 64 kept pixels, upright."""
    transposed, from_below, from_right = _TURNS[raster.orientation]
    down, across = raster.height, raster.width
    if transposed:
        down, across = across, down
    strips = _strips(raster, bands(down, raster.fold, backwards=from_below))
    horizontal = bands(across, raster.fold, backwards=from_right, outputs=16)
    small = np.concatenate([strips[:, band.start : band.stop] @ band.weights.T for band in horizontal], axis=1)
    return small.T if transposed else small


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
    total = 0
    for axis in (0, 1):
        steps = np.diff(small, axis=axis) * np.float32(100) / np.float32(255)
        total += int(np.abs(np.trunc(steps)).sum(dtype=np.float64))
    return min(total // 90, 100)


def _hashes(coefficients: NDArray[np.float64]) -> tuple[Hash, ...]:
    """The eight hashes. A turn of the picture only moves its coefficients and changes signs."""
    turned = coefficients.ravel()[_PLACES] * _SIGNS
    # The reference's median of 256 values is the 128th smallest.
    medians = np.partition(turned, 127, axis=1)[:, 127:128]
    packed = np.packbits((turned > medians)[:, ::-1], axis=1)
    return tuple(Hash(Algorithm.PDQ, row.tobytes()) for row in packed)


def _cosines() -> NDArray[np.float64]:
    """Frequencies 1 to 16 of the cosine transform of 64 values."""
    frequency = np.arange(1, _FREQUENCIES + 1)[:, None]
    place = np.arange(SIDE)[None, :]
    scaled = np.cos(np.pi / 2 / SIDE * frequency * (2 * place + 1)) * np.sqrt(2.0 / SIDE)
    rounded: NDArray[np.float32] = scaled.astype(np.float32)  # as the reference holds them
    return rounded.astype(np.float64)


def _turns() -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """For each variant, which coefficient stands at each of the 256 places, and its sign.

    Mirroring an axis negates its odd cosines, which are those at even places because frequency 0 is left out.
    """
    places = np.arange(256).reshape(16, 16)
    down = np.where(np.arange(16) % 2 == 0, -1.0, 1.0)[:, None] * np.ones((16, 16))
    across = down.T
    same = np.ones((16, 16))
    made = [
        (places, same),
        (places.T, across.T),
        (places, down * across),
        (places.T, down.T),
        (places, down),
        (places, across),
        (places.T, same),
        (places.T, (down * across).T),
    ]
    return np.stack([p.ravel() for p, _ in made]), np.stack([s.ravel() for _, s in made])


_COSINES: Final = _cosines()
_PLACES, _SIGNS = _turns()

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
