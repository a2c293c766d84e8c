"""Files that lie, overflow, break off or are no pictures: each is hashed as shown or ends as a named error."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from staydown.core.hashing.image import Limits
from staydown.core.hashing.pdq import pdq
from staydown.core.hashing.picture import hash_picture
from staydown.errors import (
    CorruptError,
    EmptyPictureError,
    MediaError,
    NotAnImageError,
    TooLargeError,
    TruncatedError,
    UnsupportedFormatError,
)
from tests import pictures
from tests.core.hashing.cases import FORMATS, black_png, png, small, with_orientation, written

SMALL = Limits(max_pixels=1_000_000)


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def after_header(chunk_: bytes) -> bytes:
    """The small PNG with a chunk put in after its header."""
    return written("PNG")[:33] + chunk_ + written("PNG")[33:]


def patched(kind: str, at: int, by: bytes) -> bytes:
    data = written(kind)
    return data[:at] + by + data[at + len(by) :]


def frame_header_of_jpeg() -> int:
    return written("JPEG").index(b"\xff\xc0") + 5


def tiff(*entries: tuple[int, int, int, int]) -> bytes:
    """A TIFF file of one directory and nothing else."""
    packed = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + packed + bytes(4)


def lying_tiff(width: int, height: int, offset: int, length: int) -> bytes:
    return tiff(
        (256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1),
        (273, 4, 1, offset), (277, 3, 1, 1), (278, 4, 1, height), (279, 4, 1, length),
    )  # fmt: skip


SEVEN = [struct.pack("<HHII", 258, 3, 1, bits) for bits in (8, 7)]
HUGE = struct.pack(">II", 100_000, 100_000)
HOSTILE = {
    "nothing": (b"", NotAnImageError),
    "text": (b"Dear moderator,\n", NotAnImageError),
    "zeros": (bytes(4096), NotAnImageError),
    "page": (b"<!DOCTYPE html><html><script>alert(1)</script>", NotAnImageError),
    "program": (b"\x7fELF\x02\x01\x01" + bytes(100), NotAnImageError),
    "archive": (b"PK\x03\x04" + bytes(100), NotAnImageError),
    "video": (b"\0\0\0\x18ftypisom\0\0\2\0isommp41", NotAnImageError),
    "postscript": (b"%!PS-Adobe-3.0 EPSF-3.0\n", NotAnImageError),
    "svg": (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', UnsupportedFormatError),
    "photoshop": (b"8BPS\0\1" + bytes(30), UnsupportedFormatError),
    "jpeg 2000": (b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(30), UnsupportedFormatError),
    "jpeg xl": (b"\xff\x0a" + bytes(30), UnsupportedFormatError),
    "png of 10 gigapixels": (patched("PNG", 16, HUGE), TooLargeError),
    "gif of 4 gigapixels": (patched("GIF", 6, b"\xff\xff\xff\xff"), TooLargeError),
    "bmp of 10 gigapixels": (patched("BMP", 18, struct.pack("<ii", 100_000, -100_000)), TooLargeError),
    "webp of 268 megapixels": (
        b"RIFF\x16\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0" + b"\xff\x3f\0" * 2,
        TooLargeError,
    ),
    "tiff of 4 gigapixels": (lying_tiff(65_535, 65_535, 8, 100), TooLargeError),
    "png of one endless row": (png(200_000, 4, bytes(100)), TooLargeError),
    "png bomb": (black_png(1001), TooLargeError),
    "text bomb": (after_header(chunk(b"zTXt", b"x\0\0" + zlib.compress(bytes(3_000_000)))), TooLargeError),
    "png of no width": (patched("PNG", 16, bytes(4)), EmptyPictureError),
    "png of no height": (patched("PNG", 20, bytes(4)), EmptyPictureError),
    "gif of no size": (patched("GIF", 6, bytes(4)), EmptyPictureError),
    "bmp of no width": (patched("BMP", 18, bytes(4)), EmptyPictureError),
    "jpeg of no size": (patched("JPEG", frame_header_of_jpeg(), bytes(4)), CorruptError),
    "png with a wrong checksum": (patched("PNG", 29, b"\0\0\0\0"), CorruptError),
    "tiff whose pixels lie elsewhere": (lying_tiff(50, 50, 10**6, 2500), TruncatedError),
    "tiff whose directory lies elsewhere": (b"II*\0\xff\xff\0\0" + bytes(20), TruncatedError),
    "tiff of seven bits": (lying_tiff(50, 50, 8, 100).replace(SEVEN[0], SEVEN[1]), UnsupportedFormatError),
    "tiff without tags": (tiff(), UnsupportedFormatError),
    "gif that never ends": (b"GIF89a\x40\0\x40\0\0\0\0" + b"!\xff\x01\0\0" * 5000, TruncatedError),
    "jpeg of a header only": (b"\xff\xd8\xff\xe0", TruncatedError),
    "png of a header only": (b"\x89PNG\r\n\x1a\n", TruncatedError),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_a_named_error(name: str) -> None:
    data, error = HOSTILE[name]
    with pytest.raises(error) as caught:
        hash_picture(data, SMALL)
    assert type(caught.value) is error
    assert caught.value.__cause__ is None  # what a decoder says may quote the file


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("part", [0.4, 0.9])
def test_a_file_that_breaks_off_is_truncated(kind: str, part: float) -> None:
    with pytest.raises(TruncatedError):
        hash_picture(written(kind)[: int(len(written(kind)) * part)])


@pytest.mark.parametrize("kind", FORMATS)
def test_a_file_may_have_something_behind_it(kind: str) -> None:
    """A polyglot is hashed as the picture that its first bytes say it is."""
    assert hash_picture(written(kind) + b"PK\x03\x04<script>" + bytes(100)).pdq == hash_picture(written(kind)).pdq


def test_only_the_decoder_that_the_first_bytes_name_is_tried() -> None:
    with pytest.raises(CorruptError):
        hash_picture(b"\xff\xd8\xff" + written("PNG") + b"\xff\xd9")


def test_rows_that_the_header_promised_in_vain_are_dark_as_in_every_viewer() -> None:
    """A PNG whose data end properly but early shows; so it is hashed as shown, and not refused."""
    rng = np.random.default_rng(1)
    rows = rng.integers(0, 255, (40, 90), dtype=np.uint8)
    shown = np.zeros((90, 90), dtype=np.uint8)
    shown[:40] = rows
    data = png(90, 90, b"".join(b"\0" + row.tobytes() for row in rows))
    assert hash_picture(data).pdq == pdq(shown).hash


def test_more_bytes_than_the_limit_are_too_large() -> None:
    with pytest.raises(TooLargeError):
        hash_picture(written("PNG"), Limits(max_bytes=100))


def test_a_scaled_jpeg_counts_as_scaled() -> None:
    large = small().resize((1920, 1280))  # 2.5 megapixels, decoded as 150 000
    assert hash_picture(pictures.encoded(large), SMALL).width == 1920
    with pytest.raises(TooLargeError):
        hash_picture(pictures.encoded(large, progressive=True), SMALL)


def test_an_endless_animation_costs_its_first_frame() -> None:
    body, end = written("GIF")[:-1], written("GIF")[-1:]
    frame = body[body.index(b",") :]
    assert hash_picture(body + frame * 2000 + end).pdq == hash_picture(written("GIF")).pdq


def test_metadata_that_points_at_itself_is_ignored() -> None:
    data = bytearray(with_orientation(small(), 6))
    directory = data.index(b"Exif\0\0") + 6 + 8
    entry = directory + 2
    data[entry : entry + 12] = struct.pack(">HHII", 0x8769, 4, 1, 8)  # the sub-directory is the directory
    assert hash_picture(bytes(data)).width in small().size


def is_picture_or_named_error(data: bytes) -> None:
    try:
        found = hash_picture(data, SMALL)
    except MediaError:
        return
    assert len(found.variants) == 8
    assert 0 <= found.quality <= 100
    assert min(found.width, found.height) > 0


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(list(FORMATS)), st.binary(max_size=400), st.integers(0, 40))
def test_noise_behind_an_honest_start(kind: str, noise: bytes, kept: int) -> None:
    is_picture_or_named_error(written(kind)[:kept] + noise)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(list(FORMATS)), st.floats(0, 1))
def test_a_cut_anywhere(kind: str, part: float) -> None:
    data = written(kind)
    is_picture_or_named_error(data[: int(len(data) * part)])


@settings(max_examples=120, deadline=None)
@given(
    st.sampled_from(list(FORMATS)), st.lists(st.tuples(st.floats(0, 1), st.integers(1, 255)), min_size=1, max_size=8)
)
def test_bits_flipped_anywhere(kind: str, flips: list[tuple[float, int]]) -> None:
    data = io.BytesIO(written(kind)).getbuffer()
    for part, mask in flips:
        data[min(int(len(data) * part), len(data) - 1)] ^= mask
    is_picture_or_named_error(bytes(data))


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(list(FORMATS)), st.integers(0, 64), st.integers(1, 255))
def test_bits_flipped_in_the_header(kind: str, at: int, mask: int) -> None:
    data = bytearray(written(kind))
    data[at] ^= mask
    is_picture_or_named_error(bytes(data))
