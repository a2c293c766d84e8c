"""What crosses the pipes between a pool and its worker processes: two frames, both of a size known beforehand."""

from __future__ import annotations

import struct
from typing import Final

from staydown.core.hashing.algorithm import Algorithm, Hash
from staydown.core.hashing.pdq import Pdq
from staydown.errors import (
    CorruptError,
    EmptyPictureError,
    MediaError,
    NotAnImageError,
    TooLargeError,
    TooSlowError,
    TruncatedError,
    UnsupportedFormatError,
)

READY: Final = b"staydown worker 1\n"
QUESTION: Final = struct.Struct(">Q")  # length of the file that follows
ANSWER: Final = struct.Struct(">BBII256s")  # 0 or an error, quality, width, height, eight hashes

_ERRORS: Final[tuple[type[MediaError], ...]] = (
    CorruptError,
    TruncatedError,
    TooLargeError,
    TooSlowError,
    NotAnImageError,
    EmptyPictureError,
    UnsupportedFormatError,
)


def pack(found: Pdq, width: int, height: int) -> bytes:
    """The answer frame of a picture that was hashed."""
    return ANSWER.pack(0, found.quality, width, height, b"".join(h.value for h in found.variants))


def pack_error(error: MediaError) -> bytes:
    """The answer frame of a picture that was not."""
    kind = _ERRORS.index(type(error)) if type(error) in _ERRORS else 0
    return ANSWER.pack(kind + 1, 0, 0, 0, bytes(256))


def unpack(frame: bytes) -> tuple[Pdq, int, int]:
    """The hashes, width and height in an answer frame. Raises the `MediaError` that it tells of.

    A frame that no honest worker writes counts as a corrupt picture.
    """
    try:
        kind, quality, width, height, values = ANSWER.unpack(frame)
    except struct.error:
        raise CorruptError from None
    if kind:
        raise _ERRORS[kind - 1] if kind <= len(_ERRORS) else CorruptError
    if quality > 100 or not width or not height:
        raise CorruptError
    variants = tuple(Hash(Algorithm.PDQ, values[at : at + 32]) for at in range(0, 256, 32))
    return Pdq(variants, quality), width, height
