"""A copy of the database to keep elsewhere, taken while everything runs."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from django.db import connection

from staydown.apps.vault import files
from staydown.errors import SettingError


def copy_database(to: Path) -> int:
    """Copy the whole SQLite database of one moment to the new file ``to``, for its owner alone; returns its bytes.

    Writers go on meanwhile. The copy is read through once, and only then has its name, as `files.new` says. Raises
    `SettingError` as that does, and for PostgreSQL, which has its own tool.
    """
    if connection.vendor != "sqlite":
        raise SettingError(
            "The database is PostgreSQL. Back it up with its own pg_dump, and the keyring apart from it."
        )
    try:
        with files.new(to) as part:
            _fill(part)
    except (sqlite3.Error, OSError) as error:
        raise SettingError(f"{to} could not be completed: {error}. Is the disk full? Nothing is left of it.") from None
    return to.stat().st_size


def _fill(to: Path) -> None:
    connection.ensure_connection()
    try:
        with contextlib.closing(sqlite3.connect(to)) as copy:
            connection.connection.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")  # one file, and no log beside it
            ((found,),) = copy.execute("PRAGMA quick_check(1)").fetchall()
    finally:
        for end in ("-wal", "-shm", "-journal"):  # of one that failed
            to.with_name(to.name + end).unlink(missing_ok=True)
    if found != "ok":
        raise sqlite3.DatabaseError(found)
