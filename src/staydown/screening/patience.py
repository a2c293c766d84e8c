"""Waiting with an end, free of charge where nothing has to be waited for."""

from __future__ import annotations

import asyncio
import types
from collections.abc import Coroutine, Generator
from functools import partial
from typing import Any, TypeVar

Result = TypeVar("Result")


async def within(seconds: float, work: Coroutine[Any, Any, Result]) -> Result:
    """What ``work`` returns; raises `TimeoutError` when it takes longer than ``seconds``.

    A small body is nearly always there before it is asked for, and to set a timer and take it down costs as much as to
    understand the body. So the work begins without one, and gets it when it has to wait for the first time.
    """
    try:
        waits_for = work.send(None)
    except StopIteration as done:
        result: Result = done.value
        return result
    async with asyncio.timeout(seconds):
        return await _rest(work, waits_for)


@types.coroutine
def _rest(work: Coroutine[Any, Any, Result], waits_for: object) -> Generator[Any, Any, Result]:
    """Goes on with work that has begun and waits for something: all that it wants goes to the event loop, and back."""
    while True:
        try:
            sent = yield waits_for
        except BaseException as error:  # noqa: BLE001 - the work decides what becomes of it
            step = partial(work.throw, error)
        else:
            step = partial(work.send, sent)
        try:
            waits_for = step()
        except StopIteration as done:
            result: Result = done.value
            return result
