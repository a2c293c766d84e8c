"""The keyring of this install, read from its file."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from django.conf import settings

from staydown.apps.vault import files
from staydown.core.sealing import Keyring
from staydown.errors import KeyringError

_read: Final[dict[tuple[object, ...], Keyring]] = {}


def current() -> Keyring:
    """The keyring as its file is now: a rotation by another process counts from the next call on."""
    path = Path(settings.STAYDOWN_KEYRING_FILE)
    try:
        found = path.stat()
        stamp = (str(path), found.st_ino, found.st_mtime_ns, found.st_size)
        if stamp not in _read:
            keyring = Keyring.parse(path.read_text("utf-8"))
            _read.clear()
            _read[stamp] = keyring
            return keyring
        return _read[stamp]
    except (OSError, UnicodeDecodeError):
        raise KeyringError(
            "The keyring file cannot be read. Check STAYDOWN_KEYRING_FILE and its permissions."
        ) from None
    except KeyError:  # another thread read a newer file in between
        return current()


def keep(keyring: Keyring, path: Path) -> None:
    """Write the keyring file whole or not at all, readable by its owner alone, and on the disk before returning."""
    files.write(path, keyring.to_text())
