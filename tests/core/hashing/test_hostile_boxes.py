"""Video files whose boxes lie: about samples, their times and places; or lead to themselves, or nest for ever."""

from __future__ import annotations

import struct
import time

import pytest

from staydown.core.hashing.footage import hash_video
from staydown.core.hashing.video import VideoLimits
from staydown.errors import CorruptError, MediaError, NoVideoStreamError, TooLongError
from tests import clips

LIMITS = VideoLimits(max_bytes=3_000_000, max_pixels=200_000, max_seconds=60, max_frames=500, max_streams=4)
SCENE = clips.scene()
MP4 = clips.film(SCENE)
MKV = clips.film(SCENE, "matroska")
MOST = b"\xff\xff\xff\xff"
DEEP = 2000
SECONDS = 5


def patched(name: bytes, after: int, by: bytes) -> bytes:
    """The MP4 with other bytes so far behind the name of a box."""
    at = MP4.index(name) + 4 + after
    return MP4[:at] + by + MP4[at + len(by) :]


SAMPLES = struct.unpack_from(">I", MP4, MP4.index(b"stsz") + 12)[0]
BOXES: dict[str, tuple[bytes, type[MediaError] | None]] = {
    "all samples of 4 GB": (patched(b"stsz", 4, MOST), NoVideoStreamError),
    "each sample of 4 GB": (patched(b"stsz", 12, MOST * SAMPLES), NoVideoStreamError),
    "samples of nothing": (patched(b"stsz", 12, bytes(4 * SAMPLES)), NoVideoStreamError),
    "4 thousand million samples": (patched(b"stsz", 8, MOST), CorruptError),
    "a film of 50 days": (patched(b"mvhd", 16, MOST), None),
    "a track of two days": (patched(b"mdhd", 16, b"\x7f\xff\xff\xff"), None),
    "no seconds": (patched(b"mdhd", 12, bytes(4)), None),
    "frames that last days": (patched(b"stts", 12, b"\x7f\xff\xff\xff"), None),
    "frames that last nothing": (patched(b"stts", 12, bytes(4)), None),
    "4 thousand million times": (patched(b"stts", 8, MOST), TooLongError),
    "samples beyond the end": (patched(b"stco", 8, MOST), NoVideoStreamError),
    "samples in their own table": (patched(b"stco", 8, struct.pack(">I", MP4.index(b"stco"))), NoVideoStreamError),
    "4 thousand million places": (patched(b"stco", 4, MOST), None),
    "shown at 65535 x 65535": (patched(b"tkhd", 76, MOST * 2), None),
    "a box shorter than what is in it": (patched(b"moov", -8, struct.pack(">I", 16)), NoVideoStreamError),
}


def number(value: int) -> bytes:
    return struct.pack(">Q", 1 << 56 | value)


def element(name: bytes, body: bytes) -> bytes:
    return name + number(len(body)) + body


def nested(name: bytes) -> bytes:
    body = b""
    for _ in range(DEEP):
        body = element(name, body)
    return body


SEEK_HEAD, CUES, OPEN_END = b"\x11\x4d\x9b\x74", b"\x1c\x53\xbb\x6b", b"\x01" + b"\xff" * 7
SEGMENT, CLUSTER = b"\x18\x53\x80\x67" + OPEN_END, b"\x1f\x43\xb6\x75" + OPEN_END


def leads(name: bytes, place: int) -> bytes:
    """An element that says that another one stands at a place of the segment."""
    return element(b"\x4d\xbb", element(b"\x53\xab", name) + element(b"\x53\xac", struct.pack(">Q", place)))


def segment(first: bytes) -> bytes:
    """The Matroska file with more in front of what its segment holds."""
    at = MKV.index(SEGMENT[:4])
    return MKV[:at] + SEGMENT + first + MKV[at + 12 :]


ELEMENTS: dict[str, tuple[bytes, type[MediaError] | None]] = {
    "an index of itself": (segment(element(SEEK_HEAD, leads(SEEK_HEAD, 0))), None),
    "two indexes of each other": (
        segment(element(SEEK_HEAD, leads(SEEK_HEAD, 45)) + element(SEEK_HEAD, leads(SEEK_HEAD, 0))),
        None,
    ),
    "an index of itself five thousand times": (segment(element(SEEK_HEAD, leads(SEEK_HEAD, 0) * 5000)), None),
    "cues that are none": (segment(element(SEEK_HEAD, leads(CUES, 0))), None),
    "chapters in chapters": (segment(element(b"\x10\x43\xa7\x70", element(b"\x45\xb9", nested(b"\xb6")))), None),
    "tags in tags": (segment(element(b"\x12\x54\xc3\x67", element(b"\x73\x73", nested(b"\x67\xc8")))), None),
    "segments in segments": (segment(SEGMENT * DEEP), None),
    "clusters in clusters": (segment(CLUSTER * DEEP), NoVideoStreamError),
    "cues of 2^56 bytes": (segment(CUES + OPEN_END[:-1] + b"\xfe"), None),
}


@pytest.mark.parametrize(("data", "error"), [*BOXES.values(), *ELEMENTS.values()], ids=[*BOXES, *ELEMENTS])
def test_boxes_that_lie_end_soon_with_frames_or_with_a_named_error(data: bytes, error: type[MediaError] | None) -> None:
    began = time.process_time()
    if error is None:
        assert hash_video(data, LIMITS).frames
    else:
        with pytest.raises(error) as caught:
            hash_video(data, LIMITS)
        assert type(caught.value) is error
    assert time.process_time() - began < SECONDS
