"""How soon a change of the index holds, and how long a query waits while the index is written anew.

Both are measured with the other under way: changes while a second thread asks without pause, queries while a merge of
the whole index runs in the background. What a waiting query is compared with are the same queries with no merge.

A query waits while it does not run: for the interpreter, a lock, a processor. So its wait is what it took without the
time for which its thread ran, in which it may be slow for reasons of its own. A virtual machine is also stopped by its
host now and then, for tens of milliseconds, whatever runs in it; Linux counts that as stolen time, and the row of the
longest wait leaves those queries out and says so.
"""

from __future__ import annotations

import os
import threading
import time
from itertools import cycle
from pathlib import Path
from typing import Final
from uuid import UUID

import numpy as np

from benchmarks.rows import Row, row, timed
from staydown.core.bank import Action, Entry
from staydown.core.hashing.algorithm import Algorithm, Hash
from staydown.core.matching import live as matching_live
from staydown.core.matching.live import LiveIndex
from staydown.core.matching.table import Kind, Kinds, Table
from staydown.screening.turns import take_short_turns

SEED: Final = 12
RADIUS: Final = 31
CHANGES: Final = 2000
CHANGE_LIMIT: Final = 1.0  # milliseconds that a change may take until it holds
WAIT_LIMIT: Final = 5.0  # milliseconds that a query may wait for a merge
MOST_SECONDS: Final = 120.0  # of a merge that are measured; on a busy machine it takes longer, because it yields
QUERIES: Final = 5000
SHARES: Final = {"p50": 50.0, "p99": 99.0, "p99.9": 99.9}

_STAT: Final = os.open("/proc/stat", os.O_RDONLY) if Path("/proc/stat").exists() else None


def rows(count: int, live: LiveIndex) -> list[Row]:
    """The rows for an index of so many entries; it is changed, and in the end as large as before."""
    take_short_turns()  # as `staydown screen` does
    rng = np.random.default_rng(SEED)
    queries = [[Hash(Algorithm.PDQ, rng.bytes(32))] for _ in range(QUERIES)]
    return [*change_rows(count, live, queries), *merge_rows(count, live, queries, rng)]


def change_rows(count: int, live: LiveIndex, queries: list[list[Hash]]) -> list[Row]:
    """How long `add` and `remove` take, after which the change holds, while a thread asks without pause."""
    rng, done = np.random.default_rng(SEED + 1), threading.Event()
    fresh = [
        Entry(UUID(int=(1 << 127) + number), "reports", Hash(Algorithm.PDQ, rng.bytes(32)), RADIUS, Action.BLOCK)
        for number in range(CHANGES)
    ]

    def ask() -> None:
        while not done.is_set():
            for asked in queries[:100]:
                live.query(asked)

    asking = threading.Thread(target=ask)
    asking.start()
    found = []
    for name, change in (("add", live.add), ("remove", lambda entry: live.remove(entry.id))):
        took = [timed(lambda entry=entry, change=change: change(entry))[1] * 1000 for entry in fresh]
        p99 = float(np.percentile(took, 99))
        work = f"{name} to {count:,} entries until it holds, while queries run: p99"
        found.append(row(work, "the target", p99, CHANGE_LIMIT, "ms", "under 1 ms", p99 < CHANGE_LIMIT))
    done.set()
    asking.join()
    return found


def merge_rows(count: int, live: LiveIndex, queries: list[list[Hash]], rng: np.random.Generator) -> list[Row]:
    """How long queries take while everything is written anew because many entries were replaced."""
    before = _Asking(live, queries)
    for _ in queries:
        before.ask()
    base = live._state.parts[0].shelves[0].table
    some = np.arange(0, len(base), max(1, matching_live.DEAD_SHARE // 2))
    values = rng.integers(0, 1 << 64, (len(some), 4), np.uint64)
    kinds = Kinds([Kind(Algorithm.PDQ, "reports", RADIUS, Action.BLOCK)])
    replacing = Table(values, base.high[some], base.low[some], np.zeros(len(some), np.uint16), kinds)
    del base  # the merge is to give it back, and that is to be measured too
    live.load(replacing)
    during, began = _Asking(live, queries), time.perf_counter()
    while live.is_merging and time.perf_counter() - began < MOST_SECONDS:
        during.ask()
    seconds = time.perf_counter() - began
    live.settle()
    work = f"a query during a merge of {count:,} entries ({seconds:.0f} s, {len(during.took):,} queries)"
    found = []
    for name, share in SHARES.items():
        ours, theirs = (float(np.percentile(asking.took, share)) for asking in (during, before))
        found.append(_wait_row(f"{work}: {name}", ours, theirs))
    longest = _wait_row(f"{work}: longest wait ({during.about()})", max(during.waited)[0], max(before.waited)[0])
    return [*found, longest if longest["holds"] else {**longest, "why": during.why()}]


def _wait_row(work: str, ours: float, theirs: float) -> Row:
    return row(work, "the same with no merge", ours, theirs, "ms", f"under {WAIT_LIMIT:g} ms", ours < WAIT_LIMIT)


class _Asking:
    """Queries one after the other, and what each took and waited, in milliseconds."""

    def __init__(self, live: LiveIndex, queries: list[list[Hash]]) -> None:
        self._live, self._queries = live, cycle(queries)
        self.took: list[float] = []
        self.waited: list[tuple[float, float]] = [(0.0, 0.0)]  # and how much of it for a processor
        self.stolen: list[float] = []

    def ask(self) -> None:
        """One more."""
        asked, stolen, ready, ran = next(self._queries), _stolen(), _ready(), time.thread_time()
        took = timed(lambda: self._live.query(asked))[1] * 1000
        ran, ready = (time.thread_time() - ran) * 1000, _ready() - ready
        self.took.append(took)
        if _stolen() > stolen:
            self.stolen.append(took)
        else:
            self.waited.append((took - ran, ready))

    def about(self) -> str:
        """How slow the slowest was for whatever reason, and what is left out of the waits."""
        told = f"the slowest took {max(self.took):.1f} ms"
        if self.stolen:
            told += f"; without {len(self.stolen)} while the host had stopped us, up to {max(self.stolen):.1f} ms"
        return told

    def why(self) -> str:
        """What the longest wait was for."""
        waited, ready = max(self.waited)
        return f"Of {waited:.1f} ms, {ready:.1f} ms passed until the system gave the query a processor."


def _ready() -> float:
    """Milliseconds for which this thread has been ready to run and had no processor; 0 if nobody counts.

    The second figure of ``/proc/thread-self/schedstat``: the kernel's documentation of scheduler statistics.
    """
    try:
        return int(Path("/proc/thread-self/schedstat").read_bytes().split()[1]) / 1e6
    except OSError:
        return 0.0


def _stolen() -> int:
    """Ticks, of ten milliseconds mostly, in which the host ran something else on our processors; 0 if nobody counts.

    The eighth figure of the first line of ``/proc/stat``: proc(5).
    """
    return int(os.pread(_STAT, 256, 0).split()[8]) if _STAT is not None else 0
