"""A large JPEG is decoded scaled down; its hash must stay that of the whole picture."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image, ImageOps

from staydown.core.hashing.algorithm import LEAST_QUALITY
from staydown.core.hashing.image import Limits, decode
from staydown.core.hashing.pdq import pdq
from staydown.core.hashing.picture import examine, hash_picture
from tests import pictures
from tests.core.hashing.cases import shown, with_orientation
from tests.golden.pdq import make

REAL = (*pictures.PHOTOGRAPHS, "hubble_deep_field.jpg", "retina.jpg", "motorcycle_left.png", "grass.png", "gravel.png",
        "moon.png", "page.png", "ihc.png", "text.png")  # fmt: skip


def corpus() -> Iterator[bytes]:
    """Pictures just large enough to be scaled, where scaling costs the most: 96 crops of photographs, 8 patterns."""
    rng = np.random.default_rng(2)
    for name in REAL:
        whole = pictures.photograph(name)
        for _ in range(6):
            width, height = (min(whole.size) * rng.uniform(0.6, 1, 2)).astype(int)
            left, top = (int(rng.uniform(0, a - b)) for a, b in zip(whole.size, (width, height), strict=True))
            crop = whole.resize(size(rng), Image.Resampling.BICUBIC, (left, top, left + width, top + height))
            yield pictures.encoded(crop, quality=int(rng.integers(60, 95)), subsampling=int(rng.integers(0, 3)))
    for seed in range(8):
        yield pictures.encoded(Image.fromarray(make.pixels("clouds", seed, *size(rng))), quality=80)


def size(rng: np.random.Generator) -> tuple[int, int]:
    width, height = rng.integers(640, 700, 2)
    return int(width), int(height)


@pytest.mark.proof
def test_folded_hashes_stay_within_two_bits() -> None:
    bits, qualities = [], []
    for data in corpus():
        # Unscaled, `pdq` gives the reference's bits: `test_pdq` holds it to that.
        whole, folded = pdq(np.asarray(shown(data).convert("RGB"))), examine(data, Limits()).whole
        if whole.quality >= LEAST_QUALITY:
            bits.append(whole.hash.distance(folded.hash))
            qualities.append(abs(whole.quality - folded.quality))
    assert len(bits) >= 100
    assert np.percentile(bits, 99) <= 2
    assert np.mean(bits) < 0.5
    assert max(qualities) <= 2


@pytest.mark.parametrize(("shorter", "fold"), [(639, 1), (640, 2), (1279, 2), (1280, 4), (2559, 4), (2560, 8)])
def test_a_jpeg_is_scaled_as_far_as_it_keeps_enough_pixels(shorter: int, fold: int) -> None:
    raster = decode(pictures.encoded(Image.new("L", (shorter + 11, shorter))), Limits())
    assert (raster.fold, raster.width, raster.height) == (fold, shorter + 11, shorter)
    assert raster.rows(0, 1).shape == (1, -(-(shorter + 11) // fold))


@pytest.mark.parametrize(("name", "size"), [("chelsea.png", (2600, 2560)), ("coffee.png", (1280, 1927))])
def test_higher_folds_stay_as_near(name: str, size: tuple[int, int]) -> None:
    data = pictures.encoded(pictures.photograph(name).resize(size, Image.Resampling.BICUBIC), quality=90)
    whole = pdq(np.asarray(shown(data)))
    assert whole.hash.distance(hash_picture(data).pdq) <= 2


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_scaled_and_turned_jpeg_hashes_as_the_upright_picture(orientation: int) -> None:
    # An odd size: the last block of each axis is a part of one, and after a turn it may be the first.
    stored = pictures.photograph("rocket.jpg").resize((963, 641), Image.Resampling.BICUBIC)
    data = with_orientation(stored, orientation)
    upright = ImageOps.exif_transpose(shown(data))
    found = hash_picture(data)
    assert (found.width, found.height) == upright.size
    assert found.pdq.distance(pdq(np.asarray(upright)).hash) <= 2


def test_a_progressive_jpeg_is_scaled_too() -> None:
    large = pictures.photograph("coffee.png").resize((1200, 800))
    plain, progressive = (pictures.encoded(large, quality=90, progressive=way) for way in (False, True))
    assert hash_picture(plain).variants == hash_picture(progressive).variants


def test_a_cmyk_jpeg_is_scaled_too() -> None:
    large = pictures.photograph("coffee.png").resize((1200, 800))
    data = pictures.encoded(large.convert("CMYK"), quality=95)
    assert decode(data, Limits()).fold == 2
    assert hash_picture(data).pdq.distance(pdq(np.asarray(large)).hash) <= 4
