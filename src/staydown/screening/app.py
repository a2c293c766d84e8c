"""The routes of a screening node: may this be published?"""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

import anyio.to_thread
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from staydown.core.hashing.pool import HashingPool
from staydown.core.matching.live import LiveIndex
from staydown.errors import (
    BusyError,
    DeniedError,
    InvalidError,
    MissingError,
    NotReadyError,
    StaydownError,
    TooSlowError,
)
from staydown.exchange.hma import PREFIXES as HMA_PREFIXES
from staydown.exchange.hma import STATUS_PATHS
from staydown.exchange.peer import FeedClient, ScreeningKey
from staydown.screening import openapi, wire
from staydown.screening.answering import Answering, Reply
from staydown.screening.auth import EXPLAIN, SCREEN
from staydown.screening.faults import trace
from staydown.screening.hma.routes import routes as hma_routes
from staydown.screening.hma.settings import HmaSettings
from staydown.screening.keeping import KeptFile
from staydown.screening.metrics import CONTENT_TYPE
from staydown.screening.node import Banks, Node
from staydown.screening.settings import Settings

log = logging.getLogger(__name__)

PATHS: Final = ("/livez", "/readyz", "/metrics", *STATUS_PATHS)
PREFIXES: Final = ("/v1/", *HMA_PREFIXES)
"""The node's paths, and how the others begin, for whoever puts the app beside another one."""

RETRY_AFTER: Final = b"1"  # seconds
_JSON: Final = (b"content-type", b"application/json")
_PROBLEM: Final = (b"content-type", b"application/problem+json")
_NO_STORE: Final = (b"cache-control", b"no-store")
Headers = dict[bytes, bytes]
Answer = Callable[[Headers, Receive, wire.Options, Banks], Awaitable[Reply]]
Refusal = tuple[Reply, list[tuple[bytes, bytes]]]


def build(
    settings: Settings,
    *,
    feed_client: FeedClient,
    pool: HashingPool,
    index: LiveIndex | None = None,
    hma: HmaSettings | None = None,
    keep: KeptFile | None = None,
) -> Screening:
    """The app of a node that follows ``feed_client``; ``app.state.node`` is the node.

    ``keep`` is the file in which it keeps what it knows; without one nothing is on disk.

    Its lifespan starts and stops the node's threads. Where no lifespan is run, as below a mount point, the host calls
    ``app.state.node.start()`` and ``app.state.node.stop()``.
    """
    node = Node(settings, feed_client=feed_client, pool=pool, index=index, keep=keep)
    return Screening(node, feed_client, hma or HmaSettings())


