"""Plans: that each one finds everything by arithmetic, and that the chosen one is worth having."""

from __future__ import annotations

import math
import random
from dataclasses import replace

import pytest

from staydown.core.matching.plan import (
    COMPARE,
    FEWEST_ROWS,
    MOST_IN_A_GROUP,
    MOST_PROBES,
    WIDEST_GROUP,
    Chunk,
    best_plan,
    flips,
    is_sound,
    plan_with,
    within,
)
from staydown.core.matching.shelf import LONG


@pytest.mark.parametrize("rows", [1, 2, 1000, 10_000_000])
@pytest.mark.parametrize("radius", [0, 1, 7, 31, 32, 47, 63])
def test_every_plan_finds_everything_by_pigeonhole(rows, radius):
    plans = [plan for m in range(radius + 3) if (plan := plan_with(rows, radius, m)) is not None]
    assert plans
    for plan in plans:
        assert sum(chunk.radius + 1 for chunk in plan.chunks) == radius + 1
        places = [place for chunk in plan.chunks for place in range(chunk.start, chunk.start + chunk.width)]
        assert len(places) == len(set(places))
        assert set(places) <= set(range(256))
        assert is_sound(plan)


@pytest.mark.parametrize("rows", [FEWEST_ROWS, 100_000, 1_000_000, 10_000_000, 100_000_000])
@pytest.mark.parametrize("radius", range(0, 64, 9))
def test_the_chosen_plan_is_cheaper_than_looking_at_every_entry(rows, radius):
    plan = best_plan(rows, radius)
    if plan is None:
        assert radius > 31
        return
    assert plan.cost < rows * COMPARE / 2
    assert plan.expected()[0] <= MOST_PROBES
    assert plan.expected()[1] < plan.most_slots


def test_ten_million_entries_take_a_hundred_bytes_each():
    rows = 10_000_000
    plan = best_plan(rows, 31)
    assert plan is not None
    assert plan.nbytes / rows + 32 + 16 + 2 < 100


@pytest.mark.parametrize("rows", [FEWEST_ROWS, 100_000, 400_000, 1_000_000, 3_000_000, 12_582_911, 100_000_000])
def test_bounds_of_one_byte_can_count_what_chance_brings_to_a_group(rows):
    plan = best_plan(rows, 31)
    assert plan is not None
    in_a_group = rows / 2**plan.table_bits * 2**plan.group_bits
    assert in_a_group + 4 * math.sqrt(in_a_group) < LONG
    assert plan.group_bits == WIDEST_GROUP or 2 * in_a_group > MOST_IN_A_GROUP


@pytest.mark.parametrize("rows", [0, 1, FEWEST_ROWS - 1, 1 << 33])
def test_too_few_or_too_many_for_tables(rows):
    assert best_plan(rows, 31) is None


def test_flips_are_all_masks_of_each_radius():
    masks, weights, reach = flips(6, 3)
    assert weights.tolist() == [mask.bit_count() for mask in masks.tolist()]
    assert reach.tolist() == [0, 1, 8, 30, 72]
    for radius in range(4):
        some = masks[reach[radius] : reach[radius + 1]].tolist()
        assert some == [mask for mask in range(64) if mask.bit_count() <= radius]
        assert len(some) == within(6, radius)


@pytest.mark.parametrize("radius", [5, 31, 40])
def test_some_chunk_is_near_and_stays_so_with_the_next_one(radius):
    """What the slots rely on (the cycle lemma), for differences spread over the chunks in every way chance has."""
    rng = random.Random(radius)
    for m in (1, 2, 3, 7, 11, 16, 29):
        plan = plan_with(10_000, radius, m)
        if plan is None:
            continue
        for _ in range(300):
            places = rng.sample(range(256), radius)
            if rng.random() < 0.5:  # crowded into few chunks
                places = [place % 60 for place in places]
            differ = [len({p for p in places if c.start <= p < c.start + c.width}) for c in plan.chunks]
            pairs = zip(plan.chunks, plan.onward(), differ, [*differ[1:], differ[0]], strict=True)
            assert any(
                here <= c.radius and (not bits or here + there <= c.radius + after.radius + 1)
                for c, (after, bits), here, there in pairs
            )


def test_within_counts_values():
    assert [within(24, radius) for radius in range(3)] == [1, 25, 25 + math.comb(24, 2)]


def spoiled(**changes):
    plan = plan_with(1000, 31, 11)
    first = replace(plan.chunks[0], **{name: changes.pop(name) for name in ("start", "width") if name in changes})
    return replace(plan, chunks=changes.pop("chunks", (first, *plan.chunks[1:])), **changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"radius": 32},
        {"rows": 2000},
        {"table_bits": 0},
        {"table_bits": 63},
        {"block_bits": 40},
        {"rows": -1},
        {"most_blocks": None},
        {"width": 40},
        {"width": 9.0},
        {"start": 3},
        {"chunks": ()},
        {"chunks": (Chunk(0, 64, 31),)},
    ],
)
def test_a_plan_that_would_miss_or_break_is_not_sound(changes):
    assert is_sound(spoiled())
    assert not is_sound(spoiled(**changes))
