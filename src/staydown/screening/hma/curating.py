"""``/c`` of Hasher-Matcher-Actioner: handed on to the publisher, who has the banks. Files go no further than here.

The node holds no right to change a bank: a request is made in the name of the key that came with it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import partial
from typing import Any, Final

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import Response

from staydown.errors import FeedUnreachableError, InvalidError, MissingError
from staydown.exchange import hma
from staydown.exchange.peer import FeedClient, ScreeningKey
from staydown.screening import bodies
from staydown.screening.hma.asking import Doors, message
from staydown.screening.hma.pictures import Pictures

LONGEST: Final = 262_144  # bytes of a body that is handed on
_PATH: Final = re.compile(r"[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*")
AT_ONCE: Final = 8  # requests that are with the publisher


class Curating:
    """Hands requests on. The publisher says who may do what."""

    def __init__(self, client: FeedClient, pictures: Pictures, doors: Doors) -> None:
        self._client = client
        self._pictures = pictures
        self._doors = doors
        self._turns = anyio.CapacityLimiter(AT_ONCE)

    async def hand_on(self, request: Request) -> Response:
        """Whatever is asked below ``/c/``, as it is."""
        body = await bodies.read(request.receive, LONGEST)
        return await self._ask(request, request.method, request.path_params["path"], body)

    async def bank_picture(self, request: Request, _key: ScreeningKey) -> Response:
        """``POST /c/bank/NAME/content``: the file is hashed here, and its hash alone is handed on."""
        beside: dict[str, Any] = {}
        given: Mapping[str, str] = request.query_params
        if given.get("url"):
            signals = await self._pictures.named(request, self._pictures.banked)
            body = _fields(await bodies.read(request.receive, LONGEST))
            beside = {name: body[name] for name in ("metadata", "note") if name in body}
        elif request.headers.get("content-type", "").startswith("multipart/form-data"):
            signals, given = await self._pictures.sent(request, self._pictures.banked)
        else:
            raise InvalidError("Neither `url` nor multipart file upload was received")
        content: dict[str, Any] = {**signals, **beside, **_beside(given)}
        path = f"bank/{request.path_params['bank']}/signal"
        return await self._ask(request, "POST", path, json.dumps(content).encode())

    async def _ask(self, request: Request, method: str, path: str, body: bytes) -> Response:
        if not _PATH.fullmatch(path):  # no way from here to another address of the publisher
            raise MissingError("The requested URL was not found on the server.")
        authorization = self._doors.authorization(request).decode("latin-1")
        query = "" if path.endswith("/signal") else request.url.query
        ask = partial(self._client.relay, method, hma.CURATION + path, authorization, query=query, body=body)
        try:
            reply = await anyio.to_thread.run_sync(ask, limiter=self._turns)
        except FeedUnreachableError:
            return message(503, "The publisher of this node does not answer. Try again later.")
        headers = {"cache-control": "no-store"}
        if reply.status == 401:
            headers["www-authenticate"] = "Bearer"
        if reply.retry_after:
            headers["retry-after"] = reply.retry_after
        return Response(reply.body, reply.status, headers, "application/json")


def _beside(given: Mapping[str, str]) -> dict[str, Any]:
    """The note and the metadata in a form, or in the query.

    Coop sends the parts of the metadata one by one, and of them ``json`` by the name ``metadata``.
    """
    metadata = _fields(given.get("metadata", "").encode())
    if metadata.keys() - hma.METADATA:
        metadata = {"json": metadata}
    metadata |= {name: given[name] for name in ("content_id", "content_uri") if name in given}
    found = {"metadata": metadata, "note": given.get("note")}
    return {name: value for name, value in found.items() if value}


def _fields(body: bytes) -> dict[str, Any]:
    """The object in a body; empty for none."""
    if not body.strip():
        return {}
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise InvalidError("metadata should be a json object")
    return found
