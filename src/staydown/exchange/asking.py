"""Asks the server of a source, through the guarded transport, and says in our own errors what went wrong."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import httpx

from staydown.errors import (
    SettingError,
    SourceAnswerError,
    SourceDeniedError,
    UnreachableError,
)
from staydown.exchange import guarded
from staydown.exchange.source import Given

LONGEST_REPLY: Final = 32 << 20  # bytes, of one page
PATIENCE: Final = 60.0  # seconds, for one page

Query = Mapping[str, str | int]


class RefusedError(SourceAnswerError):
    """The source refuses this request. Check the address of the source, and that its kind is the right one."""


class Asker:
    """Speaks to the server at one address, always below it, with the same headers. Nothing of an answer is quoted."""

    def __init__(
        self, given: Given, *, headers: Mapping[str, str] | None = None, auth: tuple[str, str] | None = None
    ) -> None:
        self._base = address(given)
        rules = replace(given.rules, longest_reply=LONGEST_REPLY, seconds=max(given.rules.seconds, PATIENCE))
        self._client = guarded.client(rules, headers=dict(headers or {}), transport=given.transport)
        self._auth = auth

    def get(self, path: str, query: Query | None = None, *, headers: Mapping[str, str] | None = None) -> bytes:
        """The body of the answer. Without a query the one in ``path`` stands."""
        return self._ask("GET", path, params=dict(query) if query else None, headers=headers)

    def get_json(
        self, path: str, query: Query | None = None, *, headers: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """The object of the answer."""
        return _object(self.get(path, query, headers=headers))

    def post_json(self, path: str, body: object, *, headers: Mapping[str, str] | None = None) -> None:
        """The answer does not matter, only that it is a good one."""
        self._ask("POST", path, json=body, headers=headers)

    def post_form(self, path: str, body: Mapping[str, str]) -> dict[str, Any]:
        """The object of the answer to a form."""
        return _object(self._ask("POST", path, data=dict(body)))

    def put(self, path: str, body: bytes, content_type: str) -> None:
        """The answer does not matter, only that it is a good one."""
        self._ask("PUT", path, content=body, headers={"content-type": content_type})

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _ask(self, method: str, path: str, **how: Any) -> bytes:
        try:
            response = self._client.request(method, self._base + path, auth=self._auth, **how)
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError):
            raise UnreachableError from None
        status = response.status_code
        if status in (401, 403):
            raise SourceDeniedError
        if status == 429:
            raise UnreachableError("The source says that it is asked too often. It is asked again later.")
        if status >= 500:
            raise UnreachableError(f"The source answered with status {status}. It is asked again later.")
        if not 200 <= status < 300:
            raise RefusedError(f"The source answered with status {status}. Check its kind and its address.")
        return response.content


def address(given: Given) -> str:
    """The address of a source without its last stroke; raises `SettingError`, which does not quote it."""
    try:
        url = httpx.URL(given.address)
    except httpx.InvalidURL:
        raise SettingError("address: this is no address. Give one such as https://list.example/v1.") from None
    allowed = ("https", "http") if given.rules.allow_private else ("https",)
    if url.scheme not in allowed or not url.host or url.userinfo or url.query or url.fragment:
        raise SettingError("address: give one such as https://list.example/v1, without a password or a query in it.")
    return str(url).rstrip("/")


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise SourceAnswerError("The source answered with something else than JSON. Check its address.") from None
    if not isinstance(found, dict):
        raise SourceAnswerError
    return found
