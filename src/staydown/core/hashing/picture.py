"""Everything that staydown keeps of a picture: its hashes, its quality and its size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from staydown.core.hashing.algorithm import LEAST_QUALITY, Hash
from staydown.core.hashing.digest import sha256
from staydown.core.hashing.image import Limits, decode
from staydown.core.hashing.pdq import Pdq, pdq_of

DEFAULT_LIMITS: Final = Limits()
_RICH: Final = 90  # the quality from which on grey decoding was never more than two bits from colour


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture reduced to hashes. ``width`` and ``height`` are those people see, upright and unscaled.

    ``variants`` holds the PDQ hashes of the eight rotations and mirrors in the order of `pdq.VARIANTS`; the first is
    ``pdq``. Bank the first, look all eight up.
    """

    pdq: Hash
    quality: int
    width: int
    height: int
    sha256: Hash
    variants: tuple[Hash, ...]

    @property
    def is_hashable(self) -> bool:
        """Whether the picture has enough detail for PDQ to tell it from others."""
        return self.quality >= LEAST_QUALITY


def hash_picture(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Picture:
    """The hashes of a picture file, decoded in this process. Raises a `MediaError`.

    For bytes from strangers use `pool.HashingPool`.
    """
    found, width, height = examine(data, limits)
    return Picture(found.hash, found.quality, width, height, sha256(data), found.variants)


def examine(data: bytes, limits: Limits) -> tuple[Pdq, int, int]:
    """The PDQ, the width and the height of a picture file. Raises a `MediaError`.

    Scaled JPEGs are decoded in grey, which is quickest. Where colours are so strong that the decoder would have cut
    them off, that grey is not quite the luma of the colours; a picture with little else in it is decoded once more.
    """
    raster = decode(data, limits)
    found = pdq_of(raster)
    if raster.fold > 1 and found.quality < _RICH:
        raster = decode(data, limits, in_colour=True)
        found = pdq_of(raster)
    return found, raster.width, raster.height
