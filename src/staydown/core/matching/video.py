"""Which banked videos share frames with a video, and how large a share; and which banked pictures are in one.

As in vPDQ a video is a bag of frames: the share of the query's frames that are near some frame of the entry, and the
share of the entry's frames that are near some frame of the query. A clip cut out of a banked video has nearly all of
its frames in it; a video that contains a banked clip has nearly all of the clip's. Frames without detail do not count.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from staydown.core.bank import Action
from staydown.core.hashing.algorithm import USUAL_RADIUS, Algorithm, Hash
from staydown.core.hashing.video import Video
from staydown.core.matching.index import Index, Match
from staydown.core.matching.multi_index import MultiIndex
from staydown.core.matching.shelf import by_algorithm
from staydown.core.matching.table import WORDS, Kind, Kinds, Table
from staydown.errors import HashError

_HASHES_OF_A_FRAME: Final = 256  # numbers that a frame has for its hashes; it has three at most
_ABOUT: Final = 0.62  # seconds: half the distance of an entry's frames, and half that of dense ones, and a little
_BYTES_OF_A_VIDEO: Final = 200  # a `Banked`, its id, and their places in memory; measured, and rounded up
_Found = tuple[NDArray[Any], NDArray[Any], NDArray[np.uint8]]  # numbers of videos, places in them, distances
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
class VideoMatch:
    """A banked video that shares frames with a query, and how much of each is in the other, in percent.

    ``distance`` is that of the nearest pair of frames, in bits.
    """

    entry: Banked
    query_percent: float
    entry_percent: float
    distance: int


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
DENSE: Final = 0.2  # seconds between the frames of a video that is looked for; those of an entry lie a second apart


class VideoIndex:
    """An index of banked videos that are all known at the start. Exact in every frame, as `Index` is for pictures."""

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

    @property
    def hashes(self) -> int:
        """How many hashes of frames it holds."""
        return len(self._frames)

    @property
    def nbytes(self) -> int:
        """Bytes of memory of the hashes and of what is kept of each video beside them."""
        return self._frames.nbytes + len(self._banked) * _BYTES_OF_A_VIDEO

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
        frames = [frame for frame in video.frames if frame.asked]
        times = np.array([frame.time for frame in frames], np.float64)
        return self._query([frame.asked for frame in frames], times, _ABOUT, shares)

    def _query(
        self, frames: Sequence[Sequence[Hash]], times: NDArray[np.float64], about: float, shares: Shares
    ) -> list[VideoMatch]:
        known: dict[tuple[Hash, ...], _Found] = {}  # a video that stands still asks once
        seen: dict[int, list[int]] = {}
        nearest: dict[int, int] = {}
        for number, frame in enumerate(map(tuple, frames)):
            if frame not in known:
                known[frame] = self._near(frame)
            videos, _, distances = known[frame]
            for video, distance in zip(videos.tolist(), distances.tolist(), strict=True):
                nearest[video] = min(nearest.get(video, distance), distance)
            for video in np.unique(videos).tolist():
                seen.setdefault(video, []).append(number)
        counts = _counts_by_video(known.values())
        matches = [
            VideoMatch(
                self._banked[video],
                100 * _count_about(times, times[numbers], about) / len(frames),
                100 * counts[video] / self._banked[video].frames,
                nearest[video],
            )
            for video, numbers in seen.items()
        ]
        kept = [match for match in matches if shares.allow(match.query_percent, match.entry_percent)]
        return sorted(kept, key=lambda match: (-max(match.query_percent, match.entry_percent), match.entry.id))

    def _near(self, frame: Sequence[Hash]) -> _Found:
        """The videos and the places in them of the frames near a frame, and the distances."""
        asked = by_algorithm(frame)
        found = [(shelf.table, *shelf.near(asked)) for shelf in self._frames.shelves]
        none = np.empty(0, np.uint32)
        return (
            np.concatenate([none, *(table.high[rows] for table, rows, _ in found)]),
            np.concatenate([none, *(table.low[rows] // np.uint32(_HASHES_OF_A_FRAME) for table, rows, _ in found)]),
            np.concatenate([np.empty(0, np.uint8), *(distances for _, _, distances in found)]),
        )


def _counts_by_video(found: Iterable[_Found]) -> dict[int, int]:
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
                if each.algorithm is not Algorithm.PDQ or at >= _HASHES_OF_A_FRAME:
                    raise HashError("A frame of a video has PDQ hashes, and few of them.")
                self._values += each.value
                self._videos.append(number)
                self._places.append(place * _HASHES_OF_A_FRAME + at)
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
