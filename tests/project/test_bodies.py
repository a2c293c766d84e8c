"""What comes in before Django sees it: whole, short enough, and not more at a time than we can work on."""

from __future__ import annotations

import asyncio

import pytest
from django.conf import settings
from starlette.responses import PlainTextResponse

from staydown.project import asgi, bodies
from tests.project.asking import ask, named


@pytest.fixture
def doors():
    """Doors whose rooms say their names."""
    return asgi.Doors(
        django=named("django"),
        static=named("static"),
        screening=named("screening"),
        paths=("/livez", "/readyz", "/metrics"),
    )


def test_a_body_reaches_django_whole(doors):
    body = [b"a" * 1000] * 5
    assert asyncio.run(ask(doors, "/report/", method="POST", body=body))[2] == b"django 5000"


def test_a_body_too_long_is_refused_whether_it_says_so_or_not(doors):
    said = asyncio.run(
        ask(doors, "/", method="POST", headers=[(b"content-length", str(bodies.LONGEST_BODY + 1).encode())])
    )
    parts = [b"x" * 1_000_000] * 5
    unsaid = asyncio.run(ask(doors, "/", method="POST", body=parts))
    lying = asyncio.run(ask(doors, "/", method="POST", headers=[(b"content-length", b"-1")]))
    assert said[0] == unsaid[0] == lying[0] == 413


def test_a_body_that_never_ends_holds_none_of_the_threads(doors, monkeypatch):
    monkeypatch.setattr(bodies, "BODY_SECONDS", 0.05)

    async def many():
        slow = [ask(doors, "/", method="POST", body=[b"x"], never_ends=True) for _ in range(bodies.AT_ONCE * 2)]
        quick = ask(doors, "/")
        return await asyncio.gather(quick, *slow)

    quick, *slow = asyncio.run(many())
    assert quick[2] == b"django 0"
    assert {answer[0] for answer in slow} == {408}


def test_all_bodies_together_are_bounded_and_room_comes_back(doors, monkeypatch):
    monkeypatch.setattr(bodies, "MOST_HELD", 2500)
    monkeypatch.setattr(bodies, "BODY_SECONDS", 0.05)

    async def many():
        slow = [ask(doors, "/", method="POST", body=[b"x" * 1000], never_ends=True) for _ in range(2)]
        more = ask(doors, "/", method="POST", body=[b"x" * 1000])
        crowded = await asyncio.gather(*slow, more)
        return [answer[0] for answer in crowded], (await ask(doors, "/", method="POST", body=[b"x" * 2500]))[0]

    assert asyncio.run(many()) == ([408, 408, 503], 200)


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
        app = bodies.WholeBody(slow)
        return await asyncio.gather(*(ask(app, path) for _ in range(200)))

    assert {answer[0] for answer in asyncio.run(many("/"))} == {200}
    assert most == bodies.AT_ONCE
    most = 0
    asyncio.run(many("/api/v1/feed"))
    assert most == bodies.FOLLOWERS_AT_ONCE


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
        app = bodies.WholeBody(slow)
        asked = asyncio.ensure_future(ask(app, bodies.FEED))
        await begun.wait()
        app.end()
        return await asked

    assert asyncio.run(ends())[2] == b"whole"


def test_no_body_that_is_taken_is_long_enough_for_djangos_temporary_file():
    assert settings.FILE_UPLOAD_MAX_MEMORY_SIZE > bodies.LONGEST_BODY
