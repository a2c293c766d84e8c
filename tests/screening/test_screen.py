"""POST /v1/screen with hashes, and the batch: allow, review, block, and nothing that tells more than that."""

from __future__ import annotations

import uuid

import pytest

from staydown.core.bank import Action
from staydown.core.hashing.algorithm import Algorithm, Hash
from staydown.core.hashing.digest import md5
from staydown.core.hashing.picture import Picture, hash_picture
from staydown.screening.node import MOST_MATCHES
from tests import pictures
from tests.screening.nodes import EXPLAINER, OTHER, LocalPool, Stepped, asked, entry, near, pdq


@pytest.fixture
def stepped() -> Stepped:
    return Stepped().sync()


def test_what_nobody_reported_is_allowed(stepped):
    reply = stepped.screen(pdq())
    assert reply.status_code == 200
    assert reply.json() == {"action": "allow", "hashable": True, "hit_id": None}
    assert reply.headers["cache-control"] == "no-store"
    assert stepped.node.hits.waiting == 0


@pytest.mark.parametrize("action", list(Action))
def test_an_entry_does_what_it_says(stepped, action):
    stepped.publisher.add(one := entry(action=action))
    stepped.sync()
    reply = stepped.screen(one.hash).json()
    assert reply["action"] == action.value
    assert uuid.UUID(reply["hit_id"])


def test_the_radius_is_exact(stepped):
    stepped.publisher.add(one := entry(radius=31))
    stepped.sync()
    assert stepped.screen(near(one.hash, 31)).json()["action"] == "block"
    assert stepped.screen(near(one.hash, 32)).json()["action"] == "allow"


def test_the_strictest_entry_decides(stepped):
    stepped.publisher.add(entry(value := pdq(), action=Action.REVIEW))
    stepped.publisher.add(entry(near(value, 20), action=Action.BLOCK))
    stepped.sync()
    assert stepped.screen(value).json()["action"] == "block"


def test_each_hash_that_is_given_is_looked_up(stepped):
    stepped.publisher.add(one := entry())
    stepped.sync()
    assert stepped.screen(pdq(), pdq(), one.hash).json()["action"] == "block"


def test_a_sha256_must_be_equal(stepped):
    value = Hash(Algorithm.SHA256, bytes(range(32)))
    stepped.publisher.add(entry(value))
    stepped.sync()
    assert stepped.screen(value).json()["action"] == "block"
    assert stepped.screen(near(value, 1)).json()["action"] == "allow"
    assert stepped.screen(Hash(Algorithm.PDQ, value.value)).json()["action"] == "allow"


def test_an_md5_must_be_equal_and_is_none_of_the_others(stepped):
    value = Hash(Algorithm.MD5, bytes(range(16)))
    stepped.publisher.add(entry(value))
    stepped.sync()
    assert stepped.screen(pdq(), value).json()["action"] == "block"
    assert stepped.screen(near(value, 1)).json()["action"] == "allow"
    for other in (Algorithm.SHA256, Algorithm.PDQ):
        assert stepped.screen(Hash(other, value.value.ljust(32, b"\0"))).json()["action"] == "allow"
    reply = stepped.web.post("/v1/screen", json={"hashes": [{"algorithm": "md5", "value": "00" * 32}]})
    assert (reply.status_code, reply.json()["detail"]) == (
        422,
        "hashes[0].value: 32 hexadecimal characters are expected.",
    )


def test_the_md5_of_an_upload_is_made_only_while_there_is_one_to_look_up():
    seen = []

    class Pool(LocalPool):
        def hash(self, data: bytes, *, with_md5: bool = False) -> Picture:
            seen.append(with_md5)
            return super().hash(data, with_md5=with_md5)

    stepped, photo = Stepped(pool=Pool()).sync(), pictures.path("chelsea.png").read_bytes()
    files = {"file": ("a", photo)}
    assert stepped.web.post("/v1/screen", files=files).json()["action"] == "allow"
    stepped.publisher.add(one := entry(md5(photo), action=Action.REVIEW))
    stepped.sync()
    headers = {"authorization": f"Bearer {EXPLAINER}"}
    reply = stepped.web.post("/v1/screen?explain=1", files=files, headers=headers).json()
    assert (reply["action"], reply["hashable"]) == ("review", True)
    assert [(found["entry"], found["algorithm"], found["distance"]) for found in reply["matches"]] == [
        (str(one.id), "md5", 0)
    ]
    assert seen == [False, True]


def test_what_cannot_be_looked_at_is_known_by_its_md5(stepped):
    broken = pictures.path("chelsea.png").read_bytes()[:5000]
    assert stepped.web.post("/v1/screen", files={"file": ("a", broken)}).status_code == 422
    stepped.publisher.add(entry(md5(broken)))
    stepped.sync()
    assert stepped.web.post("/v1/screen", files={"file": ("a", broken)}).json()["action"] == "block"


