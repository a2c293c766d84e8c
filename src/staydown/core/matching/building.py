"""The compiled loops that make the tables of chunks: what a slot says, and rows sorted by bucket.

They are bound by how fast memory is read and written, so they touch it in order: see `build`.
"""

from __future__ import annotations

from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from staydown.core.compiling import compiled
from staydown.core.matching.machine import types
from staydown.core.matching.plan import ROWS_A_BLOCK

Number: TypeAlias = Any  # np.uint64; its arithmetic is numba's, not Python's
Words: TypeAlias = NDArray[np.uint64]
Rows: TypeAlias = NDArray[np.uint32]
Small: TypeAlias = NDArray[np.uint8]

U: Final[Any] = np.uint64
COARSE_BITS: Final = 10  # rows are sorted by so many bits first: each of the heaps then fits the nearest cache


def array_of(kind: Any, dimensions: int) -> Any:
    """The type of a contiguous array that a kernel only reads; a writable one may be given for it."""
    return types.Array(kind, dimensions, "C", readonly=True)


@compiled()
def chunk_of(values: Words, row: Number, start: Number, width: Number) -> Number:
    """Bits ``start`` to ``start + width`` of a row; at most 63 of them."""
    word, shift = start >> U(6), start & U(63)
    bits = values[row, word] >> shift
    if shift + width > U(64):
        bits |= values[row, word + U(1)] << (U(64) - shift)
    return bits & ((U(1) << width) - U(1))


@compiled()
def slot_of(values: Words, row: Number, chunk: Words, table_bits: Number, block_bits: Number) -> Number:
    """What a slot says of a row, and what is asked of it: the rest of its chunk, and above that the onward bits."""
    rest_bits = chunk[1] - table_bits
    rest = chunk_of(values, row, chunk[0], rest_bits)
    return (rest | chunk_of(values, row, chunk[3], chunk[4]) << rest_bits) << block_bits


@compiled()
def sort_into_heaps(
    values: Words, chunk: Words, table_bits: Number, block_bits: Number, coarse_bits: Number, sorted_: Words
) -> Words:
    """Writes bucket and slot of each row, a word each, in the order of the highest bits; returns the ends of heaps."""
    shift, fine_bits = chunk[1] - table_bits, table_bits - coarse_bits
    heaps = np.zeros((U(1) << coarse_bits) + U(1), np.uint64)
    for row in range(U(values.shape[0])):
        heaps[(chunk_of(values, row, chunk[0], chunk[1]) >> (shift + fine_bits)) + U(1)] += U(1)
    for heap in range(U(1), U(heaps.size)):
        heaps[heap] += heaps[heap - U(1)]
    for row in range(U(values.shape[0])):
        bucket = chunk_of(values, row, chunk[0], chunk[1]) >> shift
        slot = slot_of(values, row, chunk, table_bits, block_bits) | row // U(ROWS_A_BLOCK)
        heap = bucket >> fine_bits
        sorted_[heaps[heap]] = bucket << U(32) | slot
        heaps[heap] += U(1)
    return heaps[:-1]


@compiled()
def sort_heap(heap: Words, lowest: Number, ends: Rows, first: Number, slots: Rows) -> None:
    """Writes the slots of a heap, which begins with slot ``first``, in the order of buckets."""
    for place in range(U(heap.size)):
        ends[(heap[place] >> U(32)) - lowest] += np.uint32(1)
    begin = first
    for bucket in range(U(ends.size)):
        count = U(ends[bucket])
        ends[bucket] = begin
        begin += count
    for place in range(U(heap.size)):
        bucket = (heap[place] >> U(32)) - lowest
        slots[ends[bucket]] = heap[place] & U(0xFFFFFFFF)
        ends[bucket] += np.uint32(1)


@compiled(
    types.void(
        *(array_of(types.uint64, 2), array_of(types.uint64, 1), types.uint64, types.uint64),
        *(types.uint64[::1], types.uint32[::1], types.uint32[::1]),
    )
)
def build(
    values: Words, chunk: Words, table_bits: Number, block_bits: Number, sorted_: Words, ends: Rows, slots: Rows
) -> None:
    """Fills ``slots`` for one chunk, in the order of buckets and rows, and writes the end of each bucket to ``ends``.

    ``ends`` comes in as zeros; ``sorted_`` is room for a word a row. Sorted in two steps, by the highest bits and then
    within each heap, because writing to a million places in turn would miss the cache each time.
    """
    coarse_bits = min(U(COARSE_BITS), table_bits)
    heaps = sort_into_heaps(values, chunk, table_bits, block_bits, coarse_bits, sorted_)
    fine_bits, first = table_bits - coarse_bits, U(0)
    for heap in range(heaps.size):
        end = U(heaps[heap])
        lowest = U(heap) << fine_bits
        sort_heap(sorted_[first:end], lowest, ends[lowest : lowest + (U(1) << fine_bits)], first, slots)
        first = end
