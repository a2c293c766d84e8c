"""Exact matching at radius 31 against faiss: the flat index, and the multi-hash index as HMA uses it.

Both sides take turns with the same queries, on one thread, and the answers are compared: a faster side that misses
would not count. Half of the queries lie 0 to 31 bits from an entry, half lie nowhere near one.

python -m benchmarks.matching 1000000     # this part alone, at one size
"""

from __future__ import annotations

import gc
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any, Final
from uuid import UUID

import faiss
import numpy as np

from staydown.core.bank import Action, Entry
from staydown.core.hashing.algorithm import Algorithm, Hash
from staydown.core.matching import scan, snapshot
from staydown.core.matching.live import LiveIndex
from staydown.core.matching.multi_index import MultiIndex
from staydown.core.matching.table import Kind, Kinds, Table

SEED: Final = 11
RADIUS: Final = 31
QUERIES: Final = 200
IN_TURN: Final = 20  # queries of one side before those of the other
CHANGES: Final = 2000
FLAT_TARGETS: Final = {1_000_000: 20, 10_000_000: 100}  # times faster
MULTI_HASH_TARGETS: Final = {10_000_000: 200}
CHANGE_LIMIT: Final = 1.0  # milliseconds that a change may take until it holds

Row = dict[str, object]


def rows(*, quick: bool) -> list[Row]:
    """The rows of this part; about four minutes, or half a minute when quick."""
    found: list[Row] = []
    for count in (100_000, 1_000_000) if quick else (1_000_000, 10_000_000):
        found += rows_at(count)
        gc.collect()
    return found


def rows_at(count: int) -> list[Row]:
    """The rows for so many random entries."""
    rng = np.random.default_rng(SEED)
    faiss.omp_set_num_threads(1)
    scan.kernels()
    table = random_table(count, rng)
    began = time.perf_counter()
    index = MultiIndex(table)
    ours_built = time.perf_counter() - began
    live = LiveIndex(index)
    queries = asked(table, rng)
    del table
    rows, theirs_built, theirs_size = against_faiss(count, index, live, queries)
    return [
        *rows,
        row(f"build an index of {count:,}", "multi-hash", ours_built, theirs_built, "s", "under 10 s", ours_built < 10),
        memory_row(count, live, theirs_size),
        *snapshot_rows(count, index, theirs_built),
        *change_rows(count, live),
    ]


def random_table(count: int, rng: np.random.Generator) -> Table:
    """Entries with random hashes; the second half of an id is the number of the row."""
    values, high = rng.integers(0, 1 << 64, (count, 4), np.uint64), rng.integers(0, 1 << 64, count, np.uint64)
    kinds = Kinds([Kind(Algorithm.PDQ, "reports", RADIUS, Action.BLOCK)])
    return Table(values, high, np.arange(count, dtype=np.uint64), np.zeros(count, np.uint16), kinds)


def asked(table: Table, rng: np.random.Generator) -> list[bytes]:
    """Queries, every other one near an entry."""
    found = []
    for number in range(QUERIES):
        bits = np.unpackbits(table.values[rng.integers(len(table))].view(np.uint8))
        bits[rng.choice(bits.size, number % (RADIUS + 1), replace=False)] ^= 1
        found.append(np.packbits(bits).tobytes() if number % 2 else rng.bytes(32))
    return found


def against_faiss(
    count: int, index: MultiIndex, live: LiveIndex, queries: list[bytes]
) -> tuple[list[Row], float, float]:
    """The rows against both faiss indexes; seconds that building the multi-hash took, and its bytes an entry."""
    data = in_order_of_rows(index)
    work = f"radius {RADIUS} over {count:,} entries"
    flat = faiss.IndexBinaryFlat(256)
    flat.add(data)
    ours, theirs, recall = compared(live, flat, queries)
    goal = FLAT_TARGETS.get(count, 1)
    rows = [versus(work, "faiss IndexBinaryFlat", ours, theirs, goal)]
    recalls = {"flat": recall}
    del flat
    began = time.perf_counter()
    multi = faiss.IndexBinaryMultiHash(256, 16, 16)
    multi.nflip = 1
    multi.add(data)
    built = time.perf_counter() - began
    del data
    ours, theirs, recalls["multi-hash"] = compared(live, multi, queries)
    rows.append(versus(work, "faiss IndexBinaryMultiHash", ours, theirs, MULTI_HASH_TARGETS.get(count, 1)))
    for peer, recall in recalls.items():
        rows.append(row(f"{work}: answers", peer, recall, 1.0, "of theirs", "the same answers", recall == 1.0))
    return rows, built, faiss.serialize_index_binary(multi).nbytes / count


