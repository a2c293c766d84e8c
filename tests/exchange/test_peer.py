"""Following a feed: what arrives is what was signed, and every way of lying or failing has its own name."""

from __future__ import annotations

import hashlib
import json
import secrets
import threading
import uuid

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from staydown.core.bank import Action, Entry
from staydown.core.feed import AddLine, Cursor, OpaqueLine, RemoveLine
from staydown.core.hashing.algorithm import Algorithm, Hash
from staydown.errors import FeedError, FeedUnreachableError, ReplyRefusedError, SettingError, TooOftenError
from staydown.exchange.peer import FeedClient
from staydown.exchange.testing import Fault, Publisher

LIES = [
    Fault.CUT_OFF,
    Fault.GAP,
    Fault.REPEATED,
    Fault.CHANGED_LINE,
    Fault.WRONG_KEY,
    Fault.ROLLED_BACK,
    Fault.REWRITTEN,
    Fault.NOT_A_FEED,
]
FAILURES = [Fault.DOWN, Fault.DROPPED, Fault.KEY_REFUSED]


def entry(bank: str = "house", action: Action = Action.BLOCK) -> Entry:
    return Entry(uuid.uuid4(), bank, Hash(Algorithm.PDQ, secrets.token_bytes(32)), 31, action)


def publisher_of(*entries: Entry) -> Publisher:
    publisher = Publisher()
    for each in entries:
        publisher.add(each)
    return publisher


def answering(reply: httpx.Response | httpx.HTTPError) -> FeedClient:
    def respond(_request: httpx.Request) -> httpx.Response:
        if isinstance(reply, httpx.HTTPError):
            raise reply
        return reply

    return FeedClient("http://p.test", "k", Publisher().verifier_key, transport=httpx.MockTransport(respond))


def unreadable(error: FeedError, publisher: Publisher) -> None:
    """No error about a feed may carry a hash or the key."""
    for line in publisher._lines:
        if isinstance(line, AddLine):
            assert line.entry.hash.hex()[:12] not in error.message
    assert publisher.key not in error.message


def test_an_empty_feed_verifies():
    pull = Publisher().client().pull(Cursor())
    assert (pull.lines, pull.cursor) == ([], Cursor())


def test_lines_arrive_in_order_and_the_cursor_moves():
    first, second = entry(), entry(bank="ünïcode\u2028bank")
    publisher = publisher_of(first, second)
    client = publisher.client()
    pull = client.pull(Cursor())
    assert [line.entry for line in pull.lines] == [first, second]
    assert pull.cursor.seq == 2
    publisher.add(third := entry())
    publisher.withdraw(first.id)
    lines, cursor, _ = client.pull(pull.cursor)
    assert isinstance(lines[0], AddLine)
    assert lines[0].entry == third
    assert lines[1] == RemoveLine(4, first.id)
    assert client.pull(cursor).lines == []


def test_pages_end_where_they_were_asked_to():
    publisher = publisher_of(*(entry() for _ in range(7)))
    client, cursor, sizes = publisher.client(), Cursor(), []
    while (pull := client.pull(cursor, limit=3)).lines:
        cursor = pull.cursor
        sizes.append(len(pull.lines))
    assert sizes == [3, 3, 1]
    assert cursor.seq == 7


def test_a_withdrawn_hash_never_travels_again():
    gone = entry()
    publisher = publisher_of(gone)
    publisher.withdraw(gone.id)
    lines, cursor, _ = publisher.client().pull(Cursor())
    assert [type(line) for line in lines] == [OpaqueLine, RemoveLine]
    assert cursor.seq == 2


def test_an_answer_is_held_until_there_is_a_line():
    publisher, pulled = Publisher(), []
    follower = threading.Thread(target=lambda: pulled.append(publisher.client().pull(Cursor(), wait=20)))
    with publisher.serving():
        follower.start()
        publisher.add(late := entry())
        follower.join(10)
    assert [line.entry for line in pulled[0].lines] == [late]


