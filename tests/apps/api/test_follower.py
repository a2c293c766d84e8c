"""The client that nodes and partners use, against the real API: what one says the other understands."""

from __future__ import annotations

from uuid import uuid4

import httpx
import pytest
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections

from staydown.apps.banks import actions as banks
from staydown.apps.banks import feed_key
from staydown.apps.cases import actions
from staydown.apps.cases.models import Case
from staydown.core.bank import Action
from staydown.core.feed import AddLine, Cursor, OpaqueLine, RemoveLine
from staydown.core.matching.live import LiveIndex
from staydown.errors import FeedError, FeedUnreachableError, ReplyRefusedError
from staydown.exchange.peer import FeedClient
from tests import factories as make


@pytest.fixture
def follow(db):
    """Makes a follower with a key of these scopes and banks."""
    transport = httpx.WSGITransport(app=get_wsgi_application())
    made: list[FeedClient] = []

    def client(*scopes: str, banks: tuple[str, ...] = ()) -> FeedClient:
        token = make.api_key(*(scopes or ("feed:read", "hit:write", "key:list")), banks=banks)[1]
        made.append(FeedClient("http://testserver", token, str(feed_key.verifier()), transport=transport))
        return made[-1]

    for signal in (request_started, request_finished):  # as Django's test client does: the test's transaction stays
        signal.disconnect(close_old_connections)
    yield client
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)
    for each in made:
        each.close()


def test_a_follower_hears_the_whole_story(follow, bea):
    client, index, cursor = follow(), LiveIndex(), Cursor()

    def catch_up() -> list[str]:
        nonlocal cursor
        pulled = client.pull(cursor)
        for line in pulled.lines:
            if isinstance(line, AddLine):
                index.add(line.entry)
            elif isinstance(line, RemoveLine):
                index.remove(line.entry_id)
        cursor = pulled.cursor
        return [type(line).__name__ for line in pulled.lines]

    def verdicts() -> set[Action]:
        return {match.entry.action for match in index.query([make.pdq(1)])}

    sent = make.submitted(links=0)
    assert catch_up() == ["AddLine", "AddLine"]
    assert verdicts() == {Action.REVIEW}
    make.decided(sent.case, bea)
    catch_up()
    assert verdicts() == {Action.BLOCK}
    actions.withdraw_report(sent.report, by=make.Actor.reporter())
    assert catch_up() == ["RemoveLine", "RemoveLine"]
    assert verdicts() == set()
    assert catch_up() == []
    late = follow().pull(Cursor())  # who starts now sees that there were lines, and no hash
    assert [type(line) for line in late.lines] == [OpaqueLine] * 4 + [RemoveLine] * 2
    assert late.cursor == cursor


def test_hits_are_taken_and_counted_once(follow, system):
    entry = banks.add_entry(banks.open_bank("house", by=system), make.pdq(1), source="import", by=system)
    hit = {"id": str(uuid4()), "entry": str(entry.public_id), "action": "review", "count": 2, "content_ref": "post-1"}
    client = follow()
    assert client.report_hits([hit]) == client.report_hits([hit]) == 1
    assert Case.objects.get().hit_count == 2


def test_a_batch_that_will_never_be_taken_is_refused_as_such(follow):
    with pytest.raises(ReplyRefusedError):
        follow().report_hits([{"id": "nonsense", "entry": str(uuid4()), "action": "block", "count": 1}])


def test_a_node_learns_its_clients(follow, program):
    program("screen")
    (key,) = follow().screening_keys()
    assert key.scopes == {"screen"}


def test_a_key_without_the_scope_is_told_so(follow):
    client = follow("case:read")
    for call in (lambda: client.pull(Cursor()), lambda: client.report_hits([]), client.screening_keys):
        with pytest.raises(FeedUnreachableError, match="key"):
            call()


def test_a_database_restored_from_an_older_copy_is_noticed(follow, system):
    house = banks.open_bank("house", by=system)
    for seed in range(3):
        banks.add_entry(house, make.pdq(seed), source="import", by=system)
    client = follow()
    ahead = client.pull(Cursor()).cursor
    longer = Cursor(ahead.seq + 1, ahead.frontier.append(b"x" * 32))
    with pytest.raises(FeedError, match="restored"):
        client.pull(longer)
