"""Files that commands hand out: their owner's alone, and called by their name only once they are whole."""

from __future__ import annotations

import stat
import subprocess
import sys

import pytest

from staydown.cli import private_file
from staydown.errors import SettingError

KILLED = """
import os, signal, sys
from pathlib import Path
from staydown.cli import private_file
with private_file.new(Path(sys.argv[1])) as file:
    file.write("first half\\n")
    file.flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_it_has_its_name_once_it_is_whole(tmp_path):
    path = tmp_path / "list.jsonl"
    with private_file.new(path) as file:
        file.write("all of it")
        assert [each.name for each in tmp_path.iterdir()] == ["list.jsonl.part"]
    assert (path.read_text(), list(tmp_path.iterdir())) == ("all of it", [path])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_a_killed_run_leaves_does_not_look_whole(tmp_path):
    path = tmp_path / "list.jsonl"
    done = subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)
    assert done.returncode == -9
    assert [each.name for each in tmp_path.iterdir()] == ["list.jsonl.part"]
    with pytest.raises(SettingError, match="part is there: it is being written, or whoever wrote it was killed"):
        private_file.new(path).__enter__()
    assert not path.exists()


def test_one_that_fails_leaves_nothing(tmp_path):
    with pytest.raises(ZeroDivisionError), private_file.new(tmp_path / "list.jsonl") as file:
        raise ZeroDivisionError(file.write("half"))
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_is_kept_also_when_it_came_meanwhile(tmp_path):
    path = tmp_path / "list.jsonl"
    with pytest.raises(SettingError, match="exists already"), private_file.new(path):
        path.write_text("mine")
    with pytest.raises(SettingError, match="exists already"):
        private_file.new(path).__enter__()
    assert (path.read_text(), list(tmp_path.iterdir())) == ("mine", [path])


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(SettingError, match="cannot be written: No such file or directory"):
        private_file.new(tmp_path / "nowhere" / "list.jsonl").__enter__()
