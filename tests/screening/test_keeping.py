"""What a node keeps on disk where it is asked to: enough to answer after a restart, and nothing for others."""

from __future__ import annotations

import logging
import stat
import time
from dataclasses import replace

import pytest

from staydown.core.hashing import bag
from staydown.errors import SnapshotError
from staydown.exchange.testing import Fault, Publisher
from staydown.screening import keeping
from staydown.screening.app import build
from staydown.screening.auth import KeyList
from staydown.screening.follower import OLDEST_ANSWERED
from staydown.screening.keeping import Keeper, KeptFile
from staydown.screening.settings import KeyFile, Settings
from tests.screening.nodes import KEY, LocalPool, asked, entry, eventually, near, pdq, running
from tests.screening.web import Web

PICTURES = [entry() for _ in range(3)]
FRAMES = [pdq() for _ in range(4)]
VIDEO = entry(bag.packed([each] for each in FRAMES), radius=31)
FILM = {"hashes": [{"algorithm": "vpdq", "frames": [{"hashes": [each.hex()]} for each in FRAMES]}]}


class Node:
    """A node that keeps what it knows in a file, and whose threads are stepped by hand."""

    def __init__(self, publisher: Publisher, file: KeptFile) -> None:
        client = publisher.client()
        app = build(Settings(), feed_client=client, pool=LocalPool(), keep=file)  # type: ignore[arg-type]
        self.node = app.state.node
        self.web = Web(app, {"authorization": f"Bearer {KEY}"})
        self._publisher = publisher
        self._keys = KeyList(client, self.node.keys, every=3)

    def sync(self) -> Node:
        self._keys.step()
        follower = self.node.follower
        while follower.seq < self._publisher.size or not follower.is_synced:
            follower.step()
            assert follower.fault is None
        return self

    def action(self, body: object) -> object:
        reply = self.web.post("/v1/screen", json=body)
        return reply.json().get("action") if reply.status_code == 200 else reply.json()["code"]


@pytest.fixture
def publisher() -> Publisher:
    made = Publisher()
    made.allow(KEY, "screen")
    for each in (*PICTURES, VIDEO):
        made.add(each)
    return made


@pytest.fixture
def file(publisher, tmp_path) -> KeptFile:
    return KeptFile(tmp_path / "kept", KeyFile(publisher.key, publisher.verifier_key))


@pytest.fixture
def kept(publisher, file) -> KeptFile:
    """The file of a node that had read the whole feed."""
    file.write(Node(publisher, file).sync().node.known())
    return file


def test_after_a_restart_it_answers_although_nobody_can_be_reached(publisher, kept):
    publisher.fault = Fault.DOWN
    node = Node(publisher, kept)
    node.node.follower.step()
    assert [node.action(asked(near(each.hash, 9))) for each in PICTURES] == ["block"] * 3
    assert node.action(FILM) == "block"
    assert node.action(asked(pdq())) == "allow"
    assert node.web.get("/readyz").status_code == 200
    assert node.web.post("/v1/screen", json=FILM, headers={"authorization": "Bearer other"}).status_code == 401


def test_it_reads_on_from_where_it_was(publisher, kept):
    for gone in (PICTURES[0], VIDEO):
        publisher.withdraw(gone.id)
    publisher.add(new := entry())
    node = Node(publisher, kept)
    assert node.node.follower.seq == 4, "nothing is read twice"
    node.sync()
    assert node.action(FILM) == "allow"
    assert [node.action(asked(each.hash)) for each in (*PICTURES, new)] == ["allow", "block", "block", "block"]


def test_what_is_a_day_old_waits_for_the_rest_of_the_feed(publisher, kept):
    old = kept.read()
    kept.write(replace(old, read_at=time.time() - OLDEST_ANSWERED - 60))
    publisher.withdraw(PICTURES[0].id)
    node = Node(publisher, kept)
    assert node.action(asked(PICTURES[0].hash)) == "not_ready"
    assert node.node.follower.seq == 4
    node.sync()
    assert [node.action(asked(each.hash)) for each in PICTURES[:2]] == ["allow", "block"]


def test_an_hour_without_the_publisher_is_said_and_answers_go_on(publisher, kept):
    kept.write(replace(kept.read(), read_at=time.time() - 3600))
    publisher.fault = Fault.DOWN
    node = Node(publisher, kept)
    assert node.web.get("/readyz").json()["code"] == "feed_behind"
    assert node.action(FILM) == "block"


def test_only_its_owner_may_read_it_and_it_shows_no_hash(kept):
    data = kept.path.read_bytes()
    assert stat.S_IMODE(kept.path.stat().st_mode) == 0o600
    for value in (*(each.hash.value for each in PICTURES), *(each.value for each in FRAMES), b"house", b"cursor"):
        assert value not in data
    assert kept.follow.key.encode() not in data


def test_the_same_twice_is_not_the_same_file(kept):
    before = kept.path.read_bytes()
    kept.write(kept.read())
    assert kept.path.read_bytes()[8:] != before[8:]


