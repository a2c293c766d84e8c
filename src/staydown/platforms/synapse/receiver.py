"""Where staydown's webhooks arrive. They only say that there is something to do; what it is, staydown's API says."""

from __future__ import annotations

import contextlib
import json
import logging
import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from staydown.errors import WebhookError
from staydown.exchange.webhooks import PublicKey, verify
from staydown.platforms.synapse.carrying_out import Rounds

log = logging.getLogger(__name__)
LONGEST: Final = 65_536  # bytes of a webhook; ours have a few hundred


def build(rounds: Rounds, keys: Sequence[PublicKey], clock: Callable[[], float] = time.time) -> Starlette:
    """The application: ``POST /webhook``, ``/livez``, and ``/readyz`` for whether decisions are being carried out."""

    async def webhook(request: Request) -> Response:
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > LONGEST:
                return _problem(413, "too_large")
        try:
            verify(request.headers, body, keys=keys, now=clock())
        except WebhookError as error:
            log.warning("A webhook was refused. %s", error.message)
            return _problem(401, error.code)
        if _event(body) == "action.requested":
            rounds.wake()
        return Response(status_code=204)

    async def livez(_: Request) -> Response:
        return JSONResponse({"alive": True})

    async def readyz(_: Request) -> Response:
        return JSONResponse({"ready": rounds.fault is None, "fault": rounds.fault}, 503 if rounds.fault else 200)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        rounds.start()
        yield
        await run_in_threadpool(rounds.end)

    routes = [Route("/webhook", webhook, methods=["POST"]), Route("/livez", livez), Route("/readyz", readyz)]
    return Starlette(routes=routes, lifespan=lifespan)


def _event(body: bytes) -> str:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    return str(said.get("type", "")) if isinstance(said, dict) else ""


def _problem(status: int, code: str) -> Response:
    return JSONResponse({"status": status, "code": code}, status, media_type="application/problem+json")
