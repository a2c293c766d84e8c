"""How allauth behaves here: nobody signs themselves up, and second-factor secrets are sealed."""

from __future__ import annotations

import base64
from typing import Final

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialAccount, SocialLogin
from django.conf import settings
from django.http import HttpRequest
from django.shortcuts import render

from staydown.apps.accounts.models import Staff
from staydown.apps.vault import keyring

PLACE: Final = "mfa_authenticator:data"


class StaffAdapter(DefaultAccountAdapter):
    """Accounts are made by an administrator."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """The address that the server saw; X-Forwarded-For counts only where the server trusts the proxy."""
        return str(request.META.get("REMOTE_ADDR") or "local")


class SealedMfaAdapter(DefaultMFAAdapter):
    """Keeps TOTP secrets and recovery seeds sealed: the database alone must not be enough to sign in."""

    def encrypt(self, text: str) -> str:
        return base64.b64encode(keyring.current().seal(text.encode(), bound_to=PLACE)).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return keyring.current().open(base64.b64decode(encrypted_text), bound_to=PLACE).decode()


class SingleSignOnAdapter(DefaultSocialAccountAdapter):
    """Who signs in elsewhere opens the account that an administrator made here; nobody gets one by signing in.

    The first time, an account is found by its name, which the operator's own issuer states in one claim. From then on
    it is bound to the issuer's unchanging id of the person. Nothing else that the issuer says of them is kept.
    """

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        said = sociallogin.account.extra_data
        sociallogin.account.extra_data, sociallogin.email_addresses = {}, []
        if sociallogin.is_existing:
            SocialAccount.objects.filter(pk=sociallogin.account.pk).update(extra_data={})
            return
        name = _claim(said, settings.STAYDOWN_OIDC_CLAIM)
        staff = Staff.objects.filter(username=name, is_active=True, socialaccount=None).first() if name else None
        if staff is None:
            raise ImmediateHttpResponse(render(request, "account/signup_closed.html", status=403))
        sociallogin.connect(request, staff)


def _claim(said: dict[str, object], name: str) -> str:
    """What the issuer states in one claim, in the signed token before the answer to a question; empty if nothing."""
    for part in ("id_token", "userinfo"):
        stated = said.get(part)
        if isinstance(stated, dict) and isinstance(stated.get(name), str):
            return str(stated[name])
    return ""
