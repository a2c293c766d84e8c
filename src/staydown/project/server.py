"""The HTTP server of a process, with the parts that run beside it, until a signal ends it."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable, Iterable
from typing import Protocol

import uvicorn
from django.conf import settings

from staydown.project.asgi import Doors

GRACE = 5  # seconds for requests that are being answered when a signal comes


class Part(Protocol):
    """Something that runs beside the server."""

    def start(self) -> None:
        """Begin."""

    def stop(self) -> None:
        """End."""


class Server(uvicorn.Server):
    """Starts its parts once it listens, and ends them while it still answers: they speak to it."""

    def __init__(self, app: Doors, config: uvicorn.Config, parts: Iterable[Part], started: Callable[[], None]) -> None:
        super().__init__(config)
        self._doors = app
        self._parts = list(parts)
        self._tell = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, start the parts, say so."""
        await super().startup(sockets)
        if self.started:
            for part in self._parts:
                part.start()
            self._tell()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the parts together, then the connections."""
        await asyncio.gather(*(asyncio.to_thread(part.stop) for part in self._parts), return_exceptions=True)
        self._doors.end()
        await super().shutdown(sockets)


def run(app: Doors, listener: socket.socket, parts: Iterable[Part], started: Callable[[], None]) -> None:
    """Serve on the socket until SIGTERM or SIGINT, then end in order. Writes no access log: it would hold addresses."""
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=True,
        forwarded_allow_ips=settings.STAYDOWN_PROXIES,
        server_header=False,
        timeout_graceful_shutdown=GRACE,
    )
    server = Server(app, config, parts, started)
    # uvicorn sets the same handlers only once it runs, so a signal before that would be lost; and it raises the signal
    # again once it has ended, which must not be an error: we were asked to end.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, server.handle_exit)
    server.run(sockets=[listener])
