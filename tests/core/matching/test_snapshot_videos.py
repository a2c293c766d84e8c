"""Videos in the file of an index: the same after reading it, whatever was taken out before, and nothing forged."""

from __future__ import annotations

import random
import struct
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from staydown.core.bank import Action, Entry
from staydown.core.hashing import bag
from staydown.core.matching import snapshot
from staydown.core.matching.live_videos import LiveVideos
from staydown.core.matching.multi_index import MultiIndex
from staydown.core.matching.video import ANY_SHARE, VideoEntry, VideoIndex
from staydown.errors import SnapshotError
from tests.core.matching.samples import entries, flipped, pdq
from tests.core.matching.test_snapshot import HEADER, checksum, directory_of, with_directory

pytestmark = pytest.mark.proof  # needs the compiled loops, which a fresh machine compiles first

RNG = random.Random(8)
SEEDS = [pdq(RNG.randbytes(32)) for _ in range(30)]
PICTURES = MultiIndex(entries(3, 20, "scattered"))
frame = st.lists(st.sampled_from(SEEDS), min_size=1, max_size=3)
videos = st.builds(
    lambda number, bank, frames, radius, action: Entry(UUID(int=number), bank, bag.packed(frames), radius, action),
    st.integers(0, 1 << 120),
    st.sampled_from(["house", "partner"]),
    st.lists(frame, min_size=1, max_size=8),
    st.sampled_from([0, 10, 31, 63]),
    st.sampled_from(Action),
)


def index_of(held: list[Entry]) -> VideoIndex:
    return VideoIndex(VideoEntry(e.id, e.bank, bag.frames_of(e.hash), e.action, e.radius) for e in held)


def read_again(index: VideoIndex, path) -> VideoIndex:
    snapshot.save(PICTURES, path / "held", index)
    found = snapshot.load_all(path / "held")
    assert list(found.pictures.entries()) == list(PICTURES.entries())
    return found.videos


@settings(max_examples=30, deadline=None)
@given(held=st.lists(videos, max_size=8, unique_by=lambda each: each.id), query=st.lists(frame, min_size=1, max_size=6))
def test_what_is_read_answers_as_what_was_written(tmp_path_factory, held, query):
    index = index_of(held)
    again = read_again(index, tmp_path_factory.mktemp("snapshots"))
    assert (len(again), again.hashes, list(again.banked)) == (len(index), index.hashes, list(index.banked))
    assert again.query(query, ANY_SHARE) == index.query(query, ANY_SHARE)
    assert list(again.entries()) == held


@settings(max_examples=30, deadline=None)
@given(
    held=st.lists(videos, min_size=1, max_size=8, unique_by=lambda each: each.id),
    gone=st.sets(st.integers(0, 7)),
    query=st.lists(frame, min_size=1, max_size=6),
)
def test_a_node_that_starts_from_one_answers_and_forgets_as_before(tmp_path_factory, held, gone, query):
    live = LiveVideos(merge_at=4)
    live.load(held)
    for number in gone & set(range(len(held) - 1)):
        live.remove(held[number].id)
    kept = [each for number, each in enumerate(held) if number not in gone or number == len(held) - 1]
    begun = LiveVideos(read_again(live.whole(), tmp_path_factory.mktemp("snapshots")))
    assert begun.query(query, ANY_SHARE) == live.query(query, ANY_SHARE) == index_of(kept).query(query, ANY_SHARE)
    begun.load(kept)  # the feed says them again
    assert (len(begun), begun.hashes) == (len(kept), index_of(kept).hashes)
    for each in kept:
        assert begun.remove(each.id)
    assert begun.query(query, ANY_SHARE) == []


HELD = [
    Entry(UUID(int=number), "house", bag.packed([[SEEDS[number + at]] for at in range(4)]), 31, Action.BLOCK)
    for number in range(9)
]


@pytest.fixture
def data(tmp_path) -> bytes:
    read_again(index_of(HELD), tmp_path)
    return (tmp_path / "held").read_bytes()


def test_a_file_without_videos_has_none(tmp_path):
    assert len(read_again(VideoIndex(), tmp_path)) == 0
    snapshot.save(PICTURES, tmp_path / "held")
    assert len(snapshot.load_all(tmp_path / "held").videos) == 0


