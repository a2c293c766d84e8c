"""Bodies that are wrong: each has a named error, none is a crash, and none is called clean."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from staydown.core.hashing.picture import Picture, hash_picture
from tests import pictures
from tests.screening.nodes import JSON, Stepped, asked, entry, near, pdq

NODE = Stepped(most_hashes=4, longest_json=20_000, longest_upload=300_000)
GOOD = pdq(5).hex()


@pytest.fixture(scope="module", autouse=True)
def _synced():
    NODE.publisher.add(entry(near(pdq(5), 40)))
    NODE.sync()


def code(reply) -> tuple[int, str]:
    assert reply.headers["content-type"] == "application/problem+json"
    assert set(reply.json()) == {"type", "title", "status", "code", "detail"}
    assert reply.json()["status"] == reply.status_code
    return reply.status_code, reply.json()["code"]


def a_hash(**changes: object) -> dict[str, object]:
    return {"hashes": [{"algorithm": "pdq", "value": GOOD} | changes]}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", "invalid"),
        (b"{", "invalid"),
        (b"[]", "invalid"),
        (b"null", "invalid"),
        (b"\xff", "invalid"),
        (b"[" * 10_000, "invalid"),
        (b"{}", "invalid"),
        (b'{"hashes": []}', "invalid"),
        (b'{"hashes": {}}', "invalid"),
        (b'{"hashes": [null]}', "invalid"),
        (b'{"hashes": ["pdq"]}', "invalid"),
        (json.dumps({"hashes": [{"algorithm": "pdq", "value": GOOD}] * 5}).encode(), "invalid"),
        (json.dumps(a_hash(algorithm="md5")).encode(), "bad_hash"),
        (json.dumps(a_hash(algorithm=None)).encode(), "bad_hash"),
        (json.dumps(a_hash(algorithm=["pdq"])).encode(), "bad_hash"),
        (json.dumps(a_hash(value="")).encode(), "bad_hash"),
        (json.dumps(a_hash(value=GOOD[:-1])).encode(), "bad_hash"),
        (json.dumps(a_hash(value=GOOD + "00")).encode(), "bad_hash"),
        (json.dumps(a_hash(value="g" * 64)).encode(), "bad_hash"),
        (json.dumps(a_hash(value="00 " * 21 + "0")).encode(), "bad_hash"),
        (json.dumps(a_hash(value=7)).encode(), "bad_hash"),
        (json.dumps(a_hash(value="٠" * 64)).encode(), "bad_hash"),
        (json.dumps(a_hash(quality=-1)).encode(), "invalid"),
        (json.dumps(a_hash(quality=101)).encode(), "invalid"),
        (json.dumps(a_hash(quality=True)).encode(), "invalid"),
        (json.dumps(a_hash(quality=None)).encode(), "invalid"),
        (json.dumps(a_hash(radius=256)).encode(), "invalid"),
        (json.dumps(a_hash() | {"content-ref": "x"}).encode(), "invalid"),
        (json.dumps(a_hash() | {"content_ref": 7}).encode(), "invalid"),
        (json.dumps(a_hash() | {"content_ref": "x" * 501}).encode(), "invalid"),
        (json.dumps(a_hash() | {"content_ref": "a\x00b"}).encode(), "invalid"),
        (json.dumps(a_hash() | {"content_ref": "\ud800"}).encode(), "invalid"),
        (json.dumps(a_hash() | {"preview_url": "javascript:alert(1)"}).encode(), "invalid"),
        (json.dumps(a_hash() | {"preview_url": "https://x.test/" + "x" * 2000}).encode(), "invalid"),
    ],
)
def test_json_that_is_wrong(body, expected):
    reply = NODE.web.post("/v1/screen", content=body, headers=JSON)
    assert code(reply) == (422, expected)
    assert GOOD not in reply.text


@pytest.mark.parametrize(
    "body", [b"[]", b"{}", b'{"items": {}}', b'{"items": [1]}', b'{"items": [], "more": 1}', b'{"items": [[]]}']
)
def test_batches_that_are_wrong(body):
    assert code(NODE.web.post("/v1/screen/batch", content=body, headers=JSON)) == (422, "invalid")


def test_references_are_taken():
    body = a_hash() | {"content_ref": "post/Grüße-1", "preview_url": "HTTPS://platform.test/p?a=b"}
    assert NODE.web.post("/v1/screen", json=body).status_code == 200


def test_hexadecimal_in_capitals_is_taken():
    assert NODE.web.post("/v1/screen", json=a_hash(value="AB" * 32)).status_code == 200


@pytest.mark.parametrize("path", ["/v1/screen", "/v1/screen/batch"])
def test_a_long_body_is_refused(path):
    reply = NODE.web.post(path, content=b" " * 20_001, headers=JSON)
    assert code(reply) == (413, "too_large")
    parts = NODE.web.post(path, content=iter([b" " * 9000] * 3), headers=JSON)
    assert code(parts) == (413, "too_large")


@pytest.mark.parametrize("kind", ["", "text/plain", "application/xml", "multipart/mixed; boundary=x"])
def test_other_kinds_of_content_are_refused(kind):
    assert code(NODE.web.post("/v1/screen", content=b"x", headers={"content-type": kind})) == (415, "invalid")
    assert code(NODE.web.post("/v1/screen/batch", content=b"x", headers={"content-type": kind})) == (415, "invalid")


@pytest.mark.parametrize("query", ["status=yes", "explain", "status=1&debug=1", "status=%ff", "a=1&" * 20])
def test_query_strings_that_are_wrong(query):
    assert code(NODE.web.post(f"/v1/screen?{query}", json=a_hash())) == (422, "invalid")


def multipart(*parts: bytes, end: bytes = b"--edge--\r\n") -> dict[str, object]:
    content = b"".join(b"--edge\r\n" + part + b"\r\n" for part in parts) + end
    return {"content": content, "headers": {"content-type": "multipart/form-data; boundary=edge"}}


def part(name: str, value: bytes = b"x", more: str = "") -> bytes:
    return f'Content-Disposition: form-data; name="{name}"{more}\r\n\r\n'.encode() + value


@pytest.mark.parametrize(
    "request_",
    [
        multipart(),
        multipart(part("content_ref")),
        multipart(part("file"), part("file")),
        multipart(part("file"), part("files")),
        multipart(part("file"), part("")),
        multipart(part("file"), b"no header"),
        multipart(part("file"), b"Content-Type: text/plain\r\n\r\nx"),
        multipart(part("file"), end=b""),
        multipart(part("file"), end=b"--edge"),
        multipart(part("file"), part("content_ref", b"\xff")),
        multipart(part("file"), part("content_ref", b"x" * 501)),
        multipart(part("file"), part("preview_url", b"file:///etc/passwd")),
        multipart(part("file"), b"X: " + b"y" * 10_000 + b"\r\n\r\nx"),
        {"content": b"x", "headers": {"content-type": "multipart/form-data"}},
        {"content": b"x", "headers": {"content-type": "multipart/form-data; boundary=" + "e" * 300}},
        {"content": b"", "headers": {"content-type": "multipart/form-data; boundary=edge"}},
    ],
)
def test_multipart_that_is_wrong(request_):
    assert code(NODE.web.post("/v1/screen", **request_)) == (422, "invalid")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "not_an_image"),
        (b"hello", "not_an_image"),
        (b"<!doctype html>", "not_an_image"),
        (pictures.encoded(pictures.pattern(1))[:1000], "truncated"),
        (pictures.encoded(pictures.pattern(1), "PNG")[:1000], "truncated"),
    ],
)
def test_files_that_cannot_be_looked_at_are_an_error_and_never_clean(data, expected):
    reply = NODE.web.post("/v1/screen", files={"file": ("a.jpg", data)})
    assert code(reply) == (422, expected)
    assert "allow" not in reply.text


def test_a_long_file_is_refused_before_and_while_it_comes():
    reply = NODE.web.post("/v1/screen", files={"file": ("a", b"x" * 300_001)})
    assert code(reply) == (413, "too_large")
    announced = NODE.web.post("/v1/screen", files={"file": ("a", b"x" * 400_000)})
    assert code(announced) == (413, "too_large")
    head = multipart(part("file", b""), end=b"")["content"].removesuffix(b"\r\n")
    endless = NODE.web.post(
        "/v1/screen",
        content=iter([head, *[b"x" * 50_000] * 20]),
        headers={"content-type": "multipart/form-data; boundary=edge"},
    )
    assert code(endless) == (413, "too_large")
    text = multipart(part("content_ref", b"x" * 9000), part("file"))
    assert code(NODE.web.post("/v1/screen", **text)) == (413, "too_large")


def test_what_was_held_is_let_go_after_each_of_these():
    NODE.web.post("/v1/screen", files={"file": ("a", b"x" * 300_001)})
    NODE.web.post("/v1/screen", **multipart())
    NODE.web.post("/v1/screen", files={"file": ("a", b"x")})
    gate = NODE.app._answering._gate
    assert (gate.inside, gate.held) == (0, 0)


def test_too_many_uploads_at_a_time_are_asked_to_come_back():
    entered, go_on = threading.Event(), threading.Event()

    class Slow:
        def hash(self, data: bytes, *, with_md5: bool = False) -> Picture:
            entered.set()
            assert go_on.wait(10)
            return hash_picture(data, with_md5=with_md5)

    node = Stepped(pool=Slow(), most_waiting=1).sync()
    data = pictures.encoded(Image.new("RGB", (64, 64)))
    with ThreadPoolExecutor(1) as other:
        first = other.submit(node.web.post, "/v1/screen", files={"file": ("a", data)})
        assert entered.wait(10)
        second = node.web.post("/v1/screen", files={"file": ("a", data)})
        assert code(second) == (503, "busy")
        assert second.headers["retry-after"] == "1"
        assert node.web.post("/v1/screen", json=a_hash()).status_code == 200
        go_on.set()
        assert first.result(10).status_code == 200
        assert node.web.post("/v1/screen", files={"file": ("a", data)}).status_code == 200


def test_uploads_that_are_too_much_together_are_asked_to_come_back():
    node = Stepped(most_waiting_bytes=1000).sync()
    assert code(node.web.post("/v1/screen", files={"file": ("a", b"x" * 2000)})) == (503, "busy")
    assert node.app._answering._gate.held == 0


def test_a_body_that_does_not_arrive_is_given_up():
    async def silent() -> dict[str, object]:
        await anyio.sleep_forever()
        raise AssertionError

    import anyio

    sent: list[dict[str, object]] = []

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    node = Stepped(upload_seconds=0.01).sync()
    for kind in (b"application/json", b"multipart/form-data; boundary=edge"):
        scope = {
            "type": "http",
            "method": "POST",
            "path": "/v1/screen",
            "query_string": b"",
            "headers": [(b"authorization", b"Bearer sdn_live_a-platform"), (b"content-type", kind)],
        }
        anyio.run(node.app, scope, silent, send)
        assert sent[-2]["status"] == 408
        assert json.loads(sent[-1]["body"])["code"] == "too_slow"


def test_a_client_that_goes_away_is_not_answered():
    import anyio

    sent: list[dict[str, object]] = []

    async def gone() -> dict[str, object]:
        return {"type": "http.disconnect"}

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    node = Stepped().sync()
    for kind in (b"application/json", b"multipart/form-data; boundary=edge"):
        headers = [(b"authorization", b"Bearer sdn_live_a-platform"), (b"content-type", kind)]
        scope = {"type": "http", "method": "POST", "path": "/v1/screen", "query_string": b"", "headers": headers}
        anyio.run(node.app, scope, gone, send)
    assert sent == []
    assert node.app._answering._gate.inside == 0


def test_a_fault_of_ours_is_a_500_that_tells_nothing(caplog):
    class Broken:
        def hash(self, data: bytes, *, with_md5: bool = False) -> Picture:
            raise RuntimeError(data)

    node = Stepped(pool=Broken()).sync()
    reply = node.web.post("/v1/screen", files={"file": ("a", b"canary-7f3k")})
    assert code(reply) == (500, "error")
    assert "canary" not in reply.text
    assert "could not be answered: RuntimeError" in caplog.text
    assert "canary" not in caplog.text


JSONISH = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=70) | st.sampled_from(["pdq", GOOD]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["hashes", "algorithm", "value", "quality", "content_ref", "items"]) | st.text(max_size=5),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(body=JSONISH, path=st.sampled_from(["/v1/screen", "/v1/screen/batch"]))
@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_no_json_is_a_crash(body, path):
    reply = NODE.web.post(path, content=json.dumps(body).encode(), headers=JSON)
    assert reply.status_code in {200, 413, 422}
    if reply.status_code != 200:
        code(reply)


@given(
    body=st.binary(max_size=400),
    kind=st.sampled_from(["application/json", "multipart/form-data; boundary=b", "multipart/form-data"]),
    query=st.text(alphabet="status=explain01&%;", max_size=12),
)
@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_no_bytes_are_a_crash(body, kind, query):
    content = body if "boundary" not in kind else b"--b\r\n" + part("file", body) + b"\r\n--b--\r\n"
    reply = NODE.web.post(f"/v1/screen?{query}", content=content, headers={"content-type": kind})
    assert reply.status_code in {403, 422}
    code(reply)


@given(body=st.binary(max_size=300))
@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_no_multipart_framing_is_a_crash(body):
    headers = {"content-type": "multipart/form-data; boundary=b"}
    assert code(NODE.web.post("/v1/screen", content=b"--b\r\n" + body, headers=headers))[0] in {413, 422}


def test_asked_bodies_are_good():
    """The other tests of this file would pass if everything were refused."""
    assert NODE.web.post("/v1/screen", json=asked(pdq(5))).json()["action"] == "allow"


def test_what_is_wrong_with_a_body_is_not_written_into_the_log(caplog):
    """Else strangers could fill it, and write into it what they like."""
    for body in (b"no boundary", b"--edge\r\nbad header\r\n\r\n", b"--edge\r\n\r\nx\r\n--edgX"):
        headers = {"content-type": "multipart/form-data; boundary=edge"}
        assert NODE.web.post("/v1/screen", content=body, headers=headers).status_code == 422
    assert not caplog.records
