"""The keyring, and values sealed with it: AES-256-GCM, each bound to the place that it was sealed for.

The keyring is a text file outside the database::

    version = 1
    primary = "5f0c9a41"              # the id of the key that seals from now on
    root = "<base64, 32 bytes>"       # never changes: `Keyring.secret` derives from it
    root_check = "9d03b7e2"

    [keys]                            # older keys stay, so that what they sealed still opens
    "5f0c9a41" = "<base64, 32 bytes>"

An id is the start of a hash of the key, so a damaged file is noticed when it is read. A sealed value is one byte of
version (1), four of key id, twelve of nonce, then ciphertext and tag. The nonce is random, so one key should seal at
most 2^32 values; rotation brings a new one.

Rotation does not change the root: peppers and signing keys stay the same, receipts stay valid, and followers keep
their verifier key. If the whole keyring was stolen, rotation is not enough; make a new one and start again.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import tomllib
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from staydown.errors import KeyringError, SealError

KEY_SIZE: Final = 32
VERSION: Final = 1
_ID_SIZE: Final = 4
_NONCE_SIZE: Final = 12
_TAG_SIZE: Final = 16
_HEADER: Final = 1 + _ID_SIZE
_FIELDS: Final = {"version", "primary", "root", "root_check", "keys"}

Random = Callable[[int], bytes]


class Keyring:
    """The keys that seal and open, and the root secret that others derive from. ``repr`` shows no key."""

    __slots__ = ("_ciphers", "_keys", "_root", "primary")

    def __init__(self, *, primary: str, root: bytes, keys: Mapping[str, bytes]) -> None:
        for key_id, key in keys.items():
            if len(key) != KEY_SIZE or _id_of(key) != key_id:
                raise KeyringError("The keyring is damaged: a key does not fit its id. Restore it from the backup.")
        if len(root) != KEY_SIZE:
            raise KeyringError("The keyring is damaged: its root is not 32 bytes. Restore it from the backup.")
        if primary not in keys:
            raise KeyringError("The keyring lacks its primary key. Restore it from the backup.")
        self.primary = primary
        self._root = root
        self._keys = MappingProxyType(dict(keys))
        self._ciphers = {key_id: AESGCM(key) for key_id, key in keys.items()}

    @classmethod
    def new(cls, random: Random = os.urandom) -> Self:
        """A keyring with one fresh key and a fresh root."""
        key = random(KEY_SIZE)
        return cls(primary=_id_of(key), root=random(KEY_SIZE), keys={_id_of(key): key})

    @classmethod
    def parse(cls, text: str) -> Self:
        """The keyring that `to_text` wrote; raises `KeyringError`, which never shows a key, for anything else."""
        try:
            fields = tomllib.loads(text)
        except tomllib.TOMLDecodeError:
            raise KeyringError("The keyring is not valid TOML. Restore it from the backup.") from None
        if fields.keys() != _FIELDS or fields["version"] != VERSION or not isinstance(fields["keys"], dict):
            raise KeyringError("The keyring has another layout than version 1. Restore it from the backup.")
        root = _decode(fields["root"])
        if fields["root_check"] != _id_of(root):
            raise KeyringError("The keyring is damaged: its root does not fit its check. Restore it from the backup.")
        keys = {key_id: _decode(key) for key_id, key in fields["keys"].items()}
        return cls(primary=str(fields["primary"]), root=root, keys=keys)

    def to_text(self) -> str:
        """The keyring as TOML. Whoever reads it reads everything: keep it outside the database and its backups."""
        lines = [
            "# staydown keyring. Keep a copy apart from the database and its backups: without it nothing opens.",
            f"version = {VERSION}",
            f'primary = "{self.primary}"',
            f'root = "{base64.b64encode(self._root).decode()}"',
            f'root_check = "{_id_of(self._root)}"',
            "",
            "[keys]",
            *(f'"{key_id}" = "{base64.b64encode(key).decode()}"' for key_id, key in self._keys.items()),
        ]
        return "\n".join(lines) + "\n"

    @property
    def key_ids(self) -> tuple[str, ...]:
        """The ids of all keys, the oldest first."""
        return tuple(self._keys)

    def seal(self, plaintext: bytes, *, bound_to: str) -> bytes:
        """The plaintext sealed with the primary key. It opens only under the same ``bound_to``."""
        header = bytes([VERSION]) + bytes.fromhex(self.primary)
        nonce = os.urandom(_NONCE_SIZE)
        return header + nonce + self._ciphers[self.primary].encrypt(nonce, plaintext, header + bound_to.encode())

    def open(self, sealed: bytes, *, bound_to: str) -> bytes:
        """The plaintext; raises `SealError` for a missing key, another place, or a single changed bit."""
        cipher = self._ciphers.get(self.key_id_of(sealed))
        if cipher is None:
            raise SealError("The key of a sealed value is missing from the keyring. Restore the keyring's backup.")
        nonce, ciphertext = sealed[_HEADER : _HEADER + _NONCE_SIZE], sealed[_HEADER + _NONCE_SIZE :]
        try:
            return cipher.decrypt(nonce, ciphertext, sealed[:_HEADER] + bound_to.encode())
        except InvalidTag:
            raise SealError("A sealed value was changed, or moved from the row that it belongs to.") from None

    @staticmethod
    def key_id_of(sealed: bytes) -> str:
        """The id of the key that sealed this value; raises `SealError` when it is no sealed value."""
        if len(sealed) < _HEADER + _NONCE_SIZE + _TAG_SIZE or sealed[0] != VERSION:
            raise SealError("This is not a sealed value, or of another version.")
        return sealed[1:_HEADER].hex()

    def rotate(self, random: Random = os.urandom) -> Keyring:
        """The keyring with a fresh primary key; the older keys still open, the root stays."""
        key = random(KEY_SIZE)
        if _id_of(key) in self._keys:  # one in four thousand million: try again
            return self.rotate(random)
        return Keyring(primary=_id_of(key), root=self._root, keys={**self._keys, _id_of(key): key})

    def without_old_keys(self) -> Keyring:
        """The keyring with its primary key alone, once everything is sealed with it; old backups then open no more."""
        return Keyring(primary=self.primary, root=self._root, keys={self.primary: self._keys[self.primary]})

    def secret(self, purpose: str) -> bytes:
        """32 bytes for one purpose (a pepper, a signing key), by HKDF-SHA256 of the root. Rotation keeps them."""
        kdf = HKDF(algorithm=SHA256(), length=32, salt=b"staydown keyring v1", info=purpose.encode())
        return kdf.derive(self._root)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Keyring) and hmac.compare_digest(self.to_text(), other.to_text())

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<Keyring primary {self.primary}, {len(self._keys)} keys>"


def _id_of(key: bytes) -> str:
    """Public: 32 bits of a hash of a random 256-bit key tell nothing of it."""
    return hashlib.sha256(b"staydown key id v1\n" + key).digest()[:_ID_SIZE].hex()


def _decode(text: object) -> bytes:
    try:
        key = base64.b64decode(text, validate=True) if isinstance(text, str) else b""
    except (ValueError, binascii.Error):
        key = b""
    if len(key) != KEY_SIZE:
        raise KeyringError("The keyring is damaged: a key is not 32 bytes of base64. Restore it from the backup.")
    return key
