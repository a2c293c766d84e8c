"""Whether a sign-in still stands: not ended from elsewhere, and with a second factor where one is asked for."""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib.auth import logout
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from staydown.apps.accounts.models import SignIn, Staff
from staydown.apps.audit import actions as audit
from staydown.apps.audit.actor import Actor

KEY: Final = "sign_in"  # in the session, whose content is sealed
SEEN_EVERY: Final = timedelta(minutes=10)


def begin(request: HttpRequest, staff: Staff) -> SignIn:
    """Note a new sign-in, and in the session which one it is."""
    now = timezone.now()
    begun = SignIn.objects.create(staff=staff, began_at=now, seen_at=now)
    request.session[KEY] = str(begun.public_id)
    return begun


def stands(request: HttpRequest) -> bool:
    """Whether the sign-in of this request was not ended. One that was is signed out here and now."""
    found = current(request)
    if found is None:
        logout(request)
        return False
    if timezone.now() - found.seen_at > SEEN_EVERY:
        SignIn.objects.filter(pk=found.pk).update(seen_at=timezone.now())
    return True


def current(request: HttpRequest) -> SignIn | None:
    """The sign-in of this request."""
    named = request.session.get(KEY)
    return SignIn.objects.filter(public_id=named, staff=request.user).first() if named else None


def lacks_second_factor(request: HttpRequest) -> bool:
    """Whether they must add a second factor before anything else. Who comes by single sign-on proved it elsewhere."""
    if not settings.STAYDOWN_SECOND_FACTOR:
        return False
    ways = {each.get("method") for each in request.session.get("account_authentication_methods", [])}
    return "socialaccount" not in ways and not is_mfa_enabled(request.user)


@transaction.atomic
def end(staff: Staff, *, by: Actor, only: UUID | None = None, but: SignIn | None = None) -> int:
    """How many sign-ins of ``staff`` were ended: all of them, ``only`` one, or all ``but`` one."""
    found = SignIn.objects.filter(staff=staff)
    found = found if only is None else found.filter(public_id=only)
    found = found if but is None else found.exclude(pk=but.pk)
    ended = found.delete()[0]
    if ended:
        audit.record("staff.signed_out", by=by, about=staff, facts={"sign_ins": ended})
    return ended


def forget_old() -> int:
    """How many sign-ins were forgotten whose session has run out."""
    age = timedelta(seconds=settings.SESSION_COOKIE_AGE) + SEEN_EVERY
    return SignIn.objects.filter(seen_at__lt=timezone.now() - age).delete()[0]
