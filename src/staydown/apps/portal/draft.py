"""The answers given so far, carried by the page itself: nothing is stored before a report is sent.

Each page holds all earlier answers in one hidden field, sealed with the keyring. So a browser keeps no cookie, the
server keeps no row, Back and Reload work on any page, and what was answered cannot be read in the page's source, or be
changed on the way past the question about age.
"""

from __future__ import annotations

import base64
import binascii
import json
import secrets
import zlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Self

from django.utils import timezone
from django.utils.translation import gettext as _

from staydown.apps.vault import keyring
from staydown.errors import InvalidError, SealError

BOUND_TO: Final = "portal:draft"
#: Longer than the 20 hours from which accessibility rules no longer count a limit as one.
LASTS: Final = timedelta(hours=24)

Answers = dict[str, Any]


@dataclass(slots=True, repr=False)
class Draft:
    """A report that is being written. ``id`` stays the same until it is sent, so that sending twice sends once."""

    begun_at: datetime = field(default_factory=timezone.now)
    id: bytes = field(default_factory=lambda: secrets.token_bytes(16))
    answers: dict[str, Answers] = field(default_factory=dict)
    reviewed: bool = False  # the person has seen all answers once: from then on a changed answer leads back there

    def seal(self) -> str:
        """The draft as text for a hidden field."""
        held = {
            "at": int(self.begun_at.timestamp()),
            "id": self.id.hex(),
            "answers": self.answers,
            "reviewed": self.reviewed,
        }
        packed = zlib.compress(json.dumps(held, separators=(",", ":")).encode())
        return base64.urlsafe_b64encode(keyring.current().seal(packed, bound_to=BOUND_TO)).decode()

    @classmethod
    def open(cls, text: str) -> Self:
        """The draft that `seal` wrote; raises `InvalidError` for anything else, and for one that is too old."""
        try:
            packed = keyring.current().open(base64.urlsafe_b64decode(text), bound_to=BOUND_TO)
        except (SealError, ValueError, binascii.Error):
            raise InvalidError(_("This page was changed on the way.")) from None
        held = json.loads(zlib.decompress(packed))
        begun_at = datetime.fromtimestamp(held["at"], tz=timezone.get_default_timezone())
        if timezone.now() - begun_at > LASTS:
            raise InvalidError(_("This page has been open for more than a day."))
        return cls(begun_at, bytes.fromhex(held["id"]), held["answers"], held["reviewed"])

    def of(self, step: str) -> Answers:
        """The answers of one step; empty before it was answered."""
        return self.answers.get(step, {})

    def __repr__(self) -> str:
        return f"<Draft with {len(self.answers)} answers>"
