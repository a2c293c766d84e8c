"""What stands between the network and Django: whole bodies, of bounded length, at a bounded rate of work."""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from staydown.apps.ui.security import static_headers

AT_ONCE: Final = 32  # requests that Django works on at a time, each in a thread of its own
FOLLOWERS_AT_ONCE: Final = 64  # those, apart, that wait at the feed for a new line
LONGEST_BODY: Final = 4 * 1024 * 1024  # bytes; hashes, links and words fit many times over, and no picture comes here
MOST_HELD: Final = 64 * LONGEST_BODY  # bytes of all bodies that are here or arriving
BODY_SECONDS: Final = 30.0
FEED: Final = "/api/v1/feed"

_WHOLE: Final = 200
_GONE: Final = 499
REFUSALS: Final = {
    408: "This took too long to arrive.",
    413: "This is too long.",
    503: "This process cannot answer now. Ask again.",
}


class WholeBody:
    """Hands a request on once its body is here, so that a slow sender holds a few bytes and not one of our threads.

    Django would write a long body to a temporary file. Nothing that someone sends us touches a disk outside the
    database, so a longer one is refused instead.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._work = asyncio.Semaphore(AT_ONCE)
        self._follow = asyncio.Semaphore(FOLLOWERS_AT_ONCE)
        self._ending = asyncio.Event()
        self._held = 0

    def end(self) -> None:
        """Answer those who wait at the feed now."""
        self._ending.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = bytearray()
        try:
            status = await self._arrived(body, scope, receive)
            if status in REFUSALS:
                await refuse(status, REFUSALS[status])(scope, receive, send)
            elif status == _WHOLE and scope["path"] == FEED:
                async with self._follow:
                    await self._until_the_end(scope, _replay(bytes(body), receive), send)
            elif status == _WHOLE:
                async with self._work:
                    await self._app(scope, _replay(bytes(body), receive), send)
        finally:
            self._held -= len(body)

    async def _arrived(self, body: bytearray, scope: Scope, receive: Receive) -> int:
        """200 once ``body`` is whole, 499 when the sender went away, else the status to refuse it with."""
        length = Headers(scope=scope).get("content-length", "0")
        if not length.isascii() or not length.isdigit() or int(length) > LONGEST_BODY:
            return 413
        try:
            return await asyncio.wait_for(self._read(body, receive), BODY_SECONDS)
        except TimeoutError:
            return 408

    async def _read(self, body: bytearray, receive: Receive) -> int:
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return _GONE
            part = message.get("body", b"")
            if len(body) + len(part) > LONGEST_BODY:
                return 413
            if self._held + len(part) > MOST_HELD:
                return 503
            body += part
            self._held += len(part)
            if not message.get("more_body", False):
                return _WHOLE

    async def _until_the_end(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The app's answer; 503 when this process ends before it, which the app takes for the asker going away."""
        answering = False

        async def noting(message: Message) -> None:
            nonlocal answering
            answering = True
            await send(message)

        async def receiving() -> Message:
            more, end = asyncio.ensure_future(receive()), asyncio.ensure_future(self._ending.wait())
            try:
                await asyncio.wait({more, end}, return_when=asyncio.FIRST_COMPLETED)
                return more.result() if more.done() else {"type": "http.disconnect"}
            finally:
                more.cancel()
                end.cancel()

        await self._app(scope, receiving, noting)
        if self._ending.is_set() and not answering:
            await refuse(503, REFUSALS[503])(scope, receive, send)


def refuse(status: int, sentence: str) -> ASGIApp:
    """An answer in one sentence, after which the connection is closed."""
    return PlainTextResponse(sentence + "\n", status, {**static_headers(), "Connection": "close"})


def _replay(body: bytes, receive: Receive) -> Receive:
    """What gives the body that was read, then whatever comes after it."""
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