def test_a_pending_entry_becomes_enforced_and_then_withdrawn(stepped):
    pending = entry(action=Action.REVIEW)
    stepped.publisher.add(pending)
    stepped.sync()
    assert stepped.screen(pending.hash).json()["action"] == "review"
    enforced = type(pending)(pending.id, pending.bank, pending.hash, pending.radius, Action.BLOCK)
    stepped.publisher.add(enforced)
    stepped.sync()
    assert stepped.screen(pending.hash).json()["action"] == "block"
    stepped.publisher.withdraw(pending.id)
    stepped.sync()
    assert stepped.screen(pending.hash).json() == {"action": "allow", "hashable": True, "hit_id": None}


def test_a_picture_without_detail_is_not_looked_for_by_pdq(stepped):
    stepped.publisher.add(one := entry())
    stepped.sync()
    item = {"algorithm": "pdq", "value": one.hash.hex()}
    for quality, action, hashable in ((49, "allow", False), (50, "block", True), (100, "block", True)):
        reply = stepped.web.post("/v1/screen", json={"hashes": [item | {"quality": quality}]}).json()
        assert (reply["action"], reply["hashable"]) == (action, hashable)


def test_a_picture_without_detail_is_still_looked_for_by_its_bytes(stepped):
    value = Hash(Algorithm.SHA256, bytes(range(32)))
    stepped.publisher.add(entry(value))
    stepped.sync()
    body = asked(value)
    body["hashes"].append({"algorithm": "pdq", "value": "00" * 32, "quality": 3})
    reply = stepped.web.post("/v1/screen", json=body).json()
    assert (reply["action"], reply["hashable"]) == ("block", False)


@pytest.mark.parametrize("banked_with_borders", [False, True])
def test_borders_around_a_copy_or_around_what_was_banked_do_not_hide_it(stepped, banked_with_borders):
    bare = pictures.photograph("coffee.png")
    framed = pictures.Image.new("RGB", (bare.width, bare.height + 160))
    framed.paste(bare.transpose(0), (0, 80))
    known, upload = (framed, bare) if banked_with_borders else (bare, framed)
    for value in hash_picture(pictures.encoded(known)).banked:
        stepped.publisher.add(entry(value))
    stepped.sync()
    answer = stepped.web.post("/v1/screen", files={"file": ("a.jpg", pictures.encoded(upload, quality=70))}).json()
    assert (answer["action"], answer["hashable"]) == ("block", True)


@pytest.mark.parametrize(("action", "status"), [(Action.BLOCK, 451), (Action.REVIEW, 200), (None, 200)])
def test_a_proxy_may_ask_for_a_status(stepped, action, status):
    value = pdq()
    if action is not None:
        stepped.publisher.add(entry(value, action=action))
        stepped.sync()
    reply = stepped.screen(value, url="/v1/screen?status=1")
    assert reply.status_code == status
    assert reply.json()["action"] == (action or "allow")
    assert stepped.screen(value, url="/v1/screen?status=0").status_code == 200


def test_an_explanation_is_a_scope_of_its_own(stepped):
    stepped.publisher.add(one := entry())
    stepped.sync()
    asked_for = near(one.hash, 7)
    assert stepped.screen(asked_for, url="/v1/screen?explain=1").status_code == 403
    reply = stepped.screen(asked_for, url="/v1/screen?explain=1", key=EXPLAINER).json()
    assert reply["matches"] == [
        {"bank": "house", "entry": str(one.id), "algorithm": "pdq", "distance": 7, "action": "block"}
    ]
    assert one.hash.hex() not in str(reply)
    assert stepped.screen(pdq(), url="/v1/screen?explain=1", key=EXPLAINER).json()["matches"] == []
    assert "matches" not in stepped.screen(asked_for, key=EXPLAINER).json()


def of_one_bank(stepped, *banks):
    """A key that may know of these banks only."""
    stepped.publisher.allow("sdn_live_a-partner", "screen", "screen:explain", banks=banks)
    stepped.sync()
    return "sdn_live_a-partner"


def test_a_key_of_one_bank_hears_and_tells_nothing_of_another(stepped):
    stepped.publisher.add(one := entry())
    key = of_one_bank(stepped, "partner")
    clean = {"action": "allow", "hashable": True, "hit_id": None}
    assert stepped.screen(one.hash, key=key).json() == clean
    assert stepped.screen(one.hash, url="/v1/screen?explain=1", key=key).json() == {**clean, "matches": []}
    batch = {"items": [asked(one.hash)]}
    headers = {"authorization": f"Bearer {key}"}
    assert stepped.web.post("/v1/screen/batch", json=batch, headers=headers).json() == {"answers": [clean]}
    assert stepped.node.hits.waiting == 0
    key = of_one_bank(stepped, "partner", "house")
    assert stepped.screen(one.hash, key=key).json()["action"] == "block"


