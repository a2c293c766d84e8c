"""Banks, the feed and hits through the API: a key sees its banks, and a hash leaves by the feed alone."""

from __future__ import annotations

import asyncio
import hashlib
import time
from uuid import uuid4

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.test import AsyncClient
from django.utils import timezone

from staydown.apps.accounts import actions as accounts
from staydown.apps.accounts.access import staff_actor
from staydown.apps.accounts.models import ApiKey
from staydown.apps.audit.querysets import history, recent
from staydown.apps.banks import actions as banks
from staydown.apps.banks.models import FeedLine, Proposal
from staydown.apps.cases.actions import answer_proposal
from staydown.apps.cases.models import Case, Hit
from staydown.core import feed, note
from tests import factories as make


@pytest.fixture
def entries(db, system):
    """One entry in each of two banks."""
    names = ("house", "partner")
    return {
        name: banks.add_entry(banks.open_bank(name, by=system), make.pdq(n), source="import", by=system)
        for n, name in enumerate(names)
    }


def page(answer):
    """The lines of a page and its note."""
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/x-ndjson"
    return feed.decode_page(answer.content.decode().splitlines())


# Entries -------------------------------------------------------------------------------------------------------------


def test_entries_are_listed_without_their_hashes(entries, program):
    answer = program("entry:read").get("/entries")
    assert [each["bank"] for each in answer.json()["items"]] == ["house", "partner"]
    assert make.pdq(0).hex()[:8] not in answer.content.decode()


def test_entries_by_bank_and_state(entries, program, system):
    banks.enforce(entries["house"], by=system)
    caller = program("entry:read")
    assert len(caller.get("/entries?bank=partner").json()["items"]) == 1
    assert [each["bank"] for each in caller.get("/entries?state=enforced").json()["items"]] == ["house"]


def test_a_key_sees_its_banks_alone(entries, program, problem):
    caller = program("entry:read", "entry:write", banks=("house",))
    assert [each["name"] for each in caller.get("/banks").json()["items"]] == ["house"]
    assert [each["bank"] for each in caller.get("/entries").json()["items"]] == ["house"]
    assert caller.get("/entries?bank=partner").json()["items"] == []
    theirs = entries["partner"].public_id
    problem(caller.get(f"/entries/{theirs}"), 404, "not_found")
    problem(caller.post(f"/entries/{theirs}/withdraw"), 404, "not_found")
    entries["partner"].refresh_from_db()
    assert entries["partner"].state == "pending"


def test_an_entry_is_withdrawn(entries, program):
    caller = program("entry:write")
    path = f"/entries/{entries['house'].public_id}/withdraw"
    assert caller.post(path).json()["state"] == caller.post(path).json()["state"] == "withdrawn"
    assert history(entries["house"])[-1].actor_kind == "key"


def test_an_entry_that_blocks_waits_for_a_second_person(entries, program, system, cem):
    entry = banks.enforce(entries["house"], by=system)
    caller = program("entry:write")
    path = f"/entries/{entry.public_id}/withdraw"
    for _ in range(2):
        answer = caller.post(path, {"reason": "A lawful picture."})
        assert answer.status_code == 202
        found = answer.json()
        assert (found["entry"]["state"], "lead" in found["next"]) == ("enforced", True)
    proposal = Proposal.objects.get()
    assert (str(proposal.public_id), proposal.reason) == (found["proposal"], "A lawful picture.")
    answer_proposal(proposal, "approved", staff=cem, by=staff_actor(cem))
    after = caller.post(path)
    assert (after.status_code, after.json()["state"]) == (200, "withdrawn")


# The feed ------------------------------------------------------------------------------------------------------------


def test_the_feed_verifies_with_the_published_key(entries, program, stranger):
    verifier = note.Verifier.parse(stranger.get("/keys").json()["feed"])
    lines, signed = page(program("feed:read").get("/feed?after=0&limit=10"))
    cursor = feed.verify(feed.Cursor(), lines, signed, verifier)
    assert cursor.seq == 2
    assert {line.entry.hash for line in lines} == {make.pdq(0), make.pdq(1)}


def test_pages_join(entries, program, stranger):
    verifier = note.Verifier.parse(stranger.get("/keys").json()["feed"])
    caller, cursor = program("feed:read"), feed.Cursor()
    for _ in range(3):
        lines, signed = page(caller.get(f"/feed?after={cursor.seq}&limit=1"))
        cursor = feed.verify(cursor, lines, signed, verifier)
    assert (cursor.seq, lines) == (2, [])


def test_other_banks_are_opaque(entries, program):
    lines, _ = page(program("feed:read", banks=("partner",)).get("/feed"))
    assert [type(line) for line in lines] == [feed.OpaqueLine, feed.AddLine]


def test_a_pull_that_gave_something_is_in_the_log(entries, program):
    caller = program("feed:read")
    before = len(recent())
    caller.get("/feed")
    (line,) = recent()[: len(recent()) - before]
    assert (line.verb, line.facts, line.actor_kind) == ("feed.pulled", {"lines": 2, "last": 2}, "key")
    assert line in history(ApiKey.objects.get())
    caller.get("/feed?after=2")
    assert len(recent()) == before + 1  # an empty one is not


def test_a_follower_ahead_of_the_feed_gets_a_conflict(entries, program, problem):
    problem(program("feed:read").get("/feed?after=3"), 409, "conflict")


