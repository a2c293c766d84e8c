"""Signed webhooks by the Standard Webhooks 1.0.0 specification, in both of its forms.

We sign with ``whsk_...`` and hand out ``whpk_...``: who can check our ``v1a`` (Ed25519) cannot make it. Beside it goes
``v1``, an HMAC under a secret of the same endpoint, for receivers whose library knows nothing else. Signed is
``id.timestamp.body``; the id is the receiver's idempotency key, the timestamp bounds how long a recording is of use.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from staydown.errors import SettingError, WebhookError

TOLERANCE: Final = 300  # seconds that the sender's clock and ours may differ, the specification's usual value
SECRET_PREFIX: Final = "whsk_"  # noqa: S105 - the public prefix of a key, not a key
PUBLIC_PREFIX: Final = "whpk_"
SHARED_PREFIX: Final = "whsec_"
VERSION: Final = "v1a"
SHARED_VERSION: Final = "v1"

ID_HEADER: Final = "webhook-id"
TIMESTAMP_HEADER: Final = "webhook-timestamp"
SIGNATURE_HEADER: Final = "webhook-signature"

# Why a webhook was refused: constant sentences, so that no text of the sender ever reaches a log through them.
MISSING: Final = "This webhook lacks one of the headers webhook-id, webhook-timestamp and webhook-signature."
BAD_ID: Final = "The id of this webhook is empty, or holds a full stop or another character that ids do not have."
BAD_TIMESTAMP: Final = "The timestamp of this webhook is not a whole number of seconds."
TOO_OLD: Final = "This webhook is too old. It may be a recording; check both clocks."
TOO_NEW: Final = "This webhook comes from the future. Check both clocks."
NO_MATCH: Final = "No signature of this webhook was made with a key that we know."

_ID = re.compile(r"[A-Za-z0-9_-]{1,256}")
_SECONDS = re.compile(r"[0-9]{1,15}", re.ASCII)


@dataclass(frozen=True, slots=True, repr=False)
class SigningKey:
    """The secret half of a webhook key. ``text()`` is for the sealed column only; ``repr`` shows nothing."""

    seed: bytes

    def __post_init__(self) -> None:
        if len(self.seed) != 32:
            raise SettingError("A webhook signing key is made from 32 random bytes.")

    @classmethod
    def parse(cls, text: str) -> Self:
        """The key written as ``whsk_...``; raises `SettingError`, also when its two halves do not belong together."""
        raw = _decoded(text, SECRET_PREFIX)
        if len(raw) != 64:
            raise SettingError("This is not a webhook signing key: whsk_ and the base64 of 64 bytes were expected.")
        key = cls(raw[:32])
        if key.public.raw != raw[32:]:
            raise SettingError("The two halves of this webhook signing key do not belong together. Copy it again.")
        return key

    def text(self) -> str:
        """``whsk_`` and the base64 of seed and public key, as other implementations write it."""
        return SECRET_PREFIX + base64.b64encode(self.seed + self.public.raw).decode()

    @property
    def public(self) -> PublicKey:
        """The half to give to the receiver."""
        return PublicKey(Ed25519PrivateKey.from_private_bytes(self.seed).public_key().public_bytes_raw())

    @property
    def shared(self) -> bytes:
        """The secret of the ``v1`` form, made from the seed: from it nobody gets to the seed."""
        return HKDF(SHA256(), 32, salt=None, info=b"staydown webhook shared secret").derive(self.seed)

    def shared_text(self) -> str:
        """``whsec_`` and base64, as the libraries of the specification read it. Whoever has it can make ``v1``."""
        return SHARED_PREFIX + base64.b64encode(self.shared).decode()

    def __repr__(self) -> str:
        return "<SigningKey>"


@dataclass(frozen=True, slots=True)
class PublicKey:
    """The half of a webhook key that a receiver verifies with."""

    raw: bytes

    def __post_init__(self) -> None:
        if len(self.raw) != 32:
            raise SettingError("This is not a webhook public key: whpk_ and the base64 of 32 bytes were expected.")

    @classmethod
    def parse(cls, text: str) -> Self:
        """The key written as ``whpk_...``; raises `SettingError`."""
        return cls(_decoded(text, PUBLIC_PREFIX))

    def text(self) -> str:
        """``whpk_`` and base64."""
        return PUBLIC_PREFIX + base64.b64encode(self.raw).decode()


def sign(message_id: str, timestamp: int, body: bytes, *keys: SigningKey) -> str:
    """The value of ``webhook-signature``: one ``v1a`` signature a key, so that a key can be exchanged without a gap."""
    if not keys:
        raise SettingError("A webhook needs at least one signing key.")
    signed = _signed(message_id, timestamp, body)
    signatures = (Ed25519PrivateKey.from_private_bytes(key.seed).sign(signed) for key in keys)
    return " ".join(f"{VERSION},{base64.b64encode(signature).decode()}" for signature in signatures)


def sign_shared(message_id: str, timestamp: int, body: bytes, *keys: SigningKey) -> str:
    """The same in the form ``v1``: HMAC-SHA256 under the secret of each key."""
    signed = _signed(message_id, timestamp, body)
    made = (hmac.digest(key.shared, signed, "sha256") for key in keys)
    return " ".join(f"{SHARED_VERSION},{base64.b64encode(each).decode()}" for each in made)


def headers(message_id: str, timestamp: int, body: bytes, *keys: SigningKey) -> dict[str, str]:
    """The three headers that go out with ``body``, which is signed in both forms."""
    signatures = (form(message_id, timestamp, body, *keys) for form in (sign, sign_shared))
    return {ID_HEADER: message_id, TIMESTAMP_HEADER: str(timestamp), SIGNATURE_HEADER: " ".join(signatures)}


def verify(
    given: Mapping[str, str],
    body: bytes,
    *,
    keys: Iterable[PublicKey],
    now: float,
    tolerance: int = TOLERANCE,
) -> str:
    """The id of a webhook that one of ``keys`` signed within ``tolerance`` seconds of ``now``; raises `WebhookError`.

    The caller must drop an id that it has handled before. Signatures of other versions are passed over.
    """
    lower = {name.lower(): value for name, value in given.items()}
    try:
        message_id, timestamp, signatures = (lower[name] for name in (ID_HEADER, TIMESTAMP_HEADER, SIGNATURE_HEADER))
    except KeyError:
        raise WebhookError(MISSING) from None
    if not _SECONDS.fullmatch(timestamp):
        raise WebhookError(BAD_TIMESTAMP)
    if int(timestamp) < now - tolerance:
        raise WebhookError(TOO_OLD)
    if int(timestamp) > now + tolerance:
        raise WebhookError(TOO_NEW)
    signed = _signed(message_id, int(timestamp), body)
    known = [Ed25519PublicKey.from_public_bytes(key.raw) for key in keys]
    if not any(_made_by(key, signature, signed) for signature in _of_our_version(signatures) for key in known):
        raise WebhookError(NO_MATCH)
    return message_id


def _signed(message_id: str, timestamp: int, body: bytes) -> bytes:
    """What is signed. An id without full stops keeps the three parts apart."""
    if not _ID.fullmatch(message_id):
        raise WebhookError(BAD_ID)
    return f"{message_id}.{timestamp}.".encode() + body


def _of_our_version(header: str) -> Iterable[bytes]:
    """The raw ``v1a`` signatures in ``header``; at most eight, so that a hostile header costs little."""
    parts = [part.removeprefix(f"{VERSION},") for part in header.split(" ", 64) if part.startswith(f"{VERSION},")]
    for part in parts[:8]:
        try:
            yield base64.b64decode(part, validate=True)
        except binascii.Error:
            continue


def _made_by(key: Ed25519PublicKey, signature: bytes, signed: bytes) -> bool:
    """Whether ``key`` made ``signature`` over ``signed``."""
    try:
        key.verify(signature, signed)
    except InvalidSignature:
        return False
    return True


def _decoded(text: str, prefix: str) -> bytes:
    """The bytes behind ``prefix``; raises `SettingError` without quoting the text, which may be a secret."""
    if not text.startswith(prefix):
        raise SettingError(f"This webhook key does not start with {prefix}.")
    try:
        return base64.b64decode(text[len(prefix) :].strip(), validate=True)
    except binascii.Error:
        raise SettingError("This webhook key is not base64. Copy it again.") from None
