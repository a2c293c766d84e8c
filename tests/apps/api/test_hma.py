"""HMA's curation where the rows are: who may, what becomes of a hash without a case, what is refused in HMA's words."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from staydown.apps.audit.querysets import recent
from staydown.apps.banks import actions as banks
from staydown.apps.banks.models import Bank, Entry, Label
from staydown.apps.sharing.source_models import Source
from staydown.apps.sharing.sources import Policy
from staydown.exchange.hma import content_id
from tests import factories as make
from tests.apps.sharing.scripted import Scripted, added, follow

PDQ = make.pdq(1).hex()
DOORS = {
    ("get", "banks"): "entry:read",
    ("post", "banks"): "entry:write",
    ("get", "bank/HOUSE"): "entry:read",
    ("put", "bank/HOUSE"): "entry:write",
    ("delete", "bank/HOUSE"): "entry:write",
    ("post", "bank/HOUSE/content"): "entry:write",
    ("post", "bank/HOUSE/signal"): "entry:write",
    ("get", "bank/HOUSE/content/1"): "entry:read",
    ("put", "bank/HOUSE/content/1"): "entry:write",
    ("delete", "bank/HOUSE/content/1"): "entry:write",
    ("get", "exchanges"): "entry:read",
    ("post", "exchanges"): "entry:write",
    ("get", "exchanges/apis"): "entry:read",
    ("get", "exchanges/api/local_file"): "entry:read",
    ("post", "exchanges/api/local_file"): "entry:write",
    ("get", "exchanges/api/local_file/schema"): "entry:read",
    ("get", "exchange/X"): "entry:read",
    ("put", "exchange/X"): "entry:write",
    ("delete", "exchange/X"): "entry:write",
    ("get", "exchange/X/status"): "entry:read",
    ("get", "signal_type"): "entry:read",
}


class Curator:
    """Asks with a key of these scopes and banks."""

    def __init__(self, *scopes: str, banks: tuple[str, ...] = ()) -> None:
        self._headers = {"Authorization": f"Bearer {make.api_key(*scopes, banks=banks)[1]}"} if scopes else {}
        self._http = Client(raise_request_exception=False)

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        sent = {"data": "" if body is None else json.dumps(body), "content_type": "application/json"}
        found = self._http.generic(method.upper(), f"/api/hma/c/{path}", headers=self._headers, **sent)
        return found.status_code, found.json()


@pytest.fixture
def house(db, system) -> Bank:
    return banks.open_bank("house", by=system)


@pytest.fixture
def curator(house) -> Curator:
    return Curator("entry:read", "entry:write", "feed:read")


@pytest.mark.parametrize("door", DOORS, ids=" ".join)
def test_each_door_has_its_scope(house, door):
    assert Curator().ask(*door, {})[0] == 401
    other = "entry:read" if DOORS[door] == "entry:write" else "entry:write"
    status, answer = Curator(other, "screen").ask(*door, {})
    assert status == 403
    assert answer["message"].startswith("missing role")
    assert Curator(DOORS[door]).ask(*door, {})[0] not in {401, 500}


def test_a_hash_without_a_case_is_pending(curator):
    status, answer = curator.ask("post", "bank/HOUSE/signal", {"pdq": PDQ})
    entry = Entry.objects.get()
    assert (status, answer) == (200, {"id": content_id(entry.public_id), "signals": {"pdq": PDQ}})
    assert (entry.state, entry.source) == ("pending", "import:hma")


@pytest.mark.parametrize(
    ("name", "given", "told"),
    [
        ("video_md5", make.md5(1).hex(), make.md5(1).hex()),
        ("sha256", make.sha256(1).hex(), make.sha256(1).hex()),
        (
            "vpdq",
            json.dumps([f"{make.pdq(1).hex()},100,0.500", f"{make.pdq(2).hex()},9,1", f"{make.pdq(3).hex()},50,2"]),
            json.dumps([f"{make.pdq(1).hex()},100,0.000", f"{make.pdq(3).hex()},100,1.000"]),
        ),
    ],
)
def test_each_kind_of_signal_is_banked_and_shown_under_its_name(house, name, given, told):
    curator = Curator("entry:read", "entry:write", "feed:read")
    status, answer = curator.ask("post", "bank/HOUSE/signal", {name: given})
    assert (status, answer["signals"], Entry.objects.get().state) == (200, {name: told}, "pending")
    shown = curator.ask("get", f"bank/HOUSE/content/{answer['id']}?include_signals=true")[1]
    assert shown["signals"] == {name: told}
    assert name in [each["name"] for each in curator.ask("get", "signal_type")[1]]


@pytest.mark.parametrize("given", ["", "x", "[]", '["zz,100,0"]', 7, f'["{make.pdq(1).hex()},20,0"]'])
def test_a_video_without_a_frame_that_tells_it_from_others_is_none(curator, given):
    status, answer = curator.ask("post", "bank/HOUSE/signal", {"vpdq": given})
    assert (status, answer) == (400, {"message": "invalid signal: invalid VPDQ hash"})


def test_a_key_that_may_enforce_enforces_and_the_log_says_why(house):
    Curator("entry:write", "entry:enforce").ask("post", "bank/HOUSE/signal", {"pdq": PDQ})
    assert Entry.objects.get().state == "enforced"
    (line,) = [line for line in recent() if line.verb == "entry.enforced"]
    assert line.facts["reason"] == "the key may enforce"


def test_the_same_hash_twice_is_one_content(curator):
    ids = {curator.ask("post", "bank/HOUSE/signal", {"pdq": PDQ})[1]["id"] for _ in range(2)}
    assert len(ids) == Entry.objects.count() == 1


def test_what_is_written_beside_a_content_is_sealed_and_erased_with_it(curator):
    given = {"pdq": PDQ, "note": "canary", "metadata": {"content_id": "post-7"}}
    number = curator.ask("post", "bank/HOUSE/signal", given)[1]["id"]
    shown = curator.ask("get", f"bank/HOUSE/content/{number}")[1]
    assert (shown["note"], shown["metadata"]) == ("canary", {"content_id": "post-7"})
    assert b"canary" not in bytes(Label.objects.values_list("text", flat=True)[0].data)
    assert curator.ask("delete", f"bank/HOUSE/content/{number}") == (200, {"deleted": 1})
    assert not Label.objects.exists()
    assert Entry.objects.get().value is None


def test_a_content_that_blocks_is_not_ended_by_another_program(house, curator):
    enforcing = Curator("entry:read", "entry:write", "entry:enforce")
    number = enforcing.ask("post", "bank/HOUSE/signal", {"pdq": PDQ})[1]["id"]
    status, said = curator.ask("delete", f"bank/HOUSE/content/{number}")
    assert (status, said["deleted"], "lead" in said["message"]) == (202, 0, True)
    status, said = curator.ask("put", f"bank/HOUSE/content/{number}", {"disable_until_ts": 0})
    assert (status, said["disable_until_ts"], "lead" in said["message"]) == (202, 1, True)
    assert Entry.objects.get().state == "enforced"
    assert enforcing.ask("delete", f"bank/HOUSE/content/{number}") == (200, {"deleted": 1})


def test_a_key_sees_its_banks_alone(house, system):
    banks.open_bank("other", by=system)
    scoped = Curator("entry:read", "entry:write", banks=("other",))
    assert scoped.ask("get", "banks")[1] == [{"name": "OTHER", "matching_enabled_ratio": 1.0}]
    assert scoped.ask("post", "bank/HOUSE/signal", {"pdq": PDQ})[0] == 404
    refused = [scoped.ask("post", "banks", {"name": name}) for name in ("THIRD", "HOUSE")]
    assert refused[0] == refused[1]  # whether another bank is there is not told
    assert refused[0][0] == 403


def test_a_content_is_found_in_its_own_bank_alone(curator, system):
    banks.open_bank("other", by=system)
    number = curator.ask("post", "bank/HOUSE/signal", {"pdq": PDQ})[1]["id"]
    assert curator.ask("delete", f"bank/OTHER/content/{number}")[0] == 404
    assert Entry.objects.get().state == "pending"


def test_a_hash_is_told_only_to_who_may_follow_the_feed(house):
    reader = Curator("entry:read", "entry:write")
    number = reader.ask("post", "bank/HOUSE/signal", {"pdq": PDQ})[1]["id"]
    assert reader.ask("get", f"bank/HOUSE/content/{number}?include_signals=true")[0] == 403


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("post", "banks", {"name": "OFF", "enabled": False}, 400),
        ("post", "banks", {"name": 7}, 400),
        ("post", "banks", [], 400),
        ("put", "bank/HOUSE", {"name": "OTHER"}, 400),
        ("put", "bank/HOUSE", {"enabled_ratio": 0.5}, 400),
        ("put", "bank/HOUSE", {"enabled": True}, 200),
        ("delete", "bank/HOUSE", None, 403),
        ("post", "bank/HOUSE/signal", {}, 400),
        ("post", "bank/HOUSE/signal", {"pdq": "00"}, 400),
        ("post", "bank/HOUSE/signal", {"pdq": 7}, 400),
        ("post", "bank/HOUSE/signal", {"pdq": PDQ, "sha256": PDQ}, 400),
        ("post", "bank/HOUSE/signal", {"pdq": PDQ, "note": "x" * 256}, 400),
        ("post", "bank/HOUSE/signal", {"pdq": PDQ, "metadata": {"face": 1}}, 400),
        ("post", "bank/HOUSE/content", {}, 400),
        ("get", "bank/HOUSE/content/x", None, 404),
        ("get", "bank/HOUSE/content/-1", None, 404),
        ("get", "bank/HOUSE/content/99999999999999999999", None, 404),
        ("get", "bank/house/content/1", None, 404),
        ("put", "bank/HOUSE/content/1", {"disable_until_ts": 1795392980}, 400),
        ("get", "exchanges/api/iwf", None, 400),
        ("get", "exchanges/api/iwf/schema", None, 400),
        ("patch", "banks", None, 405),
    ],
)
def test_what_is_refused_is_refused_with_a_message(curator, method, path, body, status):
    found, answer = curator.ask(method, path, body)
    assert found == status
    assert found == 200 or list(answer) == ["message"]
    assert PDQ not in str(answer)


def test_each_imported_list_is_an_exchange(curator, house, system):
    banks.import_entries(house, [(make.pdq(1), None), (make.pdq(2), None)], name="a-list", by=system)
    assert curator.ask("get", "exchanges") == (200, ["A_LIST"])
    assert curator.ask("get", "exchange/A_LIST")[1] == {"name": "A_LIST", "api": "local_file", "enabled": True}
    status = curator.ask("get", "exchange/A_LIST/status")[1]
    assert (status["fetched_items"], status["last_fetch_succeeded"]) == (2, True)


def test_each_followed_source_is_an_exchange(curator, house, system):
    assert curator.ask("get", "exchanges/api/stop_ncii")[1]["has_set_authentification"] is False
    added(Policy(bank=house), "a-helpline")
    assert curator.ask("get", "exchanges") == (200, ["A_HELPLINE"])
    assert curator.ask("get", "exchange/A_HELPLINE")[1] == {"name": "A_HELPLINE", "api": "stop_ncii", "enabled": True}
    told = {"supports_authentification": True, "has_set_authentification": True}
    assert curator.ask("get", "exchanges/api/stop_ncii")[1] == told
    status = curator.ask("get", "exchange/A_HELPLINE/status")[1]
    assert (status["up_to_date"], status["last_fetch_complete_ts"], status["fetched_items"]) == (False, None, 0)
    follow(Source.objects.get(), Scripted().adds(1, 2))
    status = curator.ask("get", "exchange/A_HELPLINE/status")[1]
    assert (status["up_to_date"], status["last_fetch_succeeded"], status["fetched_items"]) == (True, True, 2)
    assert status["checkpoint_ts"] == status["last_fetch_complete_ts"] > 0


def test_each_kind_of_exchange_says_what_it_asks_for_and_what_of_it_is_secret(house):
    curator = Curator("entry:read")
    asks = {}
    for api in curator.ask("get", "exchanges/apis")[1]:
        told = curator.ask("get", f"exchanges/api/{api}/schema")[1]
        for section in ("config_schema", "credentials_schema"):
            fields = (told[section] or {"fields": []})["fields"]
            assert all(set(field) == {"name", "type", "required", "default", "help", "choices"} for field in fields)
            asks[api, section] = [field["name"] for field in fields]
        assert curator.ask("get", f"exchanges/api/{api}")[1]["supports_authentification"] is bool(
            told["credentials_schema"]
        )
    assert asks["ncmec", "config_schema"] == ["address", "username", "reason"]
    assert asks["ncmec", "credentials_schema"] == ["password"]
    assert asks["local_file", "config_schema"] == ["address", "algorithm"]


def test_a_source_of_another_bank_is_none_of_this_keys_exchanges(house, system):
    added(Policy(bank=banks.open_bank("elsewhere", by=system)), "another")
    curator = Curator("entry:read", banks=("house",))
    assert curator.ask("get", "exchanges") == (200, [])
    assert curator.ask("get", "exchange/ANOTHER")[0] == 404
