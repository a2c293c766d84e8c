"""The doors of one process: screening, static files and Django, each behind its own addresses."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

from django.apps import apps
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.db import connection
from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from staydown.apps.ui.security import static_headers

AT_ONCE: Final = 32  # requests that Django works on at a time, each in a thread of its own
FOLLOWERS_AT_ONCE: Final = 64  # of them, apart, those that wait at the feed for a new line
LONGEST_BODY: Final = 4 * 1024 * 1024  # bytes; hashes, links and words fit many times over, and no picture comes here
BODY_SECONDS: Final = 30.0
FEED: Final = "/api/v1/feed"


class Doors:
    """Sends each request to the part that owns its address."""

    def __init__(self, *, django: ASGIApp, static: ASGIApp, screening: ASGIApp | None, paths: tuple[str, ...]) -> None:
        self._django = WholeBody(django)
        self._static = static
        self._screening = screening
        self._paths = frozenset(paths)

    def end(self) -> None:
        """Let go of those who wait at the feed, for they would hold up the end of this process."""
        self._django.end()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] != "http":
            return  # no web socket is spoken here; the server closes it
        elif self._screening is not None and (scope["path"] in self._paths or scope["path"].startswith("/v1/")):
            await self._screening(scope, receive, send)
        elif scope["path"].startswith(settings.STATIC_URL):
            await self._static(scope, receive, send)
        elif self._screening is None and scope["path"] in {"/livez", "/readyz"}:
            await (await _health(scope["path"]))(scope, receive, send)
        else:
            await self._django(scope, receive, send)


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

    def end(self) -> None:
        """Answer those who wait at the feed now."""
        self._ending.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        length = Headers(scope=scope).get("content-length", "0")
        if not length.isascii() or not length.isdigit() or int(length) > LONGEST_BODY:
            await _refuse(413, "This is too long.")(scope, receive, send)
            return
        try:
            body = await asyncio.wait_for(_read(receive), BODY_SECONDS)
        except TimeoutError:
            await _refuse(408, "This took too long to arrive.")(scope, receive, send)
            return
        if body is None:
            return  # the sender is gone
        if len(body) > LONGEST_BODY:
            await _refuse(413, "This is too long.")(scope, receive, send)
            return
        if scope["path"] == FEED:
            async with self._follow:
                await self._until_the_end(scope, _replay(body, receive), send)
        else:
            async with self._work:
                await self._app(scope, _replay(body, receive), send)

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
            await _refuse(503, "This process ends. Ask again.")(scope, receive, send)


class WithHeaders:
    """Adds headers to what an app answers."""

    def __init__(self, app: ASGIApp, headers: dict[str, str]) -> None:
        self._app = app
        self._headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def adding(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self._headers)
            await send(message)

        await self._app(scope, receive, adding)


def compose(screening: ASGIApp | None = None, paths: tuple[str, ...] = ()) -> Doors:
    """The whole process as one ASGI app. ``screening`` answers ``paths`` and everything below /v1/."""
    return Doors(
        django=get_asgi_application(),
        static=WithHeaders(static_files(), {**static_headers(), "Cache-Control": "no-cache"}),
        screening=screening,
        paths=paths,
    )


def static_files() -> ASGIApp:
    """The static folders of every installed app, below the static address."""
    having = [config.name for config in apps.get_app_configs() if (Path(config.path) / "static").is_dir()]
    files = StaticFiles(packages=[(name, "static") for name in having])
    return Starlette(routes=[Mount(settings.STATIC_URL.rstrip("/"), files)])


async def _read(receive: Receive) -> bytes | None:
    """The body, or a little more than `LONGEST_BODY` of it; None when the sender went away."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if len(body) > LONGEST_BODY or not message.get("more_body", False):
            return bytes(body)


def _replay(body: bytes, receive: Receive) -> Receive:
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


def _refuse(status: int, sentence: str) -> ASGIApp:
    return PlainTextResponse(sentence + "\n", status, {**static_headers(), "Connection": "close"})


async def _health(path: str) -> PlainTextResponse:
    if path == "/readyz":
        try:
            await asyncio.to_thread(_ask_database)
        except Exception:  # noqa: BLE001 - whatever it is, this process should get no traffic
            return PlainTextResponse("The database does not answer.\n", 503)
    return PlainTextResponse("ok\n")


def _ask_database() -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    finally:
        connection.close()


async def _lifespan(receive: Receive, send: Send) -> None:
    while (await receive())["type"] != "lifespan.shutdown":
        await send({"type": "lifespan.startup.complete"})
    await send({"type": "lifespan.shutdown.complete"})
