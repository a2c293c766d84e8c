"""A new file that only its owner can read: what a command writes when it hands out keys or hashes."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from staydown.errors import SettingError


@contextlib.contextmanager
def new(path: Path) -> Iterator[TextIO]:
    """A file of mode 0600 to write to, gone again when the block fails; `SettingError` when ``path`` is taken."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise SettingError(f"{path} exists already and may be in use. Name another file, or remove it.") from None
    except OSError as error:
        raise SettingError(f"{path} cannot be written: {error.strerror}.") from None
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            yield file
    except BaseException:
        path.unlink(missing_ok=True)
        raise
