"""How patient a client is, and what it does while nobody answers."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from staydown.core.bank import Verdict


@dataclass(frozen=True, slots=True)
class Policy:
    """How long a client tries. ``unreachable``: the verdict to go by when nobody answers; None: an error is raised."""

    seconds: float = 5.0  # for one question, all tries and pauses together
    tries: int = 3
    first_pause: float = 0.1  # seconds; each further one twice as long, and all of them a little random
    batch: int = 500  # uploads in one call of `screen_many`; a node takes 1000
    break_after: int = 5  # questions in a row that nobody answered; then nobody is asked...
    break_seconds: float = 10.0  # ...for this long, until one question tries again
    unreachable: Verdict | None = None


class Breaker:
    """Keeps a platform from waiting for a service that is down: open, it lets nobody through for a while.

    Thread-safe. ``clock`` counts seconds.
    """

    def __init__(self, policy: Policy, clock: Callable[[], float]) -> None:
        self._policy = policy
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._closed_at = 0.0

    @property
    def is_open(self) -> bool:
        """Whether questions are refused now."""
        with self._lock:
            return self._failures >= self._policy.break_after and self._clock() < self._closed_at

    def may_ask(self) -> bool:
        """Whether a question may go out. While nobody answers, one in each period may."""
        with self._lock:
            if self._failures < self._policy.break_after:
                return True
            if self._clock() < self._closed_at:
                return False
            self._closed_at = self._clock() + self._policy.break_seconds  # this one tries; the others wait for it
            return True

    def answered(self) -> None:
        """Somebody answered."""
        with self._lock:
            self._failures = 0

    def unanswered(self) -> None:
        """Nobody did."""
        with self._lock:
            self._failures += 1
            self._closed_at = self._clock() + self._policy.break_seconds
