"""What is erased is nowhere: not in the database, not beside it, not in a copy of it, not in what was printed."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.canaries import CANARY
from tests.environment import clean
from tests.journeys.conftest import Site, start

pytestmark = pytest.mark.journey


def story(site: Site, *flags: str) -> tuple[dict[str, list[str]], str]:
    """What the story of the canaries said of itself, and all that it logged."""
    command = [sys.executable, "-m", "tests.canaries", str(site.data), *flags]
    told = subprocess.run(command, env=clean(), capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
    return json.loads(told.stdout.splitlines()[-1]), told.stderr


@pytest.fixture
def running(tmp_path):
    """An install of its own, whose server runs beside the story: its log and its readers count too."""
    process, site = start(tmp_path / "data")
    yield site
    process.kill()
    process.communicate()


def files_of(site: Site) -> list[Path]:
    """Every file of the install, its log, and a backup that is taken now."""
    copy = site.data.parent / "backup.sqlite3"
    with closing(sqlite3.connect(site.data / "staydown.sqlite3")) as database, closing(sqlite3.connect(copy)) as backup:
        database.backup(backup)
    log = site.data.parent / f"{site.data.name}.log"
    return [path for path in (*site.data.rglob("*"), copy, log) if path.is_file()]


def test_nothing_that_was_erased_is_left_in_any_file(running):
    said, logged = story(running)
    assert said["missing"] == []  # the story leaves a word in every personal column of the models
    assert said["left"] == []
    stored = [bytes.fromhex(each) for each in said["stored"]]
    assert len(stored) >= 40
    files = files_of(running)
    names = {path.name for path in files}
    assert {"staydown.sqlite3", "staydown.sqlite3-wal", "staydown.sqlite3-shm", "backup.sqlite3", "data.log"} <= names
    for path in files:
        whole = path.read_bytes()
        assert CANARY.encode() not in whole, path.name
        assert [each for each in stored if each in whole] == [], path.name
    assert CANARY not in logged
    command = [sys.executable, "-m", "staydown", "audit", "verify", "--data", str(running.data)]
    verified = subprocess.run(command, env=clean(), capture_output=True, text=True, check=False)
    assert verified.returncode == 0, verified.stderr


def test_the_search_finds_what_is_not_erased(running):
    """The same search, before anything is erased: else it would prove nothing. And nothing stands there in the open."""
    said, _ = story(running, "--keep")
    files = {path.name: path.read_bytes() for path in files_of(running)}
    held = files["staydown.sqlite3"] + files["staydown.sqlite3-wal"]
    stored = [bytes.fromhex(each) for each in said["stored"]]
    assert [each for each in stored if each not in held and each not in files["backup.sqlite3"]] == []
    assert [name for name, whole in files.items() if CANARY.encode() in whole] == []
