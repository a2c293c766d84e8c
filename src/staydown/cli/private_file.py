"""A new file that only its owner can read: what a command writes when it hands out keys or hashes."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from staydown.apps.vault import files


@contextlib.contextmanager
def new(path: Path) -> Iterator[TextIO]:
    """A file of mode 0600 to write to, which has its name once the block has ended, as `files.new` says."""
    with files.new(path) as part, part.open("w", encoding="utf-8") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())
