"""Middleware for any ASGI site (Starlette, FastAPI, Django): uploads are looked at before the site sees them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from tempfile import SpooledTemporaryFile
from typing import Any, BinaryIO, cast

from staydown.client import Answer, AsyncClient
from staydown.errors import StaydownError, TooLargeError, UploadError
from staydown.platforms import bodies
from staydown.platforms.replies import refusal
from staydown.platforms.rules import Rules

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class ScreenUploads:
    """Lets a request to ``app`` through when ``rules`` let each file in it, and answers with a problem otherwise.

    A body with files is put aside whole (in memory up to a megabyte, then in a temporary file) and handed on unchanged.
    Requests without files are not touched.
    """

    def __init__(
        self, app: App, client: AsyncClient, *, rules: Rules | None = None, longest_body: int = bodies.LONGEST_BODY
    ) -> None:
        self._app = app
        self._client = client
        self._rules = rules or Rules()
        self._longest_body = longest_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        content_type = _content_type(scope) if scope["type"] == "http" else ""
        if scope["type"] != "http" or not bodies.carries_files(scope["method"], content_type):
            await self._app(scope, receive, send)
            return
        with SpooledTemporaryFile(bodies.IN_MEMORY) as spool:
            body = cast("BinaryIO", spool)
            try:
                if not await self._put_aside(receive, body):
                    return  # the visitor went away
                await self._look(body, content_type)
            except (UploadError, TooLargeError) as error:
                await _refuse(send, error)
                return
            await self._app(scope, _again(body, receive), send)

    async def _put_aside(self, receive: Receive, body: BinaryIO) -> bool:
        """Whether the whole body came; it is in ``body`` then."""
        size = 0
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return False
            part = message.get("body", b"")
            size += len(part)
            if size > self._longest_body:
                raise TooLargeError("This upload is too long. Send fewer files at once.")
            body.write(part)
            if not message.get("more_body", False):
                return True

    async def _look(self, body: BinaryIO, content_type: str) -> None:
        """Raise `UploadError` when one of the files is not to be published."""
        found = bodies.files(body, content_type, longest=self._rules.longest)
        while (file := await asyncio.to_thread(next, found, None)) is not None:
            self._rules.judge(await self._said(file), file.start)

    async def _said(self, file: bodies.File) -> Answer | StaydownError:
        """What the node answers about a file, or why it was not asked."""
        if file.data is None:
            return TooLargeError()
        try:
            return await self._client.screen(file.data)
        except StaydownError as error:
            return error.with_traceback(None)  # its frames would keep the file in memory


def _again(body: BinaryIO, receive: Receive) -> Receive:
    """Hands out what was put aside, then what the connection says next."""
    body.seek(0)
    is_over = False

    async def handed() -> Message:
        nonlocal is_over
        if is_over:
            return await receive()
        part = body.read(bodies.CHUNK)
        is_over = len(part) < bodies.CHUNK
        return {"type": "http.request", "body": part, "more_body": not is_over}

    return handed


def _content_type(scope: Scope) -> str:
    found = [value for name, value in scope["headers"] if name.lower() == b"content-type"]
    return bytes(found[0]).decode("latin-1") if found else ""


async def _refuse(send: Send, error: StaydownError) -> None:
    status, _, headers, body = refusal(error)
    raw = [(name.lower().encode(), value.encode()) for name, value in headers]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})
