"""What crosses the pipes between a pool and its worker processes: two frames, both of a size known beforehand."""

from __future__ import annotations

import struct
from typing import Final

from staydown.core.hashing.algorithm import Algorithm, Hash
from staydown.core.hashing.pdq import Pdq
from staydown.core.hashing.picture import Examined
from staydown.core.hashing.variants import MOST_VIEWS, TIERS, View
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
_WHOLE: Final = struct.Struct(">BBII256s")  # 0 or an error, quality, width, height, eight hashes
_VIEW: Final = struct.Struct(">BB256s")  # 0 or which tier, quality, eight hashes
ANSWER: Final = _WHOLE.size + MOST_VIEWS * _VIEW.size  # length of an answer

_TIERS: Final = tuple(tier.name for tier in TIERS)
_ERRORS: Final[tuple[type[MediaError], ...]] = (
    CorruptError,
    TruncatedError,
    TooLargeError,
    TooSlowError,
    NotAnImageError,
    EmptyPictureError,
    UnsupportedFormatError,
)


def pack(found: Examined) -> bytes:
    """The answer frame of a picture that was hashed."""
    whole = _WHOLE.pack(0, found.whole.quality, found.width, found.height, _values(found.whole))
    views = (_VIEW.pack(_TIERS.index(view.tier) + 1, view.pdq.quality, _values(view.pdq)) for view in found.views)
    return (whole + b"".join(views)).ljust(ANSWER, b"\0")


def pack_error(error: MediaError) -> bytes:
    """The answer frame of a picture that was not."""
    kind = _ERRORS.index(type(error)) if type(error) in _ERRORS else 0
    return _WHOLE.pack(kind + 1, 0, 0, 0, bytes(256)).ljust(ANSWER, b"\0")


def unpack(frame: bytes) -> Examined:
    """What an answer frame says of a picture. Raises the `MediaError` that it tells of.

    A frame that no honest worker writes counts as a corrupt picture.
    """
    if len(frame) != ANSWER:
        raise CorruptError
    kind, quality, width, height, values = _WHOLE.unpack_from(frame)
    if kind:
        raise _ERRORS[kind - 1] if kind <= len(_ERRORS) else CorruptError
    if not width or not height:
        raise CorruptError
    views = []
    for tier, detail, seen in _VIEW.iter_unpack(frame[_WHOLE.size :]):
        if tier > len(_TIERS):
            raise CorruptError
        if tier:
            views.append(View(_TIERS[tier - 1], _pdq(seen, detail)))
    return Examined(_pdq(values, quality), tuple(views), width, height)


def _values(found: Pdq) -> bytes:
    return b"".join(each.value for each in found.variants)


def _pdq(values: bytes, quality: int) -> Pdq:
    if quality > 100:
        raise CorruptError
    return Pdq(tuple(Hash(Algorithm.PDQ, values[at : at + 32]) for at in range(0, 256, 32)), quality)
