"""The compiled loops of the index: comparing, and searching by tables of chunks; `building` makes these.

Imported only by `scan`, and only once an index is large enough to need it: numba alone takes half a second to load.
Each kernel has one signature, so there is one thing to compile, once per machine; the result is kept beside this file
or in the user's cache folder, and where neither can be written it is compiled again in each process.

What decides the speed of a search is memory, not arithmetic. A load that misses every cache costs as much as hundreds
of instructions, and one from a page that was not used lately twice that: the processor has to look up first where the
page lies. So a search

- never waits for one load before it asks for the next: it goes over its probes in passes, and each pass asks for what
  the next one will read, bounds of buckets, then slots, then the rows themselves;
- goes over buckets in ascending order, so that those in one line, or in one page, come together;
- rules out nearly everything by the bits in a slot, sixteen slots in one go, because each row it looks at in vain is a
  page of its own.

No number read from a table is trusted: a forged file can make an answer wrong, never cause a read outside an array.
Whole numbers are unsigned 64-bit throughout (`U`): numba would turn a mix of signed and unsigned into floating point.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from staydown.core.matching.building import Number, Rows, Small, U, Words, array_of, chunk_of, slot_of
from staydown.core.matching.building import build as build
from staydown.core.matching.machine import LANES, compiled, first_one, near_rows, near_slots, popcount, prefetch, types
from staydown.core.matching.plan import ROWS_A_BLOCK

BLOCK: Final = 2048  # how many entries are compared with each query before the next ones
GROUP_BITS: Final = 6  # buckets whose bounds count from one base: as many as bytes in a line of the cache
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
    query: Words, asked: Number, chunks: Words, table_bits: Number, bases: Rows, ends: Small, flips: Rows, reach: Words
) -> None:
    """First pass: asks for the bounds of every bucket that will be looked into, those in one line once."""
    flat_ends, flat_bases = ends.reshape(ends.size), bases.reshape(bases.size)
    for c in range(U(chunks.shape[0])):
        bucket, radius, last = bucket_of(query, asked, chunks[c], table_bits), chunks[c, 2], U(0)
        for f in range(reach[radius], reach[radius + U(1)]):
            group = (bucket ^ U(flips[f])) >> U(GROUP_BITS)
            if group + U(1) != last:
                prefetch(flat_ends, c * U(ends.shape[1]) + (group << U(GROUP_BITS)))
                prefetch(flat_bases, c * U(bases.shape[1]) + group)
                last = group + U(1)


@compiled()
def ask_slots(
    query: Words,
    asked: Number,
    chunks: Words,
    table_bits: Number,
    tables: tuple[Rows, Small, Rows, Rows, Rows],
    flips: Rows,
    reach: Words,
    begins: Words,
    counts: Words,
) -> Number:
    """Second pass: where the slots of each bucket lie and how many there are, all asked for. Returns their number."""
    bases, ends, long_groups, long_ends, slots = tables
    flat, room = slots.reshape(slots.size), U(slots.shape[1])
    probe, total = U(0), U(0)
    for c in range(U(chunks.shape[0])):
        nearest, radius = bucket_of(query, asked, chunks[c], table_bits), chunks[c, 2]
        for f in range(reach[radius], reach[radius + U(1)]):
            bucket = nearest ^ U(flips[f])
            group, place = bucket >> U(GROUP_BITS), bucket & U((1 << GROUP_BITS) - 1)
            base = U(bases[c, group])
            begin, end = base, base + U(ends[c, bucket])
            if place != U(0):
                begin += U(ends[c, bucket - U(1)])
            if U(ends[c, bucket]) == U(LONG):
                begin, end = long_bounds(c * U(bases.shape[1]) + group, place, base, long_groups, long_ends)
            end = min(end, room)
            begin = min(begin, end)
            begins[probe], counts[probe] = c * room + begin, end - begin
            prefetch(flat, c * room + begin)
            prefetch(flat, c * room + max(end, begin + U(1)) - U(1))
            total += end - begin
            probe += U(1)
    return total


@compiled()
def filter_slots(
    query: Words,
    asked: Number,
    chunk: Words,
    table_bits: Number,
    block_bits: Number,
    slots: Rows,
    weights: Small,
    begins: Words,
    counts: Words,
    found: Words,
    near: Words,
) -> Number:
    """Third pass, for one chunk: the lines of slots in which some are near, and which. Returns how many such lines."""
    rest = ((U(1) << (chunk[1] - table_bits)) - U(1)) << block_bits
    whole = U(0xFFFFFFFF) & ~((U(1) << block_bits) - U(1))
    wanted, hits = slot_of(query, asked, chunk, table_bits, block_bits), U(0)
    for probe in range(U(weights.size)):
        line, end, ones = begins[probe] & ~U(LANES - 1), begins[probe] + counts[probe], U(weights[probe])
        lanes = ~U(0) << (begins[probe] - line)  # without the slots before the bucket, if they share its first line
        while line < end:
            some = near_slots(slots, line, wanted, (rest, chunk[2] - ones, whole, chunk[5] - ones)) & lanes
            some &= (U(1) << min(end - line, U(LANES))) - U(1)
            found[hits], near[hits] = line, some
            hits += U(some != U(0))
            lanes = ~U(0)
            line += U(LANES)
    return hits


@compiled()
def ask_blocks(
    flat: Words, slots: Rows, block_bits: Number, found: Words, near: Words, hits: Number, blocks: Rows, kept: Number
) -> Number:
    """Adds the blocks of the slots that are near to ``blocks``, each asked for; returns how many there are then."""
    mask = (U(1) << block_bits) - U(1)
    for hit in range(hits):
        lanes = near[hit]
        while lanes != U(0):
            block = U(slots[found[hit] + first_one(lanes)]) & mask
            blocks[kept] = block
            prefetch(flat, block * U(4 * ROWS_A_BLOCK))
            prefetch(flat, block * U(4 * ROWS_A_BLOCK) + U(8))
            kept += U(1)
            lanes &= lanes - U(1)
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
    bits: tuple[Number, Number],
    slots: Rows,
    weights: Small,
    reach: Words,
    begins: Words,
    counts: Words,
    total: Number,
    blocks: Rows,
) -> Number:
    """Third pass: writes to ``blocks`` those whose slots are near, each asked for, and returns how many there are."""
    flat, flat_slots, probe, kept = values.reshape(values.size), slots.reshape(slots.size), U(0), U(0)
    room = U(2) * U(weights.size) + total // U(LANES)  # lines that the buckets of a chunk lie in, some in part
    found, near = np.empty(room, np.uint64), np.empty(room, np.uint64)
    for c in range(U(chunks.shape[0])):
        some = weights[reach[chunks[c, 2]] : reach[chunks[c, 2] + U(1)]]
        end = probe + U(some.size)
        hits = filter_slots(
            query,
            asked,
            chunks[c],
            bits[0],
            bits[1],
            flat_slots,
            some,
            begins[probe:end],
            counts[probe:end],
            found,
            near,
        )
        kept = ask_blocks(flat, flat_slots, bits[1], found, near, hits, blocks, kept)
        probe = end
    return kept


@compiled(
    types.Tuple((_ROWS, _SMALL, _ROWS, types.uint8[::1]))(
        *(_WORDS, _WORDS, _NUMBER, _WORDS, _NUMBER, _NUMBER),
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
    held, finished = U(0), np.zeros(queries.shape[0], np.uint8)
    rows, distances, askers = np.empty(64, np.uint32), np.empty(64, np.uint8), np.empty(64, np.uint32)
    for asked in range(U(queries.shape[0])):
        ask_bounds(queries, asked, chunks, table_bits, bases, ends, flips, reach)
        tables = (bases, ends, long_groups, long_ends, slots)
        total = ask_slots(queries, asked, chunks, table_bits, tables, flips, reach, begins, counts)
        if total > most_slots:
            continue
        blocks, bits = np.empty(total + U(1), np.uint32), (table_bits, block_bits)
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
