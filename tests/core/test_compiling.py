"""Compiled loops that are kept on disk: forgotten when a source changes, done without where nothing can be kept."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from staydown.core import compiling
from staydown.core.compiling import STAMP, compiled, forget_others

pytestmark = pytest.mark.proof  # needs the compiler

NUMBERS = "ONE = {}\n"
LOOPS = """
from numba import types
from staydown.core.compiling import compiled
from numbers_of_a_test import ONE

@compiled(types.int64(types.int64))
def more(number):
    return number + ONE
"""


def answer(folder: Path) -> str:
    """What a new process says that computes with the loop in a folder."""
    told = "import loops_of_a_test as loops; print(loops.more(1), len(loops.more.stats.cache_hits))"
    ran = subprocess.run(
        [sys.executable, "-c", told], cwd=folder, capture_output=True, text=True, check=True, timeout=120
    )
    return ran.stdout.strip()


def test_a_loop_is_compiled_again_when_a_number_changes_that_stands_in_another_file(tmp_path):
    (tmp_path / "loops_of_a_test.py").write_text(LOOPS)
    (tmp_path / "numbers_of_a_test.py").write_text(NUMBERS.format(1))
    assert answer(tmp_path) == "2 0"
    assert answer(tmp_path) == "2 1"  # kept
    (tmp_path / "numbers_of_a_test.py").write_text(NUMBERS.format(100))
    assert answer(tmp_path) == "101 0"


def test_nothing_else_in_the_folder_is_touched(tmp_path):
    kept, sources = tmp_path / "kept", tmp_path / "sources"
    kept.mkdir()
    sources.mkdir()
    for name in ("a.loop.nbi", "a.loop.1.nbc", "a.cpython-311.pyc"):
        (kept / name).write_bytes(b"x")
    (kept / STAMP).write_bytes(b"of another version, or half a stamp: \xff")
    forget_others(sources, kept)
    assert sorted(path.name for path in kept.iterdir()) == ["a.cpython-311.pyc", STAMP]


def test_loops_that_were_compiled_with_other_options_are_forgotten(tmp_path, monkeypatch):
    options, kept = tmp_path / "compiling.py", tmp_path / "kept"
    monkeypatch.setattr(compiling, "HERE", options)
    left = []
    for text in ("error_model", "error_model", "fastmath"):
        options.write_text(text)
        forget_others.cache_clear()
        forget_others(tmp_path / "sources", kept)
        left.append((kept / "a.loop.nbi").is_file())
        (kept / "a.loop.nbi").write_bytes(b"x")
    assert left == [False, True, False]


@pytest.mark.parametrize("fault", [RuntimeError("cannot cache function"), OSError(28, "No space left on device")])
def test_where_nothing_can_be_kept_it_compiles_all_the_same(monkeypatch, fault):
    asked = []

    def njit(*_, cache=False, **__):
        def compile_(function):
            asked.append(cache)
            if cache:
                raise fault
            return function

        return compile_

    monkeypatch.setattr(compiling.numba, "njit", njit)
    assert compiled()(len) is len
    assert asked == [True, False]


def test_a_full_disk_is_no_reason_to_stop(monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(compiling, "forget_others", full)
    assert compiled()(lambda: 7)() == 7
