"""What staydown keeps of a video, and what a video may cost. The decoding is in `footage`.

The frames are those of vPDQ: PDQ of the brightness of a frame, one a second, so the two can be compared.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from staydown.core.hashing.algorithm import LEAST_QUALITY, Hash
from staydown.core.hashing.pdq import Pdq
from staydown.core.hashing.variants import View, asked, banked, parts
from staydown.errors import (
    CorruptError,
    MediaError,
    TooLargeError,
    TooSlowError,
    TruncatedError,
    UnsupportedFormatError,
)

#: What an error of any medium says when the medium is a video.
_WORDS: Final[dict[type[MediaError], str]] = {
    CorruptError: "This video file is damaged. Download or copy it again.",
    TruncatedError: "This video file ends too early. Download or copy it again.",
    TooLargeError: "This video is larger than the limits allow. Use a smaller copy, or raise the limit.",
    TooSlowError: "This video took too long to decode. Use a shorter part of it, or raise the limit.",
    UnsupportedFormatError: "This kind of video is not supported. Save it as MP4 or WebM and try again.",
}


@dataclass(frozen=True, slots=True)
class VideoLimits:
    """What a video may cost at most.

    ``max_pixels`` is of one frame, ``max_frames`` counts those that have to be decoded, ``max_memory`` is the address
    space of the process that does it, of which it takes 250 MB to start.
    """

    max_bytes: int = 4_000_000_000
    max_pixels: int = 36_000_000
    max_seconds: int = 3 * 3600
    max_frames: int = 1_000_000
    max_streams: int = 64
    max_memory: int = 2_000_000_000


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame that was hashed, and when it is shown: seconds from the first frame."""

    time: float
    pdq: Pdq
    views: tuple[View, ...] = ()

    @property
    def hash(self) -> Hash:
        """The PDQ of the frame as it is seen."""
        return self.pdq.hash

    @property
    def quality(self) -> int:
        """From 0 to 100."""
        return self.pdq.quality

    @property
    def is_hashable(self) -> bool:
        """Whether the frame, or the inside of its borders, has enough detail for PDQ to tell it from others."""
        return self.quality >= LEAST_QUALITY or bool(parts(self.views))

    @property
    def asked(self) -> tuple[Hash, ...]:
        """The hashes to look the frame up by; none without detail."""
        return asked(self.pdq, self.views)

    @property
    def banked(self) -> tuple[Hash, ...]:
        """The hashes to bank the frame under; none without detail."""
        return banked(self.pdq, self.views)


@dataclass(frozen=True, slots=True)
class Summary:
    """What is known of a video once its frames are. ``width`` and ``height`` are upright, ``duration`` in seconds.

    ``is_whole``: everything in the file could be decoded, and the file has its end.
    """

    duration: float
    width: int
    height: int
    is_whole: bool


@dataclass(frozen=True, slots=True)
class Video:
    """A video reduced to the hashes of some of its frames; see `Summary` for the rest.

    ``md5`` is there only when it was wanted.
    """

    frames: tuple[Frame, ...]
    duration: float
    width: int
    height: int
    sha256: Hash
    is_whole: bool = True
    md5: Hash | None = None

    @property
    def exact(self) -> tuple[Hash, ...]:
        """The hashes of the very bytes."""
        return (self.sha256,) if self.md5 is None else (self.sha256, self.md5)

    @property
    def is_hashable(self) -> bool:
        """Whether any frame has enough detail to be told from others."""
        return any(frame.is_hashable for frame in self.frames)


DEFAULT_LIMITS: Final = VideoLimits()


def fault(kind: type[MediaError]) -> MediaError:
    """An error of this kind, with words for a video."""
    return kind(_WORDS.get(kind))
