"""Which banked videos share frames with a video, and how large a share; and which banked pictures are in one.

As in vPDQ a video is a bag of frames: the share of the query's frames that are near some frame of the entry, and the
share of the entry's frames that are near some frame of the query. A clip cut out of a banked video has nearly all of
its frames in it; a video that contains a banked clip has nearly all of the clip's. Frames without detail do not count.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from staydown.core.bank import Action, Entry
from staydown.core.hashing.algorithm import USUAL_RADIUS, Algorithm, Hash
from staydown.core.hashing.video import Video
from staydown.core.matching.index import Index, Match
from staydown.core.matching.multi_index import MultiIndex
from staydown.core.matching.scan import Rows, Small
from staydown.core.matching.shelf import by_algorithm
from staydown.core.matching.table import WORDS, Kind, Kinds, Table
from staydown.errors import HashError

HASHES_OF_A_FRAME: Final = 256  # numbers that a frame has for its hashes; it has three at most
_ABOUT: Final = 0.62  # seconds: half the distance of an entry's frames, and half that of dense ones, and a little
BYTES_OF_A_VIDEO: Final = 200  # a `Banked`, its id, and their places in memory; measured, and rounded up
Found = tuple[NDArray[Any], NDArray[Any], NDArray[np.uint8]]  # numbers of videos, places in them, distances
_KINDS: Final = tuple(Kind(Algorithm.PDQ, "", radius, Action.BLOCK) for radius in range(Algorithm.PDQ.widest + 1))


@dataclass(frozen=True, slots=True, repr=False)
class VideoEntry:
    """A banked video: for each of its frames that have detail, the hashes to bank it under (`Frame.banked`)."""

    id: UUID
    bank: str
    frames: Sequence[Sequence[Hash]]
    action: Action = Action.BLOCK
    radius: int = USUAL_RADIUS

    def __repr__(self) -> str:
        return f"<VideoEntry {self.id}>"


@dataclass(frozen=True, slots=True)
class Banked:
    """What an index keeps of a video entry beside its hashes."""

    id: UUID
    bank: str
    action: Action
    frames: int


@dataclass(frozen=True, slots=True)
class Shares:
    """From which percentage on a video matches: of its own frames, or of the entry's. None: that share does not count.

    vPDQ's usual rule is ``Shares(80, None)``, which finds clips of banked videos but not banked clips inside others.
    """

    query: float | None = 80.0
    entry: float | None = 80.0

    def allow(self, query_percent: float, entry_percent: float) -> bool:
        """Whether these percentages make a match."""
        return (self.query is not None and query_percent >= self.query) or (
            self.entry is not None and entry_percent >= self.entry
        )


USUAL_SHARES: Final = Shares()
ANY_SHARE: Final = Shares(0.0, 0.0)
"""One frame is enough to be found, and what it then asks for is `VideoMatch.action`."""
LEAST_FRAMES: Final = 2
DENSE: Final = 0.2  # seconds between the frames of a video that is looked for; those of an entry lie a second apart


@dataclass(frozen=True, slots=True)
class VideoMatch:
    """A banked video that shares frames with a query, and how much of each is in the other, in percent.

    ``distance`` is that of the nearest pair of frames, in bits; ``query_frames`` and ``entry_frames`` are how many
    frames of each were found in the other.
    """

    entry: Banked
    query_percent: float
    entry_percent: float
    distance: int
    query_frames: int
    entry_frames: int

    @property
    def algorithm(self) -> Algorithm:
        """By what the entry was found."""
        return Algorithm.VPDQ

    @property
    def action(self) -> Action:
        """What it asks for: what the entry says where enough of either is in the other; else a review, and no more.

        One frame never acts alone: it may be a title card, a ceiling, or a film that ran on a screen.
        """
        has_several = min(self.query_frames, self.entry_frames) >= LEAST_FRAMES
        enough = has_several and USUAL_SHARES.allow(self.query_percent, self.entry_percent)
        return self.entry.action if enough else Action.REVIEW


class VideoSearch(ABC):
    """What every index of banked videos answers, whatever holds the frames. Exact in every frame, as `Index` is."""

    __slots__ = ()

    @abstractmethod
    def _near(self, frame: Sequence[Hash]) -> Found:
        """The videos and the places in them of the frames near a frame, and the distances."""

    @abstractmethod
    def _banked_at(self, number: int) -> Banked | None:
        """The video of a number; None once it is gone."""

    def query(self, frames: Sequence[Sequence[Hash]], shares: Shares = USUAL_SHARES) -> list[VideoMatch]:
        """Every entry of which enough is in the frames, or the other way round; the largest share first.

        Each frame is given by the hashes to look it up by (`Frame.asked`), and is near an entry's frame when one of
        them is. Frames that have none are left out. One frame alone finds the videos that a still is from.
        """
        frames = [frame for frame in frames if frame]
        return self._query(frames, np.arange(len(frames), dtype=np.float64), 0.0, shares)

    def query_video(self, video: Video, shares: Shares = USUAL_SHARES) -> list[VideoMatch]:
        """`query` for a video. A frame counts as near when it is, or one shown at about the same time.

        Hash what is looked for at `DENSE`: a clip with much movement that was cut between two of the entry's frames
        has none like them otherwise. Of a video hashed at one frame a second this is what vPDQ counts.
        """
        return self.query_timed([(frame.time, frame.asked) for frame in video.frames], shares)

    def query_timed(
        self, frames: Iterable[tuple[float, Sequence[Hash]]], shares: Shares = USUAL_SHARES
    ) -> list[VideoMatch]:
        """`query_video` for frames and the seconds at which they are shown."""
        kept = [(time, hashes) for time, hashes in frames if hashes]
        times = np.array([time for time, _ in kept], np.float64)
        return self._query([hashes for _, hashes in kept], times, _ABOUT, shares)

    def _query(
        self, frames: Sequence[Sequence[Hash]], times: NDArray[np.float64], about: float, wanted: Shares
    ) -> list[VideoMatch]:
        known: dict[tuple[Hash, ...], Found] = {}  # a video that stands still asks once
        seen: dict[int, list[int]] = {}
        nearest: dict[int, int] = {}
        for number, frame in enumerate(map(tuple, frames)):
            if frame not in known:
                known[frame] = self._near(frame)
            for video, distance in _nearest_by_video(known[frame]):
                nearest[video] = min(nearest.get(video, distance), distance)
                seen.setdefault(video, []).append(number)
        counts = _counts_by_video(known.values())
        matches = []
        for video, numbers in seen.items():
            if (banked := self._banked_at(video)) is not None:
                of_query = 100 * _count_about(times, times[numbers], about) / len(frames)
                of_entry = 100 * counts[video] / banked.frames
                if wanted.allow(of_query, of_entry):
                    found = nearest[video], len(numbers), counts[video]
                    matches.append(VideoMatch(banked, of_query, of_entry, *found))
        return sorted(matches, key=lambda match: (-max(match.query_percent, match.entry_percent), match.entry.id))


class VideoIndex(VideoSearch):
    """An index of banked videos that are all known at the start."""

    __slots__ = ("_banked", "_frames")

    def __init__(self, entries: Iterable[VideoEntry] = ()) -> None:
        columns = _Columns()
        for entry in entries:
            columns.add(entry)
        self._banked = columns.banked
        self._frames = MultiIndex(columns.table())

    def __len__(self) -> int:
        """How many videos it holds."""
        return len(self._banked)

    @classmethod
    def of(cls, frames: MultiIndex, banked: Sequence[Banked]) -> Self:
        """An index of rows that exist already: the ids of ``frames`` are numbers in ``banked`` and places there."""
        index = cls.__new__(cls)
        index._banked, index._frames = list(banked), frames  # noqa: SLF001 - it is one of us
        return index

    @property
    def frames(self) -> MultiIndex:
        """The hashes of the frames, whose ids are the number of a video and a place in it."""
        return self._frames

    @property
    def banked(self) -> Sequence[Banked]:
        """What is kept of each video beside them, by its number."""
        return self._banked

    def entries(self) -> Iterator[Entry]:
        """Each video as an entry of a bank, in their order. Raises `HashError` for one too long to be an entry."""
        tables = [shelf.table for shelf in self._frames.shelves]
        if not tables:
            return
        high, low = (np.concatenate([getattr(table, half) for table in tables]) for half in ("high", "low"))
        values = np.concatenate([table.values for table in tables])
        radii = np.concatenate([np.array([k.radius for k in table.kinds.listed])[table.kind] for table in tables])
        order = np.lexsort((low, high))
        high, low, radii = high[order], low[order] // HASHES_OF_A_FRAME, radii[order]
        packed, places = _packed(values[order], np.append(True, (np.diff(high) != 0) | (np.diff(low) != 0)))
        ends = np.searchsorted(high, np.arange(len(self._banked)), side="right")
        begin = 0
        for banked, end in zip(self._banked, ends.tolist(), strict=True):
            hash_ = Hash(Algorithm.VPDQ, packed[places[begin] : places[end]].tobytes())
            yield Entry(banked.id, banked.bank, hash_, int(radii[begin]), banked.action)
            begin = end

    @property
    def hashes(self) -> int:
        """How many hashes of frames it holds."""
        return len(self._frames)

    @property
    def nbytes(self) -> int:
        """Bytes of memory of the hashes and of what is kept of each video beside them."""
        return self._frames.nbytes + len(self._banked) * BYTES_OF_A_VIDEO

    def _near(self, frame: Sequence[Hash]) -> Found:
        asked = by_algorithm(frame)
        return found_of((shelf.table, *shelf.near(asked)) for shelf in self._frames.shelves)

    def _banked_at(self, number: int) -> Banked:
        return self._banked[number]


def found_of(rows: Iterable[tuple[Table, Rows, Small]]) -> Found:
    """Rows of tables of frames as the numbers of their videos, the places in them, and the distances."""
    found = list(rows)
    none = np.empty(0, np.uint32)
    return (
        np.concatenate([none, *(table.high[rows] for table, rows, _ in found)]),
        np.concatenate([none, *(table.low[rows] // HASHES_OF_A_FRAME for table, rows, _ in found)]),
        np.concatenate([np.empty(0, np.uint8), *(distances for _, _, distances in found)]),
    )


def _nearest_by_video(found: Found) -> list[tuple[int, int]]:
    """Each video that was found, with the distance of its nearest frame."""
    videos, _, distances = found
    if len(videos) < 2:
        return list(zip(videos.tolist(), distances.tolist(), strict=True))
    order = np.lexsort((distances, videos))
    videos, distances = videos[order], distances[order]
    first = np.append(True, videos[1:] != videos[:-1])
    return list(zip(videos[first].tolist(), distances[first].tolist(), strict=True))


def _counts_by_video(found: Iterable[Found]) -> dict[int, int]:
    """How many frames of each video were found, whichever frames of the query found them."""
    pairs = [np.stack([videos, places]) for videos, places, _ in found]
    if not pairs:
        return {}
    videos, counts = np.unique(np.unique(np.concatenate(pairs, axis=1), axis=1)[0], return_counts=True)
    return dict(zip(videos.tolist(), counts.tolist(), strict=True))


def _count_about(times: NDArray[np.float64], found: NDArray[np.float64], about: float) -> int:
    """How many of the times are at most ``about`` away from one of those that were found."""
    if not about:
        return len(found)
    edges = np.concatenate([[-np.inf], np.sort(found), [np.inf]])
    after = np.searchsorted(edges, times)
    return int(((edges[after] - times <= about) | (times - edges[after - 1] <= about)).sum())


def _packed(values: NDArray[np.uint64], begins: NDArray[np.bool_]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Hashes as `bag` packs them, in one go, and where each row begins, and the last ends.

    ``begins``: whether a row is the first of its frame, in front of which stands how many rows that has.
    """
    size, firsts = Algorithm.PDQ.size, np.flatnonzero(begins)
    places = size * np.arange(len(values) + 1) + np.append(0, np.cumsum(begins))
    is_count = np.zeros(size * len(values) + len(firsts), np.bool_)
    is_count[places[firsts]] = True
    packed = np.empty(len(is_count), np.uint8)
    packed[is_count] = np.diff(np.append(firsts, len(values)))
    packed[~is_count] = values.astype("<u8").view(np.uint8).reshape(-1)
    return packed, places


