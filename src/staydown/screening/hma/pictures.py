"""Pictures and videos that clients of HMA send, or name by their address."""

from __future__ import annotations

from functools import partial
from typing import Final, NamedTuple

import anyio.to_thread
import httpx
from starlette.requests import Request

from staydown.core.hashing.digest import exact
from staydown.errors import AddressRefusedError, InvalidError, UnreachableError
from staydown.exchange import guarded
from staydown.screening.answering import Answering, Hashed
from staydown.screening.bodies import Upload
from staydown.screening.hma.settings import HmaSettings
from staydown.screening.settings import Settings

PHOTO, VIDEO = "photo", "video"
TYPES: Final = {PHOTO: "pdq", VIDEO: "video_md5"}
"""HMA's signal type for each of its content types."""
TEXTS: Final = ("metadata", "note")
MOST_FETCHES: Final = 4


class Sent(NamedTuple):
    """A file that was sent or named, and the texts beside it. Of a video there are the hashes of its bytes alone."""

    content_type: str
    found: Hashed
    texts: dict[str, str]


class Pictures:
    """Hashes them: read into memory, pictures decoded by the node's pool, kept nowhere."""

    def __init__(self, answering: Answering, settings: Settings, hma: HmaSettings) -> None:
        self._answering = answering
        self._longest = settings.longest_upload
        self._hosts = hma.fetch_from
        self._rules = guarded.Rules(longest_reply=settings.longest_upload)
        self._fetches = anyio.CapacityLimiter(MOST_FETCHES)

    async def sent(self, request: Request) -> Sent:
        """The hashes of the file in a multipart body, and the texts beside it. Raises `MediaError`."""
        headers = dict(request.scope["headers"])
        content_type: bytes = headers.get(b"content-type", b"")
        if content_type.partition(b";")[0].strip().lower() != b"multipart/form-data":
            raise InvalidError("Missing multipart/form-data file upload")
        upload = Upload(content_type, longest=self._longest, files=tuple(TYPES), texts=TEXTS)
        async with self._answering.received(request.receive, upload, headers.get(b"content-length", b"")):
            kind = VIDEO if upload.has(VIDEO) else PHOTO
            check_types(request, kind)
            found = await self._hashed(upload.file, kind)
        return Sent(kind, found, {name: text for name in TEXTS if (text := upload.text(name)) is not None})

    async def named(self, request: Request) -> Sent:
        """The hashes of the file at the query's ``url``. Raises `MediaError`, `InvalidError` or `ExchangeError`."""
        url = request.query_params.get("url", "")
        if not url:
            raise InvalidError("url is required")
        data, kind = await anyio.to_thread.run_sync(partial(self._fetched, url), limiter=self._fetches)
        content_type = request.query_params.get("content_type") or (VIDEO if kind.startswith(VIDEO) else PHOTO)
        check_types(request, content_type)
        return Sent(content_type, await self._hashed(data, content_type), {})

    async def _hashed(self, data: bytes, content_type: str) -> Hashed:
        """The hashes of a file. A video is not decoded: HMA knows it by its bytes."""
        if content_type == PHOTO:
            return usable(await self._answering.hashed(data))
        found = await anyio.to_thread.run_sync(partial(exact, data, with_md5=True))
        return Hashed(found, has_detail=False, error=None)

    def _fetched(self, url: str) -> tuple[bytes, str]:
        """What lies at ``url``, and what its server calls it. No redirects, no private address, only named hosts."""
        try:
            host = httpx.URL(url).host.lower()
        except httpx.InvalidURL:
            raise InvalidError("url: this is no address") from None
        if host not in self._hosts:
            raise AddressRefusedError("url: addresses of this host are not fetched. Send the picture, or its hash.")
        with guarded.client(self._rules) as client:
            reply = client.get(url)
            if reply.status_code != 200:
                raise UnreachableError(f"url: its server answered with status {reply.status_code}.")
            return reply.content, reply.headers.get("content-type", "").lower()


def check_types(request: Request, content_type: str) -> None:
    """Raise `InvalidError` unless a content type of HMA is asked for, and nothing but the signal type that it has."""
    if content_type not in TYPES:
        raise InvalidError(f"no such content_type: '{content_type[:40]}'")
    types = request.query_params.get("types")
    if types is None:
        return
    names = [name.strip() for name in types.split(",") if name.strip()]
    if not names:
        raise InvalidError("empty signal type selection")
    for name in names:
        if name != TYPES[content_type]:
            raise InvalidError(f"signal type '{name[:40]}' doesn't exist or is disabled")


def usable(found: Hashed) -> Hashed:
    """``found``, unless nothing but its bytes could be hashed: raises that `MediaError`."""
    if found.error is not None:
        raise found.error
    return found
