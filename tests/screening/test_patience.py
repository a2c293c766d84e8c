"""Waiting with an end: the same as asyncio's, and no timer where nothing is waited for."""

from __future__ import annotations

import asyncio

import pytest

from staydown.screening.patience import within


def test_what_is_there_already_sets_no_timer():
    async def at_once():
        return 7

    async def main():
        loop = asyncio.get_running_loop()
        timers = []
        loop.call_at = lambda *given, **more: timers.append(given)
        return await within(60, at_once()), timers

    assert asyncio.run(main()) == (7, [])


def test_what_has_to_be_waited_for_comes_in_the_end():
    async def later(turns):
        for _ in range(turns):
            await asyncio.sleep(0)
        event = asyncio.Event()
        asyncio.get_running_loop().call_soon(event.set)
        await event.wait()
        return turns

    async def main():
        return [await within(60, later(turns)) for turns in range(3)]

    assert asyncio.run(main()) == [0, 1, 2]


def test_what_never_comes_is_broken_off_and_may_clean_up():
    ended = []

    async def never():
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended.append("cleaned up")

    with pytest.raises(TimeoutError):
        asyncio.run(within(0.01, never()))
    assert ended == ["cleaned up"]


@pytest.mark.parametrize("turns", [0, 2])
def test_what_goes_wrong_comes_out_as_it_is(turns):
    async def wrong():
        for _ in range(turns):
            await asyncio.sleep(0)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        asyncio.run(within(60, wrong()))


def test_it_is_cancelled_with_its_task():
    async def main():
        task = asyncio.ensure_future(within(60, asyncio.Event().wait()))
        await asyncio.sleep(0)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(main())
