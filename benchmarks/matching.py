"""Exact matching at radius 31 against faiss: the flat index, and the multi-hash index as HMA uses it.

Both sides take turns with the same queries, and the answers are compared: a faster side that misses would not count.
Half of the queries lie 0 to 31 bits from an entry, half lie nowhere near one. No query comes twice, so the entries are
read from memory. A turn begins with other queries of the same side, because the other one has emptied the caches: what
counts is an index that is in use, so these go on for as long on both sides, not for as many queries. The first queries
of a turn have a row of their own. What changes while it is asked is measured by `benchmarks.freshness`.

python -m benchmarks.matching 1000000     # this part alone, at one size
python -m benchmarks.matching hard        # what is hardest for an index, alone
"""

from __future__ import annotations

import gc
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any, Final, NamedTuple

import faiss
import numpy as np

from benchmarks import freshness
from benchmarks.rows import Row, row, timed, versus
from staydown.core.bank import Action
from staydown.core.feed import Cursor
from staydown.core.hashing.algorithm import Algorithm, Hash
from staydown.core.matching import scan, snapshot
from staydown.core.matching.index import Match
from staydown.core.matching.live import LiveIndex
from staydown.core.matching.multi_index import MultiIndex
from staydown.core.matching.table import Kind, Kinds, Table
from staydown.core.matching.video import VideoIndex
from staydown.screening.keeping import Kept, KeptFile
from staydown.screening.settings import KeyFile

SEED: Final = 11
RADIUS: Final = 31
QUERIES: Final = 200
IN_TURN: Final = 20  # queries of one side that count, before those of the other
PRACTICE: Final = 60  # and before them, at least so many that do not,
PRACTICE_SECONDS: Final = 0.05  # for at least so long
AT_ONCE: Final = 64
CROWDS: Final = 6  # times so many
VIEWS: Final = 8
FLAT_TARGETS: Final = {1_000_000: 20, 10_000_000: 100}  # times faster
MULTI_HASH_TARGETS: Final = {10_000_000: 200}
CROWD_TARGETS: Final = {10_000_000: 150}
VIEWS_LIMIT: Final = 5  # times one query
NEAR_COPIES: Final = 100_000
LINEAR_LIMIT: Final = 1.2  # times looking at every entry
RADII: Final = (0, 15, 31, 47, 63)
TURNS: Final = 5  # times each query of a comparison with the linear scan
WIDE_ENTRIES: Final = 1_000_000  # in the index that is asked at every radius


def rows(*, quick: bool) -> list[Row]:
    """The rows of this part; about four minutes, or half a minute when quick."""
    found: list[Row] = []
    for count in (100_000, 1_000_000) if quick else (1_000_000, 10_000_000):
        found += rows_at(count)
        gc.collect()
    return found + hard_rows(quick=quick)


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
    found, theirs_built, theirs_size = against_faiss(count, index, live, queries)
    return [
        *found,
        row(f"build an index of {count:,}", "multi-hash", ours_built, theirs_built, "s", "under 10 s", ours_built < 10),
        memory_row(count, live, theirs_size),
        *snapshot_rows(count, index, theirs_built),
        *freshness.rows(count, live),
    ]


def random_table(count: int, rng: np.random.Generator) -> Table:
    """Entries with random hashes; the second half of an id is the number of the row."""
    values, high = rng.integers(0, 1 << 64, (count, 4), np.uint64), rng.integers(0, 1 << 64, count, np.uint64)
    kinds = Kinds([Kind(Algorithm.PDQ, "reports", RADIUS, Action.BLOCK)])
    return Table(values, high, np.arange(count, dtype=np.uint64), np.zeros(count, np.uint16), kinds)


