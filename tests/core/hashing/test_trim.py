"""The inside of flat borders: found to the pixel where there are borders, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFilter

from staydown.core.hashing.algorithm import LEAST_QUALITY, Hash
from staydown.core.hashing.image import Limits, decode
from staydown.core.hashing.pdq import Raster, decimated
from staydown.core.hashing.picture import Picture, hash_picture
from staydown.core.hashing.pool import HashingPool
from staydown.core.hashing.trim import insides
from staydown.core.hashing.variants import MOST_VIEWS, Inside, View
from tests import pictures
from tests.core.hashing.cases import with_orientation

PHOTOGRAPHS = [*pictures.PHOTOGRAPHS, "moon.png", "hubble_deep_field.jpg", "motorcycle_left.png", "ihc.png"]
WIDER = {"letterbox": (0, 40), "pillarbox": (60, 0), "frame": (35, 35)}


def framed(image: Image.Image, kind: str, colour: str = "black") -> Image.Image:
    """``image`` on a plain ground."""
    across, down = WIDER[kind]
    ground = Image.new("RGB", (image.width + 2 * across, image.height + 2 * down), colour)
    ground.paste(image, (across, down))
    return ground


def screenshot(image: Image.Image, *, width: int = 540, height: int = 1170, ground: str = "white") -> Image.Image:
    """``image`` across the screen of a phone: a status bar, a title, words below, a bar of icons."""
    screen = Image.new("RGB", (width, height), ground)
    ink = "black" if ground == "white" else "white"
    draw = ImageDraw.Draw(screen)
    draw.text((30, 14), "12:41", ink, font_size=24)
    draw.text((width - 130, 14), "5G  87 %", ink, font_size=24)
    draw.ellipse((20, 70, 80, 130), "grey")
    draw.text((95, 85), "somebody", ink, font_size=26)
    shown = image.resize((width, width * image.height // image.width))
    screen.paste(shown, (0, 160))
    for line in range(4):
        draw.text((20, 190 + shown.height + 40 * line), "words that stand under it " * 2, ink, font_size=24)
    for icon in range(4):
        draw.rectangle((60 + 130 * icon, height - 60, 90 + 130 * icon, height - 30), "grey")
    return screen


def nearest(one: Hash, picture: Picture) -> int:
    """Bits from a hash to the nearest one that the picture is looked up by."""
    return min(one.distance(each) for each in picture.asked if each.algorithm is one.algorithm)


def inside(picture: Picture) -> list[View]:
    """The views that are the inside of borders."""
    return [view for view in picture.views if view.tier == Inside.name]


def hashed(image: Image.Image, quality: int = 80) -> Picture:
    return hash_picture(pictures.encoded(image, quality=quality))


@pytest.mark.proof
@pytest.mark.parametrize("name", PHOTOGRAPHS)
@pytest.mark.parametrize("kind", WIDER)
def test_a_photograph_in_plain_borders_is_found(name: str, kind: str) -> None:
    photograph = pictures.photograph(name)
    bare = hashed(photograph)
    with_borders = hashed(framed(photograph, kind, "ivory" if kind == "frame" else "black"), quality=60)
    assert nearest(bare.pdq, with_borders) <= 10
    assert min(each.distance(bare.pdq) for each in with_borders.banked[:-1]) <= 10, "banked with borders, asked without"
    assert len(with_borders.views) <= MOST_VIEWS


@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_a_photograph_has_no_borders(name: str) -> None:
    photograph = pictures.photograph(name)
    for copy in (photograph, photograph.resize((1700, 1300)), photograph.filter(ImageFilter.GaussianBlur(2))):
        assert not inside(hashed(copy))


@pytest.mark.parametrize("ground", ["white", "black"])
@pytest.mark.parametrize("name", ["coffee.png", "chelsea.png", "astronaut.png", "rocket.jpg"])
def test_a_photograph_on_the_screen_of_a_phone_is_found(name: str, ground: str) -> None:
    photograph = pictures.photograph(name)
    seen = hashed(screenshot(photograph, ground=ground), quality=75)
    assert nearest(hashed(photograph).pdq, seen) <= 24


def test_a_large_letterboxed_jpeg_is_trimmed_as_it_is_decoded_scaled() -> None:
    photograph = pictures.photograph("hubble_deep_field.jpg").resize((2600, 2000))
    data = pictures.encoded(framed(photograph, "letterbox").resize((2600, 2600)), quality=70)
    assert decode(data, Limits()).fold == 8
    (view,) = inside(hash_picture(data))
    assert view.pdq.hash.distance(hashed(photograph).pdq) <= 14


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_camera_changes_nothing(orientation: int) -> None:
    """Stored turned and scaled: the inside is that of the upright picture."""
    upright = framed(pictures.photograph("coffee.png").resize((1500, 1000)), "letterbox")
    back = {1: None, 2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}[orientation]
    stored = upright if back is None else upright.transpose(Image.Transpose(back))
    picture = hash_picture(with_orientation(stored, orientation))
    assert (picture.width, picture.height) == upright.size
    (view,) = inside(picture)
    assert view.pdq.hash.distance(hashed(pictures.photograph("coffee.png")).pdq) <= 14


def flat_by_nature() -> dict[str, Image.Image]:
    """Pictures that are nothing inside their borders."""
    page = Image.new("RGB", (600, 800), "white")
    for line in range(30):
        ImageDraw.Draw(page).text((60, 60 + 22 * line), "A page of words with margins.", "black", font_size=18)
    dot = Image.new("RGB", (500, 500), "white")
    dot.paste(pictures.photograph("coffee.png").resize((40, 40)), (230, 230))
    noise = np.random.default_rng(1).normal(128, 3, (300, 300, 3)).clip(0, 255).astype(np.uint8)
    ramp = Image.linear_gradient("L").resize((400, 300)).convert("RGB")
    return {
        "one colour": Image.new("RGB", (400, 300), "teal"),
        "two colours": framed(Image.new("RGB", (300, 200), "red"), "frame"),
        "faint noise": framed(Image.fromarray(noise), "frame"),
        "a ramp": framed(ramp, "letterbox"),
        "a page": page,
        "a dot": dot,
        "tiny": framed(pictures.photograph("coffee.png").resize((40, 30)), "frame"),
        "a thread": Image.new("RGB", (3, 900), "white"),
    }


@pytest.mark.parametrize("name", flat_by_nature())
def test_what_is_flat_by_nature_has_no_inside_to_be_found_by(name: str) -> None:
    found = hash_picture(pictures.encoded(flat_by_nature()[name], "PNG"))
    assert not inside(found)


def test_borders_are_found_to_the_line() -> None:
    raster = decode(pictures.encoded(framed(pictures.pattern(4, 300, 200), "frame"), "PNG"), Limits())
    (inside,) = insides(raster, decimated(raster))
    assert (inside.width, inside.height) == (300, 200)
    assert np.array_equal(inside.rows(0, 200), np.asarray(pictures.pattern(4, 300, 200)))


@settings(max_examples=40, deadline=None)
@given(
    st.integers(70, 200), st.integers(70, 200), st.lists(st.integers(0, 90), min_size=4, max_size=4),
    st.integers(0, 255), st.integers(0, 12), st.integers(0, 2**32 - 1),
)  # fmt: skip
def test_any_border_around_anything(
    width: int, height: int, border: list[int], colour: int, noise: int, seed: int
) -> None:
    """An inside lies within its picture, and of clear borders around a clear picture it is the picture, to a line."""
    rng = np.random.default_rng(seed)
    left, top, right, bottom = border
    inner = np.asarray(pictures.pattern(seed % 7, width, height).convert("L"))
    whole = np.full((height + top + bottom, width + left + right), colour, np.float32)
    whole[top : top + height, left : left + width] = inner
    pixels = np.clip(whole + rng.uniform(-noise, noise, whole.shape), 0, 255).astype(np.uint8)
    raster = Raster(lambda first, last: pixels[first:last], pixels.shape[1], pixels.shape[0])
    found = insides(raster, decimated(raster))
    for each in found:
        assert each.rows(0, each.height).shape == (each.height, each.width)
        assert each.width <= raster.width
        assert each.height <= raster.height
        assert min(each.width, each.height) >= 64
    if noise == 0 and found and min(border) >= 10:
        assert abs(found[0].width - width) + abs(found[0].height - height) <= 8


@pytest.mark.proof
def test_a_worker_trims_as_this_process_does() -> None:
    """What trimming imports is there before a worker loses the right to open files."""
    data = pictures.encoded(screenshot(pictures.photograph("coffee.png")))
    with HashingPool(workers=1) as pool:
        assert pool.hash(data) == hash_picture(data)
        assert inside(hash_picture(data))


def test_an_inside_without_detail_is_not_looked_for() -> None:
    faint = Image.fromarray((np.asarray(pictures.pattern(1)) // 12 + 100).astype(np.uint8))
    found = hashed(framed(faint, "frame"), quality=95)
    assert found.quality < LEAST_QUALITY or not inside(found)


def test_hashes_asked_and_banked_say_each_thing_once() -> None:
    found = hashed(framed(pictures.photograph("coffee.png"), "frame"))
    (view,) = inside(found)
    assert len(found.asked) == len(set(found.asked)) == 8 * (1 + len(found.views)) + 1
    assert found.banked == (found.pdq, view.pdq.hash, found.sha256)
    assert set(found.banked) < set(found.asked)


def test_without_any_detail_only_the_bytes_are_asked_for() -> None:
    plain = hash_picture(pictures.encoded(Image.new("RGB", (200, 200), "teal")))
    assert plain.asked == plain.banked == (plain.sha256,)
    assert not plain.is_hashable