@pytest.mark.parametrize("fault", LIES)
def test_a_lie_is_a_feed_error_and_the_cursor_stays(fault):
    publisher = publisher_of(entry())
    client = publisher.client()
    cursor = client.pull(Cursor()).cursor
    publisher.add(entry())
    publisher.add(entry())
    publisher.fault = fault
    with pytest.raises(FeedError) as caught:
        client.pull(cursor)
    assert type(caught.value) is FeedError
    unreadable(caught.value, publisher)
    publisher.fault = None
    assert client.pull(cursor).cursor.seq == 3


@pytest.mark.parametrize("fault", [Fault.WRONG_KEY, Fault.ROLLED_BACK, Fault.REWRITTEN])
def test_a_lie_is_found_without_new_lines_too(fault):
    publisher = publisher_of(entry())
    client = publisher.client()
    cursor = client.pull(Cursor()).cursor
    publisher.fault = fault
    with pytest.raises(FeedError):
        client.pull(cursor)


@pytest.mark.parametrize("fault", FAILURES)
def test_a_failure_is_unreachable(fault):
    publisher = publisher_of(entry())
    publisher.fault = fault
    with pytest.raises(FeedUnreachableError) as caught:
        publisher.client().pull(Cursor())
    unreadable(caught.value, publisher)


def test_a_stalled_feed_is_unreachable_over_a_socket():
    publisher = publisher_of(entry())
    publisher.fault = Fault.STALLED
    with publisher.serving() as address:
        client = FeedClient(address, publisher.key, publisher.verifier_key, seconds=0.05)
        with client, pytest.raises(FeedUnreachableError, match="in time"):
            client.pull(Cursor())


def test_nobody_there_is_unreachable():
    publisher = Publisher()
    with publisher.serving() as address:
        pass
    with FeedClient(address, publisher.key, publisher.verifier_key) as client, pytest.raises(FeedUnreachableError):
        client.pull(Cursor())


def test_a_feed_that_has_fewer_lines_is_a_lie():
    with pytest.raises(FeedError, match="fewer lines") as caught:
        answering(httpx.Response(409)).pull(Cursor())
    assert type(caught.value) is FeedError


@pytest.mark.parametrize("status", [301, 302, 404, 429, 500])
def test_other_statuses_are_unreachable(status):
    reply = httpx.Response(status, headers={"location": "http://elsewhere.test/"})
    with pytest.raises(FeedUnreachableError):
        answering(reply).pull(Cursor())


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("7", 7),
        ("0", 1),
        ("999999999999", 3600),
        ("Sat, 01 Jan 2000 00:00:00 GMT", 1),
        ("Fri, 01 Jan 2100 00:00:00 GMT", 3600),
    ],
)
def test_when_it_is_to_be_asked_again_is_heard(said, seconds):
    with pytest.raises(TooOftenError) as caught:
        answering(httpx.Response(429, headers={"retry-after": said})).pull(Cursor())
    assert caught.value.seconds == seconds


@pytest.mark.parametrize("said", ["", "soon", "-1", "1.5e9", "²"])
def test_a_word_that_names_no_time_is_no_answer(said):
    reply = httpx.Response(429, headers={"retry-after": said.encode()})
    with pytest.raises(FeedUnreachableError):
        answering(reply).pull(Cursor())


def test_a_reply_without_end_is_cut():
    endless = httpx.Response(200, stream=httpx.ByteStream(b"\n" * 200_000))
    with pytest.raises(FeedError, match="more than was asked"):
        answering(endless).pull(Cursor(), limit=1)


def test_more_lines_than_asked_for_are_refused():
    honest = publisher_of(entry(), entry())
    page = honest.respond(
        httpx.Request(
            "GET", "http://p.test/api/v1/feed?after=0&limit=2", headers={"authorization": f"Bearer {honest.key}"}
        )
    )
    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=page.content))
    client = FeedClient("http://p.test", "k", honest.verifier_key, transport=transport)
    with pytest.raises(FeedError, match="more lines"):
        client.pull(Cursor(), limit=1)


@given(st.binary(max_size=2000))
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_any_bytes_are_a_feed_error(content):
    with pytest.raises(FeedError):
        answering(httpx.Response(200, content=content)).pull(Cursor())