def asked(table: Table, rng: np.random.Generator) -> list[bytes]:
    """Queries for all turns, every other one near an entry."""
    found = []
    for number in range(QUERIES // IN_TURN * (PRACTICE + IN_TURN)):
        bits = np.unpackbits(table.values[rng.integers(len(table))].view(np.uint8))
        bits[rng.choice(bits.size, number % (RADIUS + 1), replace=False)] ^= 1
        found.append(np.packbits(bits).tobytes() if number % 2 else rng.bytes(32))
    return found


class Compared(NamedTuple):
    """Microseconds of queries on both sides, those at the start of a turn apart, and the share answered alike."""

    ours: list[float]
    theirs: list[float]
    ours_first: list[float]
    theirs_first: list[float]
    same: float

    def rows(self, count: int, name: str, goal: int) -> list[Row]:
        """The rows of this comparison."""
        work = f"no query twice, radius {RADIUS} over {count:,} entries"
        again = f"the first {IN_TURN} queries after the other side's turn, {count:,} entries"
        return [
            versus(work, name, median(self.ours), median(self.theirs), goal),
            versus(again, name, median(self.ours_first), median(self.theirs_first), 1),
            row(f"{work}: answers", name, self.same, 1.0, "of theirs", "the same answers", round(self.same, 9) == 1),
        ]


def against_faiss(
    count: int, index: MultiIndex, live: LiveIndex, queries: list[bytes]
) -> tuple[list[Row], float, float]:
    """The rows against both faiss indexes; seconds that building the multi-hash took, and its bytes an entry."""
    data = in_order_of_rows(index)
    flat = faiss.IndexBinaryFlat(256)
    flat.add(data)
    rows = compared(live, flat, queries).rows(count, "faiss IndexBinaryFlat", FLAT_TARGETS.get(count, 1))
    rows += [views_row(count, live), crowd_row(count, live, flat, "faiss IndexBinaryFlat")]
    del flat
    began = time.perf_counter()
    multi = faiss.IndexBinaryMultiHash(256, 16, 16)
    multi.nflip = 1
    multi.add(data)
    built = time.perf_counter() - began
    del data
    name = "faiss IndexBinaryMultiHash"
    rows += compared(live, multi, queries).rows(count, name, MULTI_HASH_TARGETS.get(count, 1))
    rows.append(crowd_row(count, live, multi, name))
    return rows, built, faiss.serialize_index_binary(multi).nbytes / count


def in_order_of_rows(index: MultiIndex) -> np.ndarray[Any, Any]:
    """The hashes as faiss takes them, by row number."""
    table = index.shelves[0].table
    data = np.empty((len(table), 32), np.uint8)
    data[table.low] = table.values.view(np.uint8).reshape(-1, 32)
    return data


def compared(live: LiveIndex, peer: Any, queries: list[bytes]) -> Compared:
    """Both sides in turns, with the same queries in the same order.

    A turn begins with queries that both sides are asked and that do not count for the steady figure: the caches hold
    what the other side left in them.
    """
    found = Compared([], [], [], [], 0)
    for start in range(0, len(queries), PRACTICE + IN_TURN):
        values = queries[start : start + PRACTICE + IN_TURN]
        mine = turn(lambda value: live.query([Hash(Algorithm.PDQ, value)]), values)
        yours = turn(lambda value: peer.range_search(np.frombuffer(value, np.uint8).reshape(1, 32), RADIUS + 1), values)
        for took, first, steady in ((mine, found.ours_first, found.ours), (yours, found.theirs_first, found.theirs)):
            first += [seconds * 1e6 for _, seconds in took[:IN_TURN]]
            steady += [seconds * 1e6 for _, seconds in took[PRACTICE:]]
        same = sum(
            as_pairs(matches) == as_pairs_of_faiss(answer)
            for (matches, _), (answer, _) in zip(mine, yours, strict=True)
        )
        found = found._replace(same=found.same + same / len(queries))
    return found


def turn(ask: Callable[[bytes], Any], values: list[bytes]) -> list[tuple[Any, float]]:
    """Each answer and its seconds; between those for practice and those that count, others until time is up."""
    rng, began = np.random.default_rng(), time.perf_counter()
    found = [timed(lambda value=value: ask(value)) for value in values[:PRACTICE]]
    while time.perf_counter() - began < PRACTICE_SECONDS:
        ask(rng.bytes(32))
    return found + [timed(lambda value=value: ask(value)) for value in values[PRACTICE:]]


def as_pairs(matches: list[Match]) -> set[tuple[int, int]]:
    """Rows and distances of our answer."""
    return {(match.entry.id.int & ((1 << 64) - 1), match.distance) for match in matches}


def as_pairs_of_faiss(answer: Any) -> set[tuple[int, int]]:
    """Rows and distances of theirs."""
    _, distances, labels = answer
    return set(zip(labels.tolist(), distances.tolist(), strict=True))


def snapshot_rows(count: int, index: MultiIndex, rebuild: float) -> list[Row]:
    """How long opening a file takes, every checksum verified; and one that is encrypted, as a node keeps it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "index"
        snapshot.save(index, path)
        plain = median(timed(lambda: snapshot.load(path))[1] for _ in range(3))
        path.unlink()
        file = KeptFile(Path(folder) / "kept", KeyFile("a key", "a verifier"))
        file.write(Kept(index, VideoIndex(), Cursor(), 0.0, []))
        sealed = median(timed(file.read)[1] for _ in range(3))
    found = []
    for what, took, most in (("a", plain, 0.3), ("an encrypted", sealed, 3)):
        work = f"open {what} snapshot of {count:,}, checksums verified"
        found.append(row(work, "multi-hash: build again", took, rebuild, "s", f"under {most} s", took < most))
    return found


def memory_row(count: int, live: LiveIndex, theirs: float) -> Row:
    """Bytes an entry, ids and everything else that is kept of an entry included; faiss keeps a number."""
    ours = live.nbytes / count
    work = f"memory of {count:,} entries, each"
    most = 100 if count >= 10_000_000 else 160
    return row(work, "multi-hash, its file", ours, theirs, "bytes", f"at most {most}", ours <= most)


def views_row(count: int, live: LiveIndex) -> Row:
    """A picture in its eight rotations and mirrors, no view seen before, against one query."""
    rng = np.random.default_rng(SEED + 2)
    pictures = [[Hash(Algorithm.PDQ, rng.bytes(32)) for _ in range(VIEWS)] for _ in range(QUERIES)]
    single = [[Hash(Algorithm.PDQ, rng.bytes(32))] for _ in range(QUERIES)]
    eight: list[float] = []
    alone: list[float] = []
    for start in range(0, QUERIES, IN_TURN):
        eight += [timed(lambda asked=asked: live.query(asked))[1] * 1e6 for asked in pictures[start:][:IN_TURN]]
        alone += [timed(lambda asked=asked: live.query(asked))[1] * 1e6 for asked in single[start:][:IN_TURN]]
    ours, theirs = median(eight), median(alone)
    work = f"all {VIEWS} views of a picture in one query, {count:,} entries, no view twice"
    target = f"at most {VIEWS_LIMIT} times one query"
    found = row(work, "one query of one view", ours, theirs, "µs", target, ours <= VIEWS_LIMIT * theirs)
    probes, _, blocks = live._state.parts[0].shelves[0].chunked.plan.expected()
    why = (
        f"No two views are near the same hashes: each looks into {probes:,.0f} buckets and {blocks:,.0f} blocks of its "
        f"own, in {ours / VIEWS:.0f} µs; what a query does once for all views takes {theirs - ours / VIEWS:.0f} µs. "
        "What was tried: [decision 15](../decisions/0015-eight-views-are-eight-searches.md)."
    )
    return found if found["holds"] else {**found, "why": why}


def crowd_row(count: int, live: LiveIndex, peer: Any, name: str) -> Row:
    """Many pictures at once on two threads, a picture; each crowd new, the sides in turns, with practice in each."""
    rng, ours, theirs = np.random.default_rng(SEED + 3), [], []

    def ask_ours() -> float:
        crowd = [[Hash(Algorithm.PDQ, rng.bytes(32))] for _ in range(AT_ONCE)]
        return timed(lambda: live.query_many(crowd, threads=2))[1]

    def ask_theirs() -> float:
        crowd = np.frombuffer(rng.bytes(32 * AT_ONCE), np.uint8).reshape(-1, 32)
        return timed(lambda: peer.range_search(crowd, RADIUS + 1))[1]

    faiss.omp_set_num_threads(2)
    for _ in range(CROWDS):
        for ask, took in ((ask_theirs, theirs), (ask_ours, ours)):
            began = time.perf_counter()
            while time.perf_counter() - began < PRACTICE_SECONDS:
                ask()
            took.append(ask())
    faiss.omp_set_num_threads(1)
    work = f"{AT_ONCE} new pictures at once on 2 threads, {count:,} entries, each"
    each = (median(side) / AT_ONCE * 1e6 for side in (ours, theirs))
    return versus(work, f"{name}, 2 threads", *each, CROWD_TARGETS.get(count, 1))


def hard_rows(*, quick: bool) -> list[Row]:
    """What is hardest for an index: a viral picture, all hashes equal, and every radius; against the linear scan."""
    rng, copies = np.random.default_rng(SEED + 4), NEAR_COPIES // (10 if quick else 1)
    table = random_table(10 * copies, rng)
    table.values[:copies] = table.values[0]
    noise = (np.uint64(1) << rng.integers(0, 64, (copies, 4), np.uint64)) * rng.integers(0, 2, (copies, 4), np.uint64)
    table.values[:copies] ^= noise
    viral = linear_row(
        f"a viral picture: {copies:,} near copies among {10 * copies:,}, near it", table, table.values[:9]
    )
    others = linear_row(f"a viral picture: {copies:,} near copies among {10 * copies:,}, elsewhere", table, None)
    equal = random_table(copies, rng)
    equal.values[:] = equal.values[0]
    found = [viral, others, linear_row(f"{copies:,} equal hashes, asked for", equal, equal.values[:9])]
    for radius in RADII:
        wide = random_table(WIDE_ENTRIES // (10 if quick else 1), rng)
        wide = replace(wide, kinds=Kinds([Kind(Algorithm.PDQ, "reports", radius, Action.BLOCK)]))
        found.append(linear_row(f"radius {radius}, {len(wide):,} entries", wide, None))
    return found


def linear_row(work: str, table: Table, near: Any) -> Row:
    """The search against looking at every entry, both without making answers of the rows found."""
    rng, shelf = np.random.default_rng(SEED + 5), MultiIndex(table).shelves[0]
    queries = rng.integers(0, 1 << 64, (9, 4), np.uint64) if near is None else near
    widest, values = shelf.table.kinds.widest[Algorithm.PDQ], shelf.table.values
    sides = (lambda asked: shelf.all_near(Algorithm.PDQ, asked)), (lambda asked: scan.near(values, asked, widest))
    each = [queries[number : number + 1] for number in range(len(queries))]
    same = all(
        len({frozenset(zip(*map(np.ndarray.tolist, side(asked)), strict=True)) for side in sides}) == 1
        for asked in each
    )
    took: tuple[list[float], list[float]] = [], []
    for turn, asked in enumerate(each * TURNS):  # in turn the first, which may find the caches as the other left them
        for number in (0, 1) if turn % 2 else (1, 0):
            took[number].append(timed(lambda side=sides[number], asked=asked: side(asked))[1])
    ours, theirs = (median(side) * 1e6 for side in took)
    target = f"right, and at most {LINEAR_LIMIT} times as slow"
    return row(work, "looking at every entry", ours, theirs, "µs", target, same and ours <= LINEAR_LIMIT * theirs)


if __name__ == "__main__":
    wanted = sys.argv[1]
    for each in hard_rows(quick=False) if wanted == "hard" else rows_at(int(wanted)):
        print({name: f"{value:.4g}" if isinstance(value, float) else value for name, value in each.items()})
