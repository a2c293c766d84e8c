"""What several tests of hashing share: the reference, and small files of every kind, sound and hostile."""

from __future__ import annotations

import io
import struct
import zlib
from functools import cache
from typing import Any

import numpy as np
import pdqhash
from numpy.typing import NDArray
from PIL import Image

from staydown.core.hashing.algorithm import Hash
from tests import pictures
from tests.golden.pdq import make

#: Formats that are written here to be read again, with the options that make them as exact as they can be.
FORMATS = {
    "JPEG": {"quality": 95, "subsampling": 0},
    "PNG": {},
    "WEBP": {"lossless": True},
    "AVIF": {"quality": 95},
    "GIF": {},
    "BMP": {},
    "TIFF": {"compression": "tiff_lzw"},
    "HEIF": {"quality": 95},
}


def reference(array: NDArray[np.uint8]) -> tuple[Hash, int]:
    """The C++ reference's hash and quality of grey or RGB pixels."""
    if array.ndim == 2:
        array = np.stack([array] * 3, axis=2)
    bits, quality = pdqhash.compute(np.ascontiguousarray(array))
    return Hash.from_hex("pdq", np.packbits(bits).tobytes().hex()), int(quality)


@cache
def small() -> Image.Image:
    """A picture of 96 x 64 pixels with enough detail to hash."""
    return Image.fromarray(make.pixels("clouds", 33, 96, 64))


@cache
def written(kind: str) -> bytes:
    """The small picture as a file of one of the `FORMATS`."""
    if kind == "HEIF":
        import pillow_heif

        pillow_heif.register_heif_opener()
    return pictures.encoded(small(), kind, **FORMATS[kind])


def png(width: int, height: int, rows: bytes, *, depth: int = 8, colour: int = 0, ended: bool = True) -> bytes:
    """A PNG file that claims what it is told to claim about ``rows``."""
    parts = [(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)), (b"IDAT", zlib.compress(rows))]
    parts += [(b"IEND", b"")] if ended else []
    chunks = (struct.pack(">I", len(d)) + n + d + struct.pack(">I", zlib.crc32(n + d)) for n, d in parts)
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def black_png(side: int) -> bytes:
    """A sound PNG of one bit a pixel: a few kilobytes that take a hundred million pixels at side 10000."""
    return png(side, side, bytes((side // 8 + 1) * side), depth=1)


def with_orientation(image: Image.Image, orientation: int, **options: Any) -> bytes:
    """``image`` as a JPEG whose EXIF orientation says how to hold it."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    return pictures.encoded(image, "JPEG", exif=exif, quality=90, **options)


def shown(data: bytes) -> Image.Image:
    """The file as Pillow alone decodes it, for comparison."""
    return Image.open(io.BytesIO(data))