def test_they_can_be_read_by_their_description_alone(data):
    """By docs/reference/snapshot-format.md, without NumPy."""
    directory, start = directory_of(data), -(-(96 + HEADER.unpack_from(data)[4]) // 64) * 64
    told = directory["videos"]

    def column(number: int, form: str) -> list[int]:
        listed = directory["sections"][number]
        count = listed["shape"][0] * (listed["shape"][1] if len(listed["shape"]) > 1 else 1)
        return list(struct.unpack_from(f"<{count}{form}", data, start + listed["at"]))

    high, low = column(told["high"], "Q"), column(told["low"], "Q")
    kind, frames = column(told["kind"], "I"), column(told["frames"], "I")
    found = {}
    for shelf in told["shelves"]:
        values = column(shelf["values"], "Q")
        for row, (video, place) in enumerate(zip(column(shelf["high"], "I"), column(shelf["low"], "I"), strict=True)):
            value = struct.pack("<4Q", *values[4 * row : 4 * row + 4])
            found.setdefault(video, {}).setdefault(place // 256, []).append(value)
    for number, each in enumerate(HELD):
        assert UUID(int=high[number] << 64 | low[number]) == each.id
        assert told["kinds"][kind[number]] == {"bank": "house", "action": "block"}
        assert frames[number] == len(found[number]) == 4
        assert [b"".join(found[number][at]) for at in range(4)] == bag.values_of(each.hash)


def changed(data: bytes, column: str, form: str, values: list[int]) -> bytes:
    """The file with other numbers in a column of the videos, and every checksum right."""
    directory, start = directory_of(data), -(-(96 + HEADER.unpack_from(data)[4]) // 64) * 64
    listed = directory["sections"][directory["videos"][column]]
    raw = struct.pack(f"<{len(values)}{form}", *values)
    listed["checksum"] = checksum(raw)
    at = start + listed["at"]
    return with_directory(data[:at] + raw + data[at + len(raw) :], directory)


FORGERIES = {
    "no shelves": lambda d: d["videos"].update(shelves=[]),
    "more videos": lambda d: d["videos"].update(rows=10),
    "no kinds": lambda d: d["videos"].update(kinds=[]),
    "an unknown action": lambda d: d["videos"]["kinds"][0].update(action="delete"),
    "not a table": lambda d: d.update(videos=3),
    "nothing said of videos": lambda d: d.pop("videos"),
    "frames of something else": lambda d: d["videos"]["shelves"][0]["kinds"][0].update(algorithm="sha256", radius=0),
    "a column in place of another": lambda d: d["videos"].update(frames=d["videos"]["high"]),
    "shelves of pictures": lambda d: d["videos"].update(shelves=d["shelves"]),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_directory_is_refused(data, forgery):
    directory = directory_of(data)
    FORGERIES[forgery](directory)
    with pytest.raises(SnapshotError):
        snapshot.read_all(with_directory(data, directory))


@pytest.mark.parametrize(
    ("column", "form", "values"),
    [
        ("frames", "I", [4] * 8 + [5]),
        ("frames", "I", [3] + [4] * 8),
        ("kind", "I", [0] * 8 + [1]),
        ("low", "Q", [0] * 9),
    ],
    ids=["a frame that is not there", "a frame too many", "an unknown kind", "one id twice"],
)
def test_forged_columns_are_refused(data, column, form, values):
    with pytest.raises(SnapshotError, match="contradicts itself"):
        snapshot.read_all(changed(data, column, form, values))


def test_damage_is_seen(data):
    for place in random.Random(2).sample(range(96, len(data)), 150):
        damaged = bytearray(data)
        damaged[place] ^= 4
        try:
            found = snapshot.read_all(bytes(damaged)).videos
        except SnapshotError:
            continue
        assert list(found.entries()) == HELD, "only what is read by nobody may differ"


def test_a_clip_is_found_in_a_snapshot_that_is_mapped(tmp_path, data):
    (tmp_path / "again").write_bytes(data)
    found = snapshot.load_all(tmp_path / "again").videos
    (match, *_) = found.query([[flipped(SEEDS[at], 20, RNG)] for at in (0, 1, 2)])
    assert (match.entry.id, match.query_percent) == (HELD[0].id, 100)
