"""More targets, of the kind of those in `targets`: videos, laws, snapshots, other people's lists and their partners."""

from __future__ import annotations

import io
import itertools
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from uuid import UUID

import httpx

from staydown.core.bank import Action, Entry
from staydown.core.hashing.algorithm import Algorithm, Hash
from staydown.core.hashing.containers import SNIFFED, container_of, is_video
from staydown.core.hashing.footage import hash_video
from staydown.core.hashing.video import Frame, Summary, VideoLimits
from staydown.core.hashing.video_records import pack, pack_end, pack_error, read_record
from staydown.core.law import regime
from staydown.core.matching import snapshot
from staydown.core.matching.multi_index import MultiIndex
from staydown.core.matching.table import Table
from staydown.core.matching.video import VideoEntry, VideoIndex
from staydown.errors import (
    CorruptError,
    ExchangeError,
    InvalidError,
    MediaError,
    RegimeError,
    SnapshotError,
)
from staydown.exchange import ncmec, stopncii
from staydown.exchange.kinds import KINDS
from staydown.exchange.source import Wire, watched
from tests import clips

FILM_LIMITS: Final = VideoLimits(max_bytes=200_000, max_pixels=100_000, max_seconds=60, max_frames=200, max_streams=4)
LISTS: Final = {
    "stopncii": {"fetch_key": "a", "subscription_key": "b", "feedback_key": "c"},
    "ncmec": {"username": "a", "password": "b"},
    "threatexchange": {"access_token": "a", "privacy_group": "1"},
}
MOST_PAGES: Final = 50
VALUE: Final = bytes(range(32))
HASH: Final = Hash(Algorithm.PDQ, VALUE)


def video(data: bytes) -> None:
    """A video file, or a picture that may move, decoded in this process under limits."""
    is_video(data)
    try:
        container_of(data[:SNIFFED])
        found = hash_video(data, FILM_LIMITS)
    except MediaError:
        return
    assert found.frames
    assert found.width * found.height > 0
    assert all(0 <= frame.quality <= 100 and frame.time >= 0 for frame in found.frames)


def record(data: bytes) -> None:
    """What a process that decodes videos and was taken over might write to its pool."""
    read = io.BytesIO(data).read
    try:
        while isinstance(found := read_record(read), Frame):
            assert found.time >= 0
    except MediaError:
        return
    assert found is None or isinstance(found, MediaError) or found.width


def snapshot_file(data: bytes) -> None:
    """A snapshot file. What is understood can be asked."""
    try:
        found = snapshot.read_all(data)
    except SnapshotError:
        return
    found.pictures.query([HASH])
    found.videos.query([[HASH]])


def law(data: bytes) -> None:
    """A law that an operator wrote down as TOML."""
    try:
        regime.parse(data.decode("utf-8", "replace"))
    except RegimeError:
        return


def partner(data: bytes) -> None:
    """What partners send to the publisher by their own protocols."""
    said = ""
    for read in (stopncii.given_hashes, stopncii.given_feedback, ncmec.is_affirmative):
        try:
            read(data)
        except InvalidError as error:
            said += error.message
    assert VALUE.hex() not in said, "no error quotes a hash"


def source(data: bytes) -> None:
    """Every page of a list that somebody else keeps, whatever its protocol: read until it ends or is called wrong."""

    def answer(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=data, headers={"content-type": "application/json"})

    wire = Wire(transport=httpx.MockTransport(answer))
    said = ""
    for name, credentials in LISTS.items():
        try:
            with KINDS[name].opened("https://list.test", credentials, wire) as opened:
                for page in itertools.islice(watched(opened.pages(None)), MOST_PAGES):
                    assert len(page.added) + len(page.removed) + page.skipped <= len(data)
        except ExchangeError as error:
            said += error.message
    assert VALUE.hex() not in said, "no error quotes a hash"


READERS: Final[dict[str, Callable[[bytes], None]]] = {
    target.__name__: target for target in (video, record, snapshot_file, law, partner, source)
}


def films() -> list[bytes]:
    """Small videos and pictures that move."""
    frames = clips.scene(seconds=0.8, size=(64, 48))
    drawn = [clips.drawn(frames, kind) for kind in ("GIF", "WEBP", "PNG", "AVIF")]
    return [clips.film(frames), clips.film(frames, "webm"), clips.film(frames, "matroska"), *drawn]


def records() -> list[bytes]:
    """What honest processes write."""
    frame = hash_video(clips.film(clips.scene(seconds=0.4, size=(64, 48)))).frames[0]
    return [pack(frame) + pack_end(Summary(1.0, 64, 48, is_whole=True)), pack_error(CorruptError())]


def snapshots() -> list[bytes]:
    """An empty one and one with entries."""
    kept = [
        Entry(UUID(int=number), "house", Hash(Algorithm.PDQ, bytes([number] * 32)), 31, Action.BLOCK)
        for number in range(3)
    ]
    written = []
    for entries in ([], kept):
        file = io.BytesIO()
        films = VideoIndex([VideoEntry(UUID(int=9), "house", [[each.hash] for each in entries])] if entries else [])
        snapshot.write(MultiIndex(Table.of(entries)), file, films)
        written.append(file.getvalue())
    return written


def laws() -> list[bytes]:
    """The laws that are shipped."""
    folder = Path(regime.__file__).parent / "regimes"
    return [file.read_bytes() for file in sorted(folder.glob("*.toml"))]


def partners() -> list[bytes]:
    """A page of each protocol, and what a partner says of it."""
    at, id_ = datetime(2026, 11, 1, tzinfo=UTC), UUID(int=1)
    told = stopncii.page([stopncii.Record(id_, HASH, 5, [("a", "confirmed")])], since=1, token=None)
    feedback = {"hashFeedbacks": [{"signalType": "ImagePDQ", "hashValue": HASH.hex(), "feedbackValue": "Blocked"}]}
    owner, window = ncmec.Member(1, "a"), ncmec.Window(at, at)
    listed = ncmec.entries(owner, [ncmec.Shared(id_, at, Algorithm.PDQ, HASH)], window, start=0, total=2, token="a")
    update = {"id": "1", "indicator": HASH.hex(), "type": "HASH_PDQ", "last_updated": 5, "should_delete": False}
    update["descriptors"] = {"data": [{"id": "2", "status": "MALICIOUS", "owner": {"id": "3"}}]}
    page = {"data": [update], "paging": {"next": "https://list.test/1/threat_updates/?after=a"}}
    negative = (
        b'<feedbackSubmission xmlns="https://hashsharing.ncmec.org/hashsharing/v2"><affirmative/></feedbackSubmission>'
    )
    return [
        *(json.dumps(each).encode() for each in (told, feedback, page)),
        listed,
        negative,
        ncmec.reasons(Algorithm.PDQ),
    ]


SEEDS: Final[dict[str, Callable[[], list[bytes]]]] = {
    "video": films,
    "record": records,
    "snapshot_file": snapshots,
    "law": laws,
    "partner": partners,
    "source": partners,
}
