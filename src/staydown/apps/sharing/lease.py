"""Whose source it is just now: a claim that is short, and renewed for as long as the process that reads it lives.

What a killed process has claimed is free again after `LEASE`. A claim that lapsed all the same, because the database or
the machine stood still, costs a page at most: whoever applies one looks first whether the source is still theirs.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Final

from django.db import DatabaseError, connection
from django.utils import timezone

from staydown.apps.sharing.source_models import Source

log = logging.getLogger(__name__)

LEASE: Final = timedelta(seconds=20)  # longer than the clocks of two machines may differ, and than two beats
BEAT: Final = 6.0  # seconds between two renewals
STILL: Final = 90.0  # seconds without a page after which it is renewed no more: longer than a call can take


def until() -> datetime:
    """When a claim that is made or renewed now runs out."""
    return timezone.now() + LEASE


@contextlib.contextmanager
def renewed(claimed: Source) -> Iterator[Callable[[], None]]:
    """The claim on ``claimed`` is renewed while the block runs; call what it yields whenever there is progress."""
    pulse = _Pulse(claimed)
    pulse.start()
    try:
        yield pulse.felt
    finally:
        pulse.stop()


class _Pulse(threading.Thread):
    def __init__(self, claimed: Source) -> None:
        super().__init__(name=f"staydown-lease-{claimed.pk}", daemon=True)
        self._mine = Source.objects.filter(pk=claimed.pk, lease=claimed.lease)
        self._ended = threading.Event()
        self._felt_at = time.monotonic()

    def felt(self) -> None:
        self._felt_at = time.monotonic()

    def run(self) -> None:
        try:
            while not self._ended.wait(BEAT) and time.monotonic() - self._felt_at < STILL:
                try:
                    if not self._mine.update(leased_until=until()):
                        return  # given back, or somebody else's
                except DatabaseError:  # locked, or away: the next beat may come through
                    log.debug("The claim on a source could not be renewed", exc_info=True)
                    connection.close()
        finally:
            connection.close()

    def stop(self) -> None:
        self._ended.set()
        self.join(1.0)  # one that still waits for the database finds the claim gone
