"""What a node counts, in the text form that Prometheus reads. Nothing here tells of one upload or one entry."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from staydown.core.bank import Verdict

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_BUCKETS: Final = (0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0)


class Metrics:
    """The counters of one node, in a registry of their own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        answers = Counter("staydown_screening_answers", "Answers by action", ["action", "of"], registry=self._registry)
        seconds = Histogram(
            "staydown_screening_seconds",
            "Seconds from a request to its answer",
            ["of"],
            buckets=_BUCKETS,
            registry=self._registry,
        )
        # Bound once: finding a label costs more than counting.
        self.hash_answers = {each: answers.labels(each.value, "hash") for each in Verdict}
        self.upload_answers = {
            of: {each: answers.labels(each.value, of) for each in Verdict} for of in ("picture", "video")
        }
        self.hash_seconds = seconds.labels("hash")
        self.upload_seconds = {of: seconds.labels(of) for of in ("picture", "video")}
        self.refusals = Counter(
            "staydown_screening_refusals", "Requests refused, by error code", ["code"], registry=self._registry
        )
        self.decode_errors = Counter(
            "staydown_screening_decode_errors", "Files not hashed, by error code", ["code"], registry=self._registry
        )

    def watch(self, name: str, about: str, read: Callable[[], float | None]) -> None:
        """Show what ``read`` returns whenever somebody looks; NaN for None."""

        def value() -> float:
            found = read()
            return math.nan if found is None else found

        Gauge(f"staydown_screening_{name}", about, registry=self._registry).set_function(value)

    def text(self) -> bytes:
        """Everything, for /metrics."""
        return generate_latest(self._registry)
