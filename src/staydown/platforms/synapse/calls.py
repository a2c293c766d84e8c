"""One JSON call to a server that the operator named, and what its answer means."""

from __future__ import annotations

import json
from typing import Any, Final

import httpx

from staydown.errors import (
    BusyError,
    ConflictError,
    DeniedError,
    MissingError,
    ReplyRefusedError,
    SettingError,
    UnreachableError,
)

LONGEST_REPLY: Final = 1 << 20  # bytes
_LATER: Final = frozenset({408, 425, 429})


class Caller:
    """Speaks JSON with one server under one bearer token. ``who`` names it in errors, which quote nothing it said."""

    def __init__(self, url: str, token: str, who: str, transport: httpx.BaseTransport | None = None) -> None:
        self._who = who
        self._client = httpx.Client(
            base_url=_base(url, who),
            transport=transport or httpx.HTTPTransport(verify=httpx.create_ssl_context()),
            headers={"authorization": f"Bearer {_token(token, who)}", "user-agent": "staydown"},
            trust_env=False,  # no proxy of the environment ever sees the token
            follow_redirects=False,
            timeout=httpx.Timeout(20.0, connect=5.0),
        )

    def call(self, method: str, path: str, *, missing: str = "", body: object = None) -> dict[str, Any]:
        """The object it answers with. Raises `MissingError` for a 404 that says ``missing`` for itself, `ConflictError`
        for a 409, `DeniedError`, `UnreachableError` without an answer, `BusyError` when it cannot now, and
        `ReplyRefusedError`."""
        content = json.dumps(body).encode() if body is not None else b"{}" if method == "POST" else None
        headers = {"content-type": "application/json"} if content is not None else {}
        try:
            with self._client.stream(method, path, content=content, headers=headers) as reply:
                return self._meant(reply.status_code, self._read(reply), missing)
        except httpx.TransportError:
            raise UnreachableError(f"{self._who} did not answer. Check its address and that it runs.") from None
        except httpx.HTTPError:
            raise ReplyRefusedError(f"{self._who} answered in a way that cannot be read.") from None

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _read(self, reply: httpx.Response) -> dict[str, Any]:
        """The object in the body; empty for anything else."""
        parts, length = [], 0
        for part in reply.iter_bytes():
            parts.append(part)
            length += len(part)
            if length > LONGEST_REPLY:
                raise ReplyRefusedError(f"{self._who} answered with more than was asked for.")
        try:
            said = json.loads(b"".join(parts))
        except (ValueError, RecursionError):
            return {}
        return said if isinstance(said, dict) else {"": said}

    def _meant(self, status: int, said: dict[str, Any], missing: str) -> dict[str, Any]:
        if status == 200:
            return said
        if status in (401, 403):
            raise DeniedError(f"{self._who} does not take the key, or it may not do this. Make another one.")
        if status == 404 and missing and missing in (said.get("errcode"), said.get("code")):
            raise MissingError
        if status == 409:
            raise ConflictError
        if status in _LATER or status >= 500:
            raise BusyError(f"{self._who} answered with status {status}. It is asked again.")
        raise ReplyRefusedError(f"{self._who} answered with status {status}. Check its address.")


def _base(url: str, who: str) -> httpx.URL:
    """The address with a slash at its end; raises `SettingError`, which does not quote it."""
    try:
        base = httpx.URL(url if url.endswith("/") else f"{url}/")
    except httpx.InvalidURL:
        base = httpx.URL("")
    if base.scheme not in ("http", "https") or not base.host or base.userinfo or base.query or base.fragment:
        raise SettingError(f"{who} needs an address like https://host.example, without a password in it.")
    return base


def _token(token: str, who: str) -> str:
    if not (token and token.isascii() and token.isprintable() and " " not in token):
        raise SettingError(f"The key for {who[:1].lower()}{who[1:]} is empty or holds characters that no key has.")
    return token
