"""The compiled loops of the index: comparing, building tables of chunks, and searching them.

Imported only by `scan`, and only once an index is large enough to need it: numba alone takes half a second to load.
Each kernel has one signature, so there is one thing to compile, once per machine; the result is kept beside this file
or in the user's cache folder, and where neither can be written it is compiled again in each process.

What decides the speed of a search is memory, not arithmetic: a load that misses every cache costs as much as hundreds
of instructions. So a search never waits for one load before it asks for the next. It goes over its probes four times,
and each pass asks for what the next one will read: bounds of buckets, then their slots, then the entries themselves.

No number read from a table is trusted: a forged file can make an answer wrong, never cause a read outside an array.
Whole numbers are unsigned 64-bit throughout (`U`): numba would turn a mix of signed and unsigned into floating point.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias, TypeVar, cast

import numba
import numpy as np
from llvmlite import ir
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

Kernel = TypeVar("Kernel", bound=Callable[..., Any])
Number: TypeAlias = Any  # np.uint64; its arithmetic is numba's, not Python's
Words: TypeAlias = NDArray[np.uint64]
Rows: TypeAlias = NDArray[np.uint32]
Small: TypeAlias = NDArray[np.uint8]

U: Final[Any] = np.uint64
BLOCK: Final = 2048  # how many entries are compared with each query before the next ones
AHEAD: Final = 64  # how many entries are asked for before they are compared

_types: Final[Any] = numba.types


def compiled(*signature: Any) -> Callable[[Kernel], Kernel]:
    """Compiles a function for one signature, or for whatever it is called with when none is given; kept on disk."""

    def compile_(function: Kernel) -> Kernel:
        njit: Any = numba.njit
        options = {"nogil": True, "error_model": "numpy"}
        try:
            return cast("Kernel", njit(*signature, cache=True, **options)(function))
        except (OSError, RuntimeError):  # no folder for the cache can be written, or the disk is full
            return cast("Kernel", njit(*signature, **options)(function))

    return compile_


def _popcount(typing_context: Any, word: Any) -> Any:  # noqa: ARG001 - numba's signature
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ARG001
        return builder.ctpop(arguments[0])

    return word(word), generate


def _prefetch(typing_context: Any, array: Any, place: Any) -> Any:  # noqa: ARG001 - numba's signature
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        kind = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
        insert: Any = cgutils.get_or_insert_function
        function = insert(builder.module, kind, "llvm.prefetch.p0")
        address = builder.bitcast(builder.gep(data, [arguments[1]]), byte)
        # For reading, and into the second cache: it keeps twice as many loads under way as the first.
        builder.call(function, [address, number(0), number(2), number(1)])
        return context.get_dummy_value()

    return _types.void(array, place), generate


popcount: Final[Any] = intrinsic(_popcount)  # the number of ones in a word
prefetch: Final[Any] = intrinsic(_prefetch)  # asks for array[place]; harmless wherever it points


def _array(kind: Any, dimensions: int) -> Any:
    """The type of a contiguous array that a kernel only reads; a writable one may be given for it."""
    return _types.Array(kind, dimensions, "C", readonly=True)


_WORDS: Final = _array(_types.uint64, 2)
_TABLES: Final = _array(_types.uint32, 2)
_NUMBER: Final = _types.uint64
_ROWS: Final = _types.uint32[::1]
_SMALL: Final = _types.uint8[::1]


@compiled()
def chunk_of(values: Words, row: Number, start: Number, width: Number) -> Number:
    """Bits ``start`` to ``start + width`` of a row; at most 63 of them."""
    word, shift = start >> U(6), start & U(63)
    bits = values[row, word] >> shift
    if shift + width > U(64):
        bits |= values[row, word + U(1)] << (U(64) - shift)
    return bits & ((U(1) << width) - U(1))


@compiled()
def distance(values: Words, row: Number, query: Words, asked: Number) -> Number:
    """Bits in which a row and a query differ."""
    return (
        popcount(values[row, U(0)] ^ query[asked, U(0)])
        + popcount(values[row, U(1)] ^ query[asked, U(1)])
        + popcount(values[row, U(2)] ^ query[asked, U(2)])
        + popcount(values[row, U(3)] ^ query[asked, U(3)])
    )


@compiled()
def grown(rows: Rows, distances: Small) -> tuple[Rows, Small]:
    """The same in twice the room."""
    more_rows, more_distances = np.empty(2 * rows.size, np.uint32), np.empty(2 * rows.size, np.uint8)
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


@compiled(_types.Tuple((_ROWS, _SMALL))(_WORDS, _WORDS, _NUMBER))
def compare(values: Words, queries: Words, radius: Number) -> tuple[Rows, Small]:
    """Rows within ``radius`` of a query and their distances, found by looking at every row.

    Block by block, so that several queries read the values from memory once.
    """
    held = U(0)
    rows, distances = np.empty(U(BLOCK), np.uint32), np.empty(U(BLOCK), np.uint8)
    for first in range(U(0), U(values.shape[0]), U(BLOCK)):
        end = min(first + U(BLOCK), U(values.shape[0]))
        for asked in range(U(queries.shape[0])):
            if held + U(BLOCK) > U(rows.size):
                rows, distances = grown(rows, distances)
            held += compare_block(values, first, end, queries, asked, radius, rows[held:], distances[held:])
    return rows[:held], distances[:held]


@compiled(_types.void(_WORDS, _NUMBER, _NUMBER, _NUMBER, _NUMBER, _ROWS, _ROWS))
def build(
    values: Words, start: Number, width: Number, table_bits: Number, row_bits: Number, bounds: Rows, slots: Rows
) -> None:
    """Fills ``bounds`` and ``slots`` for one chunk: a counting sort of the rows by the chunk's first bits.

    ``bounds`` comes in as zeros, and is one longer than the buckets and their end need.
    """
    rest = width - table_bits
    for row in range(U(values.shape[0])):
        bounds[(chunk_of(values, row, start, width) >> rest) + U(2)] += np.uint32(1)
    for bucket in range(U(2), U(bounds.size)):
        bounds[bucket] += bounds[bucket - U(1)]
    for row in range(U(values.shape[0])):
        chunk = chunk_of(values, row, start, width)
        bucket = (chunk >> rest) + U(1)
        slots[bounds[bucket]] = ((chunk & ((U(1) << rest) - U(1))) << row_bits) | row
        bounds[bucket] += np.uint32(1)


@compiled()
def ask_bounds(
    query: Words,
    asked: Number,
    chunks: Words,
    table_bits: Number,
    bounds: Rows,
    flips: Rows,
    reach: Words,
    begins: Words,
) -> None:
    """First pass: which buckets to look into, each asked for."""
    size, flat, probe = U(bounds.shape[1]), bounds.reshape(bounds.size), U(0)
    for c in range(U(chunks.shape[0])):
        start, width, radius = chunks[c, 0], chunks[c, 1], chunks[c, 2]
        bucket = chunk_of(query, asked, start, width) >> (width - table_bits)
        for f in range(reach[radius]):
            place = c * size + (bucket ^ U(flips[f]))
            begins[probe] = place
            prefetch(flat, place)
            probe += U(1)


@compiled()
def ask_slots(chunks: Words, bounds: Rows, slots: Rows, reach: Words, begins: Words, ends: Words) -> Number:
    """Second pass: where the slots of each bucket lie, both ends asked for. Returns how many slots there are in all."""
    rows, flat_bounds, flat_slots = U(slots.shape[1]), bounds.reshape(bounds.size), slots.reshape(slots.size)
    probe, total = U(0), U(0)
    for c in range(U(chunks.shape[0])):
        for _ in range(reach[chunks[c, 2]]):
            place = begins[probe]
            end = min(U(flat_bounds[place + U(1)]), rows)
            begin = min(U(flat_bounds[place]), end)
            begins[probe], ends[probe] = c * rows + begin, c * rows + end
            prefetch(flat_slots, c * rows + begin)
            prefetch(flat_slots, c * rows + end - U(1))
            total += end - begin
            probe += U(1)
    return total


@compiled()
def filter_slots(
    query: Words,
    asked: Number,
    chunks: Words,
    table_bits: Number,
    row_bits: Number,
    slots: Rows,
    weights: Small,
    reach: Words,
    begins: Words,
    ends: Words,
    rows: Rows,
) -> Number:
    """Third pass: keeps in ``rows`` those whose chunk is near enough by the bits kept in the slot. Returns how many."""
    flat, probe, kept = slots.reshape(slots.size), U(0), U(0)
    row_mask = (U(1) << row_bits) - U(1)
    rest_mask = ~row_mask & U(0xFFFFFFFF)
    for c in range(U(chunks.shape[0])):
        start, width, radius = chunks[c, 0], chunks[c, 1], chunks[c, 2]
        rest = (chunk_of(query, asked, start, width) << row_bits) & rest_mask
        rest &= ((U(1) << (width - table_bits)) - U(1)) << row_bits
        for f in range(reach[radius]):
            left = radius - U(weights[f])
            for s in range(begins[probe], ends[probe]):
                slot = U(flat[s])
                rows[kept] = slot & row_mask
                kept += U(popcount((slot ^ rest) & rest_mask) <= left)
            probe += U(1)
    return kept


@compiled()
def verify(
    values: Words, query: Words, asked: Number, radius: Number, rows: Rows, kept: Number, distances: Small
) -> Number:
    """Last pass: keeps of the first ``kept`` rows those that are truly within the radius. Returns how many."""
    flat, found, last = values.reshape(values.size), U(0), U(values.shape[0]) - U(1)
    for place in range(min(U(AHEAD), kept)):
        prefetch(flat, U(rows[place]) * U(4))
    for place in range(kept):
        if place + U(AHEAD) < kept:
            prefetch(flat, U(rows[place + U(AHEAD)]) * U(4))
        row = min(U(rows[place]), last)
        bits = distance(values, row, query, asked)
        rows[found], distances[found] = row, bits
        found += U(bits <= radius)
    return found


@compiled(
    _types.Tuple((_ROWS, _SMALL, _types.boolean))(
        *(_WORDS, _WORDS, _NUMBER, _WORDS, _NUMBER, _NUMBER, _TABLES, _TABLES),
        *(_array(_types.uint32, 1), _array(_types.uint8, 1), _array(_types.uint64, 1), _NUMBER, _NUMBER),
    )
)
def search(
    values: Words,
    query: Words,
    radius: Number,
    chunks: Words,
    table_bits: Number,
    row_bits: Number,
    bounds: Rows,
    slots: Rows,
    flips: Rows,
    weights: Small,
    reach: Words,
    most_slots: Number,
    most_rows: Number,
) -> tuple[Rows, Small, bool]:
    """Rows near one query and their distances, and whether the search ran to its end.

    It gives up, before it has cost much, when the buckets hold so much that looking at every row is cheaper.
    """
    probes = U(0)
    for c in range(U(chunks.shape[0])):
        probes += reach[chunks[c, 2]]
    begins, ends = np.empty(probes, np.uint64), np.empty(probes, np.uint64)
    ask_bounds(query, U(0), chunks, table_bits, bounds, flips, reach, begins)
    total = ask_slots(chunks, bounds, slots, reach, begins, ends)
    if total > most_slots:
        return np.empty(0, np.uint32), np.empty(0, np.uint8), False
    rows = np.empty(total + U(1), np.uint32)
    kept = filter_slots(query, U(0), chunks, table_bits, row_bits, slots, weights, reach, begins, ends, rows)
    if kept > most_rows:
        return np.empty(0, np.uint32), np.empty(0, np.uint8), False
    distances = np.empty(kept + U(1), np.uint8)
    found = verify(values, query, U(0), radius, rows, kept, distances)
    return rows[:found], distances[:found], True
