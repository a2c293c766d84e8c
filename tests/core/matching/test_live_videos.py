"""Banked videos that come and go, held to an index that is made anew for each question."""

from __future__ import annotations

import random
from dataclasses import replace
from uuid import UUID

import pytest

from staydown.core.bank import Action, Entry
from staydown.core.hashing import bag
from staydown.core.hashing.algorithm import Hash
from staydown.core.matching.live_videos import LiveVideos
from staydown.core.matching.video import ANY_SHARE, VideoEntry, VideoIndex
from tests.core.matching.samples import flipped, pdq

RNG = random.Random(5)
SEEDS = [pdq(RNG.randbytes(32)) for _ in range(40)]


def video(number: int, *frames: int, action: Action = Action.BLOCK, radius: int = 31) -> Entry:
    """A video whose frames are some of the seeds; every third has two hashes."""
    hashes = [[SEEDS[at], *([SEEDS[at - 1]] if at % 3 == 0 else [])] for at in frames]
    return Entry(UUID(int=number), "house", bag.packed(hashes), radius, action)


def asked(*frames: int) -> list[list[Hash]]:
    return [[flipped(SEEDS[at], 9, RNG)] for at in frames]


@pytest.mark.parametrize("merge_at", [8, 4096])
def test_it_answers_as_an_index_made_anew_does(merge_at: int) -> None:
    rng, index, held = random.Random(7), LiveVideos(merge_at=merge_at), {}
    for step in range(60):
        if held and rng.random() < 0.3:
            gone = rng.choice(sorted(held))
            assert index.remove(gone)
            del held[gone]
        else:
            frames = [rng.randrange(len(SEEDS)) for _ in range(rng.randint(1, 6))]
            one = video(rng.randrange(12), *frames, radius=rng.choice([5, 31]))
            held[one.id] = one
            index.load([one])
        if step % 6 == 0:
            index.settle()
            anew = VideoIndex(
                VideoEntry(each.id, each.bank, bag.frames_of(each.hash), each.action, each.radius)
                for each in held.values()
            )
            query = asked(*(rng.randrange(len(SEEDS)) for _ in range(4)))
            assert index.query(query, ANY_SHARE) == anew.query(query, ANY_SHARE)
            assert (len(index), index.hashes) == (len(anew), anew.hashes)


def test_a_removed_video_is_gone_with_all_its_frames_at_once() -> None:
    index = LiveVideos()
    index.load([video(1, 1, 2, 3), video(2, 4)])
    assert index.remove(UUID(int=1))
    assert not index.remove(UUID(int=1))
    assert index.query(asked(1, 2, 3), ANY_SHARE) == []
    assert (len(index), index.hashes) == (1, 1)


def test_a_video_that_is_confirmed_keeps_its_rows_and_changes_what_it_asks_for() -> None:
    index = LiveVideos()
    index.load([video(1, 1, 2, 3, action=Action.REVIEW)])
    before = index.hashes
    (match,) = index.query(asked(1, 2, 3))
    assert match.action is Action.REVIEW
    index.load([video(1, 1, 2, 3)])
    (match,) = index.query(asked(1, 2, 3))
    assert (match.action, index.hashes) == (Action.BLOCK, before)


def test_many_are_loaded_at_once_in_half_the_room_for_their_ids() -> None:
    index = LiveVideos(merge_at=50)
    index.load(video(number, number % 40, (number + 1) % 40) for number in range(80))
    index.load(video(number, number % 40, (number + 1) % 40) for number in range(60, 100))
    index.settle()
    assert len(index) == 100
    assert {shelf.table.high.itemsize for part in index._frames._state.parts[:-1] for shelf in part.shelves} == {4}
    found = index.query(asked(7, 8))
    assert {match.entry.id.int for match in found} >= {7, 47, 87}
    assert index.remove(UUID(int=47))
    assert UUID(int=47) not in {match.entry.id for match in index.query(asked(7, 8))}
    assert index.nbytes > 0


@pytest.mark.parametrize(
    ("banked", "query", "expected"),
    [
        ((1, 2, 4, 5, 7), (1, 2, 4, 5, 7), Action.BLOCK),
        ((1, 2, 4, 5, 7), (2, 4), Action.BLOCK),  # a clip out of it
        ((2, 4), (10, 2, 4, 11, 13, 14), Action.BLOCK),  # it is a clip inside
        ((1, 2, 4, 5, 7), (2,), Action.REVIEW),  # a still
        ((1, 2, 4, 5, 7), (2, 10, 11, 13), Action.REVIEW),  # one frame of it in another film
        ((2,), (2, 2, 2), Action.REVIEW),  # one frame never acts alone
        ((1, 2, 4, 5, 7), (1, 2, 10, 11, 13, 14), Action.REVIEW),  # a third of one, two fifths of the other
    ],
)
def test_one_frame_never_acts_alone(banked: tuple[int, ...], query: tuple[int, ...], expected: Action) -> None:
    index = LiveVideos()
    index.load([video(1, *banked)])
    (match,) = index.query(asked(*query), ANY_SHARE)
    assert match.action is expected
    review = replace(video(1, *banked), action=Action.REVIEW)
    index.load([review])
    (match,) = index.query(asked(*query), ANY_SHARE)
    assert match.action is Action.REVIEW
