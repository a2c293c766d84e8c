"""What others verify our feed and our log with."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema

from staydown.apps.api.keys import Needs
from staydown.apps.audit import actions as audit
from staydown.apps.banks import feed_key

router = Router(tags=["proofs"])


class VerifiersOut(Schema):
    """The public keys, as signed notes write them: ``name+hash+base64``."""

    feed: str
    audit: str


class CheckpointOut(Schema):
    """A signed checkpoint over the whole audit log as it is now."""

    note: str


@router.get("/keys", auth=None, response=VerifiersOut, summary="Read the public keys")
def keys(request: HttpRequest) -> dict[str, Any]:
    """The keys that sign the feed and the log. Compare them once over another channel, then keep them."""
    return {"feed": str(feed_key.verifier()), "audit": str(audit.verifier())}


@router.get("/audit/checkpoint", auth=Needs("audit:read"), response=CheckpointOut, summary="Read the log's checkpoint")
def checkpoint(request: HttpRequest) -> dict[str, Any]:
    """How long the audit log is and what its root is, signed. Keep it: history cannot be rewritten behind it."""
    return {"note": audit.signed_head()}
