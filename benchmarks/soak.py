"""`make soak SECONDS=600`: a real node under everything at once, and whether its memory and file handles stay flat.

Hashes, batches, pictures, videos, what is broken of both, broken bodies, clients that hang up half way, and a feed of
pictures and videos that changes many times a second. Every answer is checked. Memory, handles, threads and processes of
the node and of the workers that decode for it are read each second from /proc; the last quarter of the run must look
like the second. Exit status 1 when it does not.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import json
import random
import signal
import socket
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Final

import httpx
from PIL import Image
from rich.console import Console
from rich.table import Table

from staydown.core.bank import Entry
from staydown.core.hashing import bag
from staydown.core.hashing.algorithm import USUAL_RADIUS, Hash
from staydown.core.hashing.containers import is_video
from staydown.core.hashing.footage import hash_video
from staydown.core.hashing.picture import hash_picture
from staydown.core.matching.video import DENSE
from staydown.exchange.testing import Publisher
from tests import clips, pictures
from tests.core.hashing.hostile import HOSTILE
from tests.screening.nodes import KEY, Running, asked, entry, eventually, near, pdq, running

CLIENTS: Final = 3
LIVE: Final = 500  # entries that come and go
SLACK_SHARE: Final = 0.08  # of the memory of the second quarter: allocators are never quite still
SLACK_MEGABYTES: Final = 12.0
COUNTED: Final = ("handles", "threads", "processes")
MOST_LINES: Final = 20  # of the node's log: what strangers send must not fill it
BANKED: Final = "coffee.png"
FILMED: Final = "astronaut.png"
WORKERS: Final = {
    "picture worker": b"staydown.core.hashing.worker",
    "video worker": b"staydown.core.hashing.video_worker",
}


@dataclass(slots=True)
class Sample:
    """What a process held at one moment."""

    at: float
    megabytes: float
    handles: int
    threads: int
    processes: int = 0  # that it started and that have not ended


@dataclass(slots=True)
class Tally:
    """What was asked, how it was answered, how long it took."""

    answers: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    changes: int = 0


def sampled(pid: int, began: float) -> Sample | None:
    """A sample of a process; None when it has just ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        handles = len(list(Path(f"/proc/{pid}/fd").iterdir()))
        processes = len(children_of(pid))
    except OSError:
        return None
    told = dict(line.split(":", 1) for line in lines if ":" in line)
    if "VmRSS" not in told:
        return None
    megabytes = int(told["VmRSS"].split()[0]) / 1024
    return Sample(time.monotonic() - began, megabytes, handles, int(told["Threads"]), processes)


