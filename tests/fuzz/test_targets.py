"""Every reader of strangers' bytes, on honest input bent out of shape: only named errors, nothing else."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.__main__ import NAMES
from tests.fuzz.targets import TARGETS, seeds

SLOW = ("picture", "video")
CUT, REPEAT, REPLACE, INSERT = range(4)
WORDS = [
    b'"',
    b"{",
    b"[" * 50,
    b"\0",
    b"\r\n",
    b"--edge",
    b"\xff",
    b"null",
    b"-1",
    b"1e999",
    b"\xed\xa0\x80",
    b"9" * 40,
]
pieces = st.one_of(st.binary(max_size=12), st.sampled_from(WORDS))
steps = st.tuples(st.sampled_from([CUT, REPEAT, REPLACE, INSERT]), st.floats(0, 1), st.integers(1, 40), pieces)


def bent(data: bytes, kind: int, place: float, size: int, piece: bytes) -> bytes:
    at = int(place * len(data))
    before, there, after = data[:at], data[at : at + size], data[at + size :]
    return {
        CUT: before + after,
        REPEAT: before + there * 3 + after,
        REPLACE: before + piece[:size].ljust(len(there), b"0") + after,
        INSERT: before + piece + there + after,
    }[kind]


def test_the_command_knows_every_target() -> None:
    assert set(NAMES) == set(TARGETS)


@pytest.mark.parametrize("name", TARGETS)
def test_the_seeds_themselves(name: str) -> None:
    for seed in seeds(name):
        TARGETS[name](seed)


@pytest.mark.parametrize("name", TARGETS)
def test_honest_input_bent_out_of_shape(name: str) -> None:
    known = seeds(name)

    @settings(max_examples=40 if name in SLOW else 120, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(known), st.lists(steps, min_size=1, max_size=6))
    def holds(data: bytes, changes: list[tuple[int, float, int, bytes]]) -> None:
        for change in changes:
            data = bent(data, *change)
        TARGETS[name](data)

    holds()


@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=600))
def test_anything_at_all(name: str, data: bytes) -> None:
    TARGETS[name](data)
