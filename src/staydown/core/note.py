"""Signed notes and log checkpoints, as C2SP specifies them (signed-note, tlog-checkpoint).

A note is text with Ed25519 signatures below it; a checkpoint is a note whose text says how long a log is and what its
Merkle root is. Any tool that reads these two formats can verify what staydown signs.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass
from typing import Final, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from staydown.core import merkle
from staydown.errors import ProofError

ED25519: Final = b"\x01"
LARGEST_NOTE: Final = 1_000_000  # characters
MOST_SIGNATURES: Final = 100
_DASH: Final = "\N{EM DASH} "


class Verifier:
    """Knows one signer's name and public key."""

    def __init__(self, name: str, public_key: bytes) -> None:
        _check_name(name)
        if len(public_key) != 32:
            raise ProofError("An Ed25519 public key has 32 bytes.")
        self.name = name
        self.key_id = hashlib.sha256(name.encode() + b"\n" + ED25519 + public_key).digest()[:4]
        self._encoded = ED25519 + public_key
        self._key = Ed25519PublicKey.from_public_bytes(public_key)

    @classmethod
    def parse(cls, text: str) -> Self:
        """The verifier written as ``name+key id+base64``; raises `ProofError` for anything else."""
        name, _, rest = text.strip().partition("+")
        key_id, _, encoded = rest.partition("+")
        key = _decode(encoded)
        if key[:1] != ED25519:
            raise ProofError("This verifier key is not an Ed25519 key.")
        verifier = cls(name, key[1:])
        if verifier.key_id.hex() != key_id:
            raise ProofError("This verifier key was damaged: its id does not fit. Copy it again.")
        return verifier

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{_encode(self._encoded)}"

    def __repr__(self) -> str:
        return f"<Verifier {self.name}+{self.key_id.hex()}>"

    def open(self, note: str) -> str:
        """The text of a note that this signer signed; raises `ProofError` when it did not."""
        text, signatures = _split(note)
        mine = [each[4:] for name, each in signatures if name == self.name and each[:4] == self.key_id]
        if not mine:
            raise ProofError(f"The note is not signed by {self.name}.")
        try:
            for signature in mine:
                self._key.verify(signature, text.encode())
        except InvalidSignature:
            raise ProofError(f"The note carries a false signature of {self.name}.") from None
        return text


class Signer:
    """Signs notes under a name with an Ed25519 private key of 32 bytes."""

    def __init__(self, name: str, private_key: bytes) -> None:
        if len(private_key) != 32:
            raise ProofError("An Ed25519 private key has 32 bytes.")
        self._key = Ed25519PrivateKey.from_private_bytes(private_key)
        self.verifier = Verifier(name, self._key.public_key().public_bytes_raw())

    @property
    def name(self) -> str:
        """The name it signs under."""
        return self.verifier.name

    @property
    def verifier_key(self) -> str:
        """What others need to verify its notes: ``name+key id+base64``."""
        return str(self.verifier)

    def sign(self, text: str) -> str:
        """The note: the text, a blank line and the signature. The text must end with a newline."""
        _check_text(text)
        signature = self.verifier.key_id + self._key.sign(text.encode())
        return f"{text}\n{_DASH}{self.name} {_encode(signature)}\n"

    def __repr__(self) -> str:
        return f"<Signer {self.name}>"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How long a log is and what its root is."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def text(self) -> str:
        """The lines that are signed."""
        return "\n".join([self.origin, str(self.size), _encode(self.root), *self.extensions]) + "\n"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The checkpoint that these lines write; raises `ProofError` for anything else."""
        lines = text.split("\n")
        if len(lines) < 4 or lines.pop() or not all(lines):
            raise ProofError("The note is not a checkpoint.")
        size, root = lines[1], _decode(lines[2])
        if not (size.isascii() and size.isdecimal() and len(size) <= 19) or size != str(int(size)):
            raise ProofError("The checkpoint does not say the size of the log.")
        if len(root) != merkle.HASH_SIZE:
            raise ProofError("The checkpoint does not hold a root.")
        return cls(lines[0], int(size), root, tuple(lines[3:]))


def sign_checkpoint(checkpoint: Checkpoint, signer: Signer) -> str:
    """The signed note of a checkpoint. A log signs only under its own name."""
    if checkpoint.origin != signer.name:
        raise ProofError("A checkpoint is signed under the name of its log.")
    return signer.sign(checkpoint.text())


def open_checkpoint(note: str, verifier: Verifier) -> Checkpoint:
    """The checkpoint in a note that the log of this name signed; raises `ProofError` otherwise."""
    checkpoint = Checkpoint.parse(verifier.open(note))
    if checkpoint.origin != verifier.name:  # one log's checkpoint must never stand for another's
        raise ProofError("The checkpoint is of another log.")
    return checkpoint


def _split(note: str) -> tuple[str, list[tuple[str, bytes]]]:
    """The text and the signatures, as (name, key id and signature), of a well-formed note."""
    if len(note) > LARGEST_NOTE:
        raise ProofError("The note is too long.")
    head, blank, tail = note.rpartition("\n\n")
    text = head + "\n"
    lines = tail.split("\n")
    if not blank or lines.pop() or not lines or len(lines) > MOST_SIGNATURES:
        raise ProofError("The note is not text, a blank line and signatures.")
    _check_text(text)
    signatures = []
    for line in lines:
        name, _, encoded = line.removeprefix(_DASH).partition(" ")
        if not line.startswith(_DASH):
            raise ProofError("A line below the note's text is not a signature.")
        _check_name(name)
        signature = _decode(encoded)
        if len(signature) < 5:
            raise ProofError("A signature of the note is too short.")
        signatures.append((name, signature))
    return text, signatures


def _check_text(text: str) -> None:
    if not text.endswith("\n") or any(each < " " and each != "\n" for each in text):
        raise ProofError("A note's text ends with a newline and holds no other control characters.")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ProofError("A note's text must be valid Unicode.") from None


def _check_name(name: str) -> None:
    if not name or "+" in name or any(each.isspace() or each < " " for each in name):
        raise ProofError("A signer's name is not empty and holds neither spaces nor a plus sign.")
    try:
        name.encode()
    except UnicodeEncodeError:
        raise ProofError("A signer's name must be valid Unicode.") from None


def _encode(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _decode(text: str) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        raise ProofError("A part of the note is not base64.") from None
    if _encode(data) != text:  # no second spelling of the same bytes
        raise ProofError("A part of the note is not base64.")
    return data
