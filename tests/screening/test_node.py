"""The node as a whole: ready or not, its keys, its threads, its figures, and pictures through the real pool."""

from __future__ import annotations

import hashlib
import threading

import anyio
import numpy as np
import pytest
from PIL import Image, ImageOps

from staydown.core.bank import Action
from staydown.core.hashing.algorithm import Algorithm, Hash
from staydown.core.hashing.picture import hash_picture
from staydown.core.hashing.pool import HashingPool
from staydown.exchange.peer import ScreeningKey
from staydown.exchange.testing import Fault
from staydown.screening.auth import ClientKeys, KeyList
from tests import pictures
from tests.screening.nodes import EXPLAINER, KEY, OTHER, Stepped, asked, entry, pdq


def reason(stepped: Stepped) -> tuple[int, str | None]:
    reply = stepped.web.get("/readyz", headers={"authorization": ""})
    return reply.status_code, reply.json().get("code")


def upload(stepped: Stepped, data: bytes, query: str = "", **fields: str) -> dict[str, object]:
    reply = stepped.web.post(f"/v1/screen{query}", files={"file": ("holiday.jpg", data)}, data=fields)
    assert "holiday" not in reply.text
    return {"status": reply.status_code} | reply.json()


def test_a_node_that_read_nothing_calls_nothing_clean():
    stepped = Stepped()
    reply = stepped.screen(pdq())
    assert (reply.status_code, reply.json()["code"]) == (503, "not_ready")
    assert reply.headers["retry-after"] == "1"
    assert reason(stepped) == (503, "not_synced")
    stepped.sync()
    assert stepped.screen(pdq()).status_code == 200
    assert reason(stepped) == (200, None)


def test_a_node_without_the_keys_lets_nobody_in():
    stepped = Stepped()
    stepped.node.follower.step()
    assert reason(stepped) == (503, "keys_unknown")
    assert stepped.screen(pdq()).status_code == 503


def test_it_is_not_ready_while_the_feed_is_behind_and_answers_all_the_same():
    stepped = Stepped(max_lag=10, wait=0.01)
    now = [0.0]
    stepped.node.follower._clock = lambda: now[0]
    stepped.publisher.add(one := entry())
    stepped.sync()
    stepped.publisher.fault = Fault.DOWN
    now[0] = 9.0
    stepped.node.follower.step()
    assert reason(stepped) == (200, None)
    now[0] = 11.0
    assert reason(stepped) == (503, "feed_behind")
    assert stepped.screen(one.hash).json()["action"] == "block"
    assert stepped.web.get("/livez").json() == {"alive": True}
    stepped.publisher.fault = None
    stepped.node.follower.step()
    assert reason(stepped) == (200, None)


def test_it_is_not_ready_at_once_when_the_feed_lies_and_answers_from_the_last_good_state():
    stepped = Stepped().sync()
    stepped.publisher.add(one := entry())
    stepped.sync()
    stepped.publisher.withdraw(one.id)
    stepped.publisher.fault = Fault.REWRITTEN
    stepped.node.follower.step()
    assert reason(stepped) == (503, "bad_feed")
    assert one.hash.hex()[:8] not in stepped.web.get("/readyz").text
    assert stepped.screen(one.hash).json()["action"] == "block"


def test_a_feed_that_was_never_reached_is_the_reason():
    stepped = Stepped()
    stepped.publisher.fault = Fault.DOWN
    stepped.node.follower.step()
    reply = stepped.web.get("/readyz").json()
    assert (reply["code"], "503" in reply["reason"]) == ("not_synced", True)


def test_keys_come_and_go_with_the_publishers_list():
    stepped = Stepped().sync()
    stepped.publisher.allow("sdn_live_new", "screen")
    assert stepped.screen(pdq(), key="sdn_live_new").status_code == 401
    stepped.sync()
    assert stepped.screen(pdq(), key="sdn_live_new").status_code == 200
    stepped.publisher.revoke("sdn_live_new")
    stepped.sync()
    assert stepped.screen(pdq(), key="sdn_live_new").status_code == 401


