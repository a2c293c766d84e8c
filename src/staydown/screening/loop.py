"""A thread that does one small step again and again until it is told to stop."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable
from typing import Final

from staydown.screening.faults import trace

log = logging.getLogger(__name__)

AFTER_A_BUG: Final = 5.0
FIRST_DELAY: Final = 0.25
LONGEST_DELAY: Final = 5.0


class Loop:
    """Runs ``step`` in a daemon thread; it returns the seconds until it wants to run again.

    A step that raises has a bug; the loop writes it to the log and goes on, because a node that stopped following its
    feed would look healthy until the lag shows.
    """

    def __init__(self, name: str, step: Callable[[], float]) -> None:
        self._step = step
        self._woken = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @property
    def stopping(self) -> bool:
        """Whether it was told to stop; a step that was waiting for something must then change nothing more."""
        return self._stopping

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wake(self) -> None:
        """Run the next step now."""
        self._woken.set()

    def stop(self, seconds: float = 1.0) -> None:
        """End after the present step; waits for that no longer than ``seconds``."""
        self._stopping = True
        self._woken.set()
        if self._thread.is_alive():
            self._thread.join(seconds)

    def _run(self) -> None:
        while not self._stopping:
            try:
                delay = self._step()
            except Exception as error:  # noqa: BLE001 - see above
                log.error("A step of %s failed: %s", self._thread.name, trace(error))
                delay = AFTER_A_BUG
            if delay > 0:
                self._woken.wait(delay)
            self._woken.clear()


def back_off(failures: int) -> float:
    """Seconds to wait after the ``failures``-th failure in a row. Random, so that nodes do not come back together."""
    longest = min(FIRST_DELAY * 2 ** min(failures - 1, 10), LONGEST_DELAY)
    return random.uniform(longest / 2, longest)  # noqa: S311 - spreads load, keeps no secret