@pytest.mark.parametrize("query", ["after=-1", "after=x", "limit=0", "limit=10001", "wait=31", "wait=-1", "wait=nan"])
def test_a_query_that_is_not_valid(entries, program, problem, query):
    problem(program("feed:read").get(f"/feed?{query}"), 422, "invalid")


@pytest.mark.django_db(transaction=True)
def test_a_waiting_follower_hears_of_a_new_line_at_once(system):
    house = banks.open_bank("house", by=system)
    _, token = accounts.create_key("a node", ["feed:read"], by=system)

    async def follow():
        call = AsyncClient().get("/api/v1/feed?after=0&wait=20", headers={"Authorization": f"Bearer {token}"})
        waiting = asyncio.create_task(call)
        await asyncio.sleep(0.3)
        assert not waiting.done()
        await sync_to_async(banks.add_entry)(house, make.pdq(1), source="import", by=system)
        added = time.monotonic()
        answer = await waiting
        return answer, time.monotonic() - added

    answer, seconds = async_to_sync(follow)()
    assert len(page(answer)[0]) == 1
    assert seconds < 10  # of the twenty that it would have waited


@pytest.mark.django_db(transaction=True)
def test_a_wait_ends_with_a_checkpoint_alone(system):
    _, token = accounts.create_key("a node", ["feed:read"], by=system)

    async def follow():
        return await AsyncClient().get("/api/v1/feed?wait=0.3", headers={"Authorization": f"Bearer {token}"})

    started = time.monotonic()
    lines, signed = page(async_to_sync(follow)())
    assert time.monotonic() - started >= 0.3
    assert lines == []
    assert signed


# Hits ----------------------------------------------------------------------------------------------------------------


def hit(entry, **changes):
    return {"id": str(uuid4()), "entry": str(entry.public_id), "action": "block", **changes}


def test_hits_land_on_their_case(entries, program):
    caller = program("hit:write")
    batch = {"hits": [hit(entries["house"], count=3), hit(entries["house"], content_ref="post-1", action="review")]}
    assert caller.post("/hits", batch).json() == {"accepted": 2}
    assert caller.post("/hits", batch).json() == {"accepted": 2}
    assert Case.objects.get().hit_count == 4


def test_hits_of_what_is_not_there_or_not_theirs_are_dropped(entries, program):
    caller = program("hit:write", banks=("house",))
    batch = [hit(entries["partner"]), {**hit(entries["house"]), "entry": str(uuid4())}, hit(entries["house"])]
    assert caller.post("/hits", {"hits": batch}).json() == {"accepted": 1}
    assert Hit.objects.get().entry == entries["house"]


@pytest.mark.parametrize(
    "change", [{"action": "allow"}, {"count": 0}, {"id": "1"}, {"content_ref": "x" * 501}, {"surprise": 1}]
)
def test_a_hit_that_is_not_valid_is_named(entries, program, problem, change):
    found = problem(program("hit:write").post("/hits", {"hits": [hit(entries["house"], **change)]}), 422, "invalid")
    assert found["errors"][0]["field"].startswith("hits.0.")


def test_a_batch_has_an_end(entries, program, problem):
    batch = {"hits": [hit(entries["house"])] * 1001}
    problem(program("hit:write").post("/hits", batch), 422, "invalid")


# What a node needs besides -------------------------------------------------------------------------------------------


def test_a_node_learns_which_clients_to_let_in(program, db):
    client = program("screen")
    program("case:read")
    gone, _ = make.api_key("screen")
    accounts.revoke_key(gone, by=make.NODE)
    both = program("screen", "screen:explain", "key:list", banks=("partner", "house"))
    found = both.get("/screening/keys").json()["keys"]
    assert [(each["digest"], each["scopes"], sorted(each["banks"])) for each in found] == [
        (hashlib.sha256(client.token.encode()).hexdigest(), ["screen"], []),
        (hashlib.sha256(both.token.encode()).hexdigest(), ["screen", "screen:explain"], ["house", "partner"]),
    ]


# Followers ------------------------------------------------------------------------------------------------------------


def test_asking_on_confirms_and_what_is_not_confirmed_in_time_is_owed(entries, program, system):
    partner, auditor = program("feed:read"), program("audit:read")
    banks.withdraw(entries["house"], by=system)
    partner.get("/feed?after=0")
    assert auditor.get("/feed/followers").json() == {"size": 3, "followers": []}
    partner.get("/feed?after=2")
    (found,) = auditor.get("/feed/followers").json()["followers"]
    assert (found["cursor"], found["overdue"]) == (2, 0)
    FeedLine.objects.filter(seq=3).update(delete_by=timezone.now())
    assert auditor.get("/feed/followers").json()["followers"][0]["overdue"] == 1
    partner.get("/feed?after=3")
    partner.get("/feed?after=1")  # an older copy of it asks too; what was confirmed stays confirmed
    (found,) = auditor.get("/feed/followers").json()["followers"]
    assert (found["cursor"], found["overdue"]) == (3, 0)


def test_who_reads_ahead_confirms_no_more_than_it_says(entries, program):
    partner, auditor = program("feed:read"), program("audit:read")

    def confirmed(query: str) -> list[int]:
        assert partner.get(f"/feed?{query}").status_code == 200
        return [each["cursor"] for each in auditor.get("/feed/followers").json()["followers"]]

    assert confirmed("after=2&confirmed=0") == []
    assert confirmed("after=2&confirmed=1") == [1]
    assert confirmed("after=1&confirmed=9") == [1]  # nobody has applied what it has not asked for
    assert confirmed("after=2") == [2]
    assert partner.get("/feed?after=2&confirmed=-1").status_code == 422
