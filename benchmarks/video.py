"""Videos: exact hashes against the bare decode of the same frames, the quick mode against playing time, the bank."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import time
from collections.abc import Callable
from uuid import UUID

import av
import numpy as np
from PIL import Image

from staydown.core.bank import Action, Entry
from staydown.core.hashing import bag
from staydown.core.hashing.algorithm import USUAL_RADIUS
from staydown.core.hashing.footage import hash_video
from staydown.core.matching.live_videos import LiveVideos
from tests import pictures

Row = dict[str, object]

SIZE = (1920, 1080)
RATE = 30
FRAMES_OF_A_MINUTE = 61
MOST_BYTES = 100.0
AT_A_TIME = 5_000  # videos that a node loads in one go when it starts


def rows(*, quick: bool) -> list[Row]:
    """The measured rows; each pair of figures comes from turns taken in the same run."""
    seconds = 4 if quick else 20
    exact, bare, keys = _alone(seconds, 3 if quick else 9)
    peer = f"its bare decode with PyAV {av.__version__}"
    work = f"{seconds} s of 1080p30 H.264"
    return [
        _row(f"{work}, one exact hash a second", peer, exact, bare, least=1 / 1.15),
        _row(f"{work}, key frames only", "playing time", keys, seconds * 1000.0, least=100),
        _bank(2_000 if quick else 100_000),
    ]


def _alone(seconds: int, rounds: int) -> list[float]:
    """What `_timed` says in a process with the environment of a video worker: its arithmetic has one thread."""
    program = f"from benchmarks import video; print(*video._timed({seconds}, {rounds}))"
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    return [float(each) for each in done.stdout.split()]


def _timed(seconds: int, rounds: int) -> list[float]:
    """Milliseconds for the exact hashes of a film, for its bare decode, and for the quick mode."""
    data = _filmed(seconds)
    exact, bare = _turns(rounds, lambda: hash_video(data), lambda: _decoded(data))
    (keys,) = _turns(rounds, lambda: hash_video(data, quick=True))
    return [exact, bare, keys]


def _filmed(seconds: int) -> bytes:
    """A camera that wanders over a photograph: what a phone films, without a person in it. One key frame in 8 s."""
    width, height = SIZE
    whole = pictures.photograph("coffee.png").resize((2 * width, 2 * height), Image.Resampling.LANCZOS)
    still = np.asarray(whole)
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=RATE)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = {"preset": "veryfast", "crf": "23"}
        for number in range(seconds * RATE):
            left = int((np.sin(number / 50) + 1) / 2 * width)
            top = int((np.cos(number / 70) + 1) / 2 * height)
            shown = np.ascontiguousarray(still[top : top + height, left : left + width])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(shown, format="rgb24")))
        container.mux(stream.encode())
    return out.getvalue()


def _decoded(data: bytes) -> None:
    """Every frame, in one thread, and nothing done with any."""
    with av.open(io.BytesIO(data)) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        for _ in container.decode(stream):
            pass


def _bank(videos: int) -> Row:
    """A bank of videos of a minute as a node holds it: memory for each hash, everything counted."""
    rng = np.random.default_rng(11)

    def entry(number: int) -> Entry:
        values = rng.bytes(32 * FRAMES_OF_A_MINUTE)
        video = bag.of_values(values[at : at + 32] for at in range(0, len(values), 32))
        return Entry(UUID(int=number), "bank", video, USUAL_RADIUS, Action.BLOCK)

    index = LiveVideos()
    for first in range(0, videos, AT_A_TIME):
        index.load(entry(number) for number in range(first, min(videos, first + AT_A_TIME)))
    index.settle()
    held = index.nbytes / index.hashes
    name = f"a bank of {videos:,} videos of a minute, {index.hashes:,} hashes"
    return {
        "work": f"{name}: memory for each",
        "peer": "the limit",
        "ours": round(held, 1),
        "theirs": MOST_BYTES,
        "unit": "bytes",
        "ratio": round(MOST_BYTES / held, 2),
        "target": "at most 100",
        "holds": held <= MOST_BYTES,
    }


def _turns(rounds: int, *works: Callable[[], object]) -> list[float]:
    """The least milliseconds of this thread on a processor, taking turns; the first turn is practice.

    On a processor, and the least: a video takes long enough for other programs to come between.
    """
    taken: list[list[float]] = [[] for _ in works]
    for _ in range(rounds + 1):
        for work, times in zip(works, taken, strict=True):
            start = time.thread_time()
            work()
            times.append((time.thread_time() - start) * 1000)
    return [min(times[1:]) for times in taken]


def _row(work: str, peer: str, ours: float, theirs: float, *, least: float) -> Row:
    ratio = theirs / ours
    return {
        "work": work,
        "peer": peer,
        "ours": round(ours, 1),
        "theirs": round(theirs, 1),
        "unit": "ms",
        "ratio": round(ratio, 3 if least < 1 else 1),
        "target": f"at least {least:.3g}",
        "holds": ratio >= least,
    }
