"""A copy of the database to keep elsewhere, taken while everything runs."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path

from django.db import connection

from staydown.apps.vault import files
from staydown.errors import SettingError


def copy_database(to: Path) -> int:
    """Copy the whole SQLite database of one moment to the new file ``to``, for its owner alone; returns its bytes.

    Writers go on meanwhile. The copy is read through once, and only then has its name: until then it is ``to`` with
    ``.part`` behind it, which one that is killed leaves there and one that fails does not. Raises `SettingError` for a
    file that is there, a place that cannot be written, and for PostgreSQL, which has its own tool.
    """
    if connection.vendor != "sqlite":
        raise SettingError(
            "The database is PostgreSQL. Back it up with its own pg_dump, and the keyring apart from it."
        )
    _require_free(to)
    part = to.with_name(f"{to.name}.part")
    try:
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        raise SettingError(
            f"{part} is there: another backup is being written, or one was killed. If none runs, remove it."
        ) from None
    except OSError as error:
        raise SettingError(f"{to} cannot be written: {error.strerror}.") from None
    try:
        _fill(part)
        _require_free(to)
        part.replace(to)
    except (sqlite3.Error, OSError) as error:
        _remove(part)
        raise SettingError(f"{to} could not be completed: {error}. Is the disk full? Nothing is left of it.") from None
    except BaseException:
        _remove(part)
        raise
    with contextlib.suppress(OSError):  # a share may not know how
        files.sync_folder(to.parent)
    return to.stat().st_size


def _require_free(to: Path) -> None:
    if os.path.lexists(to):
        raise SettingError(f"{to} exists already. Name another file, or remove it.")


def _fill(to: Path) -> None:
    connection.ensure_connection()
    with contextlib.closing(sqlite3.connect(to)) as copy:
        connection.connection.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")  # one file, and no log beside it
        ((found,),) = copy.execute("PRAGMA quick_check(1)").fetchall()
    if found != "ok":
        raise sqlite3.DatabaseError(found)


def _remove(to: Path) -> None:
    for end in ("", "-wal", "-shm", "-journal"):
        to.with_name(to.name + end).unlink(missing_ok=True)
