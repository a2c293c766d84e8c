"""Five seconds of `make soak`: a real node under everything at once answers rightly and holds on to nothing."""

from __future__ import annotations

import pytest

from benchmarks import soak

pytestmark = pytest.mark.journey
SECONDS = 5


def test_a_node_under_everything_at_once_stays_flat_and_right() -> None:
    watched, tally = soak.soak(SECONDS)
    assert not tally.wrong
    assert len(tally.answers) == 12, "not every kind of request was made"
    assert tally.changes
    assert watched.keys() == {"node", "picture worker", "video worker"}
    assert [fault for name, samples in watched.items() for fault in soak.faults(name, samples, SECONDS)] == []


def test_growth_is_noticed() -> None:
    leak = [soak.Sample(at, 50 + 5 * at, 20 + int(at), 6) for at in range(40)]
    still = [soak.Sample(at, 50 + at % 3, 20, 6) for at in range(40)]
    assert soak.faults("node", still, 40) == []
    assert [told.split(" grew")[0] for told in soak.faults("node", leak, 40)] == ["node: memory", "node: handles"]
    assert soak.faults("node", [], 40) == ["node: it could not be watched"]
