"""The two clients: one for threads, one for an event loop. Each only does what the conversation asks for."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from types import TracebackType
from typing import Any, Final, Self

import httpx

from staydown.client.conversation import (
    Answer,
    Asking,
    Conversation,
    HashPicture,
    Outcome,
    Reply,
    Send,
    Upload,
)
from staydown.client.policy import Policy
from staydown.core.hashing.containers import is_video
from staydown.core.hashing.picture import Picture
from staydown.core.hashing.pool import HashingPool
from staydown.core.hashing.video import Video
from staydown.core.hashing.video_pool import VideoPool
from staydown.core.matching.video import DENSE
from staydown.errors import MediaError, SettingError

WORKERS: Final = 2
LONGEST_REPLY: Final = 4 << 20  # bytes; the answers to a thousand uploads take a tenth of it
_USUAL: Final = Policy()


class _Client:
    """What both clients are made of."""

    def __init__(self, policy: Policy, pool: HashingPool | None) -> None:
        self._asking = Asking(policy, time.monotonic)
        self._own_pool = None if pool is not None else HashingPool(WORKERS)
        self._pool = pool or self._own_pool
        self._films = VideoPool(1)  # its process starts with the first video

    def _hash(self, data: bytes) -> Picture | Video | MediaError:
        """The hashes of a file, made in a process of its own; or why it has none."""
        assert self._pool is not None  # noqa: S101 - one of the two is there
        try:
            if is_video(data):
                return self._films.hash(data, every=DENSE, with_md5=True)
            return self._pool.hash(data, with_md5=True)  # the node may hold what lists of others know by nothing else
        except MediaError as error:
            return error

    def _close_pool(self) -> None:
        self._films.close()
        if self._own_pool is not None:
            self._own_pool.close()


class Client(_Client):
    """Asks a node from ordinary code. Thread-safe; close it, or use it as a context manager.

    Every question raises `DeniedError` for a key that the node does not take, `InvalidError` for what it refuses,
    `ReplyRefusedError` for an answer that is none, and `UnreachableError` or `BusyError` when nobody answers in time,
    unless the policy names a verdict for that.
    """

    def __init__(
        self,
        url: str,
        key: str,
        *,
        policy: Policy = _USUAL,
        pool: HashingPool | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        options = _options(url, key)
        self._http = httpx.Client(transport=transport or httpx.HTTPTransport(verify=_certificates()), **options)
        super().__init__(policy, pool)

    def screen(self, data: bytes, *, content_ref: str = "", preview_url: str = "") -> Answer:
        """May this be published? Raises a `MediaError` for what cannot be hashed, unless its very bytes are known."""
        return self._run(self._asking.screen([Upload(data, content_ref, preview_url)], keep_faults=False))[0]

    def screen_many(self, uploads: Iterable[Upload]) -> list[Answer]:
        """The answers to many, in their order. What cannot be hashed is answered `review`, with its ``fault``."""
        return self._run(self._asking.screen(uploads, keep_faults=True))

    def close(self) -> None:
        """Close the connections, and end the hashing."""
        self._http.close()
        self._close_pool()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _run(self, conversation: Conversation) -> list[Answer]:
        outcome: Outcome = None
        while True:
            try:
                step = conversation.send(outcome)
            except StopIteration as end:
                return list(end.value)
            if isinstance(step, HashPicture):
                outcome = self._hash(step.data)
            elif isinstance(step, Send):
                outcome = self._send(step)
            else:
                time.sleep(step.seconds)
                outcome = None

    def _send(self, step: Send) -> Reply | None:
        body = _Body(step.seconds)
        try:
            with self._http.stream("POST", step.path, content=step.body, timeout=step.seconds) as response:
                for part in response.iter_bytes():
                    body.take(part)
                return _reply(response, body)
        except httpx.HTTPError:  # also an answer that cannot be unpacked
            return None


class AsyncClient(_Client):
    """Asks a node from an event loop; see `Client`."""

    def __init__(
        self,
        url: str,
        key: str,
        *,
        policy: Policy = _USUAL,
        pool: HashingPool | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        options = _options(url, key)
        transport = transport or httpx.AsyncHTTPTransport(verify=_certificates())
        self._http = httpx.AsyncClient(transport=transport, **options)
        super().__init__(policy, pool)

    async def screen(self, data: bytes, *, content_ref: str = "", preview_url: str = "") -> Answer:
        """As `Client.screen`."""
        found = await self._run(self._asking.screen([Upload(data, content_ref, preview_url)], keep_faults=False))
        return found[0]

    async def screen_many(self, uploads: Iterable[Upload]) -> list[Answer]:
        """As `Client.screen_many`."""
        return await self._run(self._asking.screen(uploads, keep_faults=True))

    async def aclose(self) -> None:
        """Close the connections, and end the hashing."""
        await self._http.aclose()
        await asyncio.to_thread(self._close_pool)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.aclose()

    async def _run(self, conversation: Conversation) -> list[Answer]:
        outcome: Outcome = None
        while True:
            try:
                step = conversation.send(outcome)
            except StopIteration as end:
                return list(end.value)
            if isinstance(step, HashPicture):
                outcome = await asyncio.to_thread(self._hash, step.data)
            elif isinstance(step, Send):
                outcome = await self._send(step)
            else:
                await asyncio.sleep(step.seconds)
                outcome = None

    async def _send(self, step: Send) -> Reply | None:
        body = _Body(step.seconds)
        try:
            async with self._http.stream("POST", step.path, content=step.body, timeout=step.seconds) as response:
                async for part in response.aiter_bytes():
                    body.take(part)
                return _reply(response, body)
        except httpx.HTTPError:  # also an answer that cannot be unpacked
            return None


class _Body:
    """What comes back, while there is time for it and as long as an answer may be."""

    def __init__(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds
        self.held = bytearray()

    def take(self, part: bytes) -> None:
        """Keep ``part``; raises what a client hears that waited in vain."""
        self.held += part
        if len(self.held) > LONGEST_REPLY or time.monotonic() > self._until:
            raise httpx.ReadTimeout("The answer does not come to its end.")


def _reply(response: httpx.Response, body: _Body) -> Reply:
    return Reply(response.status_code, bytes(body.held), response.headers.get("retry-after", ""))


def _certificates() -> Any:
    """Those of the system, or those that ``SSL_CERT_FILE`` names."""
    return httpx.create_ssl_context()


def _options(url: str, key: str) -> dict[str, Any]:
    """How both talk. No proxy of the environment ever sees the key. Raises `SettingError`, which quotes neither."""
    try:
        base = httpx.URL(url)
    except httpx.InvalidURL:
        base = httpx.URL("")
    if base.scheme not in ("http", "https") or not base.host or base.userinfo or base.query or base.fragment:
        raise SettingError("The address of the node must be like https://screen.example, without a password in it.")
    if not (key and key.isascii() and key.isprintable() and " " not in key):
        raise SettingError("The key for the node is empty or holds characters that no key has. Copy it again.")
    return {
        "base_url": base,
        "headers": {"authorization": f"Bearer {key}", "content-type": "application/json", "user-agent": "staydown"},
        "trust_env": False,
        "follow_redirects": False,
    }
