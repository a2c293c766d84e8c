"""Who asks: a Bearer key with the scope that the address needs."""

from __future__ import annotations

from django.http import HttpRequest
from ninja.security import HttpBearer

from staydown.apps.accounts import access
from staydown.apps.accounts.models import ApiKey
from staydown.apps.audit.actor import Actor
from staydown.errors import DeniedError


class Needs(HttpBearer):
    """Lets in a live key that was given ``scope``. Without a key the answer is 401, without the scope 403."""

    def __init__(self, scope: str) -> None:
        super().__init__()
        self.scope = scope

    def authenticate(self, request: HttpRequest, token: str) -> ApiKey | None:
        """The key, or None when it is no live key; raises `DeniedError` when it lacks the scope."""
        try:
            key = access.key_for(token)
        except DeniedError:
            return None
        access.require_scope(key, self.scope)
        return key


def key_of(request: HttpRequest) -> ApiKey:
    """The key that was let in."""
    key = request.auth  # type: ignore[attr-defined] - ninja puts it there
    assert isinstance(key, ApiKey)  # noqa: S101 - the address has an auth
    return key


def actor_of(request: HttpRequest) -> Actor:
    """The program behind the key, as the log names it."""
    return access.key_actor(key_of(request))