def test_behind_a_restored_publisher_it_reads_anew_only_once_its_file_is_gone(publisher, kept):
    del publisher._lines[2:], publisher._trees[3:]  # as a backup knows it
    for _ in range(2):  # a second start does not help
        node = Node(publisher, kept)
        node.node.follower.step()
        assert node.web.get("/readyz").json()["code"] == "bad_feed"
    kept.path.unlink()
    node = Node(publisher, kept).sync()
    assert [node.action(asked(each.hash)) for each in PICTURES] == ["block", "block", "allow"]


DAMAGE = {
    "nothing": lambda data: b"",
    "another version": lambda data: data[:7] + b"\x02" + data[8:],
    "no salt": lambda data: data[:12],
    "no content": lambda data: data[:24],
    "another salt": lambda data: data[:8] + bytes(16) + data[24:],
    "a byte": lambda data: data[:-30] + bytes([data[-30] ^ 1]) + data[-29:],
    "cut off": lambda data: data[:-1],
    "a piece left out": lambda data: data[: 24 + 516] + data[24 + 2 * 516 :],
    "the last piece left out": lambda data: data[: 24 + 3 * 516],
    "pieces exchanged": lambda data: data[:24] + data[540:1056] + data[24:540] + data[1056:],
    "more behind it": lambda data: data + bytes(100),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_file_is_named_and_the_node_starts_from_the_feed(publisher, file, damage, monkeypatch, caplog):
    monkeypatch.setattr(keeping, "_PIECE", 500)
    file.write(Node(publisher, file).sync().node.known())
    assert len(file.read().pictures) == 3, "in many pieces it reads the same"
    file.path.write_bytes(DAMAGE[damage](file.path.read_bytes()))
    with pytest.raises(SnapshotError):
        file.read()
    with caplog.at_level(logging.WARNING):
        node = Node(publisher, file)
    assert "The node starts from the feed" in caplog.text
    assert node.action(FILM) == "not_ready"
    assert node.sync().action(FILM) == "block"


@pytest.mark.parametrize("other", ["key", "verifier"])
def test_a_node_with_another_key_or_feed_cannot_use_it(kept, other):
    follow = replace(kept.follow, **{other: Publisher().verifier_key if other == "verifier" else "another"})
    with pytest.raises(SnapshotError, match="another key file"):
        KeptFile(kept.path, follow).read()


def test_what_a_node_that_was_killed_was_writing_is_removed(publisher, kept):
    left, other = kept.path.with_name(".kept.abc123"), kept.path.with_name(".kept-elsewhere")
    for each in (left, other):
        each.touch()
    Node(publisher, kept)
    assert (left.exists(), other.exists(), kept.path.exists()) == (False, True, True)


def test_without_a_file_it_begins_as_ever(publisher, file):
    assert file.read() is None
    node = Node(publisher, file)
    assert node.node.known() is None, "it knows nothing yet that would be worth keeping"
    assert node.sync().action(FILM) == "block"


def test_it_is_written_when_there_is_something_new_and_a_full_disk_is_said_once(publisher, file, caplog):
    node = Node(publisher, file).node
    keeper = Keeper(file, every=300, seq=lambda: node.follower.seq, known=node.known)
    assert keeper.step() == 1, "the feed is still being read"
    assert not file.path.exists()
    Node.sync(held := Node(publisher, file))
    keeper = Keeper(file, every=300, seq=lambda: held.node.follower.seq, known=held.node.known)
    assert keeper.step() == 300
    written = file.path.stat().st_mtime_ns
    keeper.step()
    assert file.path.stat().st_mtime_ns == written
    publisher.add(entry())
    held.sync()
    absent = Keeper(
        replace(file, path=file.path.parent / "absent" / "kept"),
        every=300,
        seq=lambda: held.node.follower.seq,
        known=held.node.known,
    )
    for _ in range(2):
        assert absent.step() == 300
    assert caplog.text.count("could not be kept") == 1
    keeper.step()
    assert len(file.read().pictures) == 4


@pytest.mark.journey
def test_a_real_node_that_is_killed_knows_everything_again_while_the_publisher_is_down(publisher, tmp_path):
    kept = tmp_path / "kept"
    options = {"STAYDOWN_SCREEN_KEEP": str(kept), "STAYDOWN_SCREEN_KEEP_EVERY": "0.2"}
    with publisher.serving() as address:
        with running(address, publisher, tmp_path, **options) as node:
            eventually(kept.exists)
            node.process.kill()
        publisher.fault = Fault.DOWN
        with running(address, publisher, tmp_path, **options) as node:
            assert node.action(PICTURES[0].hash) == "block"
            assert node.web.post("/v1/screen", json=FILM).json()["action"] == "block"
            publisher.fault = None
            publisher.withdraw(VIDEO.id)
            eventually(lambda: node.web.post("/v1/screen", json=FILM).json()["action"] == "allow")
