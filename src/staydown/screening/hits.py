"""Hits on their way back to the publisher: kept until it has them, each with an id that makes repeating harmless."""

from __future__ import annotations

import itertools
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from staydown.core.bank import Action
from staydown.errors import FeedError, ReplyRefusedError
from staydown.exchange.peer import FeedClient
from staydown.screening.loop import back_off
from staydown.screening.settings import Settings

log = logging.getLogger(__name__)

IDLE: Final = 60.0  # seconds; the first new hit wakes the thread at once
MOST_COUNT: Final = 1_000_000  # uploads that one report may speak of; the API takes no more
LINGER: Final = 0.05  # seconds after a hit, so that a wave goes out in few reports


@dataclass(slots=True, repr=False)
class Hit:
    """An upload, or ``count`` of them, that matched an entry."""

    id: str
    entry: UUID
    action: Action
    content_ref: str
    preview_url: str
    count: int = 1
    was_sent: bool = False  # perhaps taken, the answer lost: from now on it may not change

    def fields(self) -> dict[str, object]:
        """As it travels."""
        found: dict[str, object] = {
            "id": self.id,
            "entry": str(self.entry),
            "action": self.action.value,
            "count": self.count,
        }
        if self.content_ref:
            found["content_ref"] = self.content_ref
        if self.preview_url:
            found["preview_url"] = self.preview_url
        return found


class Hits:
    """The hits that wait. ``add`` may be called from any thread and never blocks for long; ``step`` runs in one thread.

    None is dropped while the process lives. When more than ``hits_room`` wait, a further hit on an entry is added to
    the count of one that waits already, so memory is bounded by the number of entries; the reference to its content is
    then lost, not the hit.
    """

    def __init__(self, client: FeedClient, settings: Settings, *, wake: Callable[[], None] = lambda: None) -> None:
        self._client = client
        self._room = settings.hits_room
        self._most = self._size = settings.hits_batch
        self._wake = wake
        self._lock = threading.Lock()
        self._waiting: dict[str, Hit] = {}
        self._growing: dict[tuple[UUID, Action], Hit] = {}  # the one that was never sent, for each entry and action
        self._is_idle = True  # nothing waits and nobody looks before `IDLE` has passed
        self._failures = 0
        self.refused = 0
        """How many uploads the publisher would not hear of, however they were told."""

    @property
    def waiting(self) -> int:
        """How many uploads are still to be reported."""
        with self._lock:
            return sum(hit.count for hit in self._waiting.values())

    def add(self, hit: Hit) -> None:
        """Report ``hit`` soon. Only the first after a pause wakes the reporter: a thread that starts for each hit of a
        wave would take turns with the one that answers."""
        with self._lock:
            same = self._growing.get((hit.entry, hit.action)) if len(self._waiting) >= self._room else None
            if same is None or same.count + hit.count > MOST_COUNT:
                self._waiting[hit.id] = self._growing[hit.entry, hit.action] = hit
            else:
                same.count += hit.count
            wakes, self._is_idle = self._is_idle, False
        if wakes:
            self._wake()

    def step(self) -> float:
        """Report the oldest hits once; the seconds until the next report."""
        batch = self._next()
        if not batch:
            return IDLE
        try:
            self._client.report_hits([hit.fields() for hit in batch])
        except ReplyRefusedError as error:
            self._refused(batch, error)
            return 0.0
        except FeedError as error:
            self._failures += 1
            if self._failures == 1:
                log.warning("Hits could not be reported and wait: %s", error.message)
            return back_off(self._failures)
        self._forget(batch)
        self._failures = 0
        self._size = min(self._size * 2, self._most)
        return LINGER if len(self._waiting) < self._size else 0.0

    def flush(self, seconds: float) -> int:
        """Report what waits, for at most about ``seconds``; how many uploads are left, which the log then says."""
        until = time.monotonic() + seconds
        while self._waiting and (left_over := until - time.monotonic()) > 0:
            delay = self.step()
            if self._failures:
                time.sleep(min(delay, left_over))
        left = self.waiting
        if left:
            log.error("%d hits were not reported: the publisher did not take them before this node ended", left)
        return left

    def _next(self) -> list[Hit]:
        """The oldest hits; they do not change from now on."""
        with self._lock:
            batch = list(itertools.islice(self._waiting.values(), self._size))
            for hit in batch:
                hit.was_sent = True
                if self._growing.get((hit.entry, hit.action)) is hit:
                    del self._growing[hit.entry, hit.action]
            self._is_idle = not batch
        return batch

    def _forget(self, batch: list[Hit]) -> None:
        with self._lock:
            for hit in batch:
                self._waiting.pop(hit.id, None)

    def _refused(self, batch: list[Hit], error: ReplyRefusedError) -> None:
        """Find the one that is not acceptable by halving; tell it without its references; only then give it up."""
        if len(batch) > 1:
            self._size = len(batch) // 2
            return
        (hit,) = batch
        if hit.content_ref or hit.preview_url:
            hit.content_ref = hit.preview_url = ""
            return
        self._forget(batch)
        self.refused += hit.count
        log.error("A hit on entry %s was given up: %s", hit.entry, error.message)
