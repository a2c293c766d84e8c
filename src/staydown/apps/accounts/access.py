"""Who is asking, and whether they may."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from staydown.apps.accounts import tokens
from staydown.apps.accounts.models import ApiKey, Role, Staff
from staydown.apps.audit.actor import Actor
from staydown.errors import DeniedError


def staff_actor(user: Any) -> Actor:
    """This member of staff as the log names them: by pseudonym. Raises `DeniedError` for anyone else."""
    staff = require_role(user)
    return Actor("staff", str(staff.public_id), staff.pseudonym)


def key_actor(key: ApiKey) -> Actor:
    """The program behind a key as the log names it."""
    return Actor("key", str(key.public_id), key.name)


def require_role(user: Any, *roles: str) -> Staff:
    """The signed-in member of staff, if they have one of these roles (any, when none is named); else `DeniedError`."""
    if not isinstance(user, Staff) or not user.is_authenticated or not user.is_active:
        raise DeniedError("Sign in first.")
    if roles and user.role not in {Role(role) for role in roles}:
        raise DeniedError
    return user


def key_for(token: str) -> ApiKey:
    """The live key of this text; raises `DeniedError`, the same for an unknown, a revoked and an expired one."""
    denied = DeniedError("This key is not valid here. Check that it was copied whole, and that it is not revoked.")
    if not tokens.well_formed(token):
        raise denied
    key = ApiKey.objects.live().filter(digest=tokens.digest(token)).first()
    if key is None:
        raise denied
    today = timezone.now().date()
    if key.last_used_on != today:  # the day alone: enough to find unused keys, and one write a day
        ApiKey.objects.filter(pk=key.pk).update(last_used_on=today)
    return key


def require_scope(key: ApiKey, scope: str) -> None:
    """Raise `DeniedError` unless the key was given this scope."""
    if not key.may(scope):
        raise DeniedError(f"This key lacks the scope {scope}. Ask an administrator for a key that has it.")
