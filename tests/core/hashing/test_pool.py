"""The worker processes: same answers, no rights, and no item costs more than itself."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from staydown.core.hashing import child, frames
from staydown.core.hashing.algorithm import Hash
from staydown.core.hashing.digest import exact, md5
from staydown.core.hashing.image import Limits
from staydown.core.hashing.pdq import pdq
from staydown.core.hashing.picture import Examined, hash_picture
from staydown.core.hashing.pool import HashingPool
from staydown.core.hashing.variants import View
from staydown.errors import (
    CorruptError,
    EmptyPictureError,
    MediaError,
    NotAnImageError,
    StaydownError,
    TooLargeError,
    TooSlowError,
    TruncatedError,
    UnsupportedFormatError,
)
from tests import pictures
from tests.core.hashing.cases import FORMATS, black_png, small, written

pytestmark = pytest.mark.proof  # through real worker processes


def workers() -> list[int]:
    """The worker processes of this test run."""
    found = []
    for task in Path("/proc/self/task").iterdir():
        found += [int(pid) for pid in (task / "children").read_text().split()]
    return [pid for pid in found if b"staydown.core.hashing.worker" in Path(f"/proc/{pid}/cmdline").read_bytes()]


@pytest.fixture(scope="module")
def shared() -> Iterator[HashingPool]:
    with HashingPool(workers=1) as pool:
        yield pool


@pytest.fixture
def pool(shared: HashingPool) -> HashingPool:
    shared.hash(written("PNG"))  # whatever the test before did to its worker
    return shared


@pytest.mark.parametrize("kind", FORMATS)
def test_a_worker_says_what_this_process_would_say(pool: HashingPool, kind: str) -> None:
    assert pool.hash(written(kind)) == hash_picture(written(kind))


def test_the_md5_is_made_where_it_is_wanted(pool: HashingPool) -> None:
    data = written("PNG")
    found = pool.hash(data, with_md5=True)
    assert (found.md5, pool.hash(data).md5) == (md5(data), None)
    assert found == hash_picture(data, with_md5=True)
    assert found.asked == (*hash_picture(data).asked, md5(data))
    assert found.banked == hash_picture(data).banked


@pytest.mark.parametrize(("mode", "kind"), [("CMYK", "JPEG"), ("LAB", "TIFF"), ("P", "PNG"), ("RGBA", "WEBP")])
def test_a_worker_has_all_it_needs_although_it_can_open_no_file(pool: HashingPool, mode: str, kind: str) -> None:
    data = pictures.encoded(small().convert(mode), kind)
    assert pool.hash(data) == hash_picture(data)


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"no picture", NotAnImageError),
        (b"8BPS\0\1", UnsupportedFormatError),
        (written("PNG")[:200], TruncatedError),
        (b"\xff\xd8\xff\xff\xd9", CorruptError),
        (written("GIF")[:6] + bytes(4) + written("GIF")[10:], EmptyPictureError),
        (black_png(10_008), TooLargeError),
    ],
)
def test_errors_cross_the_pipe(pool: HashingPool, data: bytes, error: type[MediaError]) -> None:
    with pytest.raises(error) as caught:
        pool.hash(data)
    assert type(caught.value) is error


def test_workers_serve_many_threads_until_the_pool_is_closed() -> None:
    before = set(workers())
    files = [written("PNG"), written("JPEG"), b"nothing"] * 8
    pool = HashingPool(workers=2)
    with pool, ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda data: attempt(pool, data), files))
        assert found == [attempt(None, data) for data in files]
        mine = set(workers()) - before
        assert len(mine) == 2
    assert not mine & set(workers())
    pool.close()  # once more does no harm
    with pytest.raises(StaydownError, match="closed"):
        pool.hash(written("PNG"))


def attempt(pool: HashingPool | None, data: bytes) -> object:
    try:
        return pool.hash(data) if pool else hash_picture(data)
    except MediaError as error:
        return error.code


@pytest.mark.parametrize(("by", "error"), [(signal.SIGKILL, CorruptError), (signal.SIGXCPU, TooSlowError)])
def test_a_worker_that_is_killed_costs_one_item(
    pool: HashingPool, monkeypatch: pytest.MonkeyPatch, by: signal.Signals, error: type[MediaError]
) -> None:
    (victim,) = workers()
    os.kill(victim, signal.SIGSTOP)  # it will not answer

    def struck(
        data: bytes, *, with_md5: bool
    ) -> tuple[Hash, ...]:  # when the worker has the file and before its answer is awaited
        os.kill(victim, by)
        with contextlib.suppress(ProcessLookupError):
            os.kill(victim, signal.SIGCONT)
        return exact(data, with_md5=with_md5)

    with monkeypatch.context() as patch:
        patch.setattr(child, "exact", struck)
        with pytest.raises(error):
            pool.hash(written("PNG"))
    assert pool.hash(written("JPEG")) == hash_picture(written("JPEG"))
    assert victim not in workers()


def test_a_worker_that_reads_nothing_costs_one_item(pool: HashingPool) -> None:
    (stuck,) = workers()
    os.kill(stuck, signal.SIGSTOP)
    only = pool._free.get()
    only._seconds = 0.05
    pool._free.put(only)
    with pytest.raises(TooSlowError):
        pool.hash(written("PNG") + bytes(3_000_000))  # more than any pipe holds
    assert stuck not in workers()
    assert pool.hash(written("JPEG")) == hash_picture(written("JPEG"))


def test_an_item_that_is_broken_off_leaves_no_answer_to_the_next(
    pool: HashingPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(data: bytes, *, with_md5: bool) -> tuple[Hash, ...]:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(child, "exact", interrupted)
        with pytest.raises(KeyboardInterrupt):
            pool.hash(written("PNG"))
    assert pool.hash(written("GIF")) == hash_picture(written("GIF"))


def test_a_bad_picture_does_not_cost_the_worker(pool: HashingPool) -> None:
    before = workers()
    with pytest.raises(TruncatedError):
        pool.hash(written("PNG")[:200])
    assert pool.hash(written("PNG")).width == 96
    assert workers() == before


def test_a_worker_that_died_idle_costs_nothing(pool: HashingPool, monkeypatch: pytest.MonkeyPatch) -> None:
    kill_idle(*workers())
    with monkeypatch.context() as patch:
        for interpreter in ("/bin/false", "/nowhere/python"):
            patch.setattr(sys, "executable", interpreter)
            with pytest.raises(StaydownError, match="does not start") as caught:
                pool.hash(written("JPEG"))
            assert not isinstance(caught.value, MediaError)  # no fault of the picture
    assert pool.hash(written("JPEG")) == hash_picture(written("JPEG"))


def kill_idle(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    while Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z":
        os.sched_yield()


def test_a_worker_uses_the_room_of_one_picture_for_the_next(pool: HashingPool) -> None:
    """Two megapixels are some 300 pages, which the kernel would hand over and take back with every picture."""
    photograph = pictures.encoded(pictures.photograph("coffee.png").resize((1632, 1224)))
    for _ in range(3):
        pool.hash(photograph)
    (pid,) = workers()
    before = page_faults(pid)
    for _ in range(10):
        pool.hash(photograph)
    assert page_faults(pid) - before < 10 * 30


def page_faults(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[7])


def test_a_worker_has_no_rights(pool: HashingPool) -> None:
    (pid,) = workers()
    process = Path(f"/proc/{pid}")
    status = dict(line.split(":\t", 1) for line in process.joinpath("status").read_text().splitlines() if ":\t" in line)
    limits = process.joinpath("limits").read_text()
    assert status["NoNewPrivs"] == "1"
    assert status["Threads"] == "1"
    assert {int(status[f"Cap{kind}"], 16) for kind in ("Prm", "Eff", "Inh", "Amb")} == {0}
    assert "0" not in status["Uid"].split()
    assert "Max file size             0                    0" in limits
    assert "Max core file size        0                    0" in limits
    assert "Max address space         1500000000           1500000000" in limits
    assert f"Max open files            {4:<20} {4:<20}" in limits


TRIES = """
import os, resource, socket
from staydown.core.hashing.sandbox import give_up_rights, allow_processor_seconds
give_up_rights(max_memory=400_000_000, descriptors=3, processes=0)
def attempt(name, action):
    try:
        action()
    except (OSError, MemoryError) as error:
        print(name, type(error).__name__)
    else:
        print(name, "done")
