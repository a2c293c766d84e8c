"""Requests that may be repeated: the same one gets the same answer, and is done once."""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.utils import timezone

from staydown.apps.accounts.models import ApiKey
from staydown.apps.sharing.models import Reply
from staydown.apps.vault import keyring
from staydown.errors import ConflictError, InvalidError

KEPT: Final = timedelta(days=3)
LONGEST: Final = 200

Body = Mapping[str, Any]


def once(key: ApiKey, given: str, request: bytes, do: Callable[[], Body]) -> dict[str, Any]:
    """What ``do`` returns, done once for each ``given`` Idempotency-Key of this program; "" stands for none.

    ``request`` is the whole of what was asked: asking something else under the same key is a `ConflictError`. What
    ``do`` returns is kept, sealed, so it must hold no receipt code. What fails is not kept and may be tried again.
    """
    if not given:
        return dict(do())
    if len(given) > LONGEST or not given.isprintable():
        raise InvalidError(f"Idempotency-Key: at most {LONGEST} printable characters.")
    digests = {"given": _digest(given.encode()), "request": _digest(request)}
    with transaction.atomic():
        try:
            with transaction.atomic():  # a second request at the same moment waits here for the first one's end
                reply = Reply.objects.create(key=key, **digests, at=timezone.now())
        except IntegrityError:
            return _again(key, digests)
        body = dict(do())
        reply.body = json.dumps(body)
        reply.save(update_fields=["body"])
    return body


def remove_expired() -> int:
    """How many answers were removed because they were kept for long enough."""
    return Reply.objects.filter(at__lt=timezone.now() - KEPT).delete()[0]


def _again(key: ApiKey, digests: Mapping[str, bytes]) -> dict[str, Any]:
    reply = Reply.objects.get(key=key, given=digests["given"])
    if bytes(reply.request) != digests["request"]:
        raise ConflictError("This Idempotency-Key was used for another request. Use a new one.")
    found: dict[str, Any] = json.loads(reply.body or "{}")
    return found


def _digest(data: bytes) -> bytes:
    """A keyed digest. Without the keyring nobody can test a guess at a hash with it."""
    return hmac.digest(keyring.current().secret("replies"), data, "sha256")
