"""Every format and every mode comes out as the same picture."""

from __future__ import annotations

import hashlib
import io

import numpy as np
import pytest
from PIL import Image, ImageOps

from staydown.core.hashing.image import Limits, decode
from staydown.core.hashing.pdq import pdq
from staydown.core.hashing.picture import Picture, hash_picture
from staydown.errors import UnsupportedFormatError
from tests import pictures
from tests.core.hashing.cases import FORMATS, shown, small, with_orientation, written
from tests.golden.pdq import make


def plain() -> Picture:
    return hash_picture(written("PNG"))


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_gives_the_same_picture(kind: str) -> None:
    found = hash_picture(written(kind))
    assert (found.width, found.height) == small().size
    assert found.pdq.distance(plain().pdq) <= {"GIF": 10, "JPEG": 4, "AVIF": 4, "HEIF": 4}.get(kind, 0)
    assert found.is_hashable


MODES = [
    ("L", "PNG", 2),
    ("LA", "PNG", 2),
    ("P", "PNG", 4),
    ("RGBA", "PNG", 0),
    ("RGBA", "WEBP", 0),
    ("PA", "TIFF", 4),
    ("CMYK", "TIFF", 0),
    ("CMYK", "JPEG", 4),
    ("YCbCr", "TIFF", 2),
    ("LAB", "TIFF", 4),
    ("L", "GIF", 2),
    ("L", "JPEG", 4),
]


@pytest.mark.parametrize(("mode", "kind", "most"), MODES)
def test_every_mode_gives_the_same_picture(mode: str, kind: str, most: int) -> None:
    image = small().convert("P").convert("PA") if mode == "PA" else small().convert(mode)
    options = {"lossless": True} if kind == "WEBP" else {"quality": 95} if kind == "JPEG" else {}
    data = pictures.encoded(image, kind, **options)
    assert hash_picture(data).pdq.distance(plain().pdq) <= most


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "GIF", "BMP"])
def test_two_tones_are_black_and_white(kind: str) -> None:
    dots = small().convert("1")
    assert hash_picture(pictures.encoded(dots, kind)).pdq == pdq(np.asarray(dots.convert("L"))).hash


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bits_give_the_same_picture(kind: str) -> None:
    grey = np.asarray(small().convert("L"))
    deep = hash_picture(pictures.encoded(Image.fromarray(grey.astype(np.uint16) * 257), kind))
    assert deep.pdq.distance(pdq(grey).hash) == 0
    assert deep.quality == pdq(grey).quality


@pytest.mark.parametrize("highest", [255, 65535, 10**6])
@pytest.mark.parametrize("kind", [np.int32, np.float32])
def test_open_ended_pixels_give_the_same_picture(highest: int, kind: type) -> None:
    grey = np.asarray(small().convert("L"))
    deep = hash_picture(pictures.encoded(Image.fromarray((grey * (highest / 255)).astype(kind)), "TIFF"))
    assert deep.pdq.distance(pdq(grey).hash) <= 2


def test_pixels_that_are_no_numbers_are_dark() -> None:
    grey = np.asarray(small().convert("L")).astype(np.float32)
    grey[:3, :3] = np.nan
    grey[10, 10] = np.inf
    found = hash_picture(pictures.encoded(Image.fromarray(grey), "TIFF"))
    assert found.pdq.distance(plain().pdq) <= 8


def test_an_inverted_cmyk_jpeg_is_not_a_negative() -> None:
    # Photoshop stores CMYK inverted and says so in an Adobe marker; Pillow writes its CMYK files the same way.
    data = pictures.encoded(pictures.photograph("chelsea.png").convert("CMYK"), quality=95)
    assert b"Adobe" in data[:400]
    expected = pdq(np.asarray(pictures.photograph("chelsea.png"))).hash
    assert hash_picture(data).pdq.distance(expected) <= 4


def over_white(image: Image.Image) -> np.ndarray:
    return np.asarray(Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB"))


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF"])
def test_transparency_lies_over_white(kind: str) -> None:
    image = small().convert("RGBA")
    image.putalpha(Image.fromarray(make.pixels("grey", 44, *image.size)[:, :, 0]))
    data = pictures.encoded(image, kind, **({"lossless": True, "exact": True} if kind == "WEBP" else {}))
    assert hash_picture(data).pdq == pdq(over_white(image)).hash


def test_a_transparent_colour_lies_over_white() -> None:
    palette = small().quantize(8)
    data = pictures.encoded(palette, "PNG", transparency=3)
    image = shown(data).convert("RGBA")
    assert image.getextrema()[3] == (0, 255)
    assert hash_picture(data).pdq == pdq(over_white(image)).hash


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF", "AVIF"])
def test_the_first_frame_of_many_counts(kind: str) -> None:
    others = [Image.new("RGB", small().size, colour) for colour in ("red", "blue")]
    options = {"lossless": True} if kind == "WEBP" else {"quality": 95} if kind == "AVIF" else {}
    data = pictures.encoded(small(), kind, save_all=True, append_images=others, **options)
    assert shown(data).n_frames == 3
    assert hash_picture(data).pdq.distance(plain().pdq) <= (10 if kind == "GIF" else 4)


def test_a_picture_with_a_second_one_for_depth_or_preview_counts_as_its_first() -> None:
    data = pictures.encoded(small(), "MPO", save_all=True, append_images=[Image.new("RGB", (96, 64))], quality=95)
    assert hash_picture(data).pdq.distance(plain().pdq) <= 4


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_orientation_is_applied(kind: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = pictures.encoded(small(), kind, exif=exif)
    upright = ImageOps.exif_transpose(shown(data)).convert("RGB")
    found = hash_picture(data)
    assert (found.width, found.height) == upright.size
    assert found.pdq == pdq(np.asarray(upright)).hash


@pytest.mark.parametrize("orientation", [0, 9, 255])
def test_an_orientation_that_does_not_exist_is_none(orientation: int) -> None:
    assert hash_picture(with_orientation(small(), orientation)).pdq == hash_picture(with_orientation(small(), 1)).pdq


def test_damaged_metadata_does_not_matter() -> None:
    data = with_orientation(small(), 6)
    at = data.index(b"Exif\0\0") + 6
    broken = data[:at] + b"XX" + data[at + 2 :]
    found = hash_picture(broken)
    assert (found.width, found.height) == small().size


def test_heic_without_its_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    data = written("HEIF")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UnsupportedFormatError, match=r"staydown\[heic\]"):
        decode(data, Limits())


def test_a_picture_says_what_it_is_of() -> None:
    data = written("PNG")
    found = hash_picture(data)
    assert found.variants[0] == found.pdq
    assert len(set(found.variants)) == 8
    assert found.sha256.hex() == hashlib.sha256(data).hexdigest()
    assert found.pdq.hex() not in repr(found)


def test_low_quality_is_told() -> None:
    flat = io.BytesIO()
    Image.new("RGB", (200, 200), "grey").save(flat, "PNG")
    assert not hash_picture(flat.getvalue()).is_hashable
