"""Bytes of a picture file to pixels, the same canonical way for every format and every mode.

Upright by EXIF orientation, first frame, transparency over white, every mode brought to grey or RGB. Whatever lies,
overflows or is not a picture ends as a `MediaError`. Bytes from strangers belong in `pool.HashingPool`, where the
decoders run in processes of their own.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from staydown.core.hashing.formats import declared_size, ends_early, scans, sniff
from staydown.core.hashing.pdq import Raster
from staydown.errors import (
    CorruptError,
    EmptyPictureError,
    MediaError,
    TooLargeError,
    TruncatedError,
    UnsupportedFormatError,
)

_ORIENTATION: Final = 0x0112
_LONGEST_SIDE: Final = 65_535  # pixels, as in JPEG; what is longer is no picture but an attack
_MOST_SCANS: Final = 100  # of a JPEG; cameras and encoders make a dozen, and each is a pass over the whole picture
_LEAST_SCALED: Final = 320  # pixels that the shorter side of a picture keeps when its decoder scales it
_FEW_PIXELS: Final = 1 << 20  # a picture of so few is copied whole: that takes less time than many pieces


@dataclass(frozen=True, slots=True)
class Limits:
    """What a picture may cost at most.

    ``max_pixels`` counts pixels that have to be decoded: a JPEG that its decoder scales counts as scaled.
    ``max_memory`` is the address space of a worker process, of which it takes 150 MB to start.
    """

    max_bytes: int = 50_000_000
    max_pixels: int = 100_000_000
    max_memory: int = 1_500_000_000


def decode(data: bytes, limits: Limits, *, in_colour: bool = False) -> Raster:
    """The pixels of a picture file, ready to be hashed. Raises a `MediaError` that says what is wrong with it.

    A JPEG that is large enough is decoded at a fraction of its size, and in grey unless ``in_colour``.
    """
    name = admit(data, limits)
    with _named_faults(data, name):
        raster = _decode(data, name, limits, "RGB" if in_colour else "L")

    def rows(top: int, bottom: int) -> NDArray[Any]:
        with _named_faults(data, name):
            return raster.rows(top, bottom)

    return replace(raster, rows=rows)


@contextlib.contextmanager
def _named_faults(data: bytes, name: str) -> Iterator[None]:
    """Turns whatever a decoder raises on a damaged or hostile file into the `MediaError` that describes the file."""
    try:
        yield
    except MediaError:
        raise
    except (MemoryError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise TooLargeError from None
    except Exception as error:  # noqa: BLE001 - decoders raise anything
        if "too large" in str(error).lower():
            raise TooLargeError from None
        if ends_early(data, name):
            raise TruncatedError from None
        if name == "TIFF" and isinstance(error, UnidentifiedImageError):
            raise UnsupportedFormatError from None  # TIFF can hold far more than pictures as people know them
        raise CorruptError from None


def admit(data: bytes, limits: Limits) -> str:
    """The name of the format, from the first bytes alone. Raises the `MediaError` that needs no decoder to be seen."""
    if len(data) > limits.max_bytes:
        raise TooLargeError
    name = sniff(data)
    _check_size(declared_size(data, name), limits)
    if name == "HEIF" and importlib.util.find_spec("pillow_heif") is None:
        raise UnsupportedFormatError("HEIC pictures need an extra package. Install staydown[heic], or save it as JPEG.")
    return name


def _check_size(size: tuple[int, int] | None, limits: Limits) -> None:
    if size is None:
        return
    if 0 in size:
        raise EmptyPictureError
    if max(size) > _LONGEST_SIDE or size[0] * size[1] > limits.max_pixels:
        raise TooLargeError


def _decode(data: bytes, name: str, limits: Limits, scaled_mode: str) -> Raster:
    if name == "HEIF":
        register_heif()
    image: Image.Image = Image.open(io.BytesIO(data), formats=[name])
    full = image.size
    fold = _scale(image, scaled_mode) if name == "JPEG" else 1
    passes = scans(data) if name == "JPEG" else 1
    # A JPEG of several scans is held whole while it is decoded, whatever the scale.
    _check_size(full if passes > 1 else image.size, limits)
    if passes > _MOST_SCANS:
        raise TooLargeError  # some bytes a scan would buy minutes of work
    image.load()
    if image.mode == "LAB":
        image = image.convert("RGB")  # whole: to make ready for it costs more than to do it
    width, height = full if fold > 1 else image.size
    orientation = _orientation(image)
    if orientation > 4:
        width, height = height, width
    return Raster(_reader(image), width, height, fold, orientation)


def register_heif() -> None:
    """Teaches Pillow to read HEIC; only where the extra package is installed."""
    importlib.import_module("pillow_heif").register_heif_opener(thumbnails=False)


def _scale(image: Image.Image, mode: str) -> int:
    """Tells the JPEG decoder to scale, as far as the picture keeps enough pixels; returns by how much."""
    shorter = min(image.size)
    fold = next((by for by in (8, 4, 2) if shorter // by >= _LEAST_SCALED), 1)
    if fold > 1:  # unscaled, the colours are decoded too: the last bit of agreement is worth more than the time
        image.draft(mode, (image.size[0] // fold, image.size[1] // fold))
    return fold


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; 1 where there is none or it cannot be read. Pillow turns TIFF upright itself."""
    exif = Image.Exif()
    try:
        exif.load(image.info.get("exif") or b"")
        value = exif.get(_ORIENTATION)
    except Exception:  # noqa: BLE001 - damaged metadata does not make the picture unreadable
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _reader(image: Image.Image) -> Callable[[int, int], NDArray[Any]]:
    """A function that gives rows of ``image`` as grey or RGB pixels from 0 to 255."""
    brightest = _brightest(image)
    plain = _plain_mode(image)
    if not brightest and plain == image.mode != "RGBA" and image.width * image.height <= _FEW_PIXELS:
        whole = np.asarray(image)
        return lambda top, bottom: whole[top:bottom]

    def rows(top: int, bottom: int) -> NDArray[Any]:
        part = image.crop((0, top, image.width, bottom))
        if brightest:
            deep = np.nan_to_num(np.asarray(part, dtype=np.float32), posinf=brightest, neginf=0)
            return np.clip(deep, 0, brightest) * np.float32(255 / brightest)
        if part.mode != plain:
            part = part.convert(plain)
        if plain == "RGBA":
            part = Image.alpha_composite(Image.new("RGBA", part.size, "white"), part).convert("RGB")
        return np.asarray(part)

    return rows


def _plain_mode(image: Image.Image) -> str:
    if image.has_transparency_data:
        return "RGBA"
    return "L" if image.mode in ("1", "L") else "RGB"


def _brightest(image: Image.Image) -> float:
    """What white is in a mode of more than eight bits; 0 for the others. Of the open-ended ones, the largest value."""
    if image.mode.startswith("I;16"):
        return 65535.0
    if image.mode not in ("I", "F"):
        return 0.0
    return max(255.0, float(np.nan_to_num(np.asarray(image.getextrema()), posinf=255.0)[1]))
