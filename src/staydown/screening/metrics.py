"""What a node counts, in the text form that Prometheus reads. Nothing here tells of one upload or one entry."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from itertools import accumulate
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from staydown.core.bank import Verdict

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_BUCKETS: Final = (0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0)


class Answered:
    """The answers of one kind: how many with which verdict, and how long they took.

    Counted in the event loop alone, so without the locks of the library's own counters, which cost a question with a
    hash more than its key does.
    """

    def __init__(self) -> None:
        self.verdicts = dict.fromkeys(Verdict, 0)
        self.took = [0] * (len(_BUCKETS) + 1)
        self.seconds = 0.0

    def count(self, verdict: Verdict, seconds: float | None = None) -> None:
        """One answer more."""
        self.verdicts[verdict] += 1
        if seconds is not None:
            self.took[bisect_left(_BUCKETS, seconds)] += 1
            self.seconds += seconds


class _Answers(Collector):
    """What was counted, in the form of the library."""

    def __init__(self, answered: Mapping[str, Answered]) -> None:
        self._answered = answered

    def collect(self) -> Iterator[Metric]:
        answers = CounterMetricFamily("staydown_screening_answers", "Answers by action", labels=["action", "of"])
        took = HistogramMetricFamily(
            "staydown_screening_seconds", "Seconds from a request to its answer", labels=["of"]
        )
        for of, answered in self._answered.items():
            for verdict, count in answered.verdicts.items():
                answers.add_metric([verdict.value, of], count)
            within = zip((*map(str, _BUCKETS), "+Inf"), accumulate(answered.took), strict=True)
            took.add_metric([of], list(within), answered.seconds)
        return iter((answers, took))


class Metrics:
    """The counters of one node, in a registry of their own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.answered = {of: Answered() for of in ("hash", "picture", "video")}
        self._registry.register(_Answers(self.answered))
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
