"""The text of API keys: ``sdn_live_``, 32 random characters, and a checksum that scanners can verify offline."""

from __future__ import annotations

import hashlib
import re
import secrets
import string
import zlib
from typing import Final

PREFIX: Final = "sdn_live_"
ALPHABET: Final = string.digits + string.ascii_uppercase + string.ascii_lowercase
RANDOM: Final = 32  # characters of 62: 190 bits
TAIL: Final = 6
SHOWN: Final = len(PREFIX) + 4
_SHAPE: Final = re.compile(rf"{PREFIX}([0-9A-Za-z]{{{RANDOM}}})([0-9A-Za-z]{{{TAIL}}})")


def new() -> str:
    """A fresh key text."""
    body = "".join(secrets.choice(ALPHABET) for _ in range(RANDOM))
    return f"{PREFIX}{body}{_tail(body)}"


def well_formed(text: str) -> bool:
    """Whether the text can be a key at all; a typing error is found without asking the database."""
    found = _SHAPE.fullmatch(text)
    return found is not None and _tail(found[1]) == found[2]


def digest(text: str) -> bytes:
    """What is kept of a key."""
    return hashlib.sha256(text.encode()).digest()


def _tail(body: str) -> str:
    number, out = zlib.crc32(body.encode()), ""
    for _ in range(TAIL):
        number, digit = divmod(number, len(ALPHABET))
        out = ALPHABET[digit] + out
    return out