attempt("open", lambda: open("/etc/passwd"))
attempt("socket", lambda: socket.socket())
attempt("fork", lambda: os.fork() or os._exit(0))
attempt("write", lambda: os.write(os.memfd_create("x"), b"x"))
attempt("memory", lambda: bytearray(500_000_000))
allow_processor_seconds(5)
print("seconds", resource.getrlimit(resource.RLIMIT_CPU)[0])
"""


def test_what_was_given_up_is_gone() -> None:
    done = subprocess.run([sys.executable, "-c", TRIES], capture_output=True, text=True, check=False)
    assert done.stdout.splitlines() == [
        "open OSError", "socket OSError", "fork BlockingIOError", "write OSError", "memory MemoryError", "seconds 6",
    ]  # fmt: skip


def test_a_picture_that_takes_too_much_memory_or_time_costs_one_item() -> None:
    before = set(workers())
    with HashingPool(workers=1, limits=Limits(max_memory=200_000_000)) as pool:
        with pytest.raises(TooLargeError):
            pool.hash(black_png(9_992))
        assert pool.hash(written("PNG")).width == 96
        (slow,) = set(workers()) - before
        os.kill(slow, signal.SIGSTOP)
        only = pool._free.get()
        only._seconds = 0.05  # from here on: what it had before was for a busy machine
        pool._free.put(only)
        with pytest.raises(TooSlowError):
            pool.hash(written("PNG"))
        assert slow not in workers()


def test_an_answer_that_no_honest_worker_gives_is_a_corrupt_picture() -> None:
    seen = pdq(pictures.np.zeros((9, 9), "uint8"))
    found = Examined(seen, (View("inside", seen),), 9, 9)
    good = frames.pack(found)
    assert frames.unpack(good) == found
    view = 10 + 256  # where the first view begins
    for bad in (b"", good[:-1], good + b"x", bytes([77]) + good[1:], good[:1] + bytes([101]) + good[2:],
                good[:2] + bytes(8) + good[10:], good[:view] + b"\x63" + good[view + 1 :],
                good[: view + 1] + bytes([101]) + good[view + 2 :]):  # fmt: skip
        with pytest.raises(CorruptError):
            frames.unpack(bad)
