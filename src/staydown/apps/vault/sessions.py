"""Sessions in the database whose content is sealed: a half-written report leaves no words in the database file."""

from __future__ import annotations

import base64
import json
from typing import Any

from django.contrib.sessions.backends import db

from staydown.apps.vault import keyring
from staydown.errors import SealError


class SessionStore(db.SessionStore):
    """Django's database sessions, with the content bound to the session's key."""

    def encode(self, session_dict: dict[str, Any]) -> str:
        sealed = keyring.current().seal(json.dumps(session_dict).encode(), bound_to=self._place())
        return base64.b64encode(sealed).decode()

    def decode(self, session_data: str) -> dict[str, Any]:
        try:
            plain = keyring.current().open(base64.b64decode(session_data), bound_to=self._place())
            found = json.loads(plain)
        except (SealError, ValueError):
            return {}  # as Django does for a session that was tampered with: it is a new one
        return found if isinstance(found, dict) else {}

    def _place(self) -> str:
        return f"django_session:{self.session_key}:session_data"
