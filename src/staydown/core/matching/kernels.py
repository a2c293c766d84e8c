"""The compiled loops of the index: comparing, and searching by tables of chunks; `building` makes these.

Imported only by `scan`, and only once an index is large enough to need it: numba alone takes half a second to load.
Each kernel has one signature, so there is one thing to compile, once per machine; the result is kept beside this file
or in the user's cache folder, and where neither can be written it is compiled again in each process.

What decides the speed of a search is memory, not arithmetic. A load that misses every cache costs as much as hundreds
of instructions, and one from a page that was not used lately twice that: the processor has to look up first where the
page lies. So a search

- never waits for one load before it asks for the next: it goes over its probes in passes, and asks long before it
  reads, for bounds of buckets, then slots, then the rows themselves;
- goes over buckets in ascending order, so that those in one line, or in one page, come together;
- rules out nearly everything by the bits in a slot, sixteen slots in one go, because each row it looks at in vain is a
  page of its own.

No number read from a table is trusted: a forged file can make an answer wrong, never cause a read outside an array.
Whole numbers are unsigned 64-bit throughout (`U`): numba would turn a mix of signed and unsigned into floating point.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from staydown.core.compiling import compiled
from staydown.core.matching.building import Number, Rows, Small, U, Words, array_of, chunk_of, slot_of
from staydown.core.matching.building import build as build
from staydown.core.matching.machine import LANES, first_one, near_rows, near_slots, popcount, prefetch, types
from staydown.core.matching.plan import ROWS_A_BLOCK, SLOT_BITS

BLOCK: Final = 2048  # how many entries are compared with each query before the next ones
ALL_LANES: Final = (1 << LANES) - 1
AHEAD: Final = 64  # lines of slots that are on their way while one is compared
LINE_BITS: Final = 6  # a line of the cache has 2 ** 6 bytes
ALL_BITS: Final = (1 << SLOT_BITS) - 1
LONG: Final = 255  # stands in place of a bound in a group that holds too many rows for bounds of one byte


_WORDS: Final = array_of(types.uint64, 2)
_LIST: Final = array_of(types.uint64, 1)
_TABLES: Final = array_of(types.uint32, 2)
_BYTES: Final = array_of(types.uint8, 2)
_NUMBER: Final = types.uint64
_ROWS: Final = types.uint32[::1]
_SMALL: Final = types.uint8[::1]


@compiled()
def grown(rows: Rows, distances: Small, room: Number) -> tuple[Rows, Small]:
    """The same in twice as much room, and at least ``room``."""
    size = U(max(U(2) * U(rows.size), room))
    more_rows, more_distances = np.empty(size, np.uint32), np.empty(size, np.uint8)
    for place in range(rows.size):
        more_rows[place], more_distances[place] = rows[place], distances[place]
    return more_rows, more_distances


@compiled()
def compare_block(
    values: Words,
    first: Number,
    end: Number,
    query: Words,
    asked: Number,
    radius: Number,
    rows: Rows,
    distances: Small,
) -> Number:
    """Writes the rows from ``first`` to ``end`` that lie near one query, and returns how many there are."""
    q0, q1, q2, q3 = query[asked, U(0)], query[asked, U(1)], query[asked, U(2)], query[asked, U(3)]
    found = U(0)
    for row in range(first, end):
        bits = popcount(values[row, U(0)] ^ q0) + popcount(values[row, U(1)] ^ q1)
        bits += popcount(values[row, U(2)] ^ q2) + popcount(values[row, U(3)] ^ q3)
        rows[found], distances[found] = row, bits
        found += U(bits <= radius)
    return found


@compiled(types.Tuple((_ROWS, _SMALL, _ROWS))(_WORDS, _WORDS, _NUMBER))
def compare(values: Words, queries: Words, radius: Number) -> tuple[Rows, Small, Rows]:
    """Rows within ``radius`` of a query, their distances, and which query it was, found by looking at every row.

    Block by block, so that several queries read the values from memory once.
    """
    held = U(0)
    rows, distances = np.empty(U(BLOCK), np.uint32), np.empty(U(BLOCK), np.uint8)
    askers, _ = grown(rows, distances, U(0))
    for first in range(U(0), U(values.shape[0]), U(BLOCK)):
        end = min(first + U(BLOCK), U(values.shape[0]))
        for asked in range(U(queries.shape[0])):
            if held + U(BLOCK) > U(rows.size):
                askers, _ = grown(askers, distances, U(0))
                rows, distances = grown(rows, distances, U(0))
            found = compare_block(values, first, end, queries, asked, radius, rows[held:], distances[held:])
            askers[held : held + found] = asked
            held += found
    return rows[:held], distances[:held], askers[:held]


@compiled()
def bucket_of(query: Words, asked: Number, chunk: Words, table_bits: Number) -> Number:
    """The bucket of a query itself."""
    return chunk_of(query, asked, chunk[0], chunk[1]) >> (chunk[1] - table_bits)


@compiled()
def long_bounds(key: Number, place: Number, base: Number, long_groups: Rows, long_ends: Rows) -> tuple[Number, Number]:
    """Begin and end of a bucket in a group whose ends are written in full; the group is found by halving."""
    low, high = U(0), U(long_groups.size)
    while low < high:
        middle = (low + high) >> U(1)
        if U(long_groups[middle]) < key:
            low = middle + U(1)
        else:
            high = middle
    if low == U(long_groups.size):
        return U(0), U(0)
    begin = base if place == U(0) else U(long_ends[low, place - U(1)])
    return begin, U(long_ends[low, place])


@compiled()
def ask_bounds(
    query: Words,
    asked: Number,
    chunks: Words,
    bits: tuple[Number, Number, Number],
    bases: Rows,
    ends: Small,
    flips: Rows,
    reach: Words,
) -> None:
    """First pass: asks for the bounds of every bucket that will be looked into, those in one line once."""
    flat_ends, flat_bases = ends.reshape(ends.size), bases.reshape(bases.size)
    for c in range(U(chunks.shape[0])):
        bucket, radius, last = bucket_of(query, asked, chunks[c], bits[0]), chunks[c, 2], U(0)
        for f in range(reach[radius], reach[radius + U(1)]):
            line = (bucket ^ U(flips[f])) >> U(LINE_BITS)
            if line + U(1) != last:
                prefetch(flat_ends, c * U(ends.shape[1]) + (line << U(LINE_BITS)))
                prefetch(flat_bases, c * U(bases.shape[1]) + (line << U(LINE_BITS) >> bits[1]))
                last = line + U(1)


@compiled()
def read_bounds(
    query: Words,
    asked: Number,
    chunks: Words,
    bits: tuple[Number, Number, Number],
    tables: tuple[Rows, Small, Rows, Rows, Rows],
    flips: Rows,
    reach: Words,
    begins: Words,
    counts: Rows,
) -> Number:
    """Second pass: writes where the slots of each bucket begin and how many there are; returns their number."""
    bases, ends, long_groups, long_ends, slots = tables
    room = U(slots.shape[1])
    probe, total, last = U(0), U(0), (U(1) << bits[1]) - U(1)
    for c in range(U(chunks.shape[0])):
        nearest, radius = bucket_of(query, asked, chunks[c], bits[0]), chunks[c, 2]
        for f in range(reach[radius], reach[radius + U(1)]):
            bucket = nearest ^ U(flips[f])
            group, place = bucket >> bits[1], bucket & last
            base = U(bases[c, group])
            begin, end = base, base + U(ends[c, bucket])
            if place != U(0):
                begin += U(ends[c, bucket - U(1)])
            if U(ends[c, bucket]) == U(LONG):
                begin, end = long_bounds(c * U(bases.shape[1]) + group, place, base, long_groups, long_ends)
            end = min(end, room)
            begin = min(begin, end)
            begins[probe], counts[probe] = c * room + begin, end - begin
            total += end - begin
            probe += U(1)
    return total


@compiled()
def lines_of(begins: Words, counts: Rows, weights: Small, lines: Words, lanes: Words) -> Number:
    """The lines of slots that the buckets of a chunk lie in, and of each which lanes are the bucket's, and above them
    by how many bits it is away from the query's own. Returns how many lines there are.

    Two lines are written for each bucket, whether it is in none, one or two: no branch, so none that is foreseen wrong.
    """
    kept = U(0)
    for probe in range(U(weights.size)):
        line, away = begins[probe] & ~U(LANES - 1), U(weights[probe]) << U(LANES)
        first = begins[probe] - line
        end = first + U(counts[probe])
        lines[kept], lanes[kept] = line, away | (U(ALL_LANES) << first & ((U(1) << min(end, U(LANES))) - U(1)))
        kept += U(counts[probe] != np.uint32(0))
        while end > U(2 * LANES):
            line, end = line + U(LANES), end - U(LANES)
            lines[kept], lanes[kept] = line, away | U(ALL_LANES)
            kept += U(1)
        rest = max(end, U(LANES)) - U(LANES)
        lines[kept], lanes[kept] = line + U(LANES), away | ((U(1) << rest) - U(1))
        kept += U(rest != U(0))
    return kept


@compiled()
def filter_slots(
    query: Words,
    asked: Number,
    chunk: Words,
    bits: tuple[Number, Number, Number],
    slots: Rows,
    lines: Words,
    lanes: Words,
    first: Number,
    end: Number,
) -> Number:
    """Third pass, for one chunk: leaves those lines in which some slots are near, and says in ``lanes`` which ones.
    Returns how many such lines there are."""
    rest = ((U(1) << (chunk[1] - bits[0])) - U(1)) << bits[2]
    whole = U(ALL_BITS) & ~((U(1) << bits[2]) - U(1))
    wanted, hits = slot_of(query, asked, chunk, bits[0], bits[2]), first
    for place in range(first, end):
        prefetch(slots, lines[place + U(AHEAD)])
        line, ones = lines[place], lanes[place] >> U(LANES)
        some = near_slots(slots, line, wanted, (rest, chunk[2] - ones, whole, chunk[5] - ones)) & lanes[place]
        lines[hits], lanes[hits] = line, some
        hits += U(some != U(0))
    return hits - first


@compiled()
def ask_blocks(
    flat: Words, slots: Rows, block_bits: Number, lines: Words, lanes: Words, hits: Number, blocks: Rows, kept: Number
) -> Number:
    """Adds the blocks of the slots that are near to ``blocks``, each asked for; returns how many there are then."""
    mask = (U(1) << block_bits) - U(1)
    for hit in range(hits):
        some = lanes[hit]
        while some != U(0):
            block = U(slots[lines[hit] + first_one(some)]) & mask
            blocks[kept] = block
            prefetch(flat, block * U(4 * ROWS_A_BLOCK))
            prefetch(flat, block * U(4 * ROWS_A_BLOCK) + U(8))
            kept += U(1)
            some &= some - U(1)
    return kept


@compiled()
def compare_blocks(
    values: Words, query: Words, asked: Number, radius: Number, blocks: Rows, kept: Number, rows: Rows, distances: Small
) -> Number:
    """Last pass: writes the rows of the blocks that are truly within the radius, and returns how many there are."""
    words = (query[asked, U(0)], query[asked, U(1)], query[asked, U(2)], query[asked, U(3)])
    flat, size, found = values.reshape(values.size), U(values.shape[0]), U(0)
    last = max(size, U(ROWS_A_BLOCK)) - U(ROWS_A_BLOCK)
    for place in range(kept):
        first = min(U(blocks[place]) * U(ROWS_A_BLOCK), last)  # the last block may be short: then it begins earlier
        if size < U(ROWS_A_BLOCK) or near_rows(flat, first * U(4), words, radius) != U(0):
            end = min(first + U(ROWS_A_BLOCK), size)
            found += compare_block(values, first, end, query, asked, radius, rows[found:], distances[found:])
    return found


@compiled()
def near_blocks(
    values: Words,
    query: Words,
    asked: Number,
    chunks: Words,
    bits: tuple[Number, Number, Number],
    slots: Rows,
    weights: Small,
    reach: Words,
    begins: Words,
    counts: Rows,
    total: Number,
    blocks: Rows,
) -> Number:
    """Third pass: writes to ``blocks`` those whose slots are near, each asked for, and returns how many there are."""
    flat, flat_slots = values.reshape(values.size), slots.reshape(slots.size)
    room = U(2) * U(counts.size) + total // U(LANES) + U(2 + AHEAD)
    lines, lanes = np.empty(room, np.uint64), np.empty(room, np.uint64)
    probe, held, kept = U(0), U(0), U(0)
    starts = np.zeros(chunks.shape[0] + 1, np.uint64)
    for c in range(U(chunks.shape[0])):
        some = weights[reach[chunks[c, 2]] : reach[chunks[c, 2] + U(1)]]
        end = probe + U(some.size)
        held += lines_of(begins[probe:end], counts[probe:end], some, lines[held:], lanes[held:])
        starts[c + U(1)], probe = held, end
    lines[held : held + U(AHEAD)] = 0  # to be asked for after the last, to no end
    for place in range(U(AHEAD)):
        prefetch(flat_slots, lines[place])
    for c in range(U(chunks.shape[0])):
        first, end = starts[c], starts[c + U(1)]
        hits = filter_slots(query, asked, chunks[c], bits, flat_slots, lines, lanes, first, end)
        kept = ask_blocks(flat, flat_slots, bits[2], lines[first:], lanes[first:], hits, blocks, kept)
    return kept


@compiled(
    types.Tuple((_ROWS, _SMALL, _ROWS, types.uint8[::1]))(
        *(_WORDS, _WORDS, _NUMBER, _WORDS, _NUMBER, _NUMBER, _NUMBER),
        *(_TABLES, _BYTES, array_of(types.uint32, 1), _TABLES, _TABLES),
        *(array_of(types.uint32, 1), array_of(types.uint8, 1), _LIST, _NUMBER, _NUMBER),
    )
)
def search(
    values: Words,
    queries: Words,
    radius: Number,
    chunks: Words,
    table_bits: Number,
    group_bits: Number,
    block_bits: Number,
    bases: Rows,
    ends: Small,
    long_groups: Rows,
    long_ends: Rows,
    slots: Rows,
    flips: Rows,
    weights: Small,
    reach: Words,
    most_slots: Number,
    most_blocks: Number,
) -> tuple[Rows, Small, Rows, Small]:
    """Rows near a query, their distances, and which query it was; and for each query whether its search finished.

    A search gives up, before it has cost much, when the buckets hold so much that looking at every row is cheaper.
    """
    probes = U(0)
    for c in range(U(chunks.shape[0])):
        probes += reach[chunks[c, 2] + U(1)] - reach[chunks[c, 2]]
    begins, counts = np.empty(probes, np.uint64), np.empty(probes, np.uint32)
    bits, tables = (table_bits, group_bits, block_bits), (bases, ends, long_groups, long_ends, slots)
    held, finished = U(0), np.zeros(queries.shape[0], np.uint8)
    rows, distances, askers = np.empty(64, np.uint32), np.empty(64, np.uint8), np.empty(64, np.uint32)
    for asked in range(U(queries.shape[0])):
        ask_bounds(queries, asked, chunks, bits, bases, ends, flips, reach)
        total = read_bounds(queries, asked, chunks, bits, tables, flips, reach, begins, counts)
        if total > most_slots:
            continue
        blocks = np.empty(total + U(1), np.uint32)
        kept = near_blocks(values, queries, asked, chunks, bits, slots, weights, reach, begins, counts, total, blocks)
        if kept > most_blocks:
            continue
        room = held + U(ROWS_A_BLOCK) * kept + U(1)
        if room > U(rows.size):
            askers, _ = grown(askers, distances, room)
            rows, distances = grown(rows, distances, room)
        found = compare_blocks(values, queries, asked, radius, blocks, kept, rows[held:], distances[held:])
        askers[held : held + found] = asked
        held, finished[asked] = held + found, np.uint8(1)
    return rows[:held], distances[:held], askers[:held], finished
