"""Video files that lie, overflow, break off or are no videos: hashed as far as they play, or named."""

from __future__ import annotations

import io
import itertools
import struct

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from staydown.core.hashing.containers import Container, container_of, display_orientation, is_video
from staydown.core.hashing.footage import hash_video
from staydown.core.hashing.video import VideoLimits
from staydown.errors import (
    CorruptError,
    MediaError,
    NotAVideoError,
    NoVideoStreamError,
    TooLargeError,
    TooLongError,
    TruncatedError,
    UnsupportedFormatError,
)
from tests import clips, pictures

SCENE = clips.scene()
SMALL = VideoLimits(max_bytes=3_000_000, max_pixels=200_000, max_seconds=60, max_frames=500, max_streams=4)
MP4 = clips.film(SCENE)
WEBM = clips.film(SCENE, "webm")
GIF = clips.drawn(SCENE[:6], "GIF")
WEBP = clips.drawn(SCENE[:6], "WEBP")
PNG = clips.drawn(SCENE[:6], "PNG")
AVIF = clips.drawn(SCENE[:6], "AVIF")
FRAGMENTED = clips.film(SCENE, container_options={"movflags": "frag_keyframe+empty_moov"})


def sound(kind: str = "mp4") -> bytes:
    """A file with a second of silence and no picture."""
    out = io.BytesIO()
    with av.open(out, "w", format=kind) as container:
        stream = container.add_stream("aac", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return out.getvalue()


@pytest.mark.parametrize(
    ("start", "error"),
    [
        (b"", NotAVideoError),
        (b"#EXTM3U\n#EXT-X-TARGETDURATION:1\nfile:///etc/passwd\n", NotAVideoError),
        (b"ffconcat version 1.0\nfile /etc/passwd\n", NotAVideoError),
        (b"v=0\no=- 0 0 IN IP4 127.0.0.1\n", NotAVideoError),
        (pictures.encoded(pictures.pattern(1)), NotAVideoError),
        (b"\0\0\0\x1cftypheic\0\0\0\0heicmif1miaf", NotAVideoError),
        (b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf", NotAVideoError),
        (pictures.encoded(pictures.pattern(1), "PNG"), NotAVideoError),
        (b"RIFF\0\0\0\0AVI LIST", UnsupportedFormatError),
        (b"FLV\x01\x05", UnsupportedFormatError),
        (b"OggS\0\x02", UnsupportedFormatError),
        ((b"\x47" + bytes(187)) * 4, UnsupportedFormatError),
    ],
)
def test_what_is_no_video_never_meets_a_demuxer(start: bytes, error: type[MediaError]) -> None:
    with pytest.raises(error):
        hash_video(start, SMALL)


@pytest.mark.parametrize(
    ("data", "container"),
    [
        (MP4, "mov"),
        (WEBM, "matroska"),
        (GIF, "gif"),
        (WEBP, "webp"),
        (PNG, "png"),
        (AVIF, "avif"),
        (b"\0\0\0\x08wide\0\0\0\0mdat", "mov"),
    ],
)
def test_the_first_bytes_name_the_demuxer(data: bytes, container: str) -> None:
    assert container_of(data[:1024]) is Container(container)


def test_a_picture_that_moves_is_a_video_and_one_that_does_not_is_none() -> None:
    assert is_video(MP4)
    assert is_video(WEBM)
    assert is_video(GIF)
    assert is_video(WEBP)
    assert is_video(PNG)
    assert is_video(PNG[:33] + b"\0\0\x10\0iCCP" + bytes(0x1004) + PNG[33:]), "however late it says so"
    assert is_video(AVIF)
    assert is_video(b"FLV\x01\x05"), "so that somebody says that it cannot be read"
    for kind in ("GIF", "WEBP", "PNG", "AVIF"):
        assert not is_video(pictures.encoded(clips.Image.fromarray(SCENE[0]), kind))
    assert not is_video(GIF[:40])
    assert not is_video(PNG[:30])


@pytest.mark.parametrize(
    ("limits", "error"),
    [
        (VideoLimits(max_bytes=10_000), TooLargeError),
        (VideoLimits(max_pixels=40_000), TooLargeError),
        (VideoLimits(max_seconds=3), TooLongError),
        (VideoLimits(max_frames=19), TooLongError),
    ],
)
@pytest.mark.parametrize("data", [MP4, WEBM], ids=["mp4", "webm"])
def test_each_limit_has_its_error(data: bytes, limits: VideoLimits, error: type[MediaError]) -> None:
    with pytest.raises(error):
        hash_video(data, limits)


def test_too_many_streams() -> None:
    out = io.BytesIO()
    with av.open(out, "w", format="matroska") as container:
        streams = [container.add_stream("mjpeg", rate=5) for _ in range(5)]
        for stream in streams:
            stream.width, stream.height, stream.pix_fmt = 32, 32, "yuvj420p"
        for stream in streams:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(SCENE[0][:32, :32].copy(), format="rgb24")))
            container.mux(stream.encode())
    assert hash_video(out.getvalue()).frames
    with pytest.raises(TooLargeError):
        hash_video(out.getvalue(), SMALL)


