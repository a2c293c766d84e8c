"""Videos against banked videos: the percentages, and what becomes of a video on its way."""

from __future__ import annotations

import random
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from staydown.core.bank import Action, Entry
from staydown.core.hashing.algorithm import Algorithm, Hash
from staydown.core.hashing.footage import hash_video
from staydown.core.hashing.picture import hash_picture
from staydown.core.matching.linear import LinearIndex
from staydown.core.matching.video import DENSE, Shares, VideoEntry, VideoIndex, pictures_in
from staydown.errors import HashError
from tests import clips, pictures

SIZE = (640, 360)
COFFEE = clips.scene("coffee.png", 8, size=SIZE)
OTHERS = ("astronaut.png", "chelsea.png", "rocket.jpg", "brick.png")


def banked(number: int, frames: object, **options: object) -> VideoEntry:
    video = hash_video(clips.film(frames))  # type: ignore[arg-type]
    return VideoEntry(UUID(int=number), "bank", [frame.banked for frame in video.frames], **options)  # type: ignore[arg-type]


pytestmark = pytest.mark.proof  # made videos, altered and cut


@pytest.fixture(scope="module")
def index() -> VideoIndex:
    """Five videos, the first of which is the one that is looked for."""
    others = [clips.scene(name, 1, size=SIZE) for name in OTHERS]
    return VideoIndex([banked(1, COFFEE), *(banked(number, each) for number, each in enumerate(others, start=2))])


def asked(index: VideoIndex, data: bytes) -> tuple[float, float]:
    """The percentages of the one match, which is the coffee."""
    (match,) = index.query_video(hash_video(data, every=DENSE))
    assert match.entry.id == UUID(int=1)
    return match.query_percent, match.entry_percent


def test_the_same_video(index: VideoIndex) -> None:
    assert asked(index, clips.film(COFFEE)) == (100, 100)


@pytest.mark.parametrize(
    ("kind", "frames", "options"),
    [
        ("mp4", COFFEE, {"quality": 38}),
        ("webm", COFFEE, {}),
        ("mp4", COFFEE[::5], {"rate": 1}),
        ("mp4", [np.asarray(Image.fromarray(each).resize((320, 180))) for each in COFFEE], {}),
        ("mp4", [np.ascontiguousarray(each[:, ::-1]) for each in COFFEE], {}),
        ("mp4", [np.ascontiguousarray(np.rot90(each)) for each in COFFEE], {}),
        ("mp4", [np.pad(each, ((60, 60), (0, 0), (0, 0))) for each in COFFEE], {}),
    ],
    ids=["compressed", "another codec", "a lower rate", "half the size", "mirrored", "turned", "letterboxed"],
)
def test_an_altered_copy_is_found(index: VideoIndex, kind: str, frames: object, options: dict[str, int]) -> None:
    query, entry = asked(index, clips.film(frames, kind, **options))  # type: ignore[arg-type]
    assert query >= 80
    assert entry >= 80


def test_a_clip_out_of_a_banked_video(index: VideoIndex) -> None:
    query, entry = asked(index, clips.film(COFFEE[17:33]))
    assert query >= 80
    assert entry < 70


def test_a_banked_clip_inside_another_video() -> None:
    clip = COFFEE[12:32]
    around = clips.scene("rocket.jpg", 4, size=SIZE)
    index = VideoIndex([banked(1, clip)])
    data = clips.film([*around, *clip, *around])
    query, entry = asked(index, data)
    assert query < 50
    assert entry >= 80
    assert index.query_video(hash_video(data), Shares(80, None)) == [], "vPDQ's usual rule does not ask for it"


def test_a_still_from_a_banked_video(index: VideoIndex) -> None:
    still = hash_picture(pictures.encoded(Image.fromarray(COFFEE[25]), quality=80))
    (match,) = index.query([still.asked[:-1]])
    assert (match.entry.id, match.query_percent) == (UUID(int=1), 100)


def test_a_banked_picture_inside_a_video() -> None:
    banked_picture = hash_picture(pictures.encoded(Image.fromarray(COFFEE[15][:, ::-1].copy()), quality=80))
    entries = LinearIndex([Entry(UUID(int=7), "bank", banked_picture.pdq, 31, Action.BLOCK)])
    video = hash_video(clips.film(COFFEE))
    (sighting,) = pictures_in(video, entries)
    assert sighting.match.entry.id == UUID(int=7)
    assert sighting.time == 3
    assert pictures_in(hash_video(clips.film(clips.scene("rocket.jpg", 2))), entries) == []


def test_what_shares_nothing_does_not_match(index: VideoIndex) -> None:
    assert index.query_video(hash_video(clips.film(clips.scene("camera.png", 3)))) == []
    assert index.query([]) == []
    assert index.query([()]) == []
    assert VideoIndex().query([(Hash(Algorithm.PDQ, bytes(32)),)]) == []
    assert len(index) == 5


def test_only_pdq_within_its_radii_can_be_banked() -> None:
    with pytest.raises(HashError):
        VideoIndex([VideoEntry(UUID(int=1), "bank", [[Hash(Algorithm.SHA256, bytes(32))]])])
    with pytest.raises(HashError):
        VideoIndex([VideoEntry(UUID(int=1), "bank", [], radius=64)])


def near(seed: Hash, flipped: int, rng: random.Random) -> Hash:
    number = int.from_bytes(seed.value)
    for bit in rng.sample(range(256), flipped):
        number ^= 1 << bit
    return Hash(Algorithm.PDQ, number.to_bytes(32))


@given(seed=st.integers(0, 1 << 32))
def test_the_percentages_are_those_of_comparing_every_pair(seed: int) -> None:
    rng = random.Random(seed)
    seeds = [Hash(Algorithm.PDQ, rng.randbytes(32)) for _ in range(4)]

    def frames(most: int) -> list[list[Hash]]:
        return [
            [near(rng.choice(seeds), rng.randint(0, 24), rng)] * rng.randint(0, 1) for _ in range(rng.randint(1, most))
        ]

    entries = [VideoEntry(UUID(int=n), "b", frames(9), radius=rng.choice([20, 31, 40])) for n in range(5)]
    query = frames(12)
    expected = {}
    ours = [hashes for hashes in query if hashes]
    for entry in entries:
        theirs = [hashes for hashes in entry.frames if hashes]

        def is_near(one: list[Hash], other: list[Hash], radius: int = entry.radius) -> bool:
            return any(a.distance(b) <= radius for a in one for b in other)

        in_entry = sum(any(is_near(one, other) for other in theirs) for one in ours)
        in_query = sum(any(is_near(one, other) for other in ours) for one in theirs)
        if in_entry:
            expected[entry.id] = (100 * in_entry / len(ours), 100 * in_query / len(theirs))
    found = VideoIndex(entries).query(query, Shares(0, 0))
    assert {match.entry.id: (match.query_percent, match.entry_percent) for match in found} == expected