def children_of(pid: int) -> list[int]:
    """The processes that a process started and that have not ended, or whose end nobody has heard of."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):  # a thread that has just ended
            found += map(int, (task / "children").read_text().split())
    return found


def workers_of(pid: int, kind: bytes) -> list[int]:
    """The workers of a kind that a node has now."""
    found = []
    for each in children_of(pid):
        with contextlib.suppress(OSError):  # one that ended while it was looked at
            if kind in Path(f"/proc/{each}/cmdline").read_bytes():
                found.append(each)
    return found


@functools.cache
def filmed() -> bytes:
    """The banked video."""
    return clips.film(clips.scene(FILMED, 2, size=(320, 240)))


def banked() -> Hash:
    """By what it is banked."""
    return bag.packed(frame.banked for frame in hash_video(filmed()).frames)


class Films:
    """Videos to ask about: copies of the banked one, another one, broken ones, and the frames of one hashed before."""

    def __init__(self) -> None:
        scene = clips.scene(FILMED, 2, size=(320, 240))
        self.copies = [clips.film(scene, quality=32), clips.film(scene, "webm"), clips.drawn(scene, "GIF")]
        self.other = clips.film(clips.scene("rocket.jpg", 1, size=(320, 240)))
        self.broken = [self.copies[0][:4000], self.copies[1][:300], b"\0\0\0\x18ftypisom\0\0\2\0isommp41"]
        frames = hash_video(self.copies[0], every=DENSE).frames
        told = [{"time": frame.time, "hashes": [each.hex() for each in frame.asked]} for frame in frames if frame.asked]
        self.question = {"hashes": [{"algorithm": "vpdq", "frames": told}]}


class Load:
    """One client after the other kind of request; the answers are checked."""

    def __init__(self, node: Running, known: Entry, tally: Tally, stop: threading.Event) -> None:
        self._node, self._known, self._tally, self._stop = node, known, tally, stop
        photograph = pictures.photograph(BANKED)
        framed = Image.new("RGB", (photograph.width, photograph.height + 120))
        framed.paste(photograph, (0, 60))
        self._copies = [pictures.encoded(photograph.resize((500, 333))), pictures.encoded(framed, quality=70)]
        self._others = [pictures.encoded(pictures.photograph(name)) for name in ("chelsea.png", "rocket.jpg")]
        self._broken = [data for data, _ in HOSTILE.values()] + [each[: len(each) // 2] for each in self._copies]
        self._broken = [data for data in self._broken if not is_video(data)]
        self._films = Films()

    def run(self, seed: int) -> None:
        """Ask until it is told to stop."""
        rng = random.Random(seed)
        rare = [self._batch, self._copy, self._other, self._bad_picture, self._bad_body, self._hang_up]
        rare += [self._film, self._other_film, self._bad_film, self._frames]
        first = rng.sample(rare, len(rare))  # each kind once, however slow the machine is
        kinds = [self._hash] * 10 + rare
        headers = {"authorization": f"Bearer {KEY}"}
        with httpx.Client(base_url=self._node.address, headers=headers, trust_env=False, timeout=60) as web:
            while not self._stop.is_set():
                kind = first.pop() if first else rng.choice(kinds)
                began = time.perf_counter()
                try:
                    answer = kind(web, rng)
                except httpx.HTTPError as error:
                    answer = f"no answer: {type(error).__name__}"
                    self._tally.wrong.append(f"{kind.__name__}: {answer}")
                self._tally.seconds.append(time.perf_counter() - began)
                self._tally.answers[f"{kind.__name__.strip('_').replace('_', ' ')}: {answer}"] += 1

    def _expect(self, reply: httpx.Response, status: int, action: str | None = None) -> str:
        said = reply.json().get("action") if reply.status_code == 200 else reply.status_code
        if reply.status_code != status or (action is not None and said != action):
            self._tally.wrong.append(f"{reply.status_code} {reply.text[:200]}, expected {status} {action}")
        return str(said)

    def _hash(self, web: httpx.Client, rng: random.Random) -> str:
        if rng.random() < 0.1:
            return self._expect(web.post("/v1/screen", json=asked(near(self._known.hash, 9))), 200, "block")
        return self._expect(web.post("/v1/screen", json=asked(pdq())), 200, "allow")

    def _batch(self, web: httpx.Client, _rng: random.Random) -> str:
        reply = web.post("/v1/screen/batch", json={"items": [asked(pdq()) for _ in range(100)]})
        return f"{reply.status_code} for {len(reply.json()['answers'])}"

    def _copy(self, web: httpx.Client, rng: random.Random) -> str:
        return self._expect(web.post("/v1/screen", files={"file": ("a", rng.choice(self._copies))}), 200, "block")

    def _other(self, web: httpx.Client, rng: random.Random) -> str:
        return self._expect(web.post("/v1/screen", files={"file": ("a", rng.choice(self._others))}), 200, "allow")

    def _bad_picture(self, web: httpx.Client, rng: random.Random) -> str:
        return self._expect(web.post("/v1/screen", files={"file": ("a", rng.choice(self._broken))}), 422)

    def _film(self, web: httpx.Client, rng: random.Random) -> str:
        copy = rng.choice(self._films.copies)
        return self._expect(web.post("/v1/screen", files={"file": ("a", copy)}), 200, "block")

    def _other_film(self, web: httpx.Client, _rng: random.Random) -> str:
        return self._expect(web.post("/v1/screen", files={"file": ("a", self._films.other)}), 200, "allow")

    def _bad_film(self, web: httpx.Client, rng: random.Random) -> str:
        return self._expect(web.post("/v1/screen", files={"file": ("a", rng.choice(self._films.broken))}), 422)

    def _frames(self, web: httpx.Client, _rng: random.Random) -> str:
        return self._expect(web.post("/v1/screen", json=self._films.question), 200, "block")

    def _bad_body(self, web: httpx.Client, rng: random.Random) -> str:
        kind = rng.choice(["application/json", "multipart/form-data; boundary=x"])
        body = rng.choice([b"", b"{", b"[" * 5000, json.dumps({"hashes": [1]}).encode(), rng.randbytes(3000)])
        return self._expect(web.post("/v1/screen", content=body, headers={"content-type": kind}), 422)

    def _hang_up(self, _web: httpx.Client, rng: random.Random) -> str:
        """Half a picture, and the connection is gone."""
        address = httpx.URL(self._node.address)
        head = (
            f"POST /v1/screen HTTP/1.1\r\nhost: node\r\nauthorization: Bearer {KEY}\r\n"
            "content-type: multipart/form-data; boundary=x\r\ncontent-length: 100000\r\n\r\n"
            '--x\r\ncontent-disposition: form-data; name="file"\r\n\r\n'
        )
        with socket.create_connection((address.host, address.port or 80)) as line:
            line.sendall(head.encode() + rng.randbytes(rng.randrange(30_000)))
        return "hung up"


def change_the_feed(publisher: Publisher, tally: Tally, stop: threading.Event) -> None:
    """Add and withdraw entries, some twenty times a second."""
    live: list[Entry] = []
    while not stop.wait(0.05):
        one = entry(bag.packed([pdq()] for _ in range(20)) if tally.changes % 10 == 0 else None, radius=USUAL_RADIUS)
        publisher.add(one)
        live.append(one)
        if len(live) > LIVE:
            publisher.withdraw(live.pop(0).id)
        tally.changes += 1


@contextlib.contextmanager
def loaded(publisher: Publisher, node: Running, known: Entry, tally: Tally) -> Iterator[None]:
    """Load on the node for as long as the block runs."""
    stop = threading.Event()
    load = Load(node, known, tally, stop)
    works: list[Callable[[], None]] = [lambda seed=seed: load.run(seed) for seed in range(CLIENTS)]
    works.append(lambda: change_the_feed(publisher, tally, stop))
    threads = [threading.Thread(target=work, daemon=True) for work in works]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(90)


def soak(seconds: float) -> tuple[dict[str, list[Sample]], Tally]:
    """Samples of the node and of its workers, by their names, and the tally, of a run of so many seconds."""
    publisher, tally = Publisher(), Tally()
    publisher.allow(KEY, "screen")
    known = entry(hash_picture(pictures.encoded(pictures.photograph(BANKED))).pdq)
    publisher.add(known)
    publisher.add(entry(banked(), radius=USUAL_RADIUS))
    watched: dict[str, list[Sample]] = {name: [] for name in ("node", *WORKERS)}
    with (
        tempfile.TemporaryDirectory() as folder,
        publisher.serving() as address,
        running(address, publisher, Path(folder), STAYDOWN_SCREEN_KEYS_EVERY="0.3") as node,
    ):
        said: list[str] = []
        log = threading.Thread(target=lambda: said.extend(node.process.stderr or []), daemon=True)
        log.start()
        eventually(lambda: node.action(known.hash) == "block", seconds=30)
        with loaded(publisher, node, known, tally):
            began = time.monotonic()
            while time.monotonic() - began < seconds:
                time.sleep(min(1.0, seconds / 20))
                watched["node"] += filter(None, [sampled(node.process.pid, began)])
                for name, kind in WORKERS.items():
                    watched[name] += filter(None, [sampled(pid, began) for pid in workers_of(node.process.pid, kind)])
        if not node.is_ready():
            tally.wrong.append("the node was not ready at the end")
        node.process.send_signal(signal.SIGTERM)
        status = node.process.wait(30)
        log.join(10)
        if status or len(said) > MOST_LINES:
            tally.wrong.append(
                f"it ended with status {status} and {len(said)} lines in its log: {''.join(said)[-500:]}"
            )
    return watched, tally


def quarters(samples: list[Sample], seconds: float) -> tuple[list[Sample], list[Sample]]:
    """The samples of the second quarter and of the last one."""
    second = [each for each in samples if 0.25 * seconds <= each.at < 0.5 * seconds]
    return second, [each for each in samples if each.at >= 0.75 * seconds]


def faults(name: str, samples: list[Sample], seconds: float) -> list[str]:
    """What grew, in words; empty when nothing did."""
    second, last = quarters(samples, seconds)
    if not second or not last:
        return [f"{name}: it could not be watched"]
    found = []
    before, after = median(each.megabytes for each in second), median(each.megabytes for each in last)
    if after - before > max(SLACK_MEGABYTES, SLACK_SHARE * before):
        found.append(f"{name}: memory grew from {before:.0f} to {after:.0f} MB")
    for what in COUNTED:
        most, now = max(getattr(each, what) for each in second), median(getattr(each, what) for each in last)
        if now > most + 2:
            found.append(f"{name}: {what} grew from at most {most} to {now:g}")
    return found


def report(console: Console, watched: dict[str, list[Sample]], tally: Tally, seconds: float) -> None:
    """Tables of what was held and what was answered."""
    table = Table("process", "quarter", "memory, MB", "at most", *COUNTED, title=f"{seconds:g} seconds")
    for name, samples in watched.items():
        for label, part in zip(("second", "last"), quarters(samples, seconds), strict=True):
            if part:
                memory = [each.megabytes for each in part]
                counts = [f"{max(getattr(each, what) for each in part)}" for what in COUNTED]
                table.add_row(name, label, f"{median(memory):.1f}", f"{max(memory):.1f}", *counts)
    console.print(table)
    answers = Table("answer", "times")
    for kind, times in sorted(tally.answers.items()):
        answers.add_row(kind, f"{times:,}")
    console.print(answers)
    took = sorted(1000 * each for each in tally.seconds)
    console.print(
        f"{len(took):,} requests, {tally.changes:,} changes of the feed; half within {median(took):.1f} ms, "
        f"99 % within {took[int(len(took) * 0.99)]:.0f} ms, all within {took[-1]:.0f} ms"
    )


def main() -> None:
    """Soak, print, judge."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seconds", type=float, default=600)
    seconds = arguments.parse_args().seconds
    console = Console()
    with console.status(f"A node under load for {seconds:g} seconds ..."):
        watched, tally = soak(seconds)
    report(console, watched, tally, seconds)
    found = [fault for name, samples in watched.items() for fault in faults(name, samples, seconds)] + tally.wrong[:20]
    for fault in found:
        console.print(fault, style="red")
    console.print("Not flat, or wrong." if found else "Flat, and every answer was right.")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
