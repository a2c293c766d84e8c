"""A backup of a running install, restored as the page says: the log verifies, and only the right keyring opens it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.environment import clean
from tests.journeys.conftest import Site

pytestmark = pytest.mark.journey


def run(*words: str | Path, data: Path) -> subprocess.CompletedProcess[str]:
    """A command of an install."""
    command = [sys.executable, "-m", "staydown", *map(str, words)]
    environment = {**clean(), "STAYDOWN_DATA": str(data)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_a_backup_is_restored_as_the_page_says(site: Site, tmp_path):
    file, restored = tmp_path / "backup.sqlite3", tmp_path / "restored"
    made = run("backup", file, data=site.data)
    assert (made.returncode, made.stderr) == (0, "")
    restored.mkdir(mode=0o700)
    shutil.copy(file, restored / "staydown.sqlite3")
    lost = run("audit", "verify", data=restored)
    assert (lost.returncode, "keyring" in lost.stderr) == (1, True)
    shutil.copy(site.data / "keyring", restored / "keyring")
    verified = run("audit", "verify", data=restored)
    assert verified.stdout.startswith("Verified: "), verified.stderr
    looked = run("doctor", data=restored)
    assert "The keyring opens everything that is sealed." in looked.stdout
    assert "0 unsafe or broken." in looked.stdout, looked.stdout
