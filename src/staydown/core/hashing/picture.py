"""Everything that staydown keeps of a picture: its hashes, its quality and its size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from staydown.core.hashing.algorithm import LEAST_QUALITY, Hash
from staydown.core.hashing.digest import exact
from staydown.core.hashing.image import Limits, decode
from staydown.core.hashing.pdq import LEAST_SIDE, Pdq, pdq_of
from staydown.core.hashing.variants import View, asked, banked, parts, seen, views_of

DEFAULT_LIMITS: Final = Limits()
_RICH: Final = 90  # the quality from which on grey decoding was never more than two bits from colour


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture reduced to hashes. ``width`` and ``height`` are those people see, upright and unscaled.

    ``variants`` holds the PDQ hashes of the eight rotations and mirrors in the order of `pdq.VARIANTS`; the first is
    ``pdq``. ``views`` holds what the tiers of `variants` add, such as the inside of flat borders. ``md5`` is there only
    when it was wanted. `asked` and `banked` say which of all these hashes to look up, and which to bank.
    """

    pdq: Hash
    quality: int
    width: int
    height: int
    sha256: Hash
    variants: tuple[Hash, ...]
    views: tuple[View, ...] = ()
    md5: Hash | None = None

    @property
    def exact(self) -> tuple[Hash, ...]:
        """The hashes of the very bytes."""
        return (self.sha256,) if self.md5 is None else (self.sha256, self.md5)

    @property
    def is_hashable(self) -> bool:
        """Whether the picture, or the inside of its borders, has enough detail for PDQ to tell it from others."""
        return self.quality >= LEAST_QUALITY or bool(parts(self.views))

    @property
    def asked(self) -> tuple[Hash, ...]:
        """The hashes to look this picture up by; only those of the bytes when nothing in it has enough detail."""
        return (*asked(Pdq(self.variants, self.quality), self.views), *self.exact)

    @property
    def banked(self) -> tuple[Hash, ...]:
        """The hashes to bank this picture under; no MD5, which is in banks for lists that have nothing better."""
        return (*banked(Pdq(self.variants, self.quality), self.views), self.sha256)


@dataclass(frozen=True, slots=True)
class Examined:
    """What the pixels of a picture file say: the hashes of the whole, of its views, and its size."""

    whole: Pdq
    views: tuple[View, ...]
    width: int
    height: int

    def with_digests(self, sha256: Hash, md5: Hash | None = None) -> Picture:
        """The picture, with the hashes of its bytes."""
        whole = self.whole
        return Picture(whole.hash, whole.quality, self.width, self.height, sha256, whole.variants, self.views, md5)


def hash_picture(data: bytes, limits: Limits = DEFAULT_LIMITS, *, with_md5: bool = False) -> Picture:
    """The hashes of a picture file, decoded in this process. Raises a `MediaError`.

    For bytes from strangers use `pool.HashingPool`.
    """
    return examine(data, limits).with_digests(*exact(data, with_md5=with_md5))


def examine(data: bytes, limits: Limits) -> Examined:
    """The hashes and the size of a picture file. Raises a `MediaError`.

    Scaled JPEGs are decoded in grey, which is quickest. Where colours are so strong that the decoder would have cut
    them off, that grey is not quite the luma of the colours; a picture with little else in it is decoded once more.
    """
    raster = decode(data, limits)
    if min(raster.width, raster.height) < LEAST_SIDE:
        return Examined(pdq_of(raster), (), raster.width, raster.height)
    found, reduced = seen(raster)
    if raster.fold > 1 and found.quality < _RICH:
        raster = decode(data, limits, in_colour=True)
        found, reduced = seen(raster)
    return Examined(found, views_of(raster, reduced), raster.width, raster.height)
