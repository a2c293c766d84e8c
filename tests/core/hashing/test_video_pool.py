"""A process for each video: same answers, no rights, and no video costs more than itself."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from staydown.core.hashing import video_child
from staydown.core.hashing.digest import md5, sha256
from staydown.core.hashing.footage import hash_video
from staydown.core.hashing.pdq import Pdq
from staydown.core.hashing.video import Frame, Summary, VideoLimits
from staydown.core.hashing.video_pool import VideoPool
from staydown.core.hashing.video_records import pack, pack_end, pack_error, read_record
from staydown.errors import (
    CorruptError,
    MediaError,
    NotAVideoError,
    NoVideoStreamError,
    StaydownError,
    TooLargeError,
    TooLongError,
    TooSlowError,
    TruncatedError,
)
from tests import clips

pytestmark = pytest.mark.proof  # through real worker processes

SCENE = clips.scene()
MP4 = clips.film(SCENE)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "a name that must not matter.m3u8"
    file.write_bytes(MP4)
    return file


def test_a_file_and_its_bytes_are_hashed_as_this_process_would(path: Path) -> None:
    seen: list[float] = []
    with VideoPool() as pool:
        assert pool.hash(path, progress=seen.append) == hash_video(MP4)
        assert pool.hash(MP4, quick=True, every=0.5) == hash_video(MP4, quick=True, every=0.5)
        for source in (path, MP4):
            found = pool.hash(source, with_md5=True)
            assert (found.exact, found.frames) == ((sha256(MP4), md5(MP4)), hash_video(MP4).frames)
    assert seen == [0, 1, 2, 3, 3.8]


@pytest.mark.parametrize(
    "data",
    [clips.film(SCENE, "webm"), clips.drawn(SCENE[:6], "WEBP"), clips.film(SCENE, codec="libsvtav1")],
    ids=["vp8", "webp", "av1"],
)
def test_a_worker_has_all_it_needs_although_it_can_open_no_file(data: bytes) -> None:
    with VideoPool() as pool:
        assert pool.hash(data) == hash_video(data)


@pytest.mark.parametrize(
    ("data", "limits", "error"),
    [
        (b"no video", VideoLimits(), NotAVideoError),
        (MP4[:5000], VideoLimits(), TruncatedError),
        (MP4, VideoLimits(max_bytes=5000), TooLargeError),
        (MP4, VideoLimits(max_frames=10), TooLongError),
        (MP4, VideoLimits(max_memory=300_000_000), TooLargeError),
    ],
    ids=["no video", "truncated", "bytes", "frames", "memory"],
)
def test_each_fault_comes_back_by_its_name(data: bytes, limits: VideoLimits, error: type[MediaError]) -> None:
    big = data + bytes(200_000_000) if limits.max_memory < 10**9 else data
    with VideoPool(limits=limits) as pool, pytest.raises(error) as raised:
        pool.hash(big)
    assert "picture" not in raised.value.message


def test_a_missing_file_is_no_crash(tmp_path: Path) -> None:
    with VideoPool() as pool, pytest.raises(MediaError, match="cannot be read"):
        pool.hash(tmp_path / "gone.mp4")


def test_a_video_that_takes_too_long_is_given_up_and_the_next_is_not(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    endless = tmp_path / "endless"
    endless.write_text("#!/bin/sh\nexec sleep 600\n")
    endless.chmod(0o700)
    with monkeypatch.context() as patch, VideoPool(seconds=0.1) as pool:
        patch.setattr(video_child.sys, "executable", str(endless))
        with pytest.raises(TooSlowError):
            pool.hash(path)
    with VideoPool() as pool:
        assert pool.hash(path).frames


def test_a_worker_that_dies_costs_its_video_only(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with VideoPool() as pool:
        with monkeypatch.context() as patch:
            patch.setattr(video_child.sys, "executable", "/bin/false")
            with pytest.raises(CorruptError):
                pool.hash(path)
        assert pool.hash(path).frames


def workers() -> set[int]:
    """The video workers of this test run."""
    found: set[int] = set()
    for task in Path("/proc/self/task").iterdir():
        found.update(int(pid) for pid in (task / "children").read_text().split())
    return {pid for pid in found if b"video_worker" in Path(f"/proc/{pid}/cmdline").read_bytes()}


def test_videos_in_memory_share_a_worker_that_outlives_bad_ones_but_not_its_own_death() -> None:
    with VideoPool() as pool:
        expected = pool.hash(MP4)
        first = workers()
        with pytest.raises(TruncatedError):
            pool.hash(MP4[:5000])
        assert pool.hash(MP4) == expected
        assert workers() == first
        (pid,) = first
        os.kill(pid, signal.SIGKILL)
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        assert pool.hash(MP4) == expected
        (other,) = workers()
        assert other != pid
        with pytest.raises(CorruptError):
            pool.hash(clips.film(SCENE * 30), every=0.2, progress=lambda _: os.kill(other, signal.SIGKILL))
        assert pool.hash(MP4) == expected
        assert workers().isdisjoint({pid, other})
    assert not workers(), "a closed pool leaves no process behind"


def test_a_worker_ends_after_its_share_of_videos(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(video_child, "_VIDEOS_IN_A_LIFE", 1)
    with VideoPool() as pool:
        assert pool.hash(MP4) == pool.hash(MP4)
        assert not workers()


def test_closing_gives_up_what_is_being_decoded(path: Path) -> None:
    pool = VideoPool()
    with pytest.raises(StaydownError):
        pool.hash(clips.film(SCENE * 40), progress=lambda _: pool.close())
    with pytest.raises(StaydownError, match="closed"):
        pool.hash(path)


def test_threads_wait_their_turn(path: Path) -> None:
    found = []
    with VideoPool(workers=1) as pool:
        threads = [threading.Thread(target=lambda: found.append(pool.hash(path))) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found[0] == found[1]


TRIES = """
import os, sys
from staydown.core.hashing import video_worker as worker
def examine(file, limits, take, **options):
    for attempt in (lambda: open('/etc/hostname'), lambda: os.socketpair(), lambda: os.fork()):
        try:
            attempt()
        except (OSError, AttributeError):
            continue
        os._exit(3)
    os._exit(0)