def in_order_of_rows(index: MultiIndex) -> np.ndarray[Any, Any]:
    """The hashes as faiss takes them, by row number."""
    table = index.shelves[0].table
    data = np.empty((len(table), 32), np.uint8)
    data[table.low] = table.values.view(np.uint8).reshape(-1, 32)
    return data


def compared(live: LiveIndex, peer: Any, queries: list[bytes]) -> tuple[float, float, float]:
    """Median microseconds of ours and of theirs, and the share of queries with the same answer."""
    ours, theirs, same = [], [], 0
    for start in range(0, len(queries), IN_TURN):
        mine = [
            timed(lambda value=value: live.query([Hash(Algorithm.PDQ, value)])) for value in queries[start:][:IN_TURN]
        ]
        arrays = [np.frombuffer(value, np.uint8).reshape(1, 32) for value in queries[start:][:IN_TURN]]
        yours = [timed(lambda array=array: peer.range_search(array, RADIUS + 1)) for array in arrays]
        ours += [took for _, took in mine]
        theirs += [took for _, took in yours]
        for (matches, _), ((_, distances, labels), _) in zip(mine, yours, strict=True):
            found = {(match.entry.id.int & ((1 << 64) - 1), match.distance) for match in matches}
            same += found == set(zip(labels.tolist(), distances.tolist(), strict=True))
    return median(ours) * 1e6, median(theirs) * 1e6, same / len(queries)


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """What the work gives, and its seconds."""
    began = time.perf_counter()
    result = work()
    return result, time.perf_counter() - began


def snapshot_rows(count: int, index: MultiIndex, rebuild: float) -> list[Row]:
    """How long opening a file takes, every checksum verified."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "index"
        snapshot.save(index, path)
        took = median(timed(lambda: snapshot.load(path))[1] for _ in range(3))
    work = f"open a snapshot of {count:,}, checksums verified"
    return [row(work, "multi-hash: build again", took, rebuild, "s", "under 0.3 s", took < 0.3)]


def memory_row(count: int, live: LiveIndex, theirs: float) -> Row:
    """Bytes an entry, ids and everything else that is kept of an entry included; faiss keeps a number."""
    ours = live.nbytes / count
    work = f"memory of {count:,} entries, each"
    most = 100 if count >= 10_000_000 else 160
    return row(work, "multi-hash, its file", ours, theirs, "bytes", f"at most {most}", ours <= most)


def change_rows(count: int, live: LiveIndex) -> list[Row]:
    """How long `add` and `remove` take, after which the change holds."""
    rng = np.random.default_rng(SEED + 1)
    fresh = [
        Entry(UUID(int=(1 << 127) + number), "reports", Hash(Algorithm.PDQ, rng.bytes(32)), RADIUS, Action.BLOCK)
        for number in range(CHANGES)
    ]
    found = []
    for name, change in (("add", live.add), ("remove", lambda entry: live.remove(entry.id))):
        took = sorted(timed(lambda entry=entry, change=change: change(entry))[1] * 1000 for entry in fresh)
        p99 = took[int(len(took) * 0.99)]
        work = f"{name} to {count:,} entries until it holds: p99"
        found.append(row(work, "the target", p99, CHANGE_LIMIT, "ms", "under 1 ms", p99 < CHANGE_LIMIT))
    return found


def versus(work: str, peer: str, ours: float, theirs: float, times: int) -> Row:
    """A row of microseconds with a target in times faster."""
    return row(work, peer, ours, theirs, "µs", f"at least {times} times faster", theirs / ours >= times)


def row(work: str, peer: str, ours: float, theirs: float, unit: str, target: str, holds: object) -> Row:
    """A row of the table; less is better, except for answers."""
    figures = {"ours": ours, "theirs": theirs, "unit": unit, "ratio": theirs / ours if ours else float("inf")}
    return {"work": work, "peer": peer, **figures, "target": target, "holds": bool(holds)}


if __name__ == "__main__":
    for each in rows_at(int(sys.argv[1])):
        print({name: f"{value:.4g}" if isinstance(value, float) else value for name, value in each.items()})
