"""Erasing for good: what was overwritten must not live on beside the database."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from django.apps import apps
from django.contrib.sessions.models import Session
from django.db import connection, transaction

from staydown.apps.vault.actions import models_with_seals

PATIENCE: Final = 200  # milliseconds to wait for readers; whoever asked for an erasure is waiting for a page


def leave_no_trace() -> None:
    """Once this transaction has committed, empty what keeps older versions of the rows."""
    transaction.on_commit(empty_write_ahead_log)


def empty_write_ahead_log() -> bool:
    """Whether older versions of rows are gone from beside the database. On SQLite: the write-ahead log was brought into
    the database, which overwrites what it frees, and emptied. False while somebody reads: the worker tries again.

    PostgreSQL frees old versions in its own time, without overwriting them: `rewrite` is for that.
    """
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        return False
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout")
        (usual,) = cursor.fetchone()
        cursor.execute(f"PRAGMA busy_timeout = {PATIENCE}")
        try:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            (busy, _, _) = cursor.fetchone()
        finally:
            cursor.execute(f"PRAGMA busy_timeout = {int(usual)}")
    return not busy


def rewrite() -> Iterator[str]:
    """Write the files of the database anew, without what the rows no longer say; yields each table.

    For PostgreSQL, whose autovacuum frees the old version of a row but leaves its bytes until something is written over
    them. Each table is locked while it is copied, so this wants a quiet hour and room for the largest one. SQLite has
    overwritten them already; there it only gives the room back.
    """
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM")
        empty_write_ahead_log()
        yield "the whole database"
        return
    log = apps.get_model("staydown_audit", "Line")
    for table in sorted({model._meta.db_table for model in (Session, log, *(each for each, _ in models_with_seals()))}):
        with connection.cursor() as cursor:
            cursor.execute(f"VACUUM (FULL) {connection.ops.quote_name(table)}")
        yield table
