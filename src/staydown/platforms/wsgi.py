"""Middleware for any WSGI site (Flask, Django, Pyramid): uploads are looked at before the site sees them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from tempfile import SpooledTemporaryFile
from typing import Any, BinaryIO, cast

from staydown.client import Client
from staydown.errors import TooLargeError, UploadError
from staydown.platforms import bodies
from staydown.platforms.replies import refusal
from staydown.platforms.rules import Rules, said

Environ = dict[str, Any]
Start = Callable[..., Any]
App = Callable[[Environ, Start], Iterable[bytes]]


class ScreenUploads:
    """As `staydown.platforms.asgi.ScreenUploads`, for WSGI. Thread-safe, as the client is."""

    def __init__(
        self, app: App, client: Client, *, rules: Rules | None = None, longest_body: int = bodies.LONGEST_BODY
    ) -> None:
        self._app = app
        self._client = client
        self._rules = rules or Rules()
        self._longest_body = longest_body

    def __call__(self, environ: Environ, start: Start) -> Iterable[bytes]:
        content_type = environ.get("CONTENT_TYPE", "")
        if not bodies.carries_files(environ["REQUEST_METHOD"], content_type):
            return self._app(environ, start)
        return self._screened(environ, start, content_type)

    def _screened(self, environ: Environ, start: Start, content_type: str) -> Iterator[bytes]:
        with SpooledTemporaryFile(bodies.IN_MEMORY) as spool:
            body = cast("BinaryIO", spool)
            try:
                size = self._put_aside(environ, body)
                for file in bodies.files(body, content_type, longest=self._rules.longest):
                    self._rules.judge(said(self._client, file.data), file.start)
            except (UploadError, TooLargeError) as error:
                status, reason, headers, text = refusal(error)
                start(f"{status} {reason}", headers)
                yield text
                return
            body.seek(0)
            yield from _answered(self._app({**environ, "wsgi.input": body, "CONTENT_LENGTH": str(size)}, start))

    def _put_aside(self, environ: Environ, body: BinaryIO) -> int:
        """How many bytes the whole body has; it is in ``body`` then. One without a length is read to its end."""
        given, source = environ.get("CONTENT_LENGTH") or "", environ["wsgi.input"]
        is_ended = environ.get("wsgi.input_terminated", False)
        left = int(given) if given.isascii() and given.isdigit() and len(given) < 16 else None
        if left is None and not is_ended:
            left = 0
        if (left or 0) > self._longest_body:
            raise TooLargeError("This upload is too long. Send fewer files at once.")
        size = 0
        while part := source.read(bodies.CHUNK if left is None else min(bodies.CHUNK, left - size)):
            size += len(part)
            if size > self._longest_body:
                raise TooLargeError("This upload is too long. Send fewer files at once.")
            body.write(part)
        if size < (left or 0):
            raise UploadError("This upload ended too early. Send it again.")
        return size


def _answered(parts: Iterable[bytes]) -> Iterator[bytes]:
    """What the site answers, closed as WSGI asks."""
    try:
        yield from parts
    finally:
        close = getattr(parts, "close", None)
        if close is not None:
            close()
