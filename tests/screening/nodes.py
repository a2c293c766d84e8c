"""Nodes for tests: one in this process whose threads are stepped by hand, and one in a process of its own."""

from __future__ import annotations

import contextlib
import secrets
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx

from staydown.core.bank import Action, Entry
from staydown.core.hashing.algorithm import Algorithm, Hash
from staydown.core.hashing.picture import Picture, hash_picture
from staydown.exchange.testing import Publisher
from staydown.screening.app import Screening, build
from staydown.screening.auth import KeyList
from staydown.screening.settings import KeyFile, Settings
from tests.environment import clean
from tests.screening.web import Web

KEY = "sdn_live_a-platform"
EXPLAINER = "sdn_live_an-investigator"
OTHER = "sdn_live_a-follower"
JSON = {"content-type": "application/json"}
PATIENCE = 30.0  # seconds: a machine that is busy with other tests is slow, and not wrong


def pdq(seed: int | None = None) -> Hash:
    """A PDQ hash; each seed its own, none: a random one."""
    return Hash(Algorithm.PDQ, secrets.token_bytes(32) if seed is None else seed.to_bytes(32))


def entry(
    value: Hash | None = None, *, action: Action = Action.BLOCK, radius: int | None = None, bank: str = "house"
) -> Entry:
    """An entry of the bank "house", or of another one."""
    value = value or pdq()
    return Entry(
        uuid.uuid4(), bank, value, 31 if radius is None and value.algorithm is Algorithm.PDQ else radius or 0, action
    )


def near(value: Hash, bits: int) -> Hash:
    """A hash that differs from ``value`` in its last ``bits`` bits."""
    return Hash(value.algorithm, (int.from_bytes(value.value) ^ ((1 << bits) - 1)).to_bytes(value.algorithm.size))


def asked(*values: Hash, **more: object) -> dict[str, object]:
    """The JSON body that asks for these hashes."""
    return {"hashes": [{"algorithm": value.algorithm.value, "value": value.hex()} for value in values], **more}


class LocalPool:
    """A hashing pool without processes, for pictures that the test itself made."""

    def hash(self, data: bytes, *, with_md5: bool = False) -> Picture:
        return hash_picture(data, with_md5=with_md5)


class Stepped:
    """A node without threads: a publisher in memory, and ``sync`` does what the threads would do."""

    def __init__(self, *, pool: object = None, **settings: float) -> None:
        self.publisher = Publisher()
        self.publisher.allow(KEY, "screen")
        self.publisher.allow(EXPLAINER, "screen", "screen:explain")
        self.publisher.allow(OTHER, "feed:read")
        client = self.publisher.client()
        self.app: Screening = build(Settings(**settings), feed_client=client, pool=pool or LocalPool())
        self.node = self.app.state.node
        self._keys = KeyList(client, self.node.keys, every=3)
        self.web = Web(self.app, {"authorization": f"Bearer {KEY}"})

    def sync(self) -> Stepped:
        """Fetch the client keys and read the feed to its end."""
        self._keys.step()
        follower = self.node.follower
        while follower.seq < self.publisher.size or not follower.is_synced:
            follower.step()
            assert follower.fault is None
        return self

    def screen(self, *values: Hash, url: str = "/v1/screen", key: str = KEY, **more: object) -> httpx.Response:
        """The answer to hashes."""
        return self.web.post(url, json=asked(*values, **more), headers={"authorization": f"Bearer {key}"})


def eventually(true: object, *, seconds: float = PATIENCE) -> float:
    """Seconds until ``true()`` was; fails the test when that took longer than ``seconds``."""
    began = time.monotonic()
    while not true():
        took = time.monotonic() - began
        assert took < seconds, f"not within {seconds} seconds"
        threading.Event().wait(0.005)  # asks an other process: there is nothing to wait on but time
    return time.monotonic() - began


class Running:
    """A node process, and a client of it."""

    def __init__(self, process: subprocess.Popen[str], address: str) -> None:
        self.process = process
        self.address = address
        self.web = httpx.Client(
            base_url=address, headers={"authorization": f"Bearer {KEY}"}, trust_env=False, timeout=PATIENCE
        )

    def action(self, value: Hash) -> str:
        """What it says of a hash."""
        return str(self.web.post("/v1/screen", json=asked(value)).json().get("action"))

    def is_ready(self) -> bool:
        """Whether /readyz says so."""
        return self.is_alive("/readyz")

    def is_alive(self, path: str = "/livez") -> bool:
        """Whether this path answers 200."""
        try:
            return self.web.get(path).status_code == 200
        except httpx.TransportError:
            return False

    def stop(self) -> tuple[int, str]:
        """End it as a supervisor would; its exit status and what it logged."""
        self.process.send_signal(signal.SIGTERM)
        _, said = self.process.communicate(timeout=20)
        return self.process.returncode, said


@contextlib.contextmanager
def running(
    feed: str, follow: Publisher | KeyFile, folder: Path, *arguments: str, is_ready: bool = True, **variables: str
) -> Iterator[Running]:
    """`staydown screen` in a process of its own, on a free port, ready to answer or at least alive."""
    key_file = folder / "node.toml"
    known = KeyFile(follow.key, follow.verifier_key) if isinstance(follow, Publisher) else follow
    key_file.write_text(known.text())
    key_file.chmod(0o600)
    given = ["--feed", feed, "--key-file", str(key_file), "--port", "0", "--workers", "1", *arguments]
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "staydown", "screen", *given],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=clean() | variables,
    )
    try:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(3)]
        address = next((word for line in lines for word in line.split() if word.startswith("http://")), "")
        assert address, f"it did not start: {process.communicate(timeout=10)[1]}"
        node = Running(process, address.removesuffix("/v1/screen"))
        eventually(lambda: node.is_alive("/readyz" if is_ready else "/livez"))
        with contextlib.closing(node.web):
            yield node
    finally:
        process.kill()
        process.communicate()
