"""The fast index against the oracle: the compiled search, the NumPy scan and the giving up in between."""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from staydown.core.bank import Action, Entry
from staydown.core.hashing.algorithm import Algorithm, Hash
from staydown.core.matching import plan, scan, snapshot
from staydown.core.matching.linear import LinearIndex
from staydown.core.matching.live import LiveIndex
from staydown.core.matching.multi_index import MultiIndex
from tests.core.matching.samples import SHAPES, entries, flipped, pdq, queries

pytestmark = pytest.mark.proof  # needs the compiled loops, which a fresh machine compiles first

SIZES = (0, 1, 2, 3, 4, 7, 8)
CHUNKS = (1, 2, 5, 8, 11, 13, 16, 20, 33, 64)

seeds = st.integers(0, 2**32)
quick = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def agree(held: list[Entry], index: MultiIndex, seed: int, count: int) -> None:
    oracle = LinearIndex(held)
    assert len(index) == len(oracle)
    for asked in queries(seed, held, count):
        for most in (None, 1, 3):
            assert index.query(asked, most=most) == oracle.query(asked, most=most)


def reloaded(index: MultiIndex) -> MultiIndex:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "snapshot"
        snapshot.save(index, path)
        return snapshot.load(path)


@settings(quick, max_examples=80)
@given(seed=seeds, size=st.sampled_from(SIZES), shape=st.sampled_from(SHAPES), chunks=st.sampled_from(CHUNKS))
def test_the_compiled_search_finds_what_the_oracle_finds(seed, size, shape, chunks):
    held = entries(seed, size, shape)
    index = MultiIndex(held, chunks=chunks)
    agree(held, index, seed, 4)
    agree(held, reloaded(index), seed, 2)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("chunks", [4, 11, 16])
def test_a_thousand_entries(shape, chunks):
    held = entries(chunks, 1000, shape)
    index = MultiIndex(held, chunks=chunks)
    agree(held, index, chunks, 6)
    agree(held, reloaded(index), chunks, 2)


@settings(quick, max_examples=40)
@given(seed=seeds, size=st.sampled_from(SIZES), shape=st.sampled_from(SHAPES))
def test_the_plain_scan_finds_what_the_oracle_finds(seed, size, shape):
    held = entries(seed, size, shape)
    agree(held, MultiIndex(held), seed, 4)


@settings(quick, max_examples=60)
@given(seed=seeds, radius=st.integers(0, 63), chunks=st.sampled_from(CHUNKS))
def test_every_radius_on_its_very_edge(seed, radius, chunks):
    rng = random.Random(seed)
    held = Entry(UUID(int=seed), "reports", pdq(rng.randbytes(32)), radius, Action.BLOCK)
    index = MultiIndex([held], chunks=chunks)
    assert [match.distance for match in index.query([flipped(held.hash, radius, rng)])] == [radius]
    assert index.query([flipped(held.hash, radius + 1, rng)]) == []


def test_of_entries_with_one_id_the_last_counts():
    first, last = entries(1, 2, "scattered")
    last = Entry(first.id, last.bank, last.hash, last.radius, last.action)
    index = MultiIndex([first, last])
    assert list(index.entries()) == [last]


@pytest.mark.parametrize("chunks", [None, 1, 11])
def test_the_opposite_hash_is_not_near(chunks):
    held = [Entry(UUID(int=n), "reports", pdq(bytes(32)), 63, Action.BLOCK) for n in range(600)]
    assert MultiIndex(held, chunks=chunks).query([pdq(bytes([255] * 32))]) == []


@pytest.mark.parametrize("shape", ["scattered", "clustered"])
def test_large_enough_to_choose_its_chunks_itself(shape, monkeypatch):
    monkeypatch.setattr(plan, "FEWEST_ROWS", 5000)
    monkeypatch.setattr(plan, "START", 0)
    rng = random.Random(3)
    centre = pdq(rng.randbytes(32))
    near = [flipped(centre, rng.randrange(20), rng) for _ in range(200)] if shape == "clustered" else []
    hashes = near * 30 or [pdq(rng.randbytes(32)) for _ in range(6000)]
    held = [Entry(UUID(int=n), "reports", hash_, 31, Action.BLOCK) for n, hash_ in enumerate(hashes)]
    index = MultiIndex(held)
    assert index.shelves[0].chunked is not None
    for asked in [hashes[5], flipped(hashes[6], 31, rng), flipped(hashes[7], 32, rng), pdq(rng.randbytes(32))]:
        found = {match.entry.id.int: match.distance for match in index.query([asked])}
        near_ones = ((n, hash_.distance(asked)) for n, hash_ in enumerate(hashes))
        assert found == {n: distance for n, distance in near_ones if distance <= 31}


def test_one_wide_entry_does_not_widen_the_search_for_the_others():
    held = entries(1, 50, "scattered")
    wide = Entry(UUID(int=1), "reports", pdq(bytes(32)), 63, Action.BLOCK)
    usual = [entry for entry in held if entry.hash.algorithm is Algorithm.PDQ and entry.radius <= 31]
    shelves = MultiIndex([*usual, wide], chunks=11).shelves
    assert sorted(shelf.chunked.plan.radius for shelf in shelves) == [31, 63]


def test_compiled_comparison_and_numpy_agree():
    held = [entry for entry in entries(5, 1500, "clustered") if entry.hash.algorithm is Algorithm.PDQ]
    index = MultiIndex(held)
    asked = [held[0].hash, flipped(held[1].hash, 9, random.Random(1))]
    scan.kernels()
    compiled = index.query(asked)
    scan.kernels.cache_clear()
    try:
        assert index.query(asked) == compiled != []
    finally:
        scan.kernels()


def test_a_small_index_never_loads_numba():
    code = (
        "import sys; from uuid import UUID\n"
        "from staydown.core.matching.live import LiveIndex\n"
        "from staydown.core.matching import snapshot\n"
        "from staydown.core.bank import Action, Entry\n"
        "from staydown.core.hashing.algorithm import Algorithm, Hash\n"
        "index = LiveIndex(merge_at=10)\n"
        "def pdq(n): return Hash(Algorithm.PDQ, bytes([n] * 32))\n"
        "for n in range(100): index.add(Entry(UUID(int=n), 'b', pdq(n), 31, Action.BLOCK))\n"
        "index.settle(); assert index.query([pdq(7)])\n"
        "sys.exit('numba' in sys.modules)\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_memory_of_a_hash_is_far_below_that_of_an_object():
    held = entries(1, 1000, "scattered")
    assert MultiIndex(held).nbytes / len(held) < 51


@pytest.mark.parametrize("shape", SHAPES)
def test_many_pictures_at_once_have_the_answers_of_each(shape):
    held = entries(9, 700, shape)
    oracle, index = LinearIndex(held), LiveIndex(MultiIndex(held, chunks=11))
    pictures = queries(9, held, 12)
    for threads in (1, 2):
        assert index.query_many(pictures, threads=threads) == [oracle.query(asked) for asked in pictures]


def test_hashes_asked_for_twice_count_once():
    held = [Entry(UUID(int=1), "reports", Hash(Algorithm.SHA256, bytes(32)), 0, Action.REVIEW)]
    assert len(MultiIndex(held).query([held[0].hash] * 8)) == 1
