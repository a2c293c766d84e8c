"""Everything that staydown keeps of a picture: its hashes, its quality and its size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from staydown.core.hashing.algorithm import LEAST_QUALITY, Hash
from staydown.core.hashing.digest import sha256
from staydown.core.hashing.image import Limits, decode
from staydown.core.hashing.pdq import pdq_of

DEFAULT_LIMITS: Final = Limits()


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
    raster = decode(data, limits)
    found = pdq_of(raster)
    return Picture(found.hash, found.quality, raster.width, raster.height, sha256(data), found.variants)
