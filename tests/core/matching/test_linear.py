"""The oracle itself, by examples that can be checked by eye."""

from __future__ import annotations

from uuid import UUID

import pytest

from staydown.core.bank import Action, Entry
from staydown.core.hashing.algorithm import Algorithm, Hash
from staydown.core.matching.index import Match, shortened
from staydown.core.matching.linear import LinearIndex

ZERO = bytes(32)
ONES = bytes([255] * 32)


def pdq(low_bits: int) -> Hash:
    """A hash with so many ones."""
    return Hash(Algorithm.PDQ, ((1 << low_bits) - 1).to_bytes(32))


def entry(number: int, hash_: Hash, radius: int = 0, action: Action = Action.BLOCK) -> Entry:
    return Entry(UUID(int=number), "reports", hash_, radius, action)


def test_nothing_held_nothing_found():
    assert LinearIndex().query([pdq(0)]) == []


def test_nothing_asked_nothing_found():
    assert LinearIndex([entry(1, pdq(0), 63)]).query([]) == []


@pytest.mark.parametrize("radius", [0, 1, 31, 63])
def test_the_radius_is_inclusive(radius):
    held = entry(1, pdq(0), radius)
    index = LinearIndex([held])
    assert index.query([pdq(radius)]) == [Match(held, radius)]
    assert index.query([pdq(radius + 1)]) == []


def test_the_opposite_hash_is_not_near():
    assert LinearIndex([entry(1, Hash(Algorithm.PDQ, ZERO), 63)]).query([Hash(Algorithm.PDQ, ONES)]) == []


def test_each_entry_has_its_own_radius():
    narrow, wide = entry(1, pdq(0), 5), entry(2, pdq(0), 20)
    assert LinearIndex([narrow, wide]).query([pdq(10)]) == [Match(wide, 10)]


def test_algorithms_never_mix():
    index = LinearIndex([entry(1, Hash(Algorithm.SHA256, ZERO)), entry(2, Hash(Algorithm.PDQ, ZERO), 31)])
    assert [match.entry.id.int for match in index.query([Hash(Algorithm.SHA256, ZERO)])] == [1]
    assert [match.entry.id.int for match in index.query([Hash(Algorithm.PDQ, ZERO)])] == [2]


def test_an_md5_is_none_of_the_others_though_its_row_may_look_like_theirs():
    short, long = Hash(Algorithm.MD5, bytes(16)), Hash(Algorithm.SHA256, ZERO)
    index = LinearIndex([entry(1, short), entry(2, long), entry(3, Hash(Algorithm.PDQ, ZERO), 31)])
    assert [match.entry.id.int for match in index.query([short])] == [1]
    assert [match.entry.id.int for match in index.query([long])] == [2]
    assert index.query([Hash(Algorithm.MD5, bytes(15) + b"\1")]) == []


def test_an_entry_is_answered_once_with_its_nearest_view():
    held = entry(1, pdq(0), 31)
    assert LinearIndex([held]).query([pdq(9), pdq(4), pdq(20)]) == [Match(held, 4)]


def test_by_distance_then_by_id():
    held = [entry(3, pdq(0), 31), entry(1, pdq(2), 31), entry(2, pdq(0), 31)]
    assert [match.entry.id.int for match in LinearIndex(held).query([pdq(0)])] == [2, 3, 1]


def test_the_same_id_replaces():
    index = LinearIndex([entry(1, pdq(0))])
    index.add(entry(1, pdq(200)))
    assert len(index) == 1
    assert index.query([pdq(0)]) == []
    assert len(index.query([pdq(200)])) == 1


def test_removing_says_whether_it_was_there():
    index = LinearIndex([entry(1, pdq(0))])
    assert index.remove(UUID(int=1))
    assert not index.remove(UUID(int=1))
    assert index.query([pdq(0)]) == []


def test_a_shortened_answer_keeps_the_nearest_and_the_verdict():
    review = [Match(entry(n, pdq(n), 31, Action.REVIEW), n) for n in range(3)]
    block = [Match(entry(n, pdq(n), 31, Action.BLOCK), n) for n in range(3, 6)]
    assert shortened(review + block, 9) == review + block
    assert shortened(review + block, 4) == review + block[:1]
    assert shortened(review + block, 2) == [review[0], block[0]]
    assert shortened(review + block, 1) == [block[0]]
    assert shortened(review, 2) == review[:2]
    assert shortened([], 1) == []
