"""Entries in columns: what goes in comes out, in order of ids, and can be found."""

from __future__ import annotations

import random
from dataclasses import replace
from uuid import UUID

import numpy as np
import pytest

from staydown.core.bank import Action, Entry
from staydown.core.hashing.algorithm import Algorithm
from staydown.core.matching import table
from staydown.core.matching.table import ABSENT, Kinds, Table, halves
from tests.core.matching.samples import entries, pdq

HELD = entries(5, 300, "twins")


def test_what_goes_in_comes_out():
    assert list(Table.of(HELD).entries()) == HELD


@pytest.mark.parametrize("at_a_time", [1, 7, 300])
def test_however_many_are_taken_at_a_time(monkeypatch, at_a_time):
    monkeypatch.setattr(table, "_AT_A_TIME", at_a_time)
    assert list(Table.of(iter(HELD)).entries()) == HELD


def test_joined_tables_keep_their_own_kinds():
    tables = [Table.of(HELD[:100]), Table.of([]), Table.of(HELD[100:150]), Table.of(HELD[150:])]
    assert list(Table.joined(tables).entries()) == HELD
    assert list(Table.joined([]).entries()) == []


def test_sorted_by_id_and_the_last_of_an_id_wins():
    rng = random.Random(2)
    again = [Entry(e.id, "later", e.hash, e.radius, e.action) for e in rng.sample(HELD, 50)]
    rows = list(Table.of(HELD + again).sorted().entries())
    expected = {entry.id: entry for entry in HELD + again}
    assert rows == [expected[i] for i in sorted(expected)]


def test_ids_that_share_their_first_half_are_told_apart():
    ids = [UUID(int=half << 64 | rest) for half in (0, 7, 1 << 63) for rest in (0, 3, 9)]
    held = Table.of(Entry(i, "b", pdq(bytes(32)), 31, Action.BLOCK) for i in ids).sorted()
    assert [held.find(i) for i in ids] == list(range(9))
    absent = [UUID(int=half << 64 | rest) for half in (0, 7, 8) for rest in (1, 4, 10)]
    assert held.find_all(*halves(absent)).tolist() == [ABSENT] * 9


def test_tidied_drops_kinds_that_do_not_occur():
    some = Table.of(HELD).take(range(3))
    assert set(some.tidied().kinds.listed) == {table.kind_of(entry) for entry in HELD[:3]}
    assert list(some.tidied().entries()) == HELD[:3]


def test_the_reach_of_another_algorithm_is_nothing():
    kinds = Kinds(table.kind_of(entry) for entry in HELD if entry.hash.algorithm is Algorithm.PDQ)
    assert kinds.widest[Algorithm.SHA256] == -1
    assert kinds.widest[Algorithm.PDQ] == max(kind.radius for kind in kinds.listed)


@pytest.mark.parametrize("offset", range(0, 64, 8))
def test_aligned_values_begin_a_cache_line(offset):
    held = Table.of(HELD)
    room = np.empty(held.values.nbytes + 128, np.uint8)
    start = -room.ctypes.data % 64 + offset
    values = room[start : start + held.values.nbytes].view(np.uint64).reshape(-1, 4)
    values[:] = held.values
    aligned = replace(held, values=values).aligned()
    assert aligned.values.ctypes.data % 64 == 0
    assert list(aligned.entries()) == HELD
    assert (aligned.values is values) == (offset == 0)


@pytest.mark.parametrize("most", [1, 2, 40, 300, 400])
def test_the_first_rows_are_those_of_a_sorted_list_however_many_are_as_near(most):
    held = Table.of(HELD)
    rows = np.arange(len(held), dtype=np.uint32)
    distances = np.where(rows % 3, 7, rows % 5).astype(np.uint8)
    found, _ = held.nearest(rows, distances, most)
    in_order = sorted(rows.tolist(), key=lambda row: (distances[row], held.id(row)))
    blocking = next(row for row in in_order if held.entry(row).action is Action.BLOCK)
    assert sorted(found.tolist()) == sorted({*in_order[:most], blocking})


@pytest.mark.parametrize("few", [0, 1000])
def test_each_row_comes_once_with_its_least_distance_however_many_are_looked_at(monkeypatch, few):
    monkeypatch.setattr(table, "_FEW", few)
    held, rng = Table.of(HELD), random.Random(3)
    found = [(rng.randrange(len(held)), rng.randrange(80)) for _ in range(600)]
    rows, distances = (
        np.array(column, kind) for column, kind in zip(zip(*found, strict=True), (np.uint32, np.uint8), strict=True)
    )
    least: dict[int, int] = {}
    for row, distance in found:
        least[row] = min(distance, least.get(row, 255))
    pdq_only = {row: distance for row, distance in least.items() if held.entry(row).hash.algorithm is Algorithm.PDQ}
    expected = {row: distance for row, distance in pdq_only.items() if distance <= held.entry(row).radius}
    kept = [column.tolist() for column in held.within_own_radius(Algorithm.PDQ, rows, distances)]
    assert list(zip(*kept, strict=True)) == sorted(expected.items())
    assert 0 < len(expected) < len(least)
