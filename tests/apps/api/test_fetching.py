"""Fetching too often: 429 by name at every door through which hashes leave, and everything is read in the end."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial

import httpx
import pytest
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from threatexchange.exchanges.clients.ncmec.hash_api import NCMECEnvironment, NCMECHashAPI
from threatexchange.exchanges.clients.stopncii.api import StopNCIIAPI

from staydown.apps.audit.querysets import recent
from staydown.apps.banks import actions as banks
from staydown.apps.banks import feed_key, fetching
from staydown.apps.banks.models import Allowance, Entry
from staydown.core.note import Verifier
from staydown.exchange import hma, mirror, ncmec
from staydown.exchange.peer import FeedClient
from tests import factories as make
from tests.apps.api.conftest import Program
from tests.apps.api.test_partners import WINDOW, Partner

LINES = 40


@pytest.fixture
def enforced(db, system) -> list[Entry]:
    """Confirmed entries, as many as there are lines: each was banked and confirmed."""
    house = banks.open_bank("house", by=system)
    made = banks.add_entries(house, [(make.pdq(n), None) for n in range(LINES // 2)], source="import", by=system)
    return banks.enforce_all(made, by=system)


@pytest.fixture
def narrow(settings) -> None:
    settings.STAYDOWN_FETCHES_PER_MINUTE = 2


@pytest.fixture
def in_process(db):
    """Calls the API in this process and this transaction."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield httpx.WSGITransport(app=get_wsgi_application())
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.mark.usefixtures("narrow")
def test_the_feed_says_when_to_ask_again_and_to_that_key_alone(enforced, problem):
    token, other = make.api_key("feed:read")[1], make.api_key("feed:read")[1]
    assert [Program(token).get("/feed?limit=1").status_code for _ in range(2)] == [200, 200]
    refused = Program(token).get("/feed?limit=1")
    problem(refused, 429, "too_often")
    assert refused.headers["Retry-After"] == "30"
    assert make.pdq(0).hex()[:12] not in refused.content.decode()
    assert Program(other).get("/feed?limit=1").status_code == 200
    assert sum(line.verb == "feed.pulled" for line in recent()) == 3


@pytest.mark.usefixtures("narrow")
def test_who_listens_and_hears_of_nothing_new_uses_nothing_up(enforced, program):
    follower = program("feed:read")
    assert {follower.get(f"/feed?after={LINES}").status_code for _ in range(9)} == {200}
    assert not Allowance.objects.exists()


@pytest.mark.usefixtures("narrow")
def test_every_other_door_that_tells_hashes(enforced):
    content = hma.content_id(enforced[0].public_id)
    for path in (
        "/stopncii/v1/FetchHashes",
        f"/ncmec/v2/entries?{WINDOW}",
        f"/api/hma/c/bank/HOUSE/content/{content}?include_signals=true",
    ):
        partner = Partner("feed:read", "entry:read")
        ask = partner.ask
        if "hma" in path:
            ask = partial(partner._http.generic, headers={"Authorization": f"Bearer {partner._key}"})
        assert [ask("GET", path).status_code for _ in range(2)] == [200, 200], path
        refused = ask("GET", path)
        assert (refused.status_code, list(refused.json())) == (429, ["message"])
        assert refused.headers["Retry-After"] == "30"


def test_a_mirror_waits_where_it_is_asked_to_and_has_every_line_in_the_end(
    enforced, in_process, monkeypatch, settings, tmp_path
):
    settings.STAYDOWN_FETCHES_PER_MINUTE = 6
    monkeypatch.setattr(mirror, "PAGE", 2)
    now, waits = [1000.0], []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        now[0] += seconds

    monkeypatch.setattr(fetching.time, "time_ns", lambda: round(now[0] * 1e9))
    client = FeedClient(
        "http://testserver", make.api_key("feed:read")[1], str(feed_key.verifier()), transport=in_process
    )
    with client:
        assert mirror.update(client, tmp_path / "feed", sleep=sleep).lines == LINES
    assert waits == [10.0] * (LINES // 2 - 6)
    assert mirror.verify(tmp_path / "feed", Verifier.parse(str(feed_key.verifier()))).entries == LINES // 2


def test_a_large_feed_is_read_at_once_with_the_limit_as_it_is(enforced, program):
    follower, after = program("feed:read"), 0
    while after < LINES:
        answer = follower.get(f"/feed?after={after}&limit=1")
        assert answer.status_code == 200
        after += 1


def stopncii_pages(url: str, key: str) -> Iterator[list[str]]:
    """The hashes of each page, as the stock client of StopNCII's protocol reads them."""
    api = StopNCIIAPI("none", key, base_url_override=f"{url}/stopncii/v1")
    token: str | None = ""
    while token is not None:
        page = api.fetch_hashes(page_size=7, next_page=token)
        token = page.nextPageToken
        yield [record.hashValue for record in page.hashRecords]


def ncmec_pages(url: str, key: str) -> Iterator[list[str]]:
    """The same of NCMEC's."""
    api = NCMECHashAPI("partner", key, NCMECEnvironment.test_NGO)
    api._base_url = f"{url}/ncmec"
    for page in api.get_entries_iter(end_timestamp=2**32):
        yield [value for update in page.updates for value in update.fingerprints.values()]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("pages", [stopncii_pages, ncmec_pages])
def test_stock_threatexchange_waits_and_reads_on(enforced, live_server, settings, monkeypatch, pages):
    settings.STAYDOWN_FETCHES_PER_MINUTE = 60
    monkeypatch.setattr(ncmec, "PAGE", 7)
    key, text = make.api_key("feed:read")
    for _ in range(60):
        fetching.take(key)
    began = time.monotonic()
    seen = list(pages(live_server.url, text))
    assert [len(page) for page in seen] == [7, 7, 6]
    assert {value for page in seen for value in page} == {make.pdq(n).hex() for n in range(LINES // 2)}
    assert time.monotonic() - began > 2
