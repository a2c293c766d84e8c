"""Pictures and videos that clients of HMA send, or name by their address."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final, NamedTuple, TypeVar

import anyio.to_thread
import httpx
from starlette.requests import Request

from staydown.core.hashing.algorithm import MOST_IN_A_VIDEO
from staydown.core.hashing.digest import md5
from staydown.errors import AddressRefusedError, InvalidError, UnreachableError
from staydown.exchange import guarded, hma
from staydown.screening.answering import Answering, Hashed
from staydown.screening.bodies import Upload
from staydown.screening.hma.settings import HmaSettings
from staydown.screening.settings import Settings

PHOTO, VIDEO = "photo", "video"
TYPES: Final = {PHOTO: ("pdq",), VIDEO: ("video_md5", "vpdq")}
"""HMA's signal types for each of its content types. The first is what ``/h/hash`` answers with when none is named."""
TEXTS: Final = ("metadata", "note", "content_id", "content_uri")
"""What may stand beside a file. ROOST Coop sends the last two there, and not within the first."""
MOST_FETCHES: Final = 4

T = TypeVar("T")
Signals = dict[str, str]
Take = Callable[[Request, bytes, str], Awaitable[T]]
"""Makes of the bytes of a file and its content type what the request is about."""


class Asked(NamedTuple):
    """What to look a file up by."""

    content_type: str
    found: Hashed


class Pictures:
    """Hashes them: read into memory, decoded by the node's pools, kept nowhere."""

    def __init__(self, answering: Answering, settings: Settings, settings_of_hma: HmaSettings) -> None:
        self._answering = answering
        self._longest = settings.longest_upload
        self._hosts = settings_of_hma.fetch_from
        self._rules = guarded.Rules(longest_reply=settings.longest_upload)
        self._fetches = anyio.CapacityLimiter(MOST_FETCHES)

    async def sent(self, request: Request, take: Take[T]) -> tuple[T, dict[str, str]]:
        """What ``take`` makes of the file in a multipart body, and the texts beside it. Raises `MediaError`."""
        headers = dict(request.scope["headers"])
        content_type: bytes = headers.get(b"content-type", b"")
        if content_type.partition(b";")[0].strip().lower() != b"multipart/form-data":
            raise InvalidError("Missing multipart/form-data file upload")
        upload = Upload(content_type, longest=self._longest, files=tuple(TYPES), texts=TEXTS)
        async with self._answering.received(request.receive, upload, headers.get(b"content-length", b"")):
            taken = await take(request, upload.file, VIDEO if upload.has(VIDEO) else PHOTO)
        return taken, {name: text for name in TEXTS if (text := upload.text(name)) is not None}

    async def named(self, request: Request, take: Take[T]) -> T:
        """What ``take`` makes of the file at the query's ``url``.

        Raises `MediaError`, `InvalidError` or `ExchangeError`.
        """
        url = request.query_params.get("url", "")
        if not url:
            raise InvalidError("url is required")
        data, kind = await anyio.to_thread.run_sync(partial(self._fetched, url), limiter=self._fetches)
        content_type = request.query_params.get("content_type") or (VIDEO if kind.startswith(VIDEO) else PHOTO)
        return await take(request, data, content_type)

    async def asked(self, request: Request, data: bytes, content_type: str) -> Asked:
        """What to look a file up by; of a video five frames a second, and its bytes."""
        wanted_types(request, content_type)
        if content_type == PHOTO:
            return Asked(PHOTO, usable(await self._answering.hashed(data)))
        return Asked(VIDEO, await self._answering.hashed_film(data))

    async def signals(self, request: Request, data: bytes, content_type: str) -> Signals:
        """The signals that the query asks for. One without detail is empty, as HMA has it."""
        wanted = wanted_types(request, content_type) or TYPES[content_type][:1]
        if content_type == PHOTO:
            found = usable(await self._answering.hashed(data))
            return {"pdq": found.hashes[0].hex() if found.is_hashable else ""}
        made = {}
        if "video_md5" in wanted:
            made["video_md5"] = (await anyio.to_thread.run_sync(md5, data)).hex()
        if "vpdq" in wanted:
            made["vpdq"] = await self._vpdq(data)
        return made

    async def banked(self, request: Request, data: bytes, content_type: str) -> Signals:
        """The one signal to bank a file by; raises `InvalidError` for one without detail.

        No video is banked by its bytes: that would miss the first copy that is encoded anew.
        """
        (name,) = wanted_types(request, content_type) or TYPES[content_type][-1:]
        if name == "video_md5":
            raise InvalidError("A video is banked by vpdq here, which finds its copies. Give its MD5 as a signal.")
        made = await self._vpdq(data) if name == "vpdq" else (await self.signals(request, data, PHOTO))["pdq"]
        if not made:
            raise InvalidError(f"Invalid {name} signal: there is too little detail to tell it from others")
        return {name: made}

    async def _vpdq(self, data: bytes) -> str:
        """The frames of a video, one a second or fewer of a long one; empty when none has detail."""
        video = await self._answering.video(data)
        frames = video.frames[:: 1 + len(video.frames) // MOST_IN_A_VIDEO] if video.is_hashable else ()
        return hma.vpdq((each.time, each.quality, each.hash) for each in frames) if frames else ""

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


def wanted_types(request: Request, content_type: str) -> tuple[str, ...]:
    """The signal types that the query names, none: it names none. Raises `InvalidError` for what a file has not."""
    if content_type not in TYPES:
        raise InvalidError(f"no such content_type: '{content_type[:40]}'")
    types = request.query_params.get("types")
    if types is None:
        return ()
    names = tuple(name.strip() for name in types.split(",") if name.strip())
    if not names:
        raise InvalidError("empty signal type selection")
    for name in names:
        if name not in TYPES[content_type]:
            raise InvalidError(f"signal type '{name[:40]}' doesn't exist or is disabled")
    return names


def usable(found: Hashed) -> Hashed:
    """``found``, unless nothing but its bytes could be hashed: raises that `MediaError`."""
    if found.error is not None:
        raise found.error
    return found
