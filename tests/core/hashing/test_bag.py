"""Videos as one hash: packed and taken out again, and frames as other programs write them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from staydown.core.hashing import bag
from staydown.core.hashing.algorithm import Algorithm, Hash
from staydown.errors import HashError


def pdq(number: int) -> Hash:
    return Hash(Algorithm.PDQ, number.to_bytes(32))


FRAMES = ((pdq(1),), (pdq(2), pdq(3)), (pdq(1),))


def test_frames_come_out_as_they_went_in() -> None:
    video = bag.packed([FRAMES[0], (), *FRAMES[1:]])
    assert bag.frames_of(video) == FRAMES
    assert bag.of_values(bag.values_of(video)) == video
    assert Hash.from_hex("vpdq", video.hex()) == video
    assert repr(video) == "<Hash vpdq>"


@pytest.mark.parametrize(
    "frames",
    [[], [()], [(Hash(Algorithm.SHA256, bytes(32)),)], [[pdq(1)] * 4], [[pdq(1)]] * 901],
    ids=["none", "no detail", "no PDQ", "four hashes", "too many"],
)
def test_what_is_no_video_is_refused(frames: list[list[Hash]]) -> None:
    with pytest.raises(HashError):
        bag.packed(frames)


@pytest.mark.parametrize("value", [b"", b"\x00", b"\x01" + bytes(31), b"\x04" + bytes(128), b"\x01" + bytes(33)])
def test_bytes_that_are_no_frames_are_refused(value: bytes) -> None:
    with pytest.raises(HashError):
        Hash(Algorithm.VPDQ, value)


def test_a_video_has_no_distance_and_a_picture_no_frames() -> None:
    video = bag.packed(FRAMES)
    with pytest.raises(HashError):
        video.distance(video)
    with pytest.raises(HashError):
        bag.frames_of(pdq(1))
    with pytest.raises(HashError):
        bag.of_values([bytes(33)])


def test_a_short_video_is_one_part_and_one_without_detail_none() -> None:
    assert bag.parts([[], *FRAMES]) == [bag.packed(FRAMES)]
    assert bag.parts([[pdq(at)] for at in range(900)]) == [bag.packed([[pdq(at)] for at in range(900)])]
    assert bag.parts([[], []]) == []
    assert len(bag.parts([[pdq(1)]] * 10_000)) == 2, "where nothing moves, each part is like the one before"


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 3), min_size=1, max_size=2500), st.data())
def test_every_frame_of_a_long_video_is_in_a_part_and_a_clip_of_minutes_whole_in_one(
    counts: list[int], data: st.DataObject
) -> None:
    numbers = iter(range(sum(counts)))
    frames = [tuple(pdq(next(numbers)) for _ in range(count)) for count in counts]
    parts = [bag.frames_of(part) for part in bag.parts(frames)]
    assert all(sum(map(len, part)) <= 900 for part in parts)
    assert list(dict.fromkeys(frame for part in parts for frame in part)) == frames, "each, in their order"
    length = data.draw(st.integers(1, min(len(frames), 60)))  # even where each frame has three hashes
    start = data.draw(st.integers(0, len(frames) - length))
    assert any(set(frames[start : start + length]) <= set(part) for part in parts)


ONE, TWO = "0f" * 32, "1e" * 32


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (ONE, [ONE]),
        (ONE + TWO, [ONE, TWO]),
        (f"{ONE},50,1.0", [ONE]),
        (f"{ONE},49,1.0", []),
        ({"hash": ONE, "quality": 90}, [ONE]),
        ({"hash": ONE, "quality": 10, "parts": [{"hash": TWO, "quality": 60}]}, [TWO]),
        ({"hashes": [ONE, TWO, ONE]}, [ONE, TWO]),
    ],
)
def test_frames_are_read_in_every_way_in_which_they_are_written(given: object, expected: list[str]) -> None:
    assert [each.hex() for each in bag.read_frame(given)] == expected


@pytest.mark.parametrize("given", [None, 5, "x", ONE[:-1], {}, {"hash": ONE}, {"hash": ONE, "quality": 101}, ["x"]])
def test_what_is_no_frame_is_an_error_that_quotes_nothing(given: object) -> None:
    with pytest.raises(HashError, match="no frame"):
        bag.read_frame(given)
