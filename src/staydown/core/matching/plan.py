"""How to search a set of entries: by which chunks of the bits, or by looking at every one.

**Why chunks find everything.** Cut the 256 bits into *m* disjoint chunks and give chunk *i* a radius *r_i*. If a hash
differs from an entry in at most *r* bits, and every chunk differed in more than its *r_i*, then at least
``sum(r_i + 1)`` bits would differ. So when ``sum(r_i) = r + 1 - m``, at least one chunk is within its own radius, and
looking up, for each chunk, the few values within *r_i* of it finds the entry (pigeonhole). Chunks need not cover all
bits, only be disjoint.

**Tables.** For each chunk, the rows are grouped by its highest ``table_bits`` bits: ``bounds`` says where each group
(bucket) begins in ``slots``. A slot is 32 bits: the row in its lower ``row_bits``, and above it the rest of the
chunk, so that most of a bucket is ruled out without touching the entries.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import astuple, dataclass, replace
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

BITS: Final = 256
SLOT_BITS: Final = 32
WORD_BITS: Final = 64
MOST_ROWS: Final = 1 << 31  # a shelf with more is compared entry by entry
FEWEST_ROWS: Final = 30_000  # below it nothing is faster than looking at every entry
MOST_PROBES: Final = 30_000  # buckets that one query may look into
NO_LIMIT: Final = 1 << 62
WIDEST_CHUNK: Final = 3  # the largest radius of a chunk: beyond it there are too many values to look up

# What things cost in nanoseconds, measured on one core of a server of 2023. Only their ratios matter, and roughly.
START: Final = 3_000.0  # a search, before it looks at anything
PROBE: Final = 20.0  # a bucket: its bounds and its first slot, both from memory
SLOT: Final = 1.5  # one more slot of a bucket
VERIFY: Final = 10.0  # an entry somewhere in memory
COMPARE: Final = 1.8  # an entry when all of them are read in their order

# A search gives up when its buckets hold so many slots, or rows that pass the filter, that looking at every entry
# is cheaper: then it has cost at most this share of that.
SLOTS_SHARE: Final = 0.1
ROWS_SHARE: Final = 0.8


@dataclass(frozen=True, slots=True)
class Chunk:
    """``width`` bits of a hash from bit ``start``, looked up with every value within ``radius`` of them.

    Bit 0 is the lowest bit of the first byte, bit 8 the lowest bit of the second.
    """

    start: int
    width: int
    radius: int


@dataclass(frozen=True, slots=True)
class Plan:
    """Which chunks find everything within ``radius`` among ``rows`` rows, and how their tables are laid out.

    With more than ``most_slots`` in the buckets of a query, or more than ``most_rows`` of them past the filter, a
    search gives up, and every entry is looked at instead.
    """

    rows: int
    radius: int
    table_bits: int
    row_bits: int
    chunks: tuple[Chunk, ...]
    most_slots: int = NO_LIMIT
    most_rows: int = NO_LIMIT

    @property
    def cost(self) -> float:
        """Nanoseconds that a query costs if the bits of the entries are like thrown coins."""
        probes, slots, rows = self.expected()
        return START + probes * PROBE + slots * SLOT + rows * VERIFY

    def expected(self) -> tuple[float, float, float]:
        """How many buckets, slots and entries a query touches if the bits of the entries are like thrown coins."""
        probes = [within(self.table_bits, chunk.radius) for chunk in self.chunks]
        slots = sum(probes) * self.rows / 2**self.table_bits
        rows = sum(within(chunk.width, chunk.radius) * self.rows / 2**chunk.width for chunk in self.chunks)
        return sum(probes), slots, rows

    def as_array(self) -> NDArray[np.uint64]:
        """Start, width and radius of each chunk, for the kernels."""
        return np.array([(c.start, c.width, c.radius) for c in self.chunks], np.uint64).reshape(-1, 3)


def within(bits: int, radius: int) -> int:
    """How many values of ``bits`` bits lie within ``radius`` of one."""
    return sum(math.comb(bits, flipped) for flipped in range(radius + 1))


def best_plan(rows: int, radius: int) -> Plan | None:
    """The cheapest plan, or ``None`` when looking at every entry is cheaper than any."""
    if not FEWEST_ROWS <= rows <= MOST_ROWS:
        return None
    plans = [plan for m in range(1, radius + 2) if (plan := plan_with(rows, radius, m)) is not None]
    whole = rows * COMPARE
    most_slots, most_rows = int(whole * SLOTS_SHARE / SLOT), int(whole * ROWS_SHARE / VERIFY)
    likely = [plan for plan in plans if plan.cost < whole / 2 and plan.expected()[1] < most_slots / 2]
    best = min(likely, key=lambda plan: plan.cost, default=None)
    return best and replace(best, most_slots=most_slots, most_rows=most_rows)


def plan_with(rows: int, radius: int, m: int) -> Plan | None:
    """The plan with ``m`` chunks; ``None`` when they would be too small, or have too many values to look up."""
    if not 1 <= m <= radius + 1:
        return None
    lowest, more = divmod(radius + 1 - m, m)
    if lowest + bool(more) > WIDEST_CHUNK:
        return None
    row_bits = max(1, (rows - 1).bit_length())
    width, wider = divmod(BITS, m)
    table_bits = _table_bits(rows, m, width)
    chunks, start = [], 0
    for i in range(m):
        bits = width + (i < wider)
        chunks.append(Chunk(start, min(bits, table_bits + SLOT_BITS - row_bits), lowest + (i < more)))
        start += bits
    plan = Plan(rows, radius, table_bits, row_bits, tuple(chunks))
    return plan if plan.expected()[0] <= MOST_PROBES else None


def _table_bits(rows: int, m: int, width: int) -> int:
    """Bits by which rows are grouped: bounds may take 5 bytes an entry, and in a small index 8 MB."""
    room = max(5 * rows, 8_000_000)
    return max(1, min(width, (room // (4 * m)).bit_length() - 1, (4 * rows).bit_length() - 1))


@lru_cache(maxsize=64)
def flips(bits: int, radius: int) -> tuple[NDArray[np.uint32], NDArray[np.uint8], NDArray[np.uint64]]:
    """Every mask of at most ``radius`` ones among ``bits`` bits, fewest ones first; the ones of each; how many to each
    number of ones."""
    masks: list[int] = []
    weights: list[int] = []
    reach: list[int] = []
    for weight in range(radius + 1):
        chosen = itertools.combinations(range(bits), weight)
        masks += sorted(sum(1 << bit for bit in places) for places in chosen)
        weights += [weight] * math.comb(bits, weight)
        reach.append(len(masks))
    return np.array(masks, np.uint32), np.array(weights, np.uint8), np.array(reach, np.uint64)


def is_sound(plan: Plan) -> bool:
    """Whether a plan that was read from somewhere finds everything, and its tables can be searched."""
    numbers = (plan.rows, plan.radius, plan.table_bits, plan.row_bits, plan.most_slots, plan.most_rows)
    if not all(type(n) is int and n >= 0 for n in (*numbers, *(n for c in plan.chunks for n in astuple(c)))):
        return False
    ends = [0, *(chunk.start + chunk.width for chunk in plan.chunks)]
    starts = [*(chunk.start for chunk in plan.chunks), BITS]
    return (
        all(end <= start for end, start in zip(ends, starts, strict=True))
        and sum(chunk.radius + 1 for chunk in plan.chunks) >= plan.radius + 1
        and all(plan.table_bits <= chunk.width <= plan.table_bits + SLOT_BITS - plan.row_bits for chunk in plan.chunks)
        and all(chunk.radius <= WIDEST_CHUNK and chunk.width < WORD_BITS for chunk in plan.chunks)
        and 0 < plan.table_bits < SLOT_BITS
        and plan.rows <= 1 << plan.row_bits <= 1 << SLOT_BITS
        and plan.expected()[0] <= MOST_PROBES
    )
