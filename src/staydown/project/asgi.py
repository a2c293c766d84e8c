"""The doors of one process: screening, static files and Django, each behind its own addresses."""

from __future__ import annotations

import asyncio
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.db import connection
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from staydown.apps.ui.security import static_headers
from staydown.project.bodies import WholeBody


class Doors:
    """Sends each request to the part that owns its address."""

    def __init__(
        self,
        *,
        django: ASGIApp,
        static: ASGIApp,
        screening: ASGIApp | None,
        paths: tuple[str, ...],
        prefixes: tuple[str, ...] = (),
    ) -> None:
        self._django = WholeBody(django)
        self._static = static
        self._screening = screening
        self._paths = frozenset(paths)
        self._prefixes = prefixes

    def end(self) -> None:
        """Let go of those who wait at the feed, for they would hold up the end of this process."""
        self._django.end()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] != "http":
            return  # no web socket is spoken here; the server closes it
        elif self._screening is not None and (scope["path"] in self._paths or scope["path"].startswith(self._prefixes)):
            await self._screening(scope, receive, send)
        elif scope["path"].startswith(settings.STATIC_URL):
            await self._static(scope, receive, send)
        elif self._screening is None and scope["path"] in {"/livez", "/readyz"}:
            await (await _health(scope["path"]))(scope, receive, send)
        else:
            await self._django(scope, receive, send)


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


def compose(screening: ASGIApp | None = None, paths: tuple[str, ...] = (), prefixes: tuple[str, ...] = ()) -> Doors:
    """The whole process as one ASGI app. ``screening`` answers ``paths``, and what begins with one of ``prefixes``."""
    return Doors(
        django=get_asgi_application(),
        static=WithHeaders(static_files(), {**static_headers(), "Cache-Control": "no-cache"}),
        screening=screening,
        paths=paths,
        prefixes=prefixes,
    )


def static_files() -> ASGIApp:
    """The static folders of every installed app, below the static address."""
    having = [config.name for config in apps.get_app_configs() if (Path(config.path) / "static").is_dir()]
    files = StaticFiles(packages=[(name, "static") for name in having])
    return Starlette(routes=[Mount(settings.STATIC_URL.rstrip("/"), files)])


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