class _Columns:
    """The hashes of video entries on their way into a table: no object for each, there are millions."""

    def __init__(self) -> None:
        self.banked: list[Banked] = []
        self._values = bytearray()
        self._videos, self._places, self._radii = array("I"), array("I"), array("H")

    def add(self, entry: VideoEntry) -> None:
        number, place = len(self.banked), 0
        for hashes in entry.frames:
            if not hashes:
                continue
            for at, each in enumerate(hashes):
                if each.algorithm is not Algorithm.PDQ or at >= HASHES_OF_A_FRAME:
                    raise HashError("A frame of a video has PDQ hashes, and few of them.")
                self._values += each.value
                self._videos.append(number)
                self._places.append(place * HASHES_OF_A_FRAME + at)
                self._radii.append(entry.radius)
            place += 1
        if not 0 <= entry.radius < len(_KINDS):
            raise HashError(f"The radius of a video entry is from 0 to {len(_KINDS) - 1}, not {entry.radius}.")
        self.banked.append(Banked(entry.id, entry.bank, entry.action, place))

    def table(self) -> Table:
        """A row for each hash, with the number of the video and the place in it for an id: in half the room."""
        values = np.frombuffer(bytes(self._values), "<u8").astype(np.uint64).reshape(-1, WORDS)
        high: Any = np.array(self._videos, np.uint32)
        low: Any = np.array(self._places, np.uint32)
        return Table(values, high, low, np.array(self._radii, np.uint16), Kinds(_KINDS))


@dataclass(frozen=True, slots=True)
class Sighting:
    """A banked picture in a video: the nearest match of an entry, and when it is shown, in seconds."""

    match: Match
    time: float


def pictures_in(video: Video, index: Index) -> list[Sighting]:
    """Every entry of ``index`` that a frame of the video is near to, nearest first, each once."""
    nearest: dict[UUID, Sighting] = {}
    for frame in video.frames:
        for match in index.query(frame.asked) if frame.asked else ():
            known = nearest.get(match.entry.id)
            if known is None or match.distance < known.match.distance:
                nearest[match.entry.id] = Sighting(match, frame.time)
    return sorted(nearest.values(), key=lambda each: (each.match.distance, each.match.entry.id))
