"""Erasing for good: what was overwritten must not live on beside the database."""

from __future__ import annotations

from typing import Final

from django.db import connection, transaction

PATIENCE: Final = 200  # milliseconds to wait for readers; whoever asked for an erasure is waiting for a page


def leave_no_trace() -> None:
    """Once this transaction has committed, empty what keeps older versions of the rows."""
    transaction.on_commit(empty_write_ahead_log)


def empty_write_ahead_log() -> bool:
    """Whether older versions of rows are gone from beside the database. On SQLite: the write-ahead log was brought into
    the database, which overwrites what it frees, and emptied. False while somebody reads: the worker tries again.

    PostgreSQL frees old versions in its own time (autovacuum), and its archives are the operator's to keep or to drop.
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
