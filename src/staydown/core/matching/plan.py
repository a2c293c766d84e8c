"""How to search a set of entries: by which chunks of the bits, or by looking at every one.

**Why chunks find everything.** Cut the 256 bits into *m* disjoint chunks and give chunk *i* a radius *r_i*. If a hash
differs from an entry in at most *r* bits, and every chunk differed in more than its *r_i*, then at least
``sum(r_i + 1)`` bits would differ. So when ``sum(r_i) = r + 1 - m``, at least one chunk is within its own radius, and
looking up, for each chunk, the few values within *r_i* of it finds the entry (pigeonhole). Chunks need not cover all
bits, only be disjoint.

**Why the next chunk helps.** Lay the chunks in a ring, the first after the last, and write for each how far its
difference *d_i* is from ``r_i + 1``. These numbers add up to less than zero, so there is a chunk from which on they add
up to less than zero at every step around the ring (the cycle lemma: begin after the point where the sum was highest).
That chunk is within its radius, and together with the next one it differs in at most ``r_i + r_(i+1) + 1`` bits. So an
entry that is found by chunk *i* and differs too much in chunk *i + 1* may be left out: if it is near, another chunk
finds it. Chance brings few entries as near as that in two chunks.

**Tables.** For each chunk, the rows are listed in ``slots`` in the order of its highest ``table_bits`` bits; those that
share them are a bucket, two or so. A slot is 32 bits. The lower ``block_bits`` name a block of four rows, which lie in
memory side by side, so that to find one costs as much as to find all. Above them stand the rest of the chunk and the
lowest ``onward_bits`` of the next one: nine of ten slots are ruled out by these without touching an entry.
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
ROWS_A_BLOCK: Final = 4
MOST_ROWS: Final = 1 << 31  # a shelf with more is compared entry by entry
FEWEST_ROWS: Final = 30_000  # below it nothing is faster than looking at every entry
MOST_PROBES: Final = 30_000  # buckets that one query may look into
NO_LIMIT: Final = 1 << 62
ROOMS: Final = (50, 75)  # bytes an entry that the tables may take; more only for a radius that nothing else serves,
ROOM: Final = 256_000_000  # or so many for all of them: a small index may be generous
MOST_IN_A_BUCKET: Final = 3  # rows, on average
MOST_IN_A_GROUP: Final = 192  # rows, on average: their bounds are bytes
WIDEST_GROUP: Final = 6  # bits of a bucket: the bounds of as many buckets as a line of the cache has bytes
WIDEST_CHUNK: Final = 3  # the largest radius of a chunk: beyond it there are too many values to look up

# What things cost in nanoseconds, measured on one core of a server of 2023. Only their ratios matter, and roughly.
START: Final = 3_000.0  # a search, before it looks at anything
PROBE: Final = 12.0  # a bucket: its bounds and its first slots, both from memory
SLOT: Final = 0.5  # one more slot of a bucket
VERIFY: Final = 30.0  # a block of rows somewhere in memory
COMPARE: Final = 1.8  # an entry when all of them are read in their order

# A search gives up when its buckets hold so many slots, or blocks that pass the filter, that looking at every entry
# is cheaper: then it has cost at most this share of that.
SLOTS_SHARE: Final = 0.1
BLOCKS_SHARE: Final = 0.8


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

    With more than ``most_slots`` in the buckets of a query, or more than ``most_blocks`` of them past the filter, a
    search gives up, and every entry is looked at instead.
    """

    rows: int
    radius: int
    table_bits: int
    block_bits: int
    chunks: tuple[Chunk, ...]
    most_slots: int = NO_LIMIT
    most_blocks: int = NO_LIMIT

    @property
    def cost(self) -> float:
        """Nanoseconds that a query costs if the bits of the entries are like thrown coins."""
        probes, slots, blocks = self.expected()
        return START + probes * PROBE + slots * SLOT + blocks * VERIFY

    @property
    def group_bits(self) -> int:
        """So many of the lowest bits of a bucket tell it from the others whose bounds count from one base.

        Chosen so that chance hardly brings more rows to a group than bounds of one byte can count.
        """
        buckets = (MOST_IN_A_GROUP << self.table_bits) // max(1, self.rows)
        return max(0, min(self.table_bits, WIDEST_GROUP, buckets.bit_length() - 1))

    @property
    def nbytes(self) -> int:
        """Bytes of memory of the tables, but for groups that hold too much."""
        buckets = 1 << self.table_bits
        return len(self.chunks) * (4 * self.rows + buckets + 4 * (buckets >> self.group_bits))

    def expected(self) -> tuple[float, float, float]:
        """How many buckets, slots and blocks a query touches if the bits of the entries are like thrown coins."""
        probes = sum(within(self.table_bits, chunk.radius) for chunk in self.chunks)
        pairs = zip(self.chunks, self.onward(), strict=True)
        blocks = self.rows * sum(kept_by_chance(c.width, c.radius, bits, n.radius) for c, (n, bits) in pairs)
        return probes, probes * self.rows / 2**self.table_bits, blocks

    def onward(self) -> list[tuple[Chunk, int]]:
        """For each chunk the next one around the ring, and how many of its bits stand in a slot."""
        free = SLOT_BITS - self.block_bits + self.table_bits
        pairs = zip(self.chunks, (*self.chunks[1:], self.chunks[0]), strict=True)
        return [(after, min(after.width, free - chunk.width) if after != chunk else 0) for chunk, after in pairs]

    def as_array(self) -> NDArray[np.uint64]:
        """For the kernels, a row for each chunk: start, width and radius; start and number of the onward bits; how many
        bits may differ in the chunk and those together."""
        pairs = zip(self.chunks, self.onward(), strict=True)
        rows = [(c.start, c.width, c.radius, n.start, onward, c.radius + n.radius + 1) for c, (n, onward) in pairs]
        return np.array(rows, np.uint64).reshape(-1, 6)


