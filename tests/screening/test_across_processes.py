"""A node in a process of its own follows a publisher in another: fresh within a second, and sturdy in between."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import httpx
import pytest

from staydown.core.bank import Action
from staydown.core.hashing import bag
from staydown.core.hashing.picture import hash_picture
from staydown.exchange.testing import Fault, Publisher
from tests import pictures
from tests.screening.nodes import EXPLAINER, KEY, OTHER, Running, entry, eventually, near, pdq, running

pytestmark = pytest.mark.journey


@pytest.fixture(scope="module")
def publisher() -> Publisher:
    made = Publisher()
    made.allow(KEY, "screen")
    made.allow(EXPLAINER, "screen", "screen:explain")
    made.allow(OTHER, "feed:read")
    return made


@pytest.fixture(scope="module")
def node(publisher: Publisher, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("node")
    with (
        publisher.serving() as address,
        running(address, publisher, folder, STAYDOWN_SCREEN_KEYS_EVERY="0.3") as started,
    ):
        yield started


@pytest.fixture(autouse=True)
def _well_behaved(request: pytest.FixtureRequest) -> Iterator[None]:
    """A fault never outlives its test."""
    yield
    made = request.getfixturevalue("publisher") if "publisher" in request.fixturenames else None
    if made is not None:
        made.fault = made.hit_fault = None


def test_an_enforced_entry_blocks_within_a_second_and_a_withdrawn_one_frees_within_a_second(publisher, node):
    blocked, freed = [], []
    for _ in range(10):
        one = entry()
        assert node.action(one.hash) == "allow"
        publisher.add(one)
        blocked.append(eventually(lambda of=one: node.action(of.hash) == "block"))
        publisher.withdraw(one.id)
        freed.append(eventually(lambda of=one: node.action(of.hash) == "allow"))
    assert max(median(blocked), median(freed)) < 1.0
    print(f"blocked after at most {max(blocked):.3f} s, freed after at most {max(freed):.3f} s")


def test_a_withdrawn_video_frees_within_a_second(publisher, node):
    film = bag.packed([pdq()] for _ in range(60))
    asked = {"hashes": [{"algorithm": "vpdq", "frames": [each.hex() for each in bag.values_of(film)]}]}

    def action():
        return node.web.post("/v1/screen", json=asked).json()["action"]

    blocked, freed = [], []
    for _ in range(3):
        publisher.add(one := entry(film, radius=31))
        blocked.append(eventually(lambda: action() == "block"))
        publisher.withdraw(one.id)
        freed.append(eventually(lambda: action() == "allow"))
    assert max(median(blocked), median(freed)) < 1.0
    print(f"blocked after at most {max(blocked):.3f} s, freed after at most {max(freed):.3f} s")


def test_a_pending_entry_is_reviewed_and_blocks_once_it_is_enforced(publisher, node):
    pending = entry(action=Action.REVIEW)
    publisher.add(pending)
    eventually(lambda: node.action(pending.hash) == "review")
    publisher.add(type(pending)(pending.id, "house", pending.hash, 31, Action.BLOCK))
    eventually(lambda: node.action(pending.hash) == "block")


def test_an_upload_goes_through_the_decoding_processes(publisher, node):
    data = pictures.path("chelsea.png").read_bytes()
    publisher.add(entry(hash_picture(data).pdq))
    copy = pictures.encoded(pictures.photograph("chelsea.png").transpose(0).resize((300, 200)), quality=60)

    def status_of(file: bytes) -> int:
        return node.web.post("/v1/screen?status=1", files={"file": ("a", file)}, timeout=30).status_code

    eventually(lambda: status_of(data) == 451)  # the first one waits for the process to start
    assert status_of(copy) == 451
    assert status_of(pictures.path("coffee.png").read_bytes()) == 200
    assert status_of(b"GIF89a not really") == 422


def test_hits_are_reported(publisher, node):
    publisher.add(one := entry())
    eventually(lambda: node.action(one.hash) == "block")
    before = publisher.total_of_hits()
    for _ in range(50):
        node.action(near(one.hash, 5))
    assert publisher.wait_for_hits(before + 50)


def test_hits_wait_while_the_publisher_is_down_and_arrive_once(publisher, node):
    publisher.add(one := entry())
    eventually(lambda: node.action(one.hash) == "block")
    eventually(lambda: "staydown_screening_hits_waiting 0.0" in node.web.get("/metrics").text)
    before, posts = publisher.total_of_hits(), publisher.posts
    publisher.hit_fault = Fault.DROPPED  # takes the hits and loses its answer
    for _ in range(30):
        assert node.action(one.hash) == "block"
    eventually(lambda: publisher.posts >= posts + 2)
    publisher.hit_fault = None
    eventually(lambda: "staydown_screening_hits_waiting 0.0" in node.web.get("/metrics").text)
    assert publisher.total_of_hits() == before + 30


@pytest.mark.parametrize("fault", [Fault.DOWN, Fault.DROPPED, Fault.WRONG_KEY, Fault.REWRITTEN])
def test_it_keeps_answering_while_the_feed_fails_and_catches_up_after(publisher, node, fault):
    publisher.add(kept := entry())
    eventually(lambda: node.action(kept.hash) == "block")
    publisher.fault = fault
    publisher.add(new := entry())
    for _ in range(20):
        assert node.action(kept.hash) == "block"
        assert node.action(new.hash) == "allow"
    if fault in (Fault.WRONG_KEY, Fault.REWRITTEN):
        eventually(lambda: not node.is_ready())
        assert node.web.get("/readyz").json()["code"] == "bad_feed"
    publisher.fault = None
    eventually(lambda: node.action(new.hash) == "block")
    eventually(node.is_ready)


def test_a_revoked_key_is_of_no_use_soon(publisher, node):
    publisher.allow("sdn_live_passing", "screen")

    def status() -> int:
        body = {"hashes": [{"algorithm": "pdq", "value": pdq().hex()}]}
        return node.web.post("/v1/screen", json=body, headers={"authorization": "Bearer sdn_live_passing"}).status_code

    eventually(lambda: status() == 200)
    publisher.revoke("sdn_live_passing")
    eventually(lambda: status() == 401)


def test_a_body_that_never_ends_does_not_hold_others_up(node):
    def endless():
        for _ in range(2000):
            yield b"x" * 65536

    kind = {"content-type": "multipart/form-data; boundary=b"}
    with contextlib.suppress(httpx.TransportError):  # when it closes the connection while we are still sending
        assert node.web.post("/v1/screen", content=endless(), headers=kind).status_code in {413, 422}
    assert node.action(pdq()) == "allow"


def test_it_ends_in_order_and_reports_what_waits(publisher, tmp_path):
    with publisher.serving() as address, running(address, publisher, tmp_path) as other:
        publisher.add(one := entry())
        eventually(lambda: other.action(one.hash) == "block")
        before = publisher.total_of_hits()
        for _ in range(25):
            other.action(one.hash)
        status, said = other.stop()
    assert status == 0, said
    assert publisher.total_of_hits() >= before + 25
    assert one.hash.hex()[:8] not in said
    assert "Traceback" not in said


def test_a_node_that_starts_late_reads_everything(publisher, tmp_path):
    enforced = [entry() for _ in range(200)]
    for each in enforced:
        publisher.add(each)
    for each in enforced[::2]:
        publisher.withdraw(each.id)
    with publisher.serving() as address, running(address, publisher, tmp_path, STAYDOWN_SCREEN_PAGE="37") as other:
        assert [other.action(each.hash) for each in enforced] == ["allow", "block"] * 100
        assert other.web.get("/v1/index").json()["cursor"] == publisher.size


def test_it_is_not_ready_when_the_publisher_is_gone_for_too_long(tmp_path):
    publisher = Publisher()
    publisher.allow(KEY, "screen")
    publisher.add(one := entry())
    with publisher.serving() as address, running(address, publisher, tmp_path, "--max-lag", "0.6") as other:
        publisher.fault = Fault.STALLED
        eventually(lambda: not other.is_ready())
        assert other.web.get("/readyz").json()["code"] == "feed_behind"
        assert other.action(one.hash) == "block"
        publisher.fault = None
        eventually(other.is_ready)


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="reads the memory map of a process")
def test_nothing_of_the_feed_is_on_disk(publisher, node):
    """A node has no file open for writing: the hashes are in its memory only."""
    open_for_writing = []
    here = Path(f"/proc/{node.process.pid}")
    for link in (here / "fd").iterdir():
        target = str(link.readlink())
        flags = int((here / "fdinfo" / link.name).read_text().split()[3], 8)
        if target.startswith("/") and not target.startswith("/dev/") and flags & (os.O_WRONLY | os.O_RDWR):
            open_for_writing.append(target)
    assert open_for_writing == []


def test_a_key_file_of_another_publisher_is_never_ready(tmp_path):
    publisher, stranger = Publisher(), Publisher()
    publisher.allow(KEY, "screen")
    publisher.add(entry())
    with publisher.serving() as address, running(address, stranger, tmp_path, is_ready=False) as other:
        eventually(lambda: other.web.get("/readyz").json()["code"] == "bad_feed")
        assert other.action(pdq()) == "None"