def test_what_a_bank_says_is_not_drowned_or_raised_by_another(stepped):
    value = pdq()
    for _ in range(MOST_MATCHES + 4):
        stepped.publisher.add(entry(value))
    stepped.publisher.add(own := entry(near(value, 3), action=Action.REVIEW, bank="partner"))
    key = of_one_bank(stepped, "partner")
    reply = stepped.screen(value, url="/v1/screen?explain=1", key=key).json()
    assert reply["action"] == "review"
    assert [match["entry"] for match in reply["matches"]] == [str(own.id)]


def test_a_picture_is_held_against_the_banks_of_the_key(stepped):
    data = pictures.encoded(pictures.pattern(1))
    stepped.publisher.add(entry(hash_picture(data).pdq))
    for banks, action in ((("partner",), "allow"), (("house",), "block")):
        headers = {"authorization": f"Bearer {of_one_bank(stepped, *banks)}"}
        assert (
            stepped.web.post("/v1/screen", files={"file": ("a.png", data)}, headers=headers).json()["action"] == action
        )


def test_without_it_nothing_tells_which_entry_or_how_near(stepped):
    stepped.publisher.add(one := entry())
    stepped.sync()
    reply = stepped.screen(near(one.hash, 7), url="/v1/screen?status=1")
    assert set(reply.json()) == {"action", "hashable", "hit_id"}
    for secret in (one.hash.hex()[:8], str(one.id), "house", "distance"):
        assert secret not in reply.text
        assert secret not in str(reply.headers)


@pytest.mark.parametrize("key", [OTHER, "sdn_live_unknown", "", "ä"])
@pytest.mark.parametrize("path", ["/v1/screen", "/v1/screen/batch"])
def test_it_checks_access(stepped, path, key):
    reply = stepped.web.post(path, json=asked(pdq()), headers={"authorization": f"Bearer {key}".encode()})
    assert reply.status_code == (403 if key == OTHER else 401)
    assert reply.json()["code"] == "denied"
    assert ("www-authenticate" in reply.headers) == (reply.status_code == 401)


def test_a_batch_is_answered_in_order(stepped):
    blocked = entry()
    stepped.publisher.add(blocked)
    stepped.publisher.add(reviewed := entry(action=Action.REVIEW))
    stepped.sync()
    items = [asked(pdq()), asked(blocked.hash), asked(reviewed.hash), asked(pdq(), blocked.hash)] * 10
    reply = stepped.web.post("/v1/screen/batch", json={"items": items})
    assert reply.status_code == 200
    answers = reply.json()["answers"]
    assert [answer["action"] for answer in answers] == ["allow", "block", "review", "block"] * 10
    assert len({answer["hit_id"] for answer in answers if answer["hit_id"]}) == 30


def test_an_empty_batch_has_no_answers(stepped):
    assert stepped.web.post("/v1/screen/batch", json={"items": []}).json() == {"answers": []}


def test_a_batch_names_the_item_that_is_wrong_and_answers_none(stepped):
    stepped.publisher.add(one := entry())
    stepped.sync()
    items = [asked(one.hash), {"hashes": [{"algorithm": "pdq", "value": "xyz"}]}]
    reply = stepped.web.post("/v1/screen/batch", json={"items": items})
    assert (reply.status_code, reply.json()["code"]) == (422, "bad_hash")
    assert reply.json()["detail"].startswith("items[1].hashes[0].value")
    assert stepped.node.hits.waiting == 0


def test_a_batch_has_a_limit():
    stepped = Stepped(most_items=3).sync()
    assert stepped.web.post("/v1/screen/batch", json={"items": [asked(pdq())] * 3}).status_code == 200
    assert stepped.web.post("/v1/screen/batch", json={"items": [asked(pdq())] * 4}).status_code == 422


def test_the_index_says_what_it_holds(stepped):
    stepped.publisher.add(one := entry())
    stepped.publisher.add(entry())
    stepped.publisher.withdraw(one.id)
    stepped.sync()
    told = stepped.web.get("/v1/index").json()
    assert (told["entries"], told["cursor"]) == (1, 3)
    assert 0 <= told["lag_seconds"] < 30


def test_an_address_that_is_none(stepped):
    reply = stepped.web.get("/v1/other")
    assert (reply.status_code, reply.json()["code"]) == (404, "not_found")
    for path in ("/v1/screen", "/v1/screen/batch"):
        reply = stepped.web.get(path)
        assert (reply.status_code, reply.json()["status"], reply.headers["allow"]) == (405, 405, "POST")
    assert stepped.web.post("/v1/index").status_code == 405