@lru_cache(maxsize=4096)
def within(bits: int, radius: int) -> int:
    """How many values of ``bits`` bits lie within ``radius`` of one."""
    return sum(math.comb(bits, flipped) for flipped in range(radius + 1))


@lru_cache(maxsize=4096)
def kept_by_chance(width: int, radius: int, onward: int, next_radius: int) -> float:
    """The share of random entries that are near in a chunk, and near enough in it and the onward bits together."""
    shares = (
        math.comb(width, ones) * within(onward, radius + next_radius + 1 - ones) / 2 ** (width + onward)
        for ones in range(radius + 1)
    )
    return float(sum(shares))


def best_plan(rows: int, radius: int) -> Plan | None:
    """The cheapest plan, or ``None`` when looking at every entry is cheaper than any."""
    if not FEWEST_ROWS <= rows <= MOST_ROWS:
        return None
    plans = [plan for m in range(1, radius + 2) if (plan := plan_with(rows, radius, m)) is not None]
    whole = rows * COMPARE
    most_slots, most_blocks = int(whole * SLOTS_SHARE / SLOT), int(whole * BLOCKS_SHARE / VERIFY)
    likely = [plan for plan in plans if plan.cost < whole / 2 and plan.expected()[1] < most_slots / 2]
    fitting = ([plan for plan in likely if plan.nbytes <= max(room * rows, ROOM)] for room in ROOMS)
    best = min(next(filter(None, fitting), []), key=lambda plan: plan.cost, default=None)
    return best and replace(best, most_slots=most_slots, most_blocks=most_blocks)


def plan_with(rows: int, radius: int, m: int) -> Plan | None:
    """The plan with ``m`` chunks; ``None`` when they would be too small, or have too many values to look up."""
    if not 1 <= m <= radius + 1:
        return None
    lowest, more = divmod(radius + 1 - m, m)
    if lowest + bool(more) > WIDEST_CHUNK:
        return None
    block_bits = max(1, ((rows - 1) // ROWS_A_BLOCK).bit_length())
    width, wider = divmod(BITS, m)
    table_bits = max(1, min(width, (rows // MOST_IN_A_BUCKET).bit_length()))
    chunks, start = [], 0
    for i in range(m):
        bits = width + (i < wider)
        chunks.append(Chunk(start, min(bits, table_bits + SLOT_BITS - block_bits), lowest + (i < more)))
        start += bits
    plan = Plan(rows, radius, table_bits, block_bits, tuple(chunks))
    return plan if plan.expected()[0] <= MOST_PROBES else None


@lru_cache(maxsize=64)
def flips(bits: int, radius: int) -> tuple[NDArray[np.uint32], NDArray[np.uint8], NDArray[np.uint64]]:
    """For each radius up to ``radius``, every mask of at most so many ones among ``bits`` bits; the ones of each; and
    where the masks of each radius begin and end.

    They ascend, so that buckets that lie side by side are looked into one after the other.
    """
    masks: list[int] = []
    ends = [0]
    for most in range(radius + 1):
        chosen = itertools.chain.from_iterable(itertools.combinations(range(bits), ones) for ones in range(most + 1))
        masks += sorted(sum(1 << bit for bit in places) for places in chosen)
        ends.append(len(masks))
    weights = np.array([mask.bit_count() for mask in masks], np.uint8)
    return np.array(masks, np.uint32), weights, np.array(ends, np.uint64)


def is_sound(plan: Plan) -> bool:
    """Whether a plan that was read from somewhere finds everything, and its tables can be searched."""
    numbers = (plan.rows, plan.radius, plan.table_bits, plan.block_bits, plan.most_slots, plan.most_blocks)
    if not all(type(n) is int and n >= 0 for n in (*numbers, *(n for c in plan.chunks for n in astuple(c)))):
        return False
    ends = [0, *(chunk.start + chunk.width for chunk in plan.chunks)]
    starts = [*(chunk.start for chunk in plan.chunks), BITS]
    return (
        all(end <= start for end, start in zip(ends, starts, strict=True))
        and sum(chunk.radius + 1 for chunk in plan.chunks) >= plan.radius + 1
        and all(
            plan.table_bits <= chunk.width <= plan.table_bits + SLOT_BITS - plan.block_bits for chunk in plan.chunks
        )
        and all(chunk.radius <= WIDEST_CHUNK and chunk.width < WORD_BITS for chunk in plan.chunks)
        and 0 < plan.table_bits < SLOT_BITS
        and plan.rows <= ROWS_A_BLOCK << plan.block_bits <= ROWS_A_BLOCK << SLOT_BITS
        and plan.expected()[0] <= MOST_PROBES
    )
