"""A row of the table of results, and how its figures are taken."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

Row = dict[str, object]


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """What the work gives, and its seconds."""
    began = time.perf_counter()
    result = work()
    return result, time.perf_counter() - began


def versus(work: str, peer: str, ours: float, theirs: float, times: int) -> Row:
    """A row of microseconds with a target in times faster."""
    return row(work, peer, ours, theirs, "µs", f"at least {times} times faster", theirs / ours >= times)


def row(work: str, peer: str, ours: float, theirs: float, unit: str, target: str, holds: object) -> Row:
    """A row of the table; less is better, except for answers."""
    figures = {"ours": ours, "theirs": theirs, "unit": unit, "ratio": theirs / ours if ours else float("inf")}
    return {"work": work, "peer": peer, **figures, "target": target, "holds": bool(holds)}