@pytest.mark.parametrize("kind", ["GIF", "mp4"])
def test_a_great_many_tiny_frames(kind: str) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    if kind == "mp4":
        data = clips.film([noise] * 502, rate=30)
    else:
        one = pictures.encoded(clips.Image.fromarray(noise), "GIF")
        start = 13 + 3 * 256
        data = one[:start] + one[start:-1] * 502 + one[-1:]
    with pytest.raises(TooLongError):
        hash_video(data, SMALL)


def test_a_gif_that_never_ends_is_read_once() -> None:
    assert b"NETSCAPE2.0\x03\x01\0\0" in GIF, "it is to be repeated for ever"
    assert hash_video(GIF).duration == 1.2


def test_a_header_that_promises_a_giant() -> None:
    huge = GIF[:6] + b"\xff\xff\xff\xff" + GIF[10:]
    with pytest.raises(TooLargeError):
        hash_video(huge, SMALL)
    canvas = WEBP[:24] + b"\xff\x3f\0\xff\x3f\0" + WEBP[30:]
    with pytest.raises(MediaError):
        hash_video(canvas, SMALL)


def test_a_header_that_promises_hours() -> None:
    at = WEBM.index(b"\x44\x89\x88") + 3
    with pytest.raises(TooLongError):
        hash_video(WEBM[:at] + struct.pack(">d", 4e8) + WEBM[at + 8 :], SMALL)


def test_sound_alone_has_no_pictures() -> None:
    with pytest.raises(NoVideoStreamError):
        hash_video(sound())
    with pytest.raises(NoVideoStreamError):
        hash_video(sound("matroska"))


def test_a_file_without_its_index_ends_too_early() -> None:
    for cut in (40, 1000, len(MP4) // 2):
        with pytest.raises(TruncatedError):
            hash_video(MP4[:cut])
    with pytest.raises(MediaError):
        hash_video(WEBM[:200])


@pytest.mark.parametrize("data", [FRAGMENTED, WEBM, GIF], ids=["mp4", "webm", "gif"])
def test_a_file_that_breaks_off_is_hashed_as_far_as_it_plays_and_says_so(data: bytes) -> None:
    whole, part = hash_video(data), hash_video(data[: len(data) * 6 // 10])
    assert not part.is_whole
    assert 0 < part.duration < whole.duration
    shared = [(one, other) for one, other in zip(whole.frames, part.frames, strict=False) if one.time == other.time]
    assert shared
    assert all(one.hash.distance(other.hash) <= 31 for one, other in shared)


@pytest.mark.parametrize("data", [MP4, FRAGMENTED, WEBM], ids=["mp4", "fragmented", "webm"])
def test_what_a_phone_leaves_behind_the_end_is_no_damage(data: bytes) -> None:
    video = hash_video(data + b"SEFH" + bytes(range(1, 60)))
    assert video.is_whole
    assert video.frames == hash_video(data).frames


def test_damage_in_the_middle_does_not_hide_the_rest() -> None:
    damaged = bytearray(WEBM)
    damaged[len(WEBM) // 2 : len(WEBM) // 2 + 64] = bytes(64)
    whole, found = hash_video(WEBM), hash_video(bytes(damaged))
    assert found.frames[0] == whole.frames[0]
    assert found.frames[-1].time >= 3


def test_rubbish_behind_the_right_first_bytes() -> None:
    noise = np.random.default_rng(5).bytes(20_000)
    for start in (MP4[:32], WEBM[:40], GIF[:13], WEBP[:30], PNG[:53], AVIF[:40]):
        with pytest.raises((CorruptError, TruncatedError, NoVideoStreamError, TooLargeError)):
            hash_video(start + noise, SMALL)


def test_display_matrices_of_any_kind() -> None:
    assert display_orientation(b"") == 1
    for matrix in itertools.product((-(1 << 31), -1, 0, (1 << 31) - 1), repeat=4):
        a, b, c, d = (number.to_bytes(4, "little", signed=True) for number in matrix)
        assert 1 <= display_orientation(a + b + bytes(4) + c + d + bytes(16)) <= 8


@pytest.mark.proof
@settings(max_examples=60, deadline=None)
@given(
    data=st.sampled_from([clips.film(SCENE[:4]), clips.film(SCENE[:4], "webm"), GIF, WEBP, PNG, AVIF]),
    places=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=12),
    keep=st.floats(0.05, 1),
)
def test_whatever_is_damaged_ends_with_frames_or_with_a_named_error(
    data: bytes, places: list[tuple[float, int]], keep: float
) -> None:
    changed = bytearray(data[: int(len(data) * keep)])
    for place, value in places:
        changed[int(place * len(changed))] = value
    try:
        video = hash_video(bytes(changed), SMALL)
    except MediaError:
        return
    assert video.frames
