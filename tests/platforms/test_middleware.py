"""Both middlewares, in front of a site that says what it was sent."""

from __future__ import annotations

import asyncio
import hashlib
import io
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

from staydown.client import Answer, Verdict
from staydown.core.bank import Action
from staydown.errors import DeniedError, UploadRefusedError, UploadUncheckedError
from staydown.platforms import asgi, bodies, wsgi
from staydown.platforms.rules import Rules
from tests.platforms.uploads import AGAIN, BANKED, CUT, OTHER, async_client, client, form, node
from tests.screening.nodes import KEY, Stepped

OPEN = Rules(unreachable=Verdict.ALLOW, unhashable=Verdict.ALLOW)
Ask = Callable[..., tuple[int, bytes]]


def by_wsgi(
    by: Stepped | None, body: bytes, kind: str, method: str = "POST", key: str = KEY, **given: Any
) -> tuple[int, bytes]:
    seen: list[str] = []

    def site(environ: Any, start: Any) -> list[bytes]:
        data = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        start("200 OK", [])
        return [hashlib.sha256(data).hexdigest().encode()]

    environ = {"REQUEST_METHOD": method, "CONTENT_TYPE": kind, "CONTENT_LENGTH": str(len(body))}
    with client(by, key) as asking:
        app = wsgi.ScreenUploads(site, asking, **given)
        said = b"".join(app({**environ, "wsgi.input": io.BytesIO(body)}, lambda status, _headers: seen.append(status)))
    return int(seen[0][:3]), said


def by_asgi(
    by: Stepped | None, body: bytes, kind: str, method: str = "POST", key: str = KEY, **given: Any
) -> tuple[int, bytes]:
    parts = [body[at : at + 50_000] for at in range(0, len(body), 50_000)] or [b""]
    coming = [
        {"type": "http.request", "body": part, "more_body": number < len(parts)}
        for number, part in enumerate(parts, start=1)
    ]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return coming.pop(0) if coming else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async def site(_scope: Any, receive: Any, send: Any) -> None:
        data, more = hashlib.sha256(), True
        while more:
            message = await receive()
            data.update(message["body"])
            more = message["more_body"]
        assert (await receive())["type"] == "http.disconnect"
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": data.hexdigest().encode()})

    async def served() -> None:
        scope = {"type": "http", "method": method, "headers": [(b"content-type", kind.encode())]}
        async with async_client(by, key) as asking:
            await asgi.ScreenUploads(site, asking, **given)(scope, receive, send)

    asyncio.run(served())
    return sent[0]["status"], sent[1]["body"]


@pytest.fixture(params=[by_wsgi, by_asgi], ids=["WSGI", "ASGI"])
def ask(request) -> Ask:
    return request.param


@pytest.fixture(scope="module")
def blocking() -> Stepped:
    return node()


def handed_on(body: bytes) -> tuple[int, bytes]:
    return 200, hashlib.sha256(body).hexdigest().encode()


def test_a_picture_that_nobody_banked_is_handed_on_unchanged(ask, blocking):
    body, kind = form(OTHER)
    assert ask(blocking, body, kind) == handed_on(body)


@pytest.mark.parametrize("files", [(BANKED,), (AGAIN,), (OTHER, AGAIN)], ids=["same", "recompressed", "one of two"])
def test_a_banked_picture_does_not_reach_the_site(ask, blocking, files):
    status, said = ask(blocking, *form(*files))
    assert status == 451
    assert b'"upload_refused"' in said


def test_a_picture_that_is_the_whole_body(ask, blocking):
    assert ask(blocking, BANKED, "image/png", "PUT")[0] == 451
    assert ask(blocking, OTHER, "image/png", "PUT") == handed_on(OTHER)


def test_what_carries_no_file_is_not_touched(ask):
    assert ask(None, b"title=a", "application/x-www-form-urlencoded") == handed_on(b"title=a")


def test_a_file_that_is_no_picture_passes(ask, blocking):
    body, kind = form(b"%PDF-1.7 words")
    assert ask(blocking, body, kind) == handed_on(body)


def test_what_cannot_be_hashed_is_refused_or_let_in_as_the_operator_chose(ask, blocking):
    body, kind = form(CUT)
    assert ask(blocking, body, kind)[0] == 503
    assert ask(blocking, body, kind, rules=OPEN) == handed_on(body)
    assert ask(blocking, *form(b"\0\0\0\x18ftypmp42 a film"))[0] == 503


