"""What crosses the pipes between a pool and its video workers: a question, a record a frame as it goes, an end."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from typing import Final

from staydown.core.hashing import frames
from staydown.core.hashing.picture import Examined
from staydown.core.hashing.video import Frame, Summary, fault
from staydown.errors import (
    CorruptError,
    EmptyPictureError,
    MediaError,
    NotAVideoError,
    NoVideoStreamError,
    TooLargeError,
    TooLongError,
    TooSlowError,
    TruncatedError,
    UnsupportedFormatError,
)

QUESTION: Final = struct.Struct(">Qd?")  # length of the video that follows, seconds between frames, key frames only
_KIND: Final = struct.Struct(">B")
_TIME: Final = struct.Struct(">d")  # and after it what `frames` writes of a picture
_END: Final = struct.Struct(">BdII?")  # 0 or an error, duration, width, height, whether it is whole
_IS_FRAME: Final = 1
_IS_END: Final = 2
_SIZES: Final = {_IS_FRAME: _TIME.size + frames.ANSWER, _IS_END: _END.size}

_ERRORS: Final[tuple[type[MediaError], ...]] = (
    CorruptError,
    TruncatedError,
    TooLargeError,
    TooLongError,
    TooSlowError,
    NotAVideoError,
    NoVideoStreamError,
    EmptyPictureError,
    UnsupportedFormatError,
)


def pack(frame: Frame) -> bytes:
    """The record of a frame."""
    return _KIND.pack(_IS_FRAME) + _TIME.pack(frame.time) + frames.pack(Examined(frame.pdq, frame.views, 1, 1))


def pack_end(found: Summary) -> bytes:
    """The record that ends a video that was decoded."""
    return _KIND.pack(_IS_END) + _END.pack(0, found.duration, found.width, found.height, found.is_whole)


def pack_error(error: MediaError) -> bytes:
    """The record that ends a video that was not."""
    kind = _ERRORS.index(type(error)) if type(error) in _ERRORS else 0
    return _KIND.pack(_IS_END) + _END.pack(kind + 1, 0, 0, 0, False)


def read_record(read: Callable[[int], bytes]) -> Frame | Summary | MediaError | None:
    """The next record: a frame, or the end, which may be an error; None when the process ended without one.

    ``read`` gives so many bytes, or fewer at the end. A record that no honest process writes raises `CorruptError`.
    """
    kind = int.from_bytes(read(1))
    if not kind:
        return None
    if kind not in _SIZES:
        raise fault(CorruptError)
    record = read(_SIZES[kind])
    if len(record) < _SIZES[kind]:
        return None
    return _frame(record) if kind == _IS_FRAME else _end(*_END.unpack(record))


def _frame(record: bytes) -> Frame:
    (time,) = _TIME.unpack_from(record)
    if not math.isfinite(time) or time < 0:
        raise fault(CorruptError)
    found = frames.unpack(record[_TIME.size :])
    return Frame(time, found.whole, found.views)


def _end(error: int, duration: float, width: int, height: int, is_whole: bool) -> Summary | MediaError:
    if 0 < error <= len(_ERRORS):
        return fault(_ERRORS[error - 1])
    if error:
        raise fault(CorruptError)
    if not math.isfinite(duration) or duration < 0 or not width or not height:
        raise fault(CorruptError)
    return Summary(duration, width, height, is_whole)
