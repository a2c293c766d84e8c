"""What a node knows, kept in an encrypted file where its operator asks for that.

After a restart the node then answers at once, also while its publisher cannot be reached, and reads the feed on from
where it was. The key is derived from the node's own key file: whoever has only the file of hashes has nothing.
"""

from __future__ import annotations

import base64
import contextlib
import glob
import io
import json
import logging
import os
import struct
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from staydown.core.feed import Cursor
from staydown.core.matching import snapshot
from staydown.core.matching.multi_index import MultiIndex
from staydown.core.matching.video import VideoIndex
from staydown.errors import FeedError, SnapshotError
from staydown.exchange.peer import ScreeningKey
from staydown.screening.settings import KeyFile

log = logging.getLogger(__name__)

MAGIC: Final = b"SDNKEPT\x01"  # the last byte is the version
_SALT: Final = 16
_TAG: Final = 16
_PIECE: Final = 1 << 26  # bytes that are sealed at a time; the cipher takes no more than 2 GB
_LENGTH: Final = struct.Struct(">I")
_DAMAGED: Final = "The kept file is damaged, or was written with another key file. The node starts from the feed."


@dataclass(frozen=True, slots=True, repr=False)
class Kept:
    """An index, how far in the feed it is, when that was all there was (seconds since 1970), and the clients' keys."""

    pictures: MultiIndex
    videos: VideoIndex
    cursor: Cursor
    read_at: float
    keys: Sequence[ScreeningKey]


@dataclass(frozen=True, slots=True, repr=False)
class KeptFile:
    """The file of one node: only what follows the same feed with the same key can read it."""

    path: Path
    follow: KeyFile

    def read(self) -> Kept | None:
        """What was kept, None where nothing was yet; raises `SnapshotError` for what cannot be used."""
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise SnapshotError(f"The kept file cannot be read: {error.strerror}. Check its path.") from None
        if data[: len(MAGIC)] != MAGIC:
            raise SnapshotError("The kept file is none, or of another version. The node starts from the feed.")
        return _read(self._opened(memoryview(data)[len(MAGIC) :]))

    def write(self, kept: Kept) -> None:
        """Keep this from now on in place of what was kept before. Raises `SnapshotError`."""
        head, salt = json.dumps(_head(kept), separators=(",", ":")).encode(), os.urandom(_SALT)
        with snapshot.replaced(self.path) as file:
            file.write(MAGIC + salt)
            with io.BufferedWriter(_Sealing(file, self._cipher(salt))) as sealed:
                snapshot.write(kept.pictures, sealed, kept.videos)
                sealed.write(head + _LENGTH.pack(len(head)))

    def tidy(self) -> None:
        """Remove what a node left behind that ended while it was writing."""
        for left in self.path.parent.glob(f".{glob.escape(self.path.name)}.*"):
            with contextlib.suppress(OSError):
                left.unlink()

    def _opened(self, sealed: memoryview) -> bytes:
        cipher, pieces = self._cipher(bytes(sealed[:_SALT])), list(_pieces(sealed[_SALT:], _PIECE + _TAG))
        last = len(pieces) - 1
        try:
            return b"".join(cipher.decrypt(_nonce(at, at == last), piece, MAGIC) for at, piece in enumerate(pieces))
        except (InvalidTag, ValueError):
            raise SnapshotError(_DAMAGED) from None

    def _cipher(self, salt: bytes) -> AESGCM:
        """A cipher of its own for each file, so that a nonce can be a number."""
        info = b"staydown: what a node keeps\n" + self.follow.verifier.encode()
        return AESGCM(HKDF(SHA256(), 32, salt, info).derive(self.follow.key.encode()))


class _Sealing(io.RawIOBase):
    """Seals what is written to it, piece by piece: an index of a gigabyte is never in memory a second time."""

    def __init__(self, file: BinaryIO, cipher: AESGCM) -> None:
        super().__init__()
        self._file = file
        self._cipher = cipher
        self._piece = bytearray()
        self._number = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        """Take bytes, and seal what makes a whole piece once it is known not to be the last."""
        given = memoryview(data)
        for part in _pieces(given, _PIECE):
            self._piece += part
            while len(self._piece) > _PIECE:
                self._seal(bytes(self._piece[:_PIECE]), is_last=False)
                del self._piece[:_PIECE]
        return len(given)

    def close(self) -> None:
        """Seal the last piece."""
        if not self.closed:
            self._seal(bytes(self._piece), is_last=True)
        super().close()

    def _seal(self, piece: bytes, *, is_last: bool) -> None:
        self._file.write(self._cipher.encrypt(_nonce(self._number, is_last), piece, MAGIC))
        self._number += 1


class Keeper:
    """Writes a file whenever there were new lines, but not more often than every so many seconds."""

    def __init__(
        self, file: KeptFile, *, every: float, seq: Callable[[], int], known: Callable[[], Kept | None]
    ) -> None:
        self._file = file
        self._every = every
        self._seq = seq
        self._known = known
        self._written: int | None = None
        self._failed = False

    def step(self) -> float:
        """Write if there is something new; the seconds until the next look."""
        if self._seq() == self._written:
            return self._every
        kept = self._known()
        if kept is None:  # the feed is still being read
            return min(self._every, 1.0)
        try:
            self._file.write(kept)
        except SnapshotError as error:
            if not self._failed:
                log.error("What this node knows could not be kept. %s", error.message)
            self._failed = True
            return self._every
        self._failed, self._written = False, kept.cursor.seq
        return self._every


def begun(file: KeptFile) -> Kept | None:
    """What a node may begin with; None, and a line in the log, where it has to read the whole feed."""
    file.tidy()
    try:
        kept = file.read()
    except SnapshotError as error:
        log.warning("%s", error.message)
        return None
    if kept is not None:
        found = kept.cursor.seq, len(kept.pictures), len(kept.videos)
        log.info("Begins with what was kept at line %d: %d pictures, %d videos", *found)
    return kept


def age(kept: Kept) -> float:
    """Seconds since the publisher said that this was all; a clock that went back makes nothing younger than now."""
    return max(time.time() - kept.read_at, 0.0)


def _head(kept: Kept) -> dict[str, Any]:
    return {
        "cursor": base64.b64encode(kept.cursor.to_bytes()).decode(),
        "read_at": kept.read_at,
        "keys": [[key.digest.hex(), sorted(key.scopes), sorted(key.banks)] for key in kept.keys],
    }


def _read(plain: bytes) -> Kept:
    try:
        (size,) = _LENGTH.unpack(plain[-_LENGTH.size :])
        end = len(plain) - _LENGTH.size - size
        head = json.loads(plain[end : -_LENGTH.size])
        cursor = Cursor.from_bytes(base64.b64decode(head["cursor"], validate=True))
        keys = [ScreeningKey(bytes.fromhex(key), frozenset(scopes), frozenset(of)) for key, scopes, of in head["keys"]]
        read_at = float(head["read_at"])
    except (struct.error, ValueError, KeyError, TypeError, FeedError):
        raise SnapshotError(_DAMAGED) from None
    known = snapshot.read_all(memoryview(plain)[:end])
    return Kept(known.pictures, known.videos, cursor, read_at, keys)


def _pieces(data: memoryview, size: int) -> Iterator[memoryview]:
    for at in range(0, max(len(data), 1), size):
        yield data[at : at + size]


def _nonce(number: int, is_last: bool) -> bytes:
    """A piece is sealed for its place and for being the last or not: none can be left out, moved or cut off."""
    return (number << 1 | is_last).to_bytes(12)
