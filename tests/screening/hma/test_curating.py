"""What HMA's clients name by its address, and what they bank: fetched from named hosts alone, handed on as a hash."""

from __future__ import annotations

import json

import httpx
import pytest

from staydown.core.hashing.digest import md5
from staydown.core.hashing.picture import hash_picture
from tests import pictures
from tests.screening.hma.nodes import handed_on, stepped
from tests.screening.nodes import entry


@pytest.mark.parametrize("url", ["https://elsewhere.example/1.jpg", "nonsense", "file:///etc/passwd", "https://[::1"])
def test_only_named_hosts_are_fetched_from(url):
    reply = stepped(fetch_from=frozenset({"media.example"})).web.get("/h/hash", params={"url": url})
    assert (reply.status_code, list(reply.json())) == (400, ["message"])


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "169.254.169.254", "10.0.0.1"])
def test_a_named_host_with_a_private_address_is_not_fetched_from(host):
    reply = stepped(fetch_from=frozenset({host})).web.get("/h/hash", params={"url": f"https://{host}/1.jpg"})
    assert reply.status_code == 400
    assert "not public" in reply.json()["message"]


def test_a_picture_of_a_named_host_is_hashed_and_looked_up(monkeypatch):
    photo, film = pictures.path("chelsea.png").read_bytes(), b"what is no film"
    kinds = {"/1.png": ("image/png", 200), "/1.mp4": ("video/mp4", 200), "/gone.png": ("image/png", 404)}

    def answer(request: httpx.Request) -> httpx.Response:
        kind, status = kinds[request.url.path]
        return httpx.Response(status, content=film if kind == "video/mp4" else photo, headers={"content-type": kind})

    monkeypatch.setattr(
        "staydown.exchange.guarded.client", lambda _rules: httpx.Client(transport=httpx.MockTransport(answer))
    )
    node = stepped(fetch_from=frozenset({"media.example"}))
    node.publisher.add(one := entry(hash_picture(photo).pdq))
    node.sync()
    at = "https://media.example"
    assert node.web.get("/h/hash", params={"url": f"{at}/1.png"}).json() == {"pdq": one.hash.hex()}
    assert list(node.web.get("/m/lookup", params={"url": f"{at}/1.png"}).json()["pdq"]) == ["HOUSE"]
    alone = {
        name: node.web.get("/m/lookup", params={"url": f"{at}/1.png", "signal_type": name}) for name in ("pdq", "x")
    }
    assert [list(reply.json()) for reply in alone.values()] == [["HOUSE"], []]  # HMA leaves the outer object out then
    assert node.web.get("/h/hash", params={"url": f"{at}/1.mp4"}).json() == {"video_md5": md5(film).hex()}
    assert node.web.get("/m/lookup", params={"url": f"{at}/1.mp4"}).status_code == 400
    assert node.web.get("/h/hash", params={"url": f"{at}/gone.png"}).status_code == 400
    seen = handed_on(node, fetch_from=frozenset({"media.example"}))
    asked = {"url": f"{at}/1.png", "metadata": '{"content_id": "7"}'}
    assert node.web.post("/c/bank/HOUSE/content", params=asked).status_code == 200
    assert json.loads(seen[0].content) == {"pdq": one.hash.hex(), "metadata": {"content_id": "7"}}
    asked = {"url": f"{at}/1.png", "content_id": "type:7", "metadata": '{"source": "report"}'}  # as Coop writes it
    assert node.web.post("/c/bank/HOUSE/content", params=asked).status_code == 200
    metadata = {"json": {"source": "report"}, "content_id": "type:7"}
    assert json.loads(seen[1].content) == {"pdq": one.hash.hex(), "metadata": metadata}


# Curation ------------------------------------------------------------------------------------------------------------


def test_curation_is_asked_in_the_name_of_who_asks():
    node = stepped()
    seen = handed_on(node)
    assert node.web.get("/c/banks?x=1", headers={"authorization": "Bearer theirs"}).status_code == 200
    assert [(each.url.path, each.url.query, each.headers["authorization"]) for each in seen] == [
        ("/api/hma/c/banks", b"x=1", "Bearer theirs")
    ]


def test_no_other_address_of_the_publisher_is_reached():
    node = stepped()
    seen = handed_on(node)
    for path in ("/c/..%2f..%2fv1/cases", "/c/%2e%2e/%2e%2e/v1/feed", "/c//evil.example/x", "/c/bank/%2e%2e/content"):
        assert node.web.get(path).status_code in {404, 405}, path
    assert seen == []


def test_of_a_banked_picture_only_the_hash_is_handed_on():
    node, data = stepped(), pictures.path("chelsea.png").read_bytes()
    seen = handed_on(node)
    form = {"note": "by hand", "metadata": '{"content_id": "7"}'}
    assert node.web.post("/c/bank/HOUSE/content", files={"photo": data}, data=form).status_code == 200
    (request,) = seen
    assert request.url.path == "/api/hma/c/bank/HOUSE/signal"
    wanted = f'{{"pdq": "{hash_picture(data).pdq.hex()}", "metadata": {{"content_id": "7"}}, "note": "by hand"}}'
    assert request.content.decode() == wanted


def test_a_stranger_cannot_make_the_node_decode_a_picture():
    node = stepped()
    seen = handed_on(node)
    reply = node.web.post("/c/bank/HOUSE/content", files={"photo": b"x"}, headers={"authorization": "Bearer nobody"})
    assert reply.status_code == 401
    assert seen == []


def test_when_to_ask_again_is_handed_back():
    node = stepped()
    handed_on(node, reply=(429, {"retry-after": "3"}))
    reply = node.web.get("/c/bank/HOUSE/content/1", params={"include_signals": "true"})
    assert (reply.status_code, reply.headers["retry-after"]) == (429, "3")