def test_the_last_list_of_keys_stays_good_while_the_publisher_is_away(caplog):
    stepped = Stepped().sync()
    stepped.publisher.fault = Fault.DOWN
    keys = KeyList(stepped.publisher.client(), stepped.node.keys, every=3)
    assert [keys.step() for _ in range(3)] == [3, 3, 3]
    assert len(caplog.records) == 1
    assert stepped.screen(pdq()).status_code == 200


def test_the_first_list_of_keys_is_asked_for_often():
    stepped = Stepped()
    stepped.publisher.fault = Fault.DOWN
    assert KeyList(stepped.publisher.client(), stepped.node.keys, every=3).step() <= 0.25


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Basic " + KEY,
        KEY,
        f"Bearer {KEY}x",
        f"Bearer {KEY.upper()}",
        f"Bearer {KEY} {KEY}",
        "Bearer " + "x" * 9999,
    ],
)
def test_headers_that_are_no_key(header):
    keys = ClientKeys()
    digest = hashlib.sha256(KEY.encode()).digest()
    assert keys.find(f"Bearer {KEY}".encode()) is None
    known = ScreeningKey(digest, frozenset({"screen"}), frozenset({"house"}))
    keys.replace([known])
    assert keys.find(header.encode()) is None
    assert keys.find(f"Bearer {KEY}".encode()) == known
    assert keys.find(f"bearer  {KEY} ".encode()) == known


@pytest.mark.parametrize("path", ["/v1/index", "/metrics"])
def test_figures_need_a_key(path):
    stepped = Stepped().sync()
    assert stepped.web.get(path).status_code == 200
    for key, status in ((OTHER, 403), ("sdn_live_unknown", 401)):
        reply = stepped.web.get(path, headers={"authorization": f"Bearer {key}"})
        assert (reply.status_code, reply.json()["code"]) == (status, "denied")


def test_the_figures():
    stepped = Stepped().sync()
    stepped.publisher.add(one := entry())
    stepped.sync()
    stepped.screen(one.hash)
    stepped.screen(pdq())
    stepped.screen(pdq(), key="sdn_live_unknown")
    upload(stepped, b"not a picture")
    told = stepped.web.get("/metrics")
    assert told.headers["content-type"].startswith("text/plain")
    lines = dict(line.rsplit(" ", 1) for line in told.text.splitlines() if not line.startswith("#"))
    name = "staydown_screening_"
    assert lines[f'{name}answers_total{{action="block",of="hash"}}'] == "1.0"
    assert lines[f'{name}answers_total{{action="allow",of="hash"}}'] == "1.0"
    assert lines[f'{name}answers_total{{action="allow",of="picture"}}'] == "0.0"
    assert lines[f'{name}seconds_count{{of="hash"}}'] == "2.0"
    assert lines[f'{name}refusals_total{{code="denied"}}'] == "1.0"
    assert lines[f'{name}decode_errors_total{{code="not_an_image"}}'] == "1.0"
    assert lines[f"{name}entries"] == "1.0"
    assert lines[f"{name}feed_line"] == "1.0"
    assert lines[f"{name}hits_waiting"] == "1.0"
    assert lines[f"{name}ready"] == "1.0"
    assert one.hash.hex()[:8] not in told.text


def test_the_lag_before_the_first_line_is_no_number():
    stepped = Stepped()
    KeyList(stepped.publisher.client(), stepped.node.keys, every=3).step()
    assert "staydown_screening_feed_lag_seconds NaN" in stepped.web.get("/metrics").text
    assert stepped.web.get("/v1/index").json()["lag_seconds"] is None


@pytest.fixture(scope="module")
def pooled():
    """A node with real worker processes that knows one photograph, and one flat picture by its bytes."""
    with HashingPool(1) as pool:
        stepped = Stepped(pool=pool).sync()
        data = pictures.path("chelsea.png").read_bytes()
        stepped.publisher.add(entry(hash_picture(data).pdq))
        stepped.publisher.add(entry(Hash(Algorithm.SHA256, hashlib.sha256(FLAT).digest())))
        stepped.publisher.add(entry(Hash(Algorithm.SHA256, hashlib.sha256(b"a film").digest())))
        stepped.sync()
        yield stepped