class Screening(Starlette):
    """The app. The two hot routes are answered before any router or middleware is asked; the others are ordinary."""

    def __init__(self, node: Node, feed_client: FeedClient, hma: HmaSettings) -> None:
        self._node = node
        self._answering = Answering(node)
        self._hot = {"/v1/screen": self._screen, "/v1/screen/batch": self._batch}
        routes = [
            Route("/v1/index", self._index, methods=["GET"]),
            Route("/livez", self._live, methods=["GET"]),
            Route("/readyz", self._ready, methods=["GET"]),
            Route("/metrics", self._metrics, methods=["GET"]),
            Route("/v1/openapi.json", self._openapi, methods=["GET"]),
            *hma_routes(node, self._answering, feed_client, hma),
        ]
        super().__init__(routes=routes, lifespan=self._life, exception_handlers={HTTPException: _not_here})
        self.state.node = node

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        hot = self._hot.get(scope["path"]) if scope["type"] == "http" else None
        if hot is None:
            await super().__call__(scope, receive, send)
        elif scope["method"] != "POST":
            error = InvalidError("This address takes POST.")
            reply = Reply(*wire.problem(error, 405, "method_not_allowed"), is_problem=True)
            await _send(send, reply, [(b"allow", b"POST")])
        else:
            await self._answer(hot, scope, receive, send)

    @asynccontextmanager
    async def _life(self, _app: Starlette) -> AsyncIterator[None]:
        self._node.start()
        try:
            yield
        finally:
            await anyio.to_thread.run_sync(self._node.stop)

    async def _answer(self, route: Answer, scope: Scope, receive: Receive, send: Send) -> None:
        """Send what ``route`` replies, or the problem document of what it raised."""
        more: list[tuple[bytes, bytes]] = []
        try:
            headers: Headers = dict(scope["headers"])
            options = wire.options(scope["query_string"])
            admitted = self._admitted(headers, options)
            if isinstance(admitted, ScreeningKey):
                reply = await route(headers, receive, options, admitted.banks)
            else:
                reply, more = admitted
        except ClientDisconnect:
            return
        except TimeoutError:
            reply = self._problem(TooSlowError("The body of the request did not arrive in time. Send it again."), 408)
        except BusyError as error:
            reply, more = self._problem(error), [(b"retry-after", RETRY_AFTER)]
        except StaydownError as error:
            reply = self._problem(error)
        except Exception as error:  # noqa: BLE001 - whoever asks gets an answer, and the log the place
            log.error("A request could not be answered: %s", trace(error))
            reply = self._problem(StaydownError())
        await _send(send, reply, more)

    def _admitted(self, headers: Headers, options: wire.Options) -> ScreeningKey | Refusal:
        """The key of who asks; else the reply to who may not, or to anybody while there is nothing to answer with."""
        if not self._node.can_answer:
            return self._problem(NotReadyError()), [(b"retry-after", RETRY_AFTER)]
        key = self._node.keys.find(headers.get(b"authorization", b""))
        if key is None:
            error = DeniedError("Send a key of this service as `Authorization: Bearer ...`.")
            return self._problem(error, 401), [(b"www-authenticate", b"Bearer")]
        needed = (SCREEN, EXPLAIN) if options.explain else (SCREEN,)
        for scope in needed:
            if scope not in key.scopes:
                return self._problem(DeniedError(f"This key has not the scope {scope}. Ask for one that has.")), []
        return key

    async def _screen(self, headers: Headers, receive: Receive, options: wire.Options, banks: Banks) -> Reply:
        content_type = headers.get(b"content-type", b"")
        kind = content_type.partition(b";")[0].strip().lower()
        if kind == b"application/json":
            return await self._answering.one(receive, options, banks)
        if kind == b"multipart/form-data":
            length = headers.get(b"content-length", b"")
            return await self._answering.upload(receive, content_type, length, options, banks)
        return self._problem(InvalidError("Send application/json, or multipart/form-data with a file."), 415)

    async def _batch(self, headers: Headers, receive: Receive, options: wire.Options, banks: Banks) -> Reply:
        if headers.get(b"content-type", b"").partition(b";")[0].strip().lower() != b"application/json":
            return self._problem(InvalidError("Send application/json."), 415)
        return await self._answering.many(receive, options, banks)

    def _problem(self, error: StaydownError, status: int | None = None) -> Reply:
        self._node.metrics.refusals.labels(error.code).inc()
        return Reply(*wire.problem(error, status), is_problem=True)

    async def _index(self, request: Request) -> Response:
        if (refused := self._unknown(request)) is not None:
            return refused
        follower, lag = self._node.follower, self._node.follower.lag
        return _json(
            {
                "entries": self._node.entries,
                "videos": len(self._node.videos),
                "cursor": follower.seq,
                "lag_seconds": None if lag is None else round(lag, 3),
            }
        )

    async def _metrics(self, request: Request) -> Response:
        if (refused := self._unknown(request)) is not None:
            return refused
        return Response(self._node.metrics.text(), media_type=CONTENT_TYPE, headers={"cache-control": "no-store"})

    async def _openapi(self, _request: Request) -> Response:
        return _json(openapi.document(self._node.settings))

    async def _live(self, _request: Request) -> Response:
        return _json({"alive": True})

    async def _ready(self, _request: Request) -> Response:
        trouble = self._node.trouble()
        if trouble is None:
            return _json({"ready": True})
        code, reason = trouble
        return _json({"ready": False, "code": code, "reason": reason}, status=503)

    def _unknown(self, request: Request) -> Response | None:
        """The refusal of a request without a key for screening, or None."""
        headers: Headers = dict(request.scope["headers"])
        key = self._node.keys.find(headers.get(b"authorization", b""))
        if key is not None and SCREEN in key.scopes:
            return None
        status, body = wire.problem(DeniedError(), 401 if key is None else 403)
        return Response(body, status, {"www-authenticate": "Bearer"}, "application/problem+json")


async def _send(send: Send, reply: Reply, more: list[tuple[bytes, bytes]]) -> None:
    headers = [_PROBLEM if reply.is_problem else _JSON, _NO_STORE, (b"content-length", b"%d" % len(reply.body)), *more]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})


def _json(fields: dict[str, object], *, status: int = 200) -> Response:
    return Response(json.dumps(fields), status, {"cache-control": "no-store"}, "application/json")


def _not_here(_request: Request, error: Exception) -> Response:
    """The problem document of what the router says."""
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for nothing else
    if error.status_code == 404:
        status, body = wire.problem(MissingError("There is nothing at this address."))
    else:
        status, body = wire.problem(InvalidError("This address takes GET."), error.status_code, "method_not_allowed")
    return Response(body, status, error.headers, "application/problem+json")
