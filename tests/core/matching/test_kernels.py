"""The compiled loops, apart from the index: what they compute, and what happens where nothing can be kept on disk."""

from __future__ import annotations

import numpy as np
import pytest

from staydown.core.matching import scan
from staydown.core.matching.plan import flips, plan_with
from staydown.core.matching.shelf import Chunked

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


def test_tables_hold_every_row_once_in_its_bucket():
    plan = plan_with(len(VALUES), 31, 11)
    chunked = Chunked.of(plan, VALUES)
    for number, chunk in enumerate(plan.chunks):
        bounds, slots = chunked.bounds[number].tolist(), chunked.slots[number].tolist()
        assert bounds[0] == 0
        assert bounds[(1 << plan.table_bits)] == len(VALUES)
        rows = []
        for bucket in range(1 << plan.table_bits):
            for slot in slots[bounds[bucket] : bounds[bucket + 1]]:
                row, rest = slot & ((1 << plan.row_bits) - 1), slot >> plan.row_bits
                value = bits(VALUES[row]) >> chunk.start & ((1 << chunk.width) - 1)
                assert value == bucket << (chunk.width - plan.table_bits) | rest
                rows.append(row)
        assert sorted(rows) == list(range(len(VALUES)))


def test_comparing_makes_room_for_everything():
    same = np.zeros((9000, 4), np.uint64)
    rows, distances = KERNELS.compare(same, same[:3], 0)
    assert np.bincount(rows).tolist() == [3] * 9000
    assert not distances.any()


def test_a_search_gives_up_at_its_limits():
    same = np.zeros((500, 4), np.uint64)
    plan = plan_with(500, 31, 11)
    chunked = Chunked.of(plan, same)
    masks = flips(plan.table_bits, 2)

    def search(most_slots: int, most_rows: int) -> tuple[int, bool]:
        tables = (plan.as_array(), plan.table_bits, plan.row_bits, chunked.bounds, chunked.slots)
        rows, _, finished = KERNELS.search(same, same[:1], 31, *tables, *masks, most_slots, most_rows)
        return len(rows), finished

    everything = 11 * 500
    assert search(everything, everything) == (everything, True)
    assert search(everything - 1, everything) == (0, False)
    assert search(everything, everything - 1) == (0, False)


@pytest.mark.parametrize("fault", [RuntimeError("cannot cache function"), OSError(28, "No space left on device")])
def test_where_nothing_can_be_kept_it_compiles_all_the_same(monkeypatch, fault):
    asked = []

    def njit(*_, cache=False, **__):
        def compile_(function):
            asked.append(cache)
            if cache:
                raise fault
            return function

        return compile_

    monkeypatch.setattr(KERNELS.numba, "njit", njit)
    assert KERNELS.compiled()(len) is len
    assert asked == [True, False]
