"""One heap for all threads, and nothing in it of an upload that was answered."""

from __future__ import annotations

import gc
import platform
import subprocess
import sys
import tracemalloc

import pytest

from tests import pictures
from tests.screening.nodes import Stepped

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


MEGABYTE = 1_000_000
COPY = pictures.encoded(pictures.photograph("chelsea.png"))
FORM = {"content-type": "multipart/form-data; boundary=x"}
SENT = {
    "a picture": ([("file", COPY + bytes(MEGABYTE))], 200),
    "no picture": ([("file", bytes(MEGABYTE))], 422),
    "a damaged picture": ([("file", COPY[:3] + bytes(MEGABYTE))], 422),
    "under another name": ([("other", bytes(MEGABYTE))], 422),
    "two": ([("file", bytes(MEGABYTE)), ("file", b"2")], 422),
}


@pytest.mark.parametrize(("parts", "status"), SENT.values(), ids=SENT)
def test_an_upload_is_out_of_memory_once_it_is_answered_and_waits_for_no_collection(parts, status):
    opened = b'--x\r\ncontent-disposition: form-data; name="%s"\r\n\r\n'
    body = b"".join(opened % name.encode() + data + b"\r\n" for name, data in parts) + b"--x--\r\n"
    stepped = Stepped().sync()
    gc.collect()
    gc.disable()
    tracemalloc.start()
    try:
        for number in range(7):
            if number == 2:  # the first ones bring what is kept for good: modules, caches
                before = tracemalloc.get_traced_memory()[0]
            assert stepped.web.post("/v1/screen", content=body, headers=FORM).status_code == status
        left = tracemalloc.get_traced_memory()[0] - before
        assert left < 2.5 * MEGABYTE, "of five; a thread may still be letting go of the last one"
    finally:
        tracemalloc.stop()
        gc.enable()
