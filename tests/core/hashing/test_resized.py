"""A small picture is found at another size: it is looked up as if it had come in one fixed size, too."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from staydown.core.hashing.algorithm import LEAST_QUALITY
from staydown.core.hashing.pdq import pdq
from staydown.core.hashing.picture import Picture, hash_picture
from staydown.core.hashing.pool import HashingPool
from staydown.core.hashing.variants import Resized, View, parts
from tests import pictures
from tests.core.hashing.cases import with_orientation
from tests.core.hashing.test_trim import framed, hashed, nearest
from tests.core.hashing.test_turns import TURNS, turned

USUAL_RADIUS = 31
SMALL = {  # as they are, PDQ has more than 31 bits between these and their copies at half the size
    "brick.png": (299, 279),
    "grass.png": (268, 276),
    "gravel.png": (274, 251),
    "ihc.png": (300, 300),
}


def resized(picture: Picture) -> list[View]:
    """The views that are the picture in the one size."""
    return [view for view in picture.views if view.tier == Resized.name]


def small(name: str) -> Image.Image:
    return pictures.photograph(name).crop((0, 0, *SMALL[name]))


def scaled(image: Image.Image, share: float) -> Image.Image:
    return image.resize((int(image.width * share), int(image.height * share)), Image.Resampling.LANCZOS)


@pytest.mark.parametrize("share", [2, 0.75, 0.5])
@pytest.mark.parametrize("name", SMALL)
def test_a_copy_of_another_size_is_found(name: str, share: float) -> None:
    entry = hashed(small(name), quality=92).pdq
    assert nearest(entry, hashed(scaled(small(name), share), quality=85)) <= USUAL_RADIUS


def test_the_whole_alone_would_miss_some_of_them() -> None:
    """Otherwise the tier is there for nothing."""
    halves = [(hashed(small(name), quality=92).pdq, hashed(scaled(small(name), 0.5)).pdq) for name in SMALL]
    assert max(entry.distance(copy) for entry, copy in halves) > USUAL_RADIUS


@pytest.mark.parametrize("turn", TURNS)
def test_turned_as_well(turn: str) -> None:
    entry = hashed(small("brick.png"), quality=92).pdq
    assert nearest(entry, hashed(turned(scaled(small("brick.png"), 0.5), turn))) <= USUAL_RADIUS


@pytest.mark.parametrize("size", [(96, 64), (240, 241), (512, 512), (630, 430), (200, 3000)])
def test_it_is_the_hash_of_the_picture_in_that_size(size: tuple[int, int]) -> None:
    image = pictures.photograph("coffee.png").resize(size)
    (view,) = resized(hash_picture(pictures.encoded(image, "PNG")))
    there = image.resize((512, 512), Image.Resampling.BILINEAR)
    for turn, value in zip(TURNS, view.pdq.variants, strict=True):
        assert value.distance(pdq(np.asarray(turned(there, turn))).hash) <= 4, turn  # it rounds to bytes, we do not


@pytest.mark.parametrize("orientation", range(1, 9))
def test_however_a_camera_stored_it(orientation: int) -> None:
    back = {1: None, 2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}[orientation]
    upright = pictures.photograph("coffee.png")
    stored = upright if back is None else upright.transpose(Image.Transpose(back))
    (view,), (straight,) = resized(hash_picture(with_orientation(stored, orientation))), resized(hashed(upright))
    assert view.pdq.hash.distance(straight.pdq.hash) <= 4


def test_only_small_pictures_need_it() -> None:
    photograph = pictures.photograph("coffee.png")
    assert resized(hashed(photograph.resize((960, 639))))
    assert not resized(hashed(photograph.resize((960, 640))))
    assert not resized(hashed(photograph.resize((4097, 600))))


def test_without_detail_there_is_none() -> None:
    ramp = hash_picture(pictures.encoded(Image.linear_gradient("L"), "PNG"))
    assert ramp.quality < LEAST_QUALITY
    assert not ramp.views
    assert not ramp.is_hashable


def test_it_is_asked_and_not_banked() -> None:
    found = hashed(framed(pictures.photograph("coffee.png").resize((300, 200)), "frame"))
    whole, inside = resized(found)
    for view in (whole, inside):
        assert set(view.pdq.variants) <= set(found.asked)
        assert view.pdq.hash not in found.banked
        assert view not in parts(found.views)


def test_inside_borders_too() -> None:
    entry = hashed(small("brick.png"), quality=92).pdq
    assert nearest(entry, hashed(scaled(framed(small("brick.png"), "letterbox"), 0.5))) <= USUAL_RADIUS


@pytest.mark.proof
def test_a_worker_does_as_this_process_does() -> None:
    data = pictures.encoded(small("brick.png"))
    with HashingPool(workers=1) as pool:
        assert pool.hash(data) == hash_picture(data)
