"""Copies of the audit log: one that is left alone and verifies, one that somebody changed and does not."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from staydown.errors import StaydownError

DATABASE = "staydown.sqlite3"
LINES = "staydown_audit_line"


def copy_of(data: Path, to: Path) -> Path:
    """A copy of the install ``data`` in the folder ``to``, taken while it runs, as a backup is."""
    shutil.rmtree(to, ignore_errors=True)
    to.mkdir(mode=0o700)
    for file in data.iterdir():
        if file.is_file() and not file.name.startswith(DATABASE):
            shutil.copy2(file, to / file.name)
    with closing(sqlite3.connect(data / DATABASE)) as live, closing(sqlite3.connect(to / DATABASE)) as copy:
        live.backup(copy)
    return to


def verify(data: Path) -> tuple[int, str]:
    """The exit status of `staydown audit verify` on ``data``, and the last line it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "staydown", "audit", "verify", "--data", str(data)],
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    return done.returncode, lines[0].strip() if lines else ""


def verified(data: Path) -> str:
    """What `staydown audit verify` said. Raises `StaydownError` when the log does not verify."""
    status, said = verify(data)
    if status != 0:
        raise StaydownError(f"the log does not verify: {said}")
    return said


def tampered(data: Path, to: Path) -> str:
    """What `staydown audit verify` said of a copy with one changed line. Raises `StaydownError` if nothing."""
    copy_of(data, to)
    with closing(sqlite3.connect(to / DATABASE)) as copy, copy:
        for (trigger,) in copy.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            copy.execute(f'DROP TRIGGER "{trigger}"')  # whoever holds the file can do this; the tree still tells
        changed = copy.execute(
            f"UPDATE {LINES} SET verb = 'case.declined' WHERE seq = (SELECT max(seq) / 2 FROM {LINES})"  # noqa: S608
        ).rowcount
    if changed != 1:
        raise StaydownError("there was no line to tamper with")
    status, said = verify(to)
    if status == 0:
        raise StaydownError("a changed line was not noticed")
    return said
