"""Questions of one moment, looked up in one search: each gets its own answer."""

from __future__ import annotations

import asyncio
import random

import pytest

from staydown.core.hashing.algorithm import Algorithm, Hash
from staydown.core.matching.live import LiveIndex
from staydown.screening.together import MOST, Together
from tests.screening.nodes import entry, near, pdq


def known(seed: int) -> Hash:
    """A hash far from every other one."""
    return Hash(Algorithm.PDQ, random.Random(seed).randbytes(32))


class Watched(LiveIndex):
    """An index that notes how many pictures it was asked for in each search."""

    def __init__(self) -> None:
        super().__init__()
        self.searches: list[int] = []

    def query(self, hashes, *, most=None):
        self.searches.append(1)
        return super().query(hashes, most=most)

    def query_many(self, pictures, *, most=None, threads=1):
        self.searches.append(len(pictures))
        return super().query_many(pictures, most=most, threads=threads)


@pytest.fixture
def index() -> Watched:
    found = Watched()
    for seed in range(40):
        found.add(entry(known(seed)))
    return found


def ask(index: LiveIndex, questions: list) -> list:
    async def main():
        together = Together(index, most_matches=16)
        return await asyncio.gather(*map(together.query, questions), return_exceptions=True)

    return asyncio.run(main())


def test_each_gets_the_answer_that_it_would_get_alone(index: Watched) -> None:
    questions = [(near(known(seed), seed),) if seed % 3 else (pdq(), known(seed)) for seed in range(12)]
    answers = ask(index, questions)
    assert index.searches == [12]
    assert answers == [index.query(question, most=16) for question in questions]
    assert all(answers)


def test_one_alone_is_looked_up_alone(index: Watched) -> None:
    assert ask(index, [(pdq(),)]) == [[]]
    assert index.searches == [1]


def test_so_many_go_into_a_search_and_no_more(index: Watched) -> None:
    answers = ask(index, [(known(seed),) for seed in range(2 * MOST + 1)])
    assert index.searches == [MOST, MOST, 1]
    assert [len(found) for found in answers] == [1] * (2 * MOST + 1)


def test_a_fault_of_the_search_reaches_everybody_and_the_next_one_works(monkeypatch: pytest.MonkeyPatch) -> None:
    index = Watched()
    with monkeypatch.context() as patch:
        patch.setattr(index, "query_many", lambda *_, **__: 1 / 0)
        assert [type(answer) for answer in ask(index, [(pdq(),)] * 3)] == [ZeroDivisionError] * 3
    assert ask(index, [(pdq(),)] * 3) == [[], [], []]


def test_somebody_who_goes_takes_no_answer_from_the_others(index: Watched) -> None:
    async def main():
        together = Together(index, most_matches=16)
        tasks = [asyncio.ensure_future(together.query((known(seed),))) for seed in range(3)]
        await asyncio.sleep(0)
        tasks[1].cancel()
        return await asyncio.gather(*tasks, return_exceptions=True)

    first, gone, last = asyncio.run(main())
    assert isinstance(gone, asyncio.CancelledError)
    assert len(first) == len(last) == 1
