"""What a screening node needs besides the feed: which client keys it should let in."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema

from staydown.apps.accounts.models import ApiKey
from staydown.apps.api.keys import Needs

router = Router(tags=["screening"])
SCOPES = ("screen", "screen:explain")


class KeyOut(Schema):
    """A client key: the SHA-256 of its text, what it is for, and the banks that it is answered from; none: all."""

    digest: str
    scopes: list[str]
    banks: list[str]


class KeysOut(Schema):
    """The client keys that are live now."""

    keys: list[KeyOut]


@router.get("/screening/keys", auth=Needs("key:list"), response=KeysOut, summary="List the keys of screening clients")
def keys(request: HttpRequest) -> dict[str, Any]:
    """The keys that a node lets in. Ask again every few seconds: one that is missing was revoked."""
    found = ApiKey.objects.live().order_by("pk")
    return {
        "keys": [
            {"digest": bytes(key.digest).hex(), "scopes": scopes, "banks": key.banks}
            for key in found
            if (scopes := [scope for scope in SCOPES if key.may(scope)])
        ]
    }
