"""How allauth behaves here: nobody signs themselves up, and second-factor secrets are sealed."""

from __future__ import annotations

import base64
from typing import Final

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.http import HttpRequest

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
