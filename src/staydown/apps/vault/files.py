"""Files that hold secrets: written whole or not at all, readable by their owner alone."""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from staydown.errors import SettingError


def make_folder(folder: Path) -> None:
    """Make the data folder, if it is not there, for its owner alone."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        raise SettingError("The data folder cannot be made. Check STAYDOWN_DATA and who may write there.") from None


def write(path: Path, text: str) -> None:
    """Write a file of mode 0600, on the disk before this returns. An existing one is replaced in one step."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


@contextlib.contextmanager
def new(path: Path) -> Iterator[Path]:
    """An empty file of mode 0600 to fill, called ``path`` once the block has ended: who sees the name sees the whole.

    Until then it is ``path`` with ``.part`` behind it, which one that is killed leaves there and one that fails does
    not. Raises `SettingError` for a file that is there and a place that cannot be written.
    """
    _require_free(path)
    part = path.with_name(f"{path.name}.part")
    try:
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        raise SettingError(
            f"{part} is there: it is being written, or whoever wrote it was killed. If nobody writes it, remove it."
        ) from None
    except OSError as error:
        raise SettingError(f"{path} cannot be written: {error.strerror}.") from None
    try:
        yield part
        _require_free(path)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    with contextlib.suppress(OSError):  # a share may not know how
        sync_folder(path.parent)


def _require_free(path: Path) -> None:
    if os.path.lexists(path):
        raise SettingError(f"{path} exists already and may be in use. Name another file, or remove it.")


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextlib.contextmanager
def lock(path: Path) -> Iterator[None]:
    """Only one process at a time; the lock of a killed one is gone with it."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
