"""What HMA's clients are told of a match, and what they are not."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest

from staydown.core.bank import Action, Entry
from staydown.core.hashing import bag
from staydown.core.hashing.algorithm import Algorithm, Hash
from staydown.core.hashing.digest import md5, sha256
from staydown.core.hashing.footage import hash_video
from staydown.core.hashing.picture import hash_picture
from staydown.exchange import hma
from staydown.screening.hma.lookup import MOST_IN_A_BANK
from tests import clips, pictures
from tests.screening.hma.nodes import handed_on, stepped
from tests.screening.nodes import EXPLAINER, KEY, Stepped, entry, near, pdq
from tests.screening.web import Web

VPDQ_LINE = re.compile(r"([0-9a-f]{64}),(\d+),(\d+\.\d{3})")


def looked_up(node: Stepped, value: Hash, **query: str) -> dict[str, list[dict[str, object]]]:
    given = {"signal": value.hex(), "signal_type": hma.SIGNAL_TYPE[value.algorithm], **query}
    reply = node.web.get("/m/lookup", params=given)
    assert reply.status_code == 200, reply.text
    return reply.json()


def test_before_the_feed_is_read_the_index_is_not_ready():
    made = Stepped()
    web = Web(made.app, {"authorization": f"Bearer {EXPLAINER}"})
    assert (web.get("/status").status_code, web.get("/status").text) == (503, "INDEX-NOT-LOADED")
    assert web.get("/m/index/status").json() == {"message": "index not yet ready"}
    assert web.get("/status/live").text == "I-AM-ALIVE"


def test_a_node_that_is_behind_says_so(monkeypatch):
    node = stepped()
    monkeypatch.setattr(node.node.follower, "_clock", lambda: node.node.follower._complete_at + 31)
    assert (node.web.get("/status").status_code, node.web.get("/status").text) == (503, "INDEX-STALE")


@pytest.mark.parametrize("copies", [1, 2, 3, 4, 8])
def test_however_many_there_are_each_matches(copies):
    node, value = stepped(), pdq()
    for _ in range(copies):
        node.publisher.add(entry(value))
    node.sync()
    assert len(looked_up(node, near(value, 7))["HOUSE"]) == copies


def test_matches_lie_under_their_banks_nearest_first_with_distances_as_text():
    node, value = stepped(), pdq()
    ones = [entry(near(value, 9)), entry(near(value, 3)), entry(value, bank="my-other")]
    for one in ones:
        node.publisher.add(one)
    node.sync()
    wanted = {
        "MY_OTHER": [{"bank_content_id": hma.content_id(ones[2].id), "distance": "0"}],
        "HOUSE": [
            {"bank_content_id": hma.content_id(ones[1].id), "distance": "3"},
            {"bank_content_id": hma.content_id(ones[0].id), "distance": "9"},
        ],
    }
    assert looked_up(node, value) == wanted
    assert list(looked_up(node, value, banks="MY_OTHER,ELSEWHERE")) == ["MY_OTHER"]


def test_what_only_asks_for_a_review_is_not_told_and_is_reported_all_the_same():
    node = stepped()
    node.publisher.add(one := entry(action=Action.REVIEW))
    node.sync()
    assert looked_up(node, one.hash) == {}
    assert node.node.hits.waiting == 1


def test_where_the_operator_asks_for_it_reviews_lie_under_a_name_of_their_own():
    node = stepped(review=True)
    node.publisher.add(one := entry(action=Action.REVIEW))
    node.sync()
    assert list(looked_up(node, one.hash)) == ["HOUSE_REVIEW"]
    assert list(looked_up(node, one.hash, banks="HOUSE_REVIEW")) == ["HOUSE_REVIEW"]
    assert list(looked_up(node, one.hash, banks="HOUSE")) == ["HOUSE_REVIEW"]


def test_a_withdrawn_entry_is_gone_from_the_raw_lookup_too():
    node = stepped()
    node.publisher.add(one := entry())
    node.sync()
    raw = f"/m/raw_lookup?signal_type=pdq&signal={one.hash.hex()}"
    assert node.web.get(raw).json() == {"matches": [hma.content_id(one.id)]}
    node.publisher.withdraw(one.id)
    node.sync()
    assert node.web.get(raw).json() == {"matches": []}


def test_a_bank_with_very_many_near_copies_does_not_crowd_out_another():
    node, value = stepped(), pdq()
    for _ in range(MOST_IN_A_BANK + 5):
        node.publisher.add(entry(value))
    node.publisher.add(entry(near(value, 20), bank="other"))
    node.sync()
    found = looked_up(node, value)
    assert {name: len(matches) for name, matches in found.items()} == {"HOUSE": MOST_IN_A_BANK, "OTHER": 1}


def test_a_key_sees_its_banks_alone():
    node = stepped()
    node.publisher.allow("sdn_live_scoped", "screen", "screen:explain", banks=["other"])
    node.publisher.add(one := entry())
    node.sync()
    node.web._headers = {"authorization": "Bearer sdn_live_scoped"}
    assert looked_up(node, one.hash) == {}
    assert node.node.hits.waiting == 0


def test_distances_need_the_scope_for_them():
    node = stepped()
    headers = {"authorization": f"Bearer {KEY}"}
    for path in ("/m/lookup", "/m/raw_lookup"):
        reply = node.web.get(path, params={"signal": "00" * 32, "signal_type": "pdq"}, headers=headers)
        assert reply.status_code == 403
    assert node.web.get("/m/index/status", headers=headers).status_code == 200


def test_a_picture_whose_very_bytes_are_banked_is_found_though_it_has_no_detail():
    node, data = stepped(), pictures.encoded(pictures.pattern(1).resize((64, 64)).point(lambda _: 77), "PNG")
    assert not hash_picture(data).is_hashable
    node.publisher.add(one := entry(sha256(data)))
    node.sync()
    found = node.web.post("/m/lookup", files={"photo": data})
    assert found.json() == {"sha256": {"HOUSE": [{"bank_content_id": hma.content_id(one.id), "distance": "0"}]}}


@pytest.mark.parametrize("given", ["[]", "{", '{"pdq": ["00"]}', '{"pdq": "x"}', '{"x": ["a", "b"]}', "\xff"])
def test_a_comparison_that_makes_no_sense_is_refused(given):
    reply = stepped().web.post("/m/compare", content=given.encode("latin-1"))
    assert (reply.status_code, list(reply.json())) == (400, ["message"])


def test_upper_case_is_read_too():
    node = stepped()
    node.publisher.add(one := entry())
    node.sync()
    reply = node.web.get("/m/lookup", params={"signal": one.hash.hex().upper(), "signal_type": "pdq"})
    assert list(reply.json()) == ["HOUSE"]


def test_ids_lead_back_to_their_entries():
    for one in (entry() for _ in range(200)):
        first, last = hma.entry_ids(hma.content_id(one.id))
        assert first <= one.id <= last
        assert hma.content_id(one.id) <= hma.LARGEST_ID


def test_a_sha256_is_a_signal_too():
    node = stepped()
    node.publisher.add(one := entry(Hash(Algorithm.SHA256, bytes(range(32)))))
    node.sync()
    assert list(looked_up(node, one.hash)) == ["HOUSE"]


# Videos --------------------------------------------------------------------------------------------------------------

SIZE = (480, 270)
SCENE = clips.scene("coffee.png", 4, size=SIZE)
FILM = clips.film(SCENE)
COPY = clips.film(SCENE, "webm")
BANKED = bag.packed(frame.banked for frame in hash_video(FILM).frames)
BROKEN = b"\0\0\0\x18ftypmp42" + bytes(200)
STRANGE = [f'["{pdq(1).hex()},100,{when}"]' for when in ("nan", "inf", "-1", "1e999", "soon")]


@pytest.fixture
def node() -> Iterator[Stepped]:
    made = stepped()
    yield made
    made.node.films.close()


def told_of(one: Entry, distance: str) -> dict[str, list[dict[str, object]]]:
    return {"HOUSE": [{"bank_content_id": hma.content_id(one.id), "distance": distance}]}


def test_a_video_is_hashed_by_its_bytes_and_where_it_is_asked_for_by_its_frames(node):
    assert node.web.post("/h/hash", files={"video": BROKEN}).json() == {"video_md5": md5(BROKEN).hex()}
    both = node.web.post("/h/hash?types=video_md5,vpdq", files={"video": FILM}).json()
    assert both["video_md5"] == md5(FILM).hex()
    features = VPDQ_LINE.findall(both["vpdq"])
    frames = hash_video(FILM).frames
    assert features == [(each.hash.hex(), str(each.quality), f"{each.time:.3f}") for each in frames]
    assert list(map(VPDQ_LINE.fullmatch, json.loads(both["vpdq"]))).count(None) == 0
    flat = clips.film([frame * 0 for frame in SCENE])
    assert node.web.post("/h/hash?types=vpdq", files={"video": flat}).json() == {"vpdq": ""}


def test_a_video_is_found_by_its_md5(node):
    assert node.web.post("/m/lookup", files={"video": FILM}).json() == {"video_md5": {}, "vpdq": {}}
    node.publisher.add(one := entry(md5(FILM)))
    node.sync()
    assert node.web.post("/m/lookup", files={"video": FILM}).json() == {"video_md5": told_of(one, "0"), "vpdq": {}}
    assert looked_up(node, one.hash) == told_of(one, "0")
    raw = {"signal_type": "video_md5", "signal": one.hash.hex(), "include_distance": "true"}
    assert node.web.get("/m/raw_lookup", params=raw).json() == {"matches": told_of(one, "0")["HOUSE"]}


def test_a_copy_of_a_banked_video_is_found_by_its_frames_as_a_file_and_as_a_signal(node):
    node.publisher.add(one := entry(BANKED, radius=31))
    node.sync()
    found = node.web.post("/m/lookup", files={"video": COPY}).json()
    assert found == {"video_md5": {}, "vpdq": told_of(one, "100%[100%]")}
    assert node.node.hits.waiting == 1
    signal = node.web.post("/h/hash?types=vpdq", files={"video": COPY}).json()["vpdq"]
    given = {"signal_type": "vpdq", "signal": signal}
    assert node.web.get("/m/lookup", params=given).json() == told_of(one, "100%[100%]")
    assert node.web.get("/m/raw_lookup", params=given).json() == {"matches": [hma.content_id(one.id)]}
    assert node.web.get("/m/index/status", params={"signal_type": "vpdq"}).json()["vpdq"]["size"] == 1
    assert node.web.get("/m/lookup", params={"signal_type": "vpdq", "signal": "[]"}).json() == {}


def test_a_banked_picture_in_a_video_is_told_under_its_own_type(node):
    node.publisher.add(one := entry(hash_picture(pictures.encoded(clips.Image.fromarray(SCENE[6]), "PNG")).pdq))
    node.sync()
    found = node.web.post("/m/lookup", files={"video": FILM}).json()
    assert (list(found), list(found["pdq"])) == (["pdq", "video_md5", "vpdq"], ["HOUSE"])
    assert found["pdq"]["HOUSE"][0]["bank_content_id"] == hma.content_id(one.id)


def test_a_still_of_a_banked_video_is_reported_and_not_told(node):
    node.publisher.add(entry(BANKED, radius=31))
    node.sync()
    still = pictures.encoded(clips.Image.fromarray(SCENE[5]), "PNG")
    assert node.web.post("/m/lookup", files={"photo": still}).json() == {"pdq": {}}
    assert node.node.hits.waiting == 1


def test_a_video_that_cannot_be_looked_at_is_an_error_unless_its_bytes_are_known(node):
    reply = node.web.post("/m/lookup", files={"video": BROKEN})
    assert (reply.status_code, list(reply.json())) == (400, ["message"])
    node.publisher.add(one := entry(md5(BROKEN)))
    node.sync()
    assert node.web.post("/m/lookup", files={"video": BROKEN}).json()["video_md5"] == told_of(one, "0")


@pytest.mark.parametrize("signal", ["", "x", "{}", "null", '["00,1"]', '["zz,100,0.0"]', "[" * 9000, "7", *STRANGE])
def test_a_vpdq_signal_that_is_none_is_refused(node, signal):
    reply = node.web.get("/m/lookup", params={"signal_type": "vpdq", "signal": signal})
    assert (reply.status_code, list(reply.json())) == (400, ["message"])


def test_a_file_that_is_banked_in_several_ways_is_one_hit_and_told_under_each():
    node, photo = stepped(), pictures.path("chelsea.png").read_bytes()
    for value in (hash_picture(photo).pdq, sha256(photo), md5(photo)):
        node.publisher.add(entry(value))
    node.sync()
    found = node.web.post("/m/lookup", files={"photo": photo}).json()
    assert {name: list(banks) for name, banks in found.items()} == {
        name: ["HOUSE"] for name in ("pdq", "sha256", "video_md5")
    }
    assert node.node.hits.waiting == 1


@pytest.mark.parametrize(("kind", "types"), [("photo", "video_md5"), ("video", "pdq"), ("video", "tmk"), ("video", "")])
def test_a_file_has_the_signal_types_of_its_content_type_alone(kind, types):
    reply = stepped().web.post(f"/h/hash?types={types}", files={kind: pictures.path("chelsea.png").read_bytes()})
    assert (reply.status_code, list(reply.json())) == (400, ["message"])


@pytest.mark.parametrize(("given", "kept"), [(1, 1), (900, 900), (901, 451), (2000, 667)])
def test_of_a_long_video_frames_further_apart_are_kept(given, kept):
    features = [(float(at), 100, pdq(at + 1)) for at in range(given)]
    assert len(bag.frames_of(hma.signal("vpdq", hma.vpdq(features)))) == kept


def test_a_video_is_banked_by_its_frames_and_never_by_its_bytes(node):
    seen = handed_on(node)
    assert node.web.post("/c/bank/HOUSE/content?types=video_md5", files={"video": FILM}).status_code == 400
    assert seen == []
    assert node.web.post("/c/bank/HOUSE/content", files={"video": FILM}).status_code == 200
    node.app.state.node.films.close()
    assert list(json.loads(seen[0].content)) == ["vpdq"]
    assert hma.signal("vpdq", json.loads(seen[0].content)["vpdq"]) == BANKED