def test_a_picture_of_more_bytes_than_are_looked_at(ask, blocking):
    body, kind = form(OTHER)
    assert ask(blocking, body, kind, rules=Rules(longest=1000))[0] == 503
    words, kind = form(b"words " * 1000)
    assert ask(blocking, words, kind, rules=Rules(longest=1000)) == handed_on(words)


def test_while_nobody_answers_it_is_closed_or_open_as_the_operator_chose(ask):
    body, kind = form(OTHER)
    status, said = ask(None, body, kind)
    assert status == 503
    assert b'"upload_unchecked"' in said
    assert ask(None, body, kind, rules=OPEN) == handed_on(body)


def test_what_nobody_has_decided_about_is_refused_only_where_the_operator_asks_for_it(ask):
    pending = node(Action.REVIEW)
    body, kind = form(BANKED)
    assert ask(pending, body, kind) == handed_on(body)
    assert ask(pending, body, kind, rules=Rules(refused=frozenset({Verdict.BLOCK, Verdict.REVIEW})))[0] == 451


def test_a_form_that_is_not_well_formed_does_not_reach_the_site(ask, blocking):
    body, kind = form(OTHER)
    status, said = ask(blocking, body[:-30], kind)
    assert status == 400
    assert b'"bad_upload"' in said


def test_a_body_that_is_too_long(ask, blocking):
    assert ask(blocking, *form(OTHER), longest_body=1000)[0] == 413


def test_a_key_that_is_refused_is_an_error_and_no_verdict(ask, blocking):
    with pytest.raises(DeniedError):
        ask(blocking, *form(OTHER), rules=OPEN, key="sdn_live_of_nobody")


def test_an_upload_that_breaks_off_is_not_taken_for_a_whole_one(blocking):
    environ = {"REQUEST_METHOD": "PUT", "CONTENT_TYPE": "image/png", "CONTENT_LENGTH": str(len(OTHER))}
    environ |= {"wsgi.input": io.BytesIO(OTHER[:-30])}
    seen: list[str] = []
    app = wsgi.ScreenUploads(lambda _environ, _start: pytest.fail("it reached the site"), client(blocking))
    assert b'"bad_upload"' in b"".join(app(environ, lambda status, _headers: seen.append(status)))
    assert seen == ["400 Bad Request"]


def test_what_only_the_clients_policy_says_is_no_word_about_the_picture():
    nobody = Answer(Verdict.BLOCK, hashable=False, fault="unreachable")
    with pytest.raises(UploadUncheckedError):
        Rules().judge(nobody, OTHER)
    held_back = Answer(Verdict.REVIEW, hashable=False, fault="unreachable")
    with pytest.raises(UploadUncheckedError):
        Rules(refused=frozenset({Verdict.REVIEW})).judge(held_back, b"words")
    known = Answer(Verdict.BLOCK, hashable=False, fault="corrupt")
    with pytest.raises(UploadRefusedError):
        Rules().judge(known, CUT)


def test_a_long_body_takes_little_memory():
    body, kind = form(*[b"words " * 500_000] * 8)  # 24 MB
    file = io.BytesIO(body)
    tracemalloc.start()
    for found in bodies.files(file, kind, longest=4 << 20):
        assert len(found.data or b"") == 3_000_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 12 << 20


def test_a_long_upload_takes_little_memory_on_its_way_through(blocking):
    body, kind = form(*[b"words " * 500_000] * 8)  # 24 MB
    parts = (body[at : at + 65_536] for at in range(0, len(body), 65_536))

    async def receive() -> dict[str, Any]:
        part = next(parts, b"")
        return {"type": "http.request", "body": part, "more_body": bool(part)}

    async def site(_scope: Any, receive: Any, send: Any) -> None:
        size, more = 0, True
        while more:
            message = await receive()
            size, more = size + len(message["body"]), message["more_body"]
        assert size == len(body)
        await send({"type": "http.response.start", "status": 204, "headers": []})

    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    app = asgi.ScreenUploads(site, async_client(blocking), rules=Rules(longest=4 << 20))
    scope = {"type": "http", "method": "POST", "headers": [(b"content-type", kind.encode())]}
    tracemalloc.start()
    asyncio.run(app(scope, receive, send))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert sent[0]["status"] == 204
    assert peak < 14 << 20
