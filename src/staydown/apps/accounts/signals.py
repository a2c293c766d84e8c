"""Lines in the log for what Django and allauth do themselves: signing in, and changes of password or second factor."""

from __future__ import annotations

from typing import Any

from allauth.account.signals import password_changed
from allauth.mfa.signals import authenticator_added, authenticator_removed
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.db import transaction
from django.dispatch import receiver
from django.http import HttpRequest

from staydown.apps.accounts import standing
from staydown.apps.accounts.access import staff_actor
from staydown.apps.accounts.models import Staff
from staydown.apps.audit import actions as audit


@receiver(user_logged_in, dispatch_uid="staydown_signed_in")
def signed_in(sender: Any, user: Staff, **kwargs: Any) -> None:
    """Someone signed in."""
    standing.begin(kwargs["request"], user)
    _line("staff.signed_in", user)


@receiver(user_logged_out, dispatch_uid="staydown_signed_out")
def signed_out(sender: Any, request: HttpRequest, user: Staff | None, **kwargs: Any) -> None:
    """Someone signed out: the session is still there when this is called."""
    if isinstance(user, Staff) and (found := standing.current(request)) is not None:
        found.delete()


@receiver(password_changed, dispatch_uid="staydown_password_changed")
def changed_password(sender: Any, user: Staff, **kwargs: Any) -> None:
    """Someone changed their own password."""
    _line("staff.password_changed", user)


@receiver(authenticator_added, dispatch_uid="staydown_factor_added")
def added_factor(sender: Any, user: Staff, authenticator: Any, **kwargs: Any) -> None:
    """Someone added a second factor or a passkey."""
    _line("staff.factor_added", user, str(authenticator.type))


@receiver(authenticator_removed, dispatch_uid="staydown_factor_removed")
def removed_factor(sender: Any, user: Staff, authenticator: Any, **kwargs: Any) -> None:
    """Someone took a second factor or a passkey off."""
    _line("staff.factor_removed", user, str(authenticator.type))


def _line(verb: str, user: Staff, factor: str = "") -> None:
    with transaction.atomic():
        audit.record(verb, by=staff_actor(user), about=user, facts={"factor": factor} if factor else None)
