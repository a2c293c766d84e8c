"""Both clients, against a node in this process: what is sent, what is said, and what happens when nobody answers."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from typing import Any

import httpx
import pytest

from staydown.client import Answer, AsyncClient, Client, Policy, Upload, Verdict
from staydown.client.drivers import _Client
from staydown.client.policy import Breaker
from staydown.core.bank import Action
from staydown.core.hashing import bag
from staydown.core.hashing.digest import md5, sha256
from staydown.core.hashing.footage import hash_video
from staydown.core.hashing.picture import hash_picture
from staydown.errors import (
    BusyError,
    DeniedError,
    InvalidError,
    NotAnImageError,
    ReplyRefusedError,
    SettingError,
    UnreachableError,
)
from tests import clips, pictures
from tests.screening.nodes import KEY, LocalPool, Stepped, entry

NODE = "https://node.test"
PHOTOGRAPH = pictures.path("chelsea.png").read_bytes()
FLAT = pictures.encoded(pictures.pattern(1).point(lambda _: 77), "PNG")
QUICK = Policy(first_pause=0.0001, seconds=2.0)
Handle = Callable[[httpx.Request], httpx.Response]


class Either:
    """One of the two clients, asked in the same way."""

    def __init__(self, kind: str, handle: Handle, policy: Policy = QUICK) -> None:
        self._kind, self._handle, self._policy = kind, handle, policy
        self.client: _Client = self._made()

    def _made(self) -> Any:
        of = Client if self._kind == "threads" else AsyncClient
        return of(NODE, KEY, policy=self._policy, pool=LocalPool(), transport=httpx.MockTransport(self._handle))

    def screen(self, data: bytes = PHOTOGRAPH, **more: str) -> Answer:
        found = self.client.screen(data, **more)
        return asyncio.run(found) if asyncio.iscoroutine(found) else found

    def screen_many(self, uploads: Iterable[Upload]) -> list[Answer]:
        found = self.client.screen_many(uploads)
        return asyncio.run(found) if asyncio.iscoroutine(found) else found


@pytest.fixture(params=["threads", "event loop"])
def either(request) -> Callable[..., Either]:
    return lambda *given: Either(request.param, *given)


@pytest.fixture
def node() -> Stepped:
    return Stepped().sync()


def to(node: Stepped, seen: list[httpx.Request] | None = None) -> Handle:
    """Hands requests to a node in this process."""

    def handle(request: httpx.Request) -> httpx.Response:
        if seen is not None:
            seen.append(request)
        headers = {name: request.headers[name] for name in ("authorization", "content-type")}
        reply = node.web.post(request.url.path, content=request.content, headers=headers)
        return httpx.Response(reply.status_code, content=reply.content)

    return handle


def saying(*replies: httpx.Response | Exception) -> tuple[Handle, list[httpx.Request]]:
    """Answers in this order, the last one again and again."""
    left, seen = list(replies), []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        reply = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(reply, Exception):
            raise reply
        return httpx.Response(reply.status_code, headers=reply.headers, content=reply.content)  # sent once each

    return handle, seen


ALLOWED = {"action": "allow", "hashable": True, "hit_id": None}
DOWN = httpx.ConnectError("down")


@pytest.mark.parametrize(("action", "verdict"), [(Action.BLOCK, Verdict.BLOCK), (Action.REVIEW, Verdict.REVIEW)])
def test_a_banked_photograph_is_found(either, node, action, verdict):
    node.publisher.add(entry(hash_picture(PHOTOGRAPH).pdq, action=action))
    node.sync()
    answer = either(to(node)).screen(content_ref="post/1")
    assert (answer.action, answer.hashable, answer.fault) == (verdict, True, None)
    assert answer.hit_id is not None


def test_a_mirrored_copy_is_found_though_only_hashes_are_sent(either, node):
    node.publisher.add(entry(hash_picture(PHOTOGRAPH).pdq))
    node.sync()
    seen: list[httpx.Request] = []
    mirrored = pictures.encoded(pictures.photograph("chelsea.png").transpose(0))
    assert either(to(node, seen)).screen(mirrored).action is Verdict.BLOCK
    (request,) = seen
    assert len(request.content) < 4096
    assert set(json.loads(request.content)) == {"hashes"}


def test_many_are_answered_in_their_order_a_batch_at_a_time(either, node):
    seen: list[httpx.Request] = []
    photographs = [pictures.path(name).read_bytes() for name in ("coffee.png", "rocket.jpg", "astronaut.png")]
    node.publisher.add(entry(hash_picture(photographs[1]).pdq))
    node.sync()
    answers = either(to(node, seen), Policy(batch=2)).screen_many(Upload(data) for data in photographs)
    assert [answer.action.value for answer in answers] == ["allow", "block", "allow"]
    assert [request.url.path for request in seen] == ["/v1/screen/batch", "/v1/screen"]
    assert either(to(node)).screen_many([]) == []


@pytest.mark.parametrize("data", [PHOTOGRAPH, clips.film(clips.scene(seconds=1)), b"no picture"])
def test_what_lists_of_others_know_by_its_md5_alone_is_found(either, node, data):
    node.publisher.add(entry(md5(data), action=Action.REVIEW))
    node.sync()
    asked = either(to(node))
    (answer,) = asked.screen_many([Upload(data)])
    assert (answer.action, bool(answer.hit_id)) == (Verdict.REVIEW, True)
    asked.client._films.close()


def test_what_is_no_picture_is_never_called_clean(either, node):
    with pytest.raises(NotAnImageError):
        either(to(node)).screen(b"no picture")
    (answer,) = either(to(node)).screen_many([Upload(b"no picture")])
    assert answer == Answer(Verdict.REVIEW, hashable=False, fault="not_an_image")


def test_what_is_no_picture_is_found_by_its_bytes(either, node):
    node.publisher.add(entry(sha256(b"no picture")))
    node.sync()
    answer = either(to(node)).screen(b"no picture")
    assert (answer.action, answer.hashable, answer.fault) == (Verdict.BLOCK, False, "not_an_image")


def test_a_picture_without_detail_says_so(either, node):
    answer = either(to(node)).screen(FLAT)
    assert answer.action is Verdict.ALLOW
    assert not answer.hashable or answer.fault is None


# Faults ---------------------------------------------------------------------------------------------------------------


UNPACKED = httpx.DecodingError("no gzip")  # what stands in front of the node sent something else


@pytest.mark.parametrize("first", [DOWN, httpx.ReadTimeout("slow"), UNPACKED, httpx.Response(503), httpx.Response(502)])
def test_it_tries_again(either, first):
    handle, seen = saying(first, httpx.Response(200, json=ALLOWED))
    assert either(handle).screen().action is Verdict.ALLOW
    assert len(seen) == 2


@pytest.mark.parametrize(("reply", "error"), [(DOWN, UnreachableError), (httpx.Response(503), BusyError)])
def test_it_gives_up_after_so_many_tries(either, reply, error):
    handle, seen = saying(reply)
    with pytest.raises(error):
        either(handle).screen()
    assert len(seen) == QUICK.tries


def test_it_does_not_wait_longer_than_it_may(either):
    handle, seen = saying(httpx.Response(503, headers={"retry-after": "2"}))
    with pytest.raises(BusyError):
        either(handle, Policy(seconds=1.0)).screen()
    assert len(seen) == 1


class Dripping(httpx.SyncByteStream, httpx.AsyncByteStream):
    """An answer that does not come to its end."""

    def __init__(self, part: bytes, pause: float) -> None:
        self._part, self._pause = part, pause

    def __iter__(self) -> Iterator[bytes]:
        while True:
            time.sleep(self._pause)
            yield self._part

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            await asyncio.sleep(self._pause)
            yield self._part


@pytest.mark.parametrize(("part", "pause", "seconds"), [(b" ", 0.02, 0.2), (b" " * 65_536, 0.0, 60.0)])
def test_an_answer_without_end_is_none(either, part, pause, seconds):
    began = time.monotonic()
    with pytest.raises(UnreachableError):
        either(lambda _: httpx.Response(200, stream=Dripping(part, pause)), Policy(seconds=seconds, tries=1)).screen()
    assert time.monotonic() - began < 30


@pytest.mark.parametrize("verdict", list(Verdict))
def test_the_platform_chooses_what_is_done_when_nobody_answers(either, verdict):
    handle, _ = saying(DOWN)
    answer = either(handle, Policy(first_pause=0.0001, unreachable=verdict)).screen()
    assert (answer.action, answer.fault) == (verdict, "unreachable")


@pytest.mark.parametrize(
    ("status", "error"),
    [(401, DeniedError), (403, DeniedError), (422, InvalidError), (413, InvalidError), (404, ReplyRefusedError)],
)
def test_a_refusal_is_an_error_and_not_tried_again(either, status, error):
    handle, seen = saying(httpx.Response(status, json={"detail": "Because."}))
    with pytest.raises(error):
        either(handle, Policy(unreachable=Verdict.ALLOW)).screen()
    assert len(seen) == 1


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"[]", b"{}", b'{"action": "perhaps", "hashable": true, "hit_id": null}', b'{"action": []}',
     b'{"action": "allow", "hashable": true, "hit_id": 7}'],
)  # fmt: skip
def test_an_answer_that_is_none_is_never_taken_for_one(either, body):
    handle, _ = saying(httpx.Response(200, content=body))
    with pytest.raises(ReplyRefusedError):
        either(handle).screen()


@pytest.mark.parametrize("answers", [[], [ALLOWED], {"a": 1}, None])
def test_a_batch_with_other_answers_than_questions_is_refused(either, answers):
    handle, _ = saying(httpx.Response(200, json={"answers": answers}))
    with pytest.raises(ReplyRefusedError):
        either(handle).screen_many([Upload(PHOTOGRAPH), Upload(FLAT)])


def test_a_service_that_is_down_is_left_alone(either):
    handle, seen = saying(DOWN)
    asker = either(handle, Policy(tries=1, break_after=3))
    for _ in range(6):
        with pytest.raises(UnreachableError):
            asker.screen(FLAT)
    assert len(seen) == 3


def test_the_breaker_lets_one_try_in_each_period_and_closes_at_an_answer():
    now = 0.0
    breaker = Breaker(Policy(break_after=2, break_seconds=10), lambda: now)
    breaker.unanswered()
    assert breaker.may_ask()
    breaker.unanswered()
    assert breaker.is_open
    assert not breaker.may_ask()
    now = 10.0
    assert [breaker.may_ask(), breaker.may_ask()] == [True, False]
    breaker.answered()
    assert [breaker.may_ask(), breaker.may_ask()] == [True, True]


@pytest.mark.parametrize("url", ["", "node.test", "ftp://node.test", "https://a:b@node.test", "https://node.test/?a=b"])
@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_an_address_that_is_none_is_refused_and_not_quoted(kind, url):
    with pytest.raises(SettingError) as found:
        kind(url, KEY, pool=LocalPool())
    assert "a:b" not in str(found.value)


@pytest.mark.parametrize("key", ["", "sdn live", "clé"])
def test_a_key_that_is_none_is_refused(key):
    with pytest.raises(SettingError):
        Client(NODE, key, pool=LocalPool())


def test_nothing_that_is_sent_shows_itself():
    shown = repr(Upload(b"secret", "post/7")) + repr(Client(NODE, "sdn_live_secret", pool=LocalPool()))
    assert "secret" not in shown


def test_a_video_is_hashed_here_and_asked_about_by_itself(either, node):
    scene = clips.scene(seconds=3, size=(480, 270))
    film = clips.film(scene)
    node.publisher.add(entry(bag.packed(frame.banked for frame in hash_video(film).frames), radius=31))
    node.sync()
    seen: list[httpx.Request] = []
    mirrored, flat = clips.film([each[:, ::-1] for each in scene]), clips.film([0 * each for each in scene[:3]])
    uploads = [Upload(PHOTOGRAPH), Upload(mirrored, "post/2"), Upload(flat), Upload(film[:4000])]
    asked = either(to(node, seen))
    answers = asked.screen_many(uploads)
    asked.client._films.close()
    assert [(each.action.value, each.hashable, each.fault) for each in answers] == [
        ("allow", True, None), ("block", True, None), ("allow", False, None), ("review", False, "truncated"),
    ]  # fmt: skip
    assert all(b"\x00\x00\x00" not in each.content for each in seen), "no byte of a video leaves"
    assert json.loads(seen[1].content)["content_ref"] == "post/2"
