"""The doors: what goes where, and what is refused before Django sees it."""

from __future__ import annotations

import asyncio

import pytest
from django.conf import settings
from starlette.responses import PlainTextResponse

from staydown.apps.ui.security import static_headers
from staydown.project import asgi


async def ask(app, path, *, method="GET", body=(b"",), headers=(), never_ends=False, goes=False):
    """The status, the headers and the body that ``app`` answers."""
    parts = list(body)
    sent = []

    async def receive():
        if not parts:
            if not goes:
                await asyncio.Event().wait()
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": parts.pop(0), "more_body": bool(parts) or never_ends}

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
        "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "", "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80), "headers": [(b"host", b"127.0.0.1"), *headers],
    }  # fmt: skip
    await app(scope, receive, send)
    if not sent:
        return None
    start = sent[0]
    found = {name.decode().lower(): value.decode() for name, value in start["headers"]}
    return start["status"], found, b"".join(message.get("body", b"") for message in sent[1:])


def named(name):
    """An app that answers with its name and what it was sent."""

    async def app(scope, receive, send):
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        await PlainTextResponse(f"{name} {len(body)}")(scope, receive, send)

    return app


@pytest.fixture
def doors():
    """Doors whose rooms say their names."""
    return asgi.Doors(
        django=named("django"),
        static=named("static"),
        screening=named("screening"),
        paths=("/livez", "/readyz", "/metrics"),
    )


@pytest.mark.parametrize(
    ("path", "room"),
    [
        ("/", b"django 0"),
        ("/v1", b"django 0"),
        ("/v1/screen", b"screening 0"),
        ("/v1/anything", b"screening 0"),
        ("/livez", b"screening 0"),
        ("/metrics", b"screening 0"),
        ("/metrics/", b"django 0"),
        ("/static/ui/staydown.css", b"static 0"),
        ("/api/v1/feed", b"django 0"),
    ],
)
def test_each_address_leads_to_its_room(doors, path, room):
    assert asyncio.run(ask(doors, path))[2] == room


def test_a_body_reaches_django_whole(doors):
    body = [b"a" * 1000] * 5
    assert asyncio.run(ask(doors, "/report/", method="POST", body=body))[2] == b"django 5000"


def test_a_body_too_long_is_refused_whether_it_says_so_or_not(doors):
    said = asyncio.run(
        ask(doors, "/", method="POST", headers=[(b"content-length", str(asgi.LONGEST_BODY + 1).encode())])
    )
    parts = [b"x" * 1_000_000] * 5
    unsaid = asyncio.run(ask(doors, "/", method="POST", body=parts))
    lying = asyncio.run(ask(doors, "/", method="POST", headers=[(b"content-length", b"-1")]))
    assert said[0] == unsaid[0] == lying[0] == 413


def test_a_body_that_never_ends_holds_none_of_the_threads(doors, monkeypatch):
    monkeypatch.setattr(asgi, "BODY_SECONDS", 0.05)

    async def many():
        slow = [ask(doors, "/", method="POST", body=[b"x"], never_ends=True) for _ in range(asgi.AT_ONCE * 2)]
        quick = ask(doors, "/")
        return await asyncio.gather(quick, *slow)

    quick, *slow = asyncio.run(many())
    assert quick[2] == b"django 0"
    assert {answer[0] for answer in slow} == {408}


def test_a_sender_that_goes_away_is_not_answered(doors):
    assert asyncio.run(ask(doors, "/", method="POST", body=[], goes=True)) is None


def test_work_at_a_time_is_bounded_and_followers_of_the_feed_do_not_count():
    now, most = 0, 0

    async def slow(scope, receive, send):
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        now -= 1
        await PlainTextResponse("done")(scope, receive, send)

    async def many(path):
        app = asgi.WholeBody(slow)
        return await asyncio.gather(*(ask(app, path) for _ in range(200)))

    assert {answer[0] for answer in asyncio.run(many("/"))} == {200}
    assert most == asgi.AT_ONCE
    most = 0
    asyncio.run(many("/api/v1/feed"))
    assert most == asgi.FOLLOWERS_AT_ONCE


def test_who_waits_at_the_feed_is_let_go_when_the_process_ends_and_others_are_answered():
    async def waits(scope, receive, send):
        await receive()
        if scope["path"] == "/":
            await PlainTextResponse("done")(scope, receive, send)
        else:
            assert (await receive())["type"] == "http.disconnect"

    async def ends():
        doors = asgi.Doors(django=waits, static=waits, screening=None, paths=())
        asked = [asyncio.ensure_future(ask(doors, path)) for path in ("/api/v1/feed", "/api/v1/feed", "/")]
        await asyncio.sleep(0.01)
        doors.end()
        return await asyncio.wait_for(asyncio.gather(*asked), 5)

    assert [answer[0] for answer in asyncio.run(ends())] == [503, 503, 200]


def test_an_answer_at_the_feed_that_has_begun_is_ended_well():
    begun = asyncio.Event()

    async def slow(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        begun.set()
        await asyncio.sleep(0.02)
        await send({"type": "http.response.body", "body": b"whole"})

    async def ends():
        app = asgi.WholeBody(slow)
        asked = asyncio.ensure_future(ask(app, asgi.FEED))
        await begun.wait()
        app.end()
        return await asked

    assert asyncio.run(ends())[2] == b"whole"


@pytest.fixture(scope="module")
def product():
    """The whole process without screening."""
    return asgi.compose()


def test_static_files_carry_the_headers_of_pages(product):
    status, headers, body = asyncio.run(ask(product, "/static/ui/staydown.css"))
    assert status == 200
    assert body
    assert headers["content-type"].startswith("text/css")
    for name, value in static_headers().items():
        assert headers[name.lower()] == value
    assert headers["cross-origin-embedder-policy"] == "require-corp"
    assert "default-src 'none'" in headers["content-security-policy"]


@pytest.mark.parametrize(
    "path",
    [
        "/static/none.js",
        "/static/",
        "/static/../settings.py",
        "/static/..%2f..%2fapps.py",
        "/static/ui",
        "/static/\x00",
    ],
)
def test_nothing_but_files_of_the_static_folders_is_given_out(product, path):
    status, headers, _ = asyncio.run(ask(product, path))
    assert status == 404
    assert headers["x-content-type-options"] == "nosniff"


def test_static_files_are_only_read(product):
    assert asyncio.run(ask(product, "/static/ui/staydown.css", method="POST"))[0] == 405


@pytest.mark.django_db(transaction=True)
def test_without_screening_the_process_says_itself_how_it_is(product, monkeypatch):
    assert asyncio.run(ask(product, "/livez"))[0] == 200
    assert asyncio.run(ask(product, "/readyz"))[0] == 200

    def broken():
        raise OSError

    monkeypatch.setattr(asgi, "_ask_database", broken)
    assert asyncio.run(ask(product, "/readyz"))[0] == 503
    assert asyncio.run(ask(product, "/livez"))[0] == 200


def test_no_body_that_is_taken_is_long_enough_for_djangos_temporary_file():
    assert settings.FILE_UPLOAD_MAX_MEMORY_SIZE > asgi.LONGEST_BODY