FLAT = pictures.encoded(Image.new("RGB", (256, 256), (90, 120, 150)), "PNG")


def test_a_reported_photograph_is_blocked(pooled):
    assert upload(pooled, pictures.path("chelsea.png").read_bytes())["action"] == "block"


@pytest.mark.parametrize("name", [name for name in pictures.PHOTOGRAPHS if name != "chelsea.png"])
def test_other_photographs_are_allowed(pooled, name):
    found = upload(pooled, pictures.path(name).read_bytes())
    assert found == {"status": 200, "action": "allow", "hashable": True, "hit_id": None}


@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("mirrored", [False, True])
def test_turned_and_mirrored_copies_are_blocked(pooled, turns, mirrored):
    copy = Image.fromarray(np.rot90(np.asarray(pictures.photograph("chelsea.png")), turns))
    data = pictures.encoded(ImageOps.mirror(copy) if mirrored else copy, quality=80)
    assert upload(pooled, data, "?status=1")["status"] == 451


def test_a_picture_without_detail_is_said_to_be_so(pooled):
    other = pictures.encoded(Image.new("RGB", (256, 256), (10, 20, 30)), "PNG")
    assert upload(pooled, other) == {"status": 200, "action": "allow", "hashable": False, "hit_id": None}
    found = upload(pooled, FLAT)
    assert (found["action"], found["hashable"]) == ("block", False)


def test_a_file_that_cannot_be_decoded_is_known_by_its_bytes(pooled):
    found = upload(pooled, b"a film")
    assert (found["status"], found["action"], found["hashable"]) == (200, "block", False)
    assert upload(pooled, b"a filn")["status"] == 422


def test_references_travel_with_an_upload(pooled):
    data = pictures.path("chelsea.png").read_bytes()
    hit_id = upload(pooled, data, content_ref="post/7", preview_url="https://platform.test/7")["hit_id"]
    pooled.node.hits.flush(5)
    told = pooled.publisher.hits[hit_id]
    assert (told["content_ref"], told["preview_url"]) == ("post/7", "https://platform.test/7")


def test_an_explained_upload(pooled):
    reply = pooled.web.post(
        "/v1/screen?explain=1",
        files={"file": ("a", pictures.path("chelsea.png").read_bytes())},
        headers={"authorization": f"Bearer {EXPLAINER}"},
    )
    assert [match["distance"] for match in reply.json()["matches"]] == [0]


def test_its_threads_follow_report_and_end():
    """Everything that `sync` does by hand elsewhere, done by the node's own threads."""
    stepped = Stepped(wait=0.05, max_lag=5, keys_every=0.01)

    async def live() -> None:
        async with stepped.app.router.lifespan_context(stepped.app):
            stepped.publisher.add(one := entry(action=Action.REVIEW))
            with anyio.fail_after(10):
                while stepped.node.trouble() or not len(stepped.node.index):
                    await anyio.sleep(0.001)
            stepped.node.decide([one.hash], banks=frozenset(), content_ref="", preview_url="")

    anyio.run(live)
    assert stepped.publisher.total_of_hits() == 1
    ours = [thread for thread in threading.enumerate() if thread.name.startswith("staydown-")]
    for thread in ours:
        thread.join(10)
    assert not any(thread.is_alive() for thread in ours)


def test_a_message_of_the_log_holds_no_hash(caplog):
    caplog.set_level("DEBUG")
    stepped = Stepped().sync()
    stepped.publisher.add(one := entry())
    stepped.sync()
    stepped.screen(one.hash)
    stepped.web.post("/v1/screen", json=asked(one.hash) | {"wrong": 1})
    stepped.publisher.hit_fault = Fault.DOWN
    stepped.node.hits.step()
    assert one.hash.hex()[:8] not in caplog.text
