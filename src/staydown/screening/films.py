"""Videos that are asked about: their frames, counted against banked videos, and looked up as pictures are."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final, TypeVar

import anyio.to_thread

from staydown.core.hashing.algorithm import Hash
from staydown.core.hashing.digest import exact
from staydown.core.hashing.video import Video, VideoLimits, fault
from staydown.core.hashing.video_pool import VideoPool
from staydown.core.matching.video import DENSE
from staydown.errors import BusyError, CorruptError, MediaError
from staydown.screening.settings import Settings
from staydown.screening.wire import Frames

WAITING_EACH: Final = 8  # videos that may wait for each worker: they must not take all the room from pictures

T = TypeVar("T")
Found = tuple[tuple[Hash, ...], bool, MediaError | None, Frames]
"""The hashes of its bytes, whether it has detail, why its frames are not all that it could have, those with detail."""


class Films:
    """Hashes the videos of one node, a few at a time; pictures do not wait for them."""

    def __init__(self, settings: Settings) -> None:
        limits = VideoLimits(max_bytes=settings.longest_upload)
        self._pool = VideoPool(settings.video_workers, limits, seconds=settings.video_seconds)
        self._turns = anyio.CapacityLimiter(settings.video_workers)

    async def hashed(self, data: bytes, *, with_md5: bool) -> Found:
        """The hashes to look a video up by; a worker's turn is waited for. Raises `BusyError` when too many wait."""
        return await self._in_turn(partial(self._hashes, data, with_md5=with_md5))

    async def video(self, data: bytes) -> Video:
        """The video by a frame a second. Raises a `MediaError`, or `BusyError` when too many wait."""
        return await self._in_turn(partial(self._pool.hash, data))

    async def _in_turn(self, make: Callable[[], T]) -> T:
        if self._turns.statistics().tasks_waiting >= WAITING_EACH * self._turns.total_tokens:
            raise BusyError
        return await anyio.to_thread.run_sync(make, limiter=self._turns)

    def close(self) -> None:
        """End the workers. What is still being decoded is given up."""
        self._pool.close()

    def _hashes(self, data: bytes, *, with_md5: bool) -> Found:
        try:
            video = self._pool.hash(data, every=DENSE, with_md5=with_md5)
        except MediaError as error:
            return exact(data, with_md5=with_md5), False, error, ()
        frames = tuple((frame.time, frame.asked) for frame in video.frames if frame.asked)
        return video.exact, video.is_hashable, None if video.is_whole else fault(CorruptError), frames
