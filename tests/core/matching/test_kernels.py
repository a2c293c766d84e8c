"""The compiled loops, apart from the index: what they compute, and what happens where nothing can be kept on disk."""

from __future__ import annotations

from dataclasses import replace

import numba
import numpy as np
import pytest

from staydown.core.matching import machine, scan
from staydown.core.matching.plan import ROWS_A_BLOCK, plan_with
from staydown.core.matching.shelf import LONG, Chunked

pytestmark = pytest.mark.proof  # needs the compiled loops, which a fresh machine compiles first

KERNELS = scan.kernels()
RNG = np.random.default_rng(1)
VALUES = RNG.integers(0, 1 << 64, (500, 4), dtype=np.uint64)


def bits(row: np.ndarray) -> int:
    return int.from_bytes(row.astype("<u8").tobytes(), "little")


@pytest.mark.parametrize(
    ("start", "width"), [(0, 1), (0, 63), (5, 24), (60, 8), (63, 2), (64, 10), (232, 24), (255, 1)]
)
def test_a_chunk_is_the_bits_from_start(start, width):
    u64 = np.uint64
    for row in range(5):
        expected = bits(VALUES[row]) >> start & ((1 << width) - 1)
        assert int(KERNELS.chunk_of(VALUES, u64(row), u64(start), u64(width))) == expected


def ends_of(chunked: Chunked, number: int) -> list[int]:
    """Where each bucket of a chunk ends, read from the tables as their description says."""
    tables, found = chunked.tables, []
    groups = tables.bases.shape[1]
    long = {int(key): row for row, key in enumerate(tables.long_groups)}
    for bucket, end in enumerate(tables.ends[number].tolist()):
        group, place = divmod(bucket, 1 << chunked.plan.group_bits)
        in_full = long.get(number * groups + group)
        assert (in_full is not None) == (end == LONG)
        found.append(
            int(tables.bases[number, group]) + end if in_full is None else int(tables.long_ends[in_full, place])
        )
    return found


def shape(name: str) -> np.ndarray:
    """Values of which few, some or all share a bucket."""
    values = RNG.integers(0, 1 << 64, (1500, 4), dtype=np.uint64)
    if name == "equal":
        values[:] = values[0]
    if name == "half equal":
        values[300:1200] = values[0]
    return values


@pytest.mark.parametrize("name", ["scattered", "half equal", "equal"])
@pytest.mark.parametrize("m", [8, 11])
def test_tables_hold_every_row_once_in_its_bucket(name, m):
    values = shape(name)
    plan = plan_with(len(values), 31, m)
    chunked = Chunked.of(plan, values, threads=2)
    assert (len(chunked.tables.long_groups) > 0) == (name != "scattered")
    assert chunked.tables.long_groups.tolist() == sorted(chunked.tables.long_groups.tolist())
    for number, (chunk, (after, onward)) in enumerate(zip(plan.chunks, plan.onward(), strict=True)):
        slots, first, rows = chunked.tables.slots[number].tolist(), 0, []
        rest_bits = chunk.width - plan.table_bits
        held = [bits(value) >> chunk.start & ((1 << chunk.width) - 1) for value in values]
        by_bucket: dict[int, list[int]] = {}
        for row, value in enumerate(held):
            by_bucket.setdefault(value >> rest_bits, []).append(row)
        for bucket, end in enumerate(ends_of(chunked, number)):
            expected = by_bucket.get(bucket, [])
            for row, slot in zip(expected, slots[first:end], strict=True):
                check = held[row] & ((1 << rest_bits) - 1)
                check |= (bits(values[row]) >> after.start & ((1 << onward) - 1)) << rest_bits
                assert slot == check << plan.block_bits | row // ROWS_A_BLOCK
            rows += expected
            first = end
        assert sorted(rows) == list(range(len(values)))


def test_sixteen_slots_and_four_rows_are_compared_in_one_go():
    @numba.njit
    def slots_near(slots, place, asked, limits):
        return machine.near_slots(slots, place, asked, limits)

    @numba.njit
    def rows_near(values, place, query, radius):
        return machine.near_rows(values, place, query, radius)

    slots = RNG.integers(0, 1 << 32, 64, dtype=np.uint32)
    for place in (0, 5, 48):
        asked, rest, whole = int(slots[place + 3]) ^ 0x11, 0xFF, 0xFFFF
        limits = tuple(np.uint64(number) for number in (rest, 3, whole, 7))
        found = slots_near(slots, np.uint64(place), np.uint64(asked), limits)
        differ = [int(slot) ^ asked for slot in slots[place : place + 16]]
        near = [(d & rest).bit_count() <= 3 and (d & whole).bit_count() <= 7 for d in differ]
        assert [bool(int(found) >> lane & 1) for lane in range(16)] == near
        assert near[3]
    query = tuple(VALUES[9] ^ np.uint64(1))
    for radius, expected in ((3, False), (4, True)):
        assert bool(rows_near(VALUES.reshape(-1), np.uint64(32), query, np.uint64(radius))) == expected


def test_comparing_makes_room_for_everything():
    same = np.zeros((9000, 4), np.uint64)
    rows, distances, askers = KERNELS.compare(same, same[:3], 0)
    assert np.bincount(rows).tolist() == [3] * 9000
    assert np.bincount(askers).tolist() == [9000] * 3
    assert not distances.any()


def test_a_search_gives_up_at_its_limits_and_the_others_go_on():
    same = np.zeros((500, 4), np.uint64)
    same[0] = ~np.uint64(0)
    plan = plan_with(500, 31, 11)
    slots, blocks = 11 * 499, 11 * 499

    def found(most_slots: int, most_blocks: int) -> list[list[int]]:
        limited = replace(plan, most_slots=most_slots, most_blocks=most_blocks)
        chunked = Chunked.of(limited, same)
        _, distances, _, finished = KERNELS.search(same, same[[0, 1, 0]], *chunked._given)
        assert not distances.any()
        assert finished[[0, 2]].all()
        assert bool(finished[1]) == (most_slots >= slots and most_blocks >= blocks)
        answer = chunked.near(same, same[[0, 1, 0]])
        return [sorted(set(answer.rows[answer.askers == asker].tolist())) for asker in range(3)]

    everything = [[0], list(range(1, 500)), [0]]
    assert found(slots, blocks) == everything
    assert found(slots - 1, blocks) == everything
    assert found(slots, blocks - 1) == everything
