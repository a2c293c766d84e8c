"""A turned copy is found by the very hash of the picture that was turned, however either is stored."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageOps

from staydown.core.hashing.pdq import VARIANTS, pdq
from staydown.core.hashing.picture import hash_picture
from tests import pictures
from tests.core.hashing.cases import with_orientation

TURNS = {
    "original": None,
    "rotate90": Image.Transpose.ROTATE_90,
    "rotate180": Image.Transpose.ROTATE_180,
    "rotate270": Image.Transpose.ROTATE_270,
    "flipx": Image.Transpose.FLIP_TOP_BOTTOM,
    "flipy": Image.Transpose.FLIP_LEFT_RIGHT,
    "flipplus1": Image.Transpose.TRANSPOSE,
    "flipminus1": Image.Transpose.TRANSVERSE,
}


def turned(image: Image.Image, name: str) -> Image.Image:
    how = TURNS[name]
    return image if how is None else image.transpose(how)


@pytest.mark.parametrize("size", [(96, 64), (240, 241), (512, 512), (701, 430), (5, 900)])
def test_each_variant_is_the_hash_of_the_turned_pixels(size: tuple[int, int]) -> None:
    image = pictures.photograph("brick.png").resize(size)
    found = hash_picture(pictures.encoded(image, "PNG"))
    for name, value in zip(VARIANTS, found.variants, strict=True):
        assert value.distance(pdq(np.asarray(turned(image, name))).hash) <= 2, name  # the last bit of a sum


@pytest.mark.proof
@pytest.mark.parametrize("orientation", range(1, 9))
def test_it_does_not_matter_how_a_camera_stored_it(orientation: int) -> None:
    """Nor that the decoder scales it."""
    image = pictures.photograph("coffee.png").resize((990, 661))
    data = with_orientation(image, orientation)
    upright = Image.open(io.BytesIO(data))
    found = hash_picture(data)
    straight = hash_picture(pictures.encoded(ImageOps.exif_transpose(upright), "PNG"))
    assert [a.distance(b) <= 4 for a, b in zip(found.variants, straight.variants, strict=True)] == [True] * 8


@pytest.mark.parametrize("side", [240, 700])
@pytest.mark.parametrize("name", ["coffee.png", "brick.png"])
def test_a_turned_small_copy_loses_nothing(name: str, side: int) -> None:
    image = pictures.photograph(name).resize((side * 4 // 3, side))
    banked = hash_picture(pictures.encoded(image, quality=92)).pdq
    straight = banked.distance(hash_picture(pictures.encoded(image, quality=85)).pdq)
    for turn in TURNS:
        copy = hash_picture(pictures.encoded(turned(image, turn), quality=85))
        assert min(banked.distance(each) for each in copy.variants) <= straight + 8, turn
