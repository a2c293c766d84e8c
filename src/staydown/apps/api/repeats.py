"""Requests that create something may be repeated under an ``Idempotency-Key``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.http import HttpRequest

from staydown.apps.api.keys import key_of
from staydown.apps.sharing import replies


def idempotency_key(request: HttpRequest) -> str:
    """The header, or "" without one."""
    return request.headers.get("Idempotency-Key", "")


def once(request: HttpRequest, do: Callable[[], Mapping[str, Any]]) -> dict[str, Any]:
    """What ``do`` returns; for a repeated request what it returned the first time. It holds no receipt code."""
    asked = f"{request.method} {request.path}\n".encode() + request.body
    return replies.once(key_of(request), idempotency_key(request), asked, do)
