"""PDQ against the C++ reference, bit for bit."""

from __future__ import annotations

import numpy as np
import pdqhash
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from staydown.core.hashing.pdq import VARIANTS, Raster, pdq, pdq_of
from tests import pictures
from tests.core.hashing.cases import reference, shown, with_orientation
from tests.golden.pdq import make


@pytest.mark.parametrize("name", pictures.PHOTOGRAPHS)
def test_a_photograph_has_the_bits_and_the_quality_of_the_reference(name: str) -> None:
    array = np.asarray(pictures.photograph(name))
    found = pdq(array)
    assert (found.hash, found.quality) == reference(array)


@pytest.mark.parametrize("name", ["astronaut.png", "coffee.png"])
def test_all_eight_turns_have_the_bits_of_the_reference(name: str) -> None:
    array = np.asarray(pictures.photograph(name))
    bits, _ = pdqhash.compute_dihedral(array)
    assert [v.value for v in pdq(array).variants] == [np.packbits(each).tobytes() for each in bits]


@settings(max_examples=40, deadline=None)
@given(st.integers(5, 300), st.integers(5, 300), st.integers(0, 999))
def test_any_size_has_the_bits_of_the_reference(width: int, height: int, seed: int) -> None:
    # With 8 or 16 lines on a side some coefficients are exactly zero, and the reference's bits there are its rounding.
    assume(not {8, 16} & {width, height})
    array = make.pixels("clouds", seed, width, height)
    hash_, quality = reference(array)
    found = pdq(array)
    assert found.hash.distance(hash_) <= 2  # the two differ in rounding, which may swap two bits beside the median
    assert found.quality == quality


def test_a_variant_is_the_hash_of_the_picture_turned() -> None:
    upright = pictures.photograph("rocket.jpg")
    turns = {
        "rotate90": Image.Transpose.ROTATE_90,
        "rotate180": Image.Transpose.ROTATE_180,
        "rotate270": Image.Transpose.ROTATE_270,
        "flipx": Image.Transpose.FLIP_TOP_BOTTOM,
        "flipy": Image.Transpose.FLIP_LEFT_RIGHT,
        "flipplus1": Image.Transpose.TRANSPOSE,
        "flipminus1": Image.Transpose.TRANSVERSE,
    }
    variants = dict(zip(VARIANTS, pdq(np.asarray(upright)).variants, strict=True))
    for name, turn in turns.items():
        turned = pdq(np.asarray(upright.transpose(turn))).hash
        nearest = min(variants, key=lambda other: variants[other].distance(turned))
        assert nearest == name
        assert variants[name].distance(turned) <= 16  # decimation keeps lines beside the centre: no exact mirror


def test_grey_pixels_and_their_rgb_hash_alike() -> None:
    grey = np.asarray(pictures.photograph("camera.png").convert("L"))
    assert pdq(grey) == pdq(np.stack([grey] * 3, axis=2)) == pdq(grey.astype(np.float32))


@pytest.mark.parametrize("shape", [(1, 1), (4, 300), (300, 4)])
def test_a_picture_too_small_for_pdq_has_no_quality(shape: tuple[int, int]) -> None:
    found = pdq(np.full(shape, 77, dtype=np.uint8))
    assert found.quality == 0
    assert set(found.variants[0].value) == {0}


def test_a_flat_picture_has_no_quality() -> None:
    assert pdq(np.full((120, 160, 3), 90, dtype=np.uint8)).quality == 0


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("size", [(451, 300), (130, 257)])
def test_a_turned_raster_hashes_as_the_upright_picture(orientation: int, size: tuple[int, int]) -> None:
    stored = pictures.photograph("chelsea.png").resize(size)
    upright = ImageOps.exif_transpose(shown(with_orientation(stored, orientation)))
    pixels = np.asarray(shown(with_orientation(stored, orientation)))
    found = pdq_of(Raster(lambda a, b: pixels[a:b], upright.width, upright.height, orientation=orientation))
    expected = pdq(np.asarray(upright))
    assert found.quality == expected.quality
    assert [a.distance(b) for a, b in zip(found.variants, expected.variants, strict=True)] == [0] * 8
