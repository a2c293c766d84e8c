"""`staydown backup`: the database of a running install, in one file that opens with the keyring alone."""

from __future__ import annotations

import signal
import sqlite3
import stat

import pytest
from click.testing import CliRunner
from django.db import connection

from staydown.apps.banks import actions as banks
from staydown.apps.vault import copying
from staydown.cli import backup
from staydown.errors import SettingError
from staydown.project import django

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.sqlite]


@pytest.fixture(autouse=True)
def started(monkeypatch):
    """The tests' Django is started already."""
    monkeypatch.setattr(django, "setup", lambda data: None)


def test_the_copy_holds_what_was_there_and_is_its_owners_alone(tmp_path, system):
    banks.open_bank("house", by=system)
    file = tmp_path / "copy.sqlite3"
    done = CliRunner().invoke(backup.command, [str(file)], catch_exceptions=False)
    assert (done.exit_code, done.output.startswith(f"{file}: ")) == (0, True)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [file]
    with sqlite3.connect(file) as copy:
        assert copy.execute("SELECT name FROM staydown_banks_bank").fetchall() == [("house",)]
    copy.close()


def test_a_file_that_is_there_is_kept(tmp_path):
    file = tmp_path / "copy.sqlite3"
    file.write_text("mine")
    with pytest.raises(SettingError, match="exists already"):
        copying.copy_database(file)
    assert file.read_text() == "mine"
    with pytest.raises(SettingError, match="cannot be written: No such file or directory"):
        copying.copy_database(tmp_path / "nowhere" / "copy.sqlite3")


def test_a_copy_that_fails_leaves_nothing(tmp_path, monkeypatch):
    def full(_to):
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(copying, "_fill", full)
    with pytest.raises(SettingError, match="disk is full"):
        copying.copy_database(tmp_path / "copy.sqlite3")
    assert list(tmp_path.iterdir()) == []


def test_a_copy_has_its_name_only_when_it_is_whole(tmp_path, monkeypatch):
    file = tmp_path / "copy.sqlite3"
    fill = copying._fill
    seen = []

    def filled(to):
        fill(to)
        seen.extend(path.name for path in tmp_path.iterdir())

    monkeypatch.setattr(copying, "_fill", filled)
    copying.copy_database(file)
    assert seen == ["copy.sqlite3.part"]
    assert list(tmp_path.iterdir()) == [file]


def test_a_copy_that_is_asked_to_end_leaves_nothing(tmp_path, monkeypatch):
    def stopped(_to):
        assert signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL, "it would end at once"
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(copying, "_fill", stopped)
    before = signal.getsignal(signal.SIGTERM)
    try:
        done = CliRunner().invoke(backup.command, [str(tmp_path / "copy.sqlite3")], catch_exceptions=False)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert (done.exit_code, list(tmp_path.iterdir())) == (1, [])


def test_what_a_killed_copy_left_is_named(tmp_path):
    left = tmp_path / "copy.sqlite3.part"
    left.write_text("half")
    with pytest.raises(SettingError, match="part is there: it is being written, or whoever wrote it was killed"):
        copying.copy_database(tmp_path / "copy.sqlite3")
    assert (left.read_text(), list(tmp_path.iterdir())) == ("half", [left])


def test_a_file_that_came_meanwhile_is_kept(tmp_path, monkeypatch):
    file = tmp_path / "copy.sqlite3"
    monkeypatch.setattr(copying, "_fill", lambda _to: file.write_text("mine"))
    with pytest.raises(SettingError, match="exists already"):
        copying.copy_database(file)
    assert (file.read_text(), list(tmp_path.iterdir())) == ("mine", [file])


def test_postgresql_is_told_its_own_tool(tmp_path, monkeypatch):
    monkeypatch.setattr(connection, "vendor", "postgresql")
    with pytest.raises(SettingError, match="pg_dump"):
        copying.copy_database(tmp_path / "copy.sqlite3")
