"""One heap for all threads."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

THREADS = """
import ctypes, sys, threading
from staydown.screening.memory import use_one_heap
if sys.argv[1] == "one":
    use_one_heap()
together = threading.Barrier(4)
def allocate():
    together.wait()
    kept = [bytearray(100_000) for _ in range(20)]
    together.wait()
threads = [threading.Thread(target=allocate) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
ctypes.CDLL(None).malloc_stats()
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has more than one heap")
def test_threads_share_one_heap():
    def heaps(kept: str) -> int:
        done = subprocess.run([sys.executable, "-c", THREADS, kept], capture_output=True, text=True, check=True)
        return done.stderr.count("Arena ")

    assert heaps("one") == 1
    assert heaps("as it is") > 1


BODIES = """
import ctypes, sys
from staydown.screening.memory import use_one_heap
if sys.argv[1] == "one":
    use_one_heap()
for size in range(600_000, 1_600_000, 100_000):
    body = bytearray(size)
    del body
kept = bytearray(300_000)
ctypes.CDLL(None).malloc_stats()
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc learns to keep them")
def test_a_body_has_pages_of_its_own_however_many_came_before():
    def heap(kept: str) -> int:
        done = subprocess.run([sys.executable, "-c", BODIES, kept], capture_output=True, text=True, check=True)
        return next(int(line.split("=")[1]) for line in done.stderr.splitlines() if line.startswith("in use bytes"))

    assert heap("as it is") - heap("one") > 250_000
