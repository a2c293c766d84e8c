"""Questions that arrive at the same moment are looked up in one search: it waits for memory once, not once for each."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from staydown.core.hashing.algorithm import Hash
from staydown.core.matching.index import Match
from staydown.core.matching.live import LiveIndex

MOST: Final = 16  # questions in a search; the rest have the next one, and other requests get a turn before it


class Together:
    """Asks an index for several requests at once. Used in the event loop only.

    The first question of a moment waits until the loop has read what else has arrived: some microseconds when nothing
    has, and then it is looked up alone.
    """

    def __init__(self, index: LiveIndex, *, most_matches: int) -> None:
        self._index = index
        self._most_matches = most_matches
        self._waiting: list[tuple[Sequence[Hash], asyncio.Future[list[Match]]]] = []

    async def query(self, hashes: Sequence[Hash]) -> list[Match]:
        """What `LiveIndex.query` answers for the hashes of one picture."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[list[Match]] = loop.create_future()
        self._waiting.append((hashes, answer))
        if len(self._waiting) == 1:
            loop.call_soon(self._look)
        return await answer

    def _look(self) -> None:
        now, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._look)
        try:
            found = self._found([hashes for hashes, _ in now])
        except Exception as error:  # noqa: BLE001 - each of those who wait has to hear of it
            for _, answer in now:
                if not answer.done():
                    answer.set_exception(error)
            return
        for (_, answer), matches in zip(now, found, strict=True):
            if not answer.done():  # whoever asked may have gone
                answer.set_result(matches)

    def _found(self, pictures: list[Sequence[Hash]]) -> list[list[Match]]:
        if len(pictures) == 1:
            return [self._index.query(pictures[0], most=self._most_matches)]
        return self._index.query_many(pictures, most=self._most_matches)
