"""Processes that write at once to one SQLite file, and one that is killed while it writes."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.environment import clean

PREPARE = """
from staydown.project import django
from staydown.project.listening import Address
django.setup_server(data, Address("127.0.0.1", 1))
from staydown.project import install
install.ensure()
"""
WRITE = """
import itertools
from staydown.project import django
django.setup(data)
from django.db import transaction
from staydown.apps.audit import actions
from staydown.apps.audit.actor import Actor
for turn in itertools.count() if forever else range(20):
    with transaction.atomic():
        line = actions.record("case.seen", by=Actor.system(), about="case:1", facts={"turn": turn})
    print(line.seq, flush=True)
"""
VERIFY = """
from staydown.project import django
django.setup(data)
from staydown.apps.audit import actions
print(actions.verify().size)
"""


def start(script: str, data: Path, *, forever: bool = False) -> subprocess.Popen[str]:
    """A process that runs this on the install in ``data``."""
    head = f"from pathlib import Path\ndata, forever = Path({str(data)!r}), {forever}\n"
    return subprocess.Popen([sys.executable, "-c", head + script], env=clean(), stdout=subprocess.PIPE, text=True)


def finish(process: subprocess.Popen[str]) -> list[int]:
    """The numbers that it printed until it ended well."""
    said, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    return [int(number) for number in said.split()]


@pytest.fixture
def data(tmp_path):
    """An install."""
    finish(start(PREPARE, tmp_path))
    return tmp_path


def test_each_line_of_each_writer_has_its_own_place(data):
    (before,) = finish(start(VERIFY, data))
    writers = [start(WRITE, data) for _ in range(3)]
    written = [finish(writer) for writer in writers]
    assert sorted(number for numbers in written for number in numbers) == list(range(before + 1, before + 61))
    assert all(numbers == sorted(numbers) for numbers in written)
    assert finish(start(VERIFY, data)) == [before + 60]


def test_killed_while_it_writes_it_has_lost_nothing_that_it_said_was_done(data):
    writer = start(WRITE, data, forever=True)
    assert writer.stdout is not None
    done = 0
    while done < 30:
        done = int(writer.stdout.readline())
    writer.send_signal(signal.SIGKILL)
    rest = writer.stdout.read().split()
    writer.stdout.close()
    writer.wait()
    done = int(rest[-1]) if rest else done
    assert finish(start(VERIFY, data))[0] in {done, done + 1}  # the last one was perhaps not said any more