worker.examine = examine
worker.main(sys.argv[1:])
"""


def test_a_worker_can_open_nothing_and_start_nothing(path: Path) -> None:
    figures = [*map(str, (1, 1, 1, 1, 1, 2_000_000_000)), "10", "1", "0"]
    with path.open("rb") as file:
        ended = subprocess.run(
            [sys.executable, "-c", TRIES, *figures],
            stdin=file,
            check=False,
            env={"OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)},
        )
    assert ended.returncode == 0


FRAME = hash_video(clips.film(SCENE[:1])).frames[0]


def test_records_come_back_as_they_went() -> None:
    told = io.BytesIO(pack(FRAME) + pack_end(Summary(1.5, 640, 480, False)))
    assert read_record(told.read) == FRAME
    assert read_record(told.read) == Summary(1.5, 640, 480, False)
    assert read_record(told.read) is None, "nothing follows"
    assert isinstance(read_record(io.BytesIO(pack_error(NoVideoStreamError())).read), NoVideoStreamError)
    assert isinstance(read_record(io.BytesIO(pack_error(MediaError())).read), CorruptError), "one that has no number"


@pytest.mark.parametrize(
    "record",
    [
        b"\x07",
        pack(Frame(float("nan"), FRAME.pdq)),
        pack(Frame(-1, FRAME.pdq)),
        pack(Frame(1, Pdq(FRAME.pdq.variants, 101))),
        pack_end(Summary(float("inf"), 1, 1, True)),
        pack_end(Summary(1, 0, 1, True)),
        b"\x02\xff" + pack_end(Summary(1, 1, 1, True))[2:],
    ],
)
def test_a_record_that_no_honest_worker_writes_is_a_damaged_video(record: bytes) -> None:
    with pytest.raises(CorruptError):
        read_record(io.BytesIO(record).read)


def test_a_record_that_breaks_off_is_none() -> None:
    assert read_record(io.BytesIO(pack(FRAME)[:-1]).read) is None
    assert read_record(io.BytesIO(b"").read) is None
