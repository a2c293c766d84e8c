"""Follows the feed: applies each verified line to the live index at once, and knows how far behind it may be."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from typing import Final
from uuid import UUID

from staydown.core.bank import Entry
from staydown.core.feed import AddLine, Cursor, Line, RemoveLine
from staydown.core.hashing.algorithm import SINGLE, Algorithm, Hash
from staydown.core.matching.live import LiveIndex
from staydown.core.matching.live_videos import LiveVideos
from staydown.errors import FeedError, FeedUnreachableError, TooOftenError
from staydown.exchange.peer import FeedClient
from staydown.screening.loop import back_off
from staydown.screening.settings import Settings

log = logging.getLogger(__name__)

QUICK: Final = 0.1  # seconds; an empty answer that came sooner was not held, so we must not ask again at once
ASK_AGAIN: Final = 0.25  # seconds between two pulls when the publisher does not hold them
OLDEST_ANSWERED: Final = 24 * 3600.0  # seconds; what was kept longer ago waits for the rest of the feed
MOST_GATHERED: Final = 100_000  # entries
_WARM_UP: Final = tuple(Hash(each, bytes(each.size)) for each in SINGLE)


class Follower:
    """One publisher's feed in one index. ``step`` runs in one thread; the rest may be read from any.

    Every line is in the index before the next pull; only until the whole feed has been read, and nobody is answered
    yet, do lines gather to be loaded many at a time. A feed that does not verify changes nothing.
    """

    def __init__(
        self,
        client: FeedClient,
        index: LiveIndex,
        settings: Settings,
        *,
        videos: LiveVideos | None = None,
        clock: Callable[[], float] = time.monotonic,
        is_stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        self._client = client
        self._index = index
        self._videos = LiveVideos() if videos is None else videos
        self._settings = settings
        self._clock = clock
        self._is_stopping = is_stopping
        self._cursor = Cursor()
        self._gathered: dict[UUID, Entry] = {}
        self._hashes = 0  # of what was gathered; a video has many
        self._complete_at: float | None = None
        self._is_at_head = False
        self._failures = 0
        self.fault: FeedError | None = None
        """Why the last pull failed, if it did."""
        self.is_synced = False
        """Whether the whole feed has been read once, so that the index answers for it."""

    @property
    def seq(self) -> int:
        """The number of the last line that was read."""
        return self._cursor.seq

    @property
    def lag(self) -> float | None:
        """Seconds since the publisher last said that this is everything; no change is missing for longer than that.

        None before the first time.
        """
        return None if self._complete_at is None else max(self._clock() - self._complete_at, 0.0)

    @property
    def cursor(self) -> Cursor:
        """How far it is. What the index holds is at least as new."""
        return self._cursor

    def begin_at(self, cursor: Cursor, *, age: float) -> None:
        """Read on from here: the index holds what was read until so many seconds ago.

        It answers for that at once, unless it is so old that much may have been withdrawn since.
        """
        self._cursor = cursor
        self._complete_at = self._clock() - age
        self._index.query(_WARM_UP)
        self.is_synced = age <= OLDEST_ANSWERED

    def step(self) -> float:
        """Pull once and apply what came; the seconds until the next pull."""
        asked_at = self._clock()
        wait = self._settings.wait if self._is_at_head else 0.0
        try:
            pull = self._client.pull(self._cursor, limit=self._settings.page, wait=wait)
        except TooOftenError as error:
            return error.seconds  # what was not read meanwhile comes with the next page
        except FeedError as error:
            return 0.0 if self._is_stopping() else self._failed(error)
        if self._is_stopping():
            return 0.0
        self._apply(pull.lines)
        self._cursor = pull.cursor
        if self._failures:
            log.info("The feed is followed again, at line %d", self.seq)
        self._failures, self.fault = 0, None
        self._is_at_head = not pull.lines
        if pull.lines:
            return 0.0
        self._complete_at = self._clock()
        return ASK_AGAIN if wait and self._complete_at - asked_at < QUICK else 0.0

    def _apply(self, lines: Sequence[Line]) -> None:
        for line in lines:
            if isinstance(line, AddLine):
                self._gathered[line.entry.id] = line.entry
                self._hashes += 1 + len(line.entry.hash.value) // Algorithm.PDQ.size
            elif isinstance(line, RemoveLine):
                self._gathered.pop(line.entry_id, None)
                self._index.remove(line.entry_id)
                self._videos.remove(line.entry_id)
        if self._gathered and (self.is_synced or not lines or self._hashes >= 2 * MOST_GATHERED):
            self._load(list(self._gathered.values()))
            self._gathered.clear()
            self._hashes = 0
        if not lines and not self.is_synced:
            self._index.query(_WARM_UP)  # compiled now, not when the first upload waits for it
            self.is_synced = True
            told = self.seq, len(self._index), len(self._videos)
            log.info("The feed was read to line %d: %d pictures, %d videos", *told)

    def _load(self, entries: list[Entry]) -> None:
        """Put entries where they are looked up: videos by the shares of their frames, all others by one hash."""
        videos = [entry for entry in entries if entry.hash.algorithm is Algorithm.VPDQ]
        self._index.load([entry for entry in entries if entry.hash.algorithm is not Algorithm.VPDQ])
        self._videos.load(videos)

    def _failed(self, error: FeedError) -> float:
        """Note why, stay on the last good state, and say when to try again."""
        if self.fault is None or self.fault.message != error.message:
            level = logging.WARNING if isinstance(error, FeedUnreachableError) else logging.ERROR
            log.log(level, "The feed was not followed beyond line %d: %s", self.seq, error.message)
        self.fault = error
        self._failures += 1
        self._is_at_head = False  # when it answers again, learn at once whether something was missed
        return back_off(self._failures)
