"""Files that lie, overflow, break off or are no pictures: each is hashed as shown or ends as a named error."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from staydown.core.hashing.formats import scans
from staydown.core.hashing.image import Limits
from staydown.core.hashing.pdq import pdq
from staydown.core.hashing.picture import hash_picture
from staydown.errors import (
    CorruptError,
    MediaError,
    TooLargeError,
    TruncatedError,
)
from tests import pictures
from tests.core.hashing.cases import FORMATS, png, small, with_orientation, written
from tests.core.hashing.hostile import HOSTILE, STRANGE, endless_animation

SMALL = Limits(max_pixels=1_000_000)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_a_named_error(name: str) -> None:
    data, error = HOSTILE[name]
    with pytest.raises(error) as caught:
        hash_picture(data, SMALL)
    assert type(caught.value) is error
    assert caught.value.__cause__ is None  # what a decoder says may quote the file


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow says what is wrong with metadata
@pytest.mark.parametrize("name", STRANGE)
def test_a_strange_file_is_hashed_as_shown_or_a_named_error(name: str) -> None:
    data, error = STRANGE[name]
    if error is None:
        found = hash_picture(data, SMALL)
        assert found.width * found.height > 0
        return
    with pytest.raises(error) as caught:
        hash_picture(data, SMALL)
    assert type(caught.value) is error


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


@pytest.mark.parametrize("name", ["rocket.jpg", "hubble_deep_field.jpg", "retina.jpg"])
def test_the_scans_of_honest_jpegs(name: str) -> None:
    """One where it is decoded as it is read, some ten where it is progressive, whatever stands before them."""
    assert scans(pictures.path(name).read_bytes()) == 1
    photograph = pictures.photograph(name).resize((300, 200))
    exif = Image.Exif()
    exif[0x010E] = "a thumbnail may stand here \xff\xda"
    assert scans(pictures.encoded(photograph, exif=exif)) == 1
    assert scans(pictures.encoded(photograph.convert("L"))) == 1
    assert scans(pictures.encoded(photograph.convert("CMYK"))) == 1
    assert 5 <= scans(pictures.encoded(photograph, progressive=True)) <= 20
    assert scans(b"\xff\xd8\xff\xff\xff\xda" * 20) > 10


def test_an_endless_animation_costs_its_first_frame() -> None:
    assert hash_picture(endless_animation(2000)).pdq == hash_picture(written("GIF")).pdq


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
