"""An HTTP client of an ASGI app in this process, usable from ordinary tests and from several threads."""

from __future__ import annotations

import asyncio
import atexit
import functools
import threading
from collections.abc import AsyncIterator, Iterator

import httpx
from starlette.types import ASGIApp


@functools.cache
def _loop() -> asyncio.AbstractEventLoop:
    """The one event loop in which all apps of this test process run, as they would in one server."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="tests-event-loop", daemon=True)
    thread.start()

    def end() -> None:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()

    atexit.register(end)
    return loop


class Web:
    """Requests to ``app`` with ``headers``; an exception of the app is raised here."""

    def __init__(self, app: ASGIApp, headers: dict[str, str]) -> None:
        self._transport = httpx.ASGITransport(app)
        self._headers = headers

    def get(self, path: str, **options: object) -> httpx.Response:
        return self._request("GET", path, **options)

    def post(self, path: str, **options: object) -> httpx.Response:
        if isinstance(content := options.get("content"), Iterator):
            options["content"] = _asynchronous(content)
        return self._request("POST", path, **options)

    def _request(self, method: str, path: str, **options: object) -> httpx.Response:
        async def talk() -> httpx.Response:
            async with httpx.AsyncClient(
                transport=self._transport, base_url="http://node.test", headers=self._headers
            ) as client:
                return await client.request(method, path, **options)

        return asyncio.run_coroutine_threadsafe(talk(), _loop()).result(30)


async def _asynchronous(parts: Iterator[bytes]) -> AsyncIterator[bytes]:
    for part in parts:
        yield part