def test_client_keys():
    publisher = Publisher()
    publisher.allow("sdn_live_client", "screen", "screen:explain", banks=["house"])
    (key,) = publisher.client().screening_keys()
    assert key.digest == hashlib.sha256(b"sdn_live_client").digest()
    assert (key.scopes, key.banks) == ({"screen", "screen:explain"}, {"house"})
    publisher.revoke("sdn_live_client")
    assert publisher.client().screening_keys() == []


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"keys": None},
        {"keys": 3},
        {"keys": [3]},
        {"keys": [{"digest": "00"}]},
        {"keys": [{"digest": "00", "scopes": [], "banks": []}]},
        {"keys": [{"digest": "zz" * 32, "scopes": [], "banks": []}]},
        {"keys": [{"digest": "00" * 32, "scopes": 1, "banks": []}]},
        {"keys": [{"digest": "00" * 32, "scopes": []}]},
        {"keys": [{"digest": "00" * 32, "scopes": [], "banks": None}]},
    ],
)
def test_an_unreadable_list_of_client_keys(answer):
    with pytest.raises(FeedError, match="client keys"):
        answering(httpx.Response(200, json=answer)).screening_keys()


@pytest.mark.parametrize(
    "reply",
    [
        httpx.Response(503),
        httpx.Response(401),
        httpx.Response(302),
        httpx.Response(200, text="no json"),
        httpx.Response(200, text="[" * 100_000),
        httpx.Response(200, json=[]),
        httpx.Response(200, json={"accepted": "many"}),
        httpx.ConnectError("refused"),
    ],
)
def test_hits_that_may_be_sent_again(reply):
    with pytest.raises(FeedUnreachableError):
        answering(reply).report_hits([{"id": "1"}])


@pytest.mark.parametrize("status", [400, 404, 413, 415, 422])
def test_hits_that_will_never_be_taken(status):
    with pytest.raises(ReplyRefusedError):
        answering(httpx.Response(status)).report_hits([{"id": "1"}])


def test_hits_are_taken_once():
    publisher = Publisher()
    hit = {"id": str(uuid.uuid4()), "entry": str(uuid.uuid4()), "action": "block", "count": 3}
    assert publisher.client().report_hits([hit]) == 1
    assert publisher.client().report_hits([hit]) == 1
    assert publisher.total_of_hits() == 3


def test_the_key_goes_into_the_header_and_nowhere_else():
    seen: list[httpx.Request] = []

    def respond(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return Publisher(key="k3y").respond(request)

    client = FeedClient("https://p.test/sub/", "k3y", Publisher().verifier_key, transport=httpx.MockTransport(respond))
    with pytest.raises(FeedError):
        client.pull(Cursor(), limit=5, wait=1.5)
    assert seen[0].headers["authorization"] == "Bearer k3y"
    assert (
        str(seen[0].url)
        == "https://p.test/sub/api/v1/feed?after=0&limit=5&wait=1.5&algorithms=pdq%2Csha256%2Cvpdq%2Cmd5"
    )


@pytest.mark.parametrize(
    "url",
    [
        "",
        "p.test",
        "ftp://p.test",
        "http://",
        "http://u:p@p.test",
        "http://p.test/?a=b",
        "http://p.test:port",
        "http://p\x00",
    ],
)
def test_addresses_that_are_none(url):
    with pytest.raises(SettingError, match="address"):
        FeedClient(url, "k", Publisher().verifier_key)


@pytest.mark.parametrize("key", ["", " k", "k\n", "ä", "a\x00b"])
def test_keys_that_are_none(key):
    with pytest.raises(SettingError, match="key"):
        FeedClient("http://p.test", key, Publisher().verifier_key)


@pytest.mark.parametrize("verifier", ["", "publisher.test", "a+b+c"])
def test_verifiers_that_are_none(verifier):
    with pytest.raises(SettingError, match="verifier"):
        FeedClient("http://p.test", "k", verifier)


def test_a_served_publisher_answers_like_the_one_in_memory():
    publisher = publisher_of(entry())
    with publisher.serving() as address, FeedClient(address, publisher.key, publisher.verifier_key) as client:
        assert client.pull(Cursor()) == publisher.client().pull(Cursor())
        assert client.report_hits([{"id": "1", "count": 1}]) == 1
        publisher.fault = Fault.DROPPED
        with pytest.raises(FeedUnreachableError):
            client.pull(Cursor())
    assert json.dumps(publisher.hits["1"]) == '{"id": "1", "count": 1}'
