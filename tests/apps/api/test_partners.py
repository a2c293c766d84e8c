"""StopNCII's and NCMEC's protocols where the rows are: only what a person confirmed, paged without gap or repeat."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from django.http import HttpResponse
from django.test import Client
from threatexchange.exchanges.clients.ncmec.hash_api import GetEntriesResponse, NCMECEntryUpdate, _XMLWrapper
from threatexchange.exchanges.clients.stopncii.api import StopNCIIAPI, StopNCIISignalType

from staydown.apps.audit.querysets import recent
from staydown.apps.banks import actions as banks
from staydown.apps.banks.models import Bank, Entry, Feedback
from staydown.core.bank import Action
from staydown.exchange import ncmec
from tests import factories as make

WINDOW = "from=1970-01-01T00:00:00Z&to=2099-01-01T00:00:00Z"
DOORS = {
    ("GET", "/stopncii/v1/FetchHashes"): "feed:read",
    ("POST", "/stopncii/v1/SubmitHashes"): "entry:write",
    ("POST", "/stopncii/v1/SubmitFeedback"): "feed:read",
    ("GET", "/ncmec/v2/status"): "feed:read",
    ("GET", "/ncmec/v2/members"): "feed:read",
    ("GET", f"/ncmec/v2/entries?{WINDOW}"): "feed:read",
    ("GET", "/ncmec/v2/feedback/PDQ/reasons"): "feed:read",
    ("PUT", "/ncmec/v2/entries/1/00000000-0000-4000-8000-000000000000/PDQ/feedback"): "feed:read",
}


class Partner:
    """Asks with a key of these scopes and banks, in the way of each protocol."""

    def __init__(self, *scopes: str, banks: tuple[str, ...] = ()) -> None:
        self._key = make.api_key(*scopes, banks=banks)[1] if scopes else "nothing"
        self._http = Client(raise_request_exception=False)

    def ask(self, method: str, path: str, body: bytes | dict[str, Any] = b"") -> HttpResponse:
        basic = base64.b64encode(f"anybody:{self._key}".encode()).decode()
        headers = {"x-functions-key": self._key, "Authorization": f"Basic {basic}"}
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self._http.generic(method, path, data, content_type="application/json", headers=headers)

    def fetched(self, query: str = "") -> dict[str, Any]:
        answer = self.ask("GET", f"/stopncii/v1/FetchHashes?{query}")
        assert answer.status_code == 200, answer.content
        return answer.json()


@pytest.fixture
def house(db, system) -> Bank:
    return banks.open_bank("house", by=system)


@pytest.fixture
def enforced(house, system) -> list[Entry]:
    """Five confirmed entries."""
    made = banks.add_entries(house, [(make.pdq(n), None) for n in range(5)], source="import", by=system)
    return banks.enforce_all(made, by=system)


@pytest.mark.parametrize("door", DOORS, ids=" ".join)
def test_each_door_has_its_scope(house, door):
    answer = Partner().ask(*door)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"]
    assert Partner("screen", "entry:read").ask(*door).status_code == 403
    assert Partner(DOORS[door]).ask(*door).status_code in {200, 400, 404}


def test_only_what_a_person_confirmed_is_given(house, enforced, system):
    banks.add_entry(house, make.pdq(90), source="import", by=system)
    banks.enforce(banks.add_entry(house, make.pdq(91), action=Action.REVIEW, source="import", by=system), by=system)
    banks.enforce(banks.add_entry(house, make.sha256(1), source="import", by=system), by=system)
    banks.withdraw(enforced[0], by=system)
    values = {record["hashValue"] for record in Partner("feed:read").fetched()["hashRecords"]}
    assert values == {make.pdq(n).hex() for n in range(1, 5)}


def test_a_key_is_given_its_banks_alone(enforced):
    assert Partner("feed:read", banks=("other",)).fetched()["count"] == 0


def test_pages_follow_each_other_without_gap_or_repeat(enforced):
    partner, seen, token, times = Partner("feed:read"), [], "", []
    while token is not None:
        page = partner.fetched(f"startTimestamp=10&pageSize=2&nextPageToken={token}")
        seen += [record["hashValue"] for record in page["hashRecords"]]
        times.append(page["nextSetTimestamp"])
        assert page["hasMoreRecords"] == (page["nextPageToken"] is not None)
        token = page["nextPageToken"]
    assert seen == [make.pdq(n).hex() for n in range(5)]
    assert times == sorted(times)
    again = partner.fetched(f"startTimestamp={times[-1]}")
    assert again["hashRecords"][-1]["hashValue"] == seen[-1]  # inclusive: a change in the same second is not lost


def test_what_is_given_is_written_down_with_its_number(enforced):
    Partner("feed:read").fetched()
    (line,) = [line for line in recent() if line.verb == "entries.fetched"]
    assert line.facts == {"protocol": "stopncii", "entries": 5}


@pytest.mark.parametrize("query", ["startTimestamp=-1", "pageSize=x", "nextPageToken=%C3%A9", "nextPageToken=WzEsMl0x"])
def test_a_question_that_makes_no_sense_is_refused(house, query):
    answer = Partner("feed:read").ask("GET", f"/stopncii/v1/FetchHashes?{query}")
    assert (answer.status_code, list(answer.json())) == (400, ["message"])


def test_hashes_that_are_sent_wait_for_a_person_unless_the_key_may_enforce(house):
    record = {"signalType": "StopNCIISignalType.ImagePDQ", "hashValue": make.pdq(1).hex()}
    body = {"count": 1, "hashRecords": [record | {"CSPFeedbacks": [{"tags": ["x"], "feedbackValue": "Blocked"}]}]}
    sender = Partner("entry:write", banks=("house",))
    assert sender.ask("POST", "/stopncii/v1/SubmitHashes", body).json() == {"count": 1}
    assert (Entry.objects.get().state, Feedback.objects.get().opinion) == ("pending", "confirmed")
    other = Partner("entry:write", "entry:enforce", banks=("house",))
    assert other.ask("POST", "/stopncii/v1/SubmitHashes", body).status_code == 200
    assert Entry.objects.get().state == "enforced"


def test_hashes_go_to_one_bank(house, system):
    banks.open_bank("other", by=system)
    answer = Partner("entry:write").ask("POST", "/stopncii/v1/SubmitHashes", {"hashRecords": []})
    assert answer.status_code == 403


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"\xff",
        {"hashRecords": 1},
        {"hashRecords": [1]},
        {"hashRecords": [{"signalType": "VideoTMK", "hashValue": "00" * 16}]},
        {"hashRecords": [{"signalType": "ImagePDQ", "hashValue": "zz"}]},
        {"hashRecords": [{"signalType": "ImagePDQ", "hashValue": "00" * 16}]},
        {"hashRecords": [{"signalType": "ImagePDQ", "hashValue": "00" * 32, "CSPFeedbacks": {"a": 1}}]},
        {"hashRecords": [{"signalType": "ImagePDQ", "hashValue": "00" * 32, "CSPFeedbacks": [{"feedbackValue": []}]}]},
        {"hashRecords": [{}] * 1001},
    ],
)
def test_a_malformed_submission_stores_nothing(house, body):
    answer = Partner("entry:write").ask("POST", "/stopncii/v1/SubmitHashes", body)
    assert (answer.status_code, list(answer.json())) == (400, ["message"])
    assert not Entry.objects.exists()


def test_feedback_can_be_changed_and_taken_back(enforced):
    partner = Partner("feed:read")
    for value, kept in (("PendingReview", ["reviewing"]), ("NotBlocked", ["disputed"]), ("None", ["disputed"])):
        body = {"hashFeedbacks": [{"hashValue": make.pdq(1).hex(), "feedbackValue": value}]}
        assert partner.ask("POST", "/stopncii/v1/SubmitFeedback", body).json() == {"count": 1}
        assert list(Feedback.objects.values_list("opinion", flat=True)) == kept
    body["hashFeedbacks"][0]["feedbackValue"] = "Withdrawn"
    partner.ask("POST", "/stopncii/v1/SubmitFeedback", body)
    assert not Feedback.objects.exists()
    body["hashFeedbacks"][0]["hashValue"] = make.pdq(77).hex()
    assert partner.ask("POST", "/stopncii/v1/SubmitFeedback", body).json() == {"count": 0}


# NCMEC ----------------------------------------------------------------------------------------------------------------


def test_windows_tile_time_exactly(enforced):
    at = datetime(2027, 1, 31, 12, 0, 0, tzinfo=UTC)
    for seconds, entry in enumerate(enforced):
        Entry.objects.filter(pk=entry.pk).update(changed_at=at + timedelta(seconds=seconds))
    partner, seen = Partner("feed:read"), b""
    for first, last in ((0, 2), (2, 3), (3, 9)):
        query = f"from=2027-01-31T12:00:0{first}Z&to=2027-01-31T12:00:0{last}Z"
        seen += partner.ask("GET", f"/ncmec/v2/entries?{query}").content
    assert [seen.count(make.pdq(n).hex().encode()) for n in range(5)] == [1] * 5


def test_a_long_answer_comes_in_pages(enforced, monkeypatch):
    monkeypatch.setattr(ncmec, "PAGE", 2)
    partner, path, seen, pages = Partner("feed:read"), f"/v2/entries?{WINDOW}", b"", 0
    while path:
        page = partner.ask("GET", f"/ncmec{path}").content.decode()
        path = page.partition("<next>")[2].partition("</next>")[0].replace("&amp;", "&")
        seen, pages = seen + page.encode(), pages + 1
    assert pages == 3
    assert [seen.count(make.pdq(n).hex().encode()) for n in range(5)] == [1] * 5


@pytest.mark.parametrize("query", ["", "from=yesterday&to=today", "from=2027-02-31T00:00:00Z&to=2027-03-01T00:00:00Z"])
def test_a_window_that_is_none_is_refused(house, query):
    assert Partner("feed:read").ask("GET", f"/ncmec/v2/entries?{query}").status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<a/>",
        b"<feedbackSubmission/>",
        b"<feedbackSubmission><affirmative/><negative/></feedbackSubmission>",
        b"<feedbackSubmission><negative/></feedbackSubmission>",
        b'<!DOCTYPE x [<!ENTITY a "b">]><feedbackSubmission><affirmative/></feedbackSubmission>',
        b"<?xml version='1.0' encoding='nonsense'?><feedbackSubmission/>",
        b" " * 5000,
        b"\x00\xff",
    ],
)
def test_feedback_that_is_none_is_refused(enforced, body):
    path = f"/ncmec/v2/entries/1/{enforced[0].public_id}/PDQ/feedback"
    assert Partner("feed:read").ask("PUT", path, body).status_code == 400
    assert not Feedback.objects.exists()


def test_feedback_on_what_ended_or_is_not_seen_is_refused(enforced, system):
    path = f"/ncmec/v2/entries/1/{enforced[0].public_id}/PDQ/feedback"
    body = b"<feedbackSubmission><affirmative/></feedbackSubmission>"
    assert Partner("feed:read", banks=("other",)).ask("PUT", path, body).status_code == 404
    assert Partner("feed:read").ask("PUT", path.replace("/1/", "/2/"), body).status_code == 404
    banks.withdraw(enforced[0], by=system)
    assert Partner("feed:read").ask("PUT", path, body).status_code == 400


# MD5 ------------------------------------------------------------------------------------------------------------------


def stock_ncmec(content: bytes) -> dict[str, NCMECEntryUpdate]:
    """What the client in threatexchange reads of a page."""
    root = ET.fromstring(content)
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return {each.id: each for each in GetEntriesResponse.from_xml(_XMLWrapper(root), 0).updates}


@pytest.fixture
def listed(house, system) -> Entry:
    """A confirmed entry of which nobody has more than the MD5."""
    return banks.enforce(banks.add_entry(house, make.md5(1), source="import:old", by=system), by=system)


def test_an_md5_is_a_video_to_stopnciis_clients(enforced, listed, monkeypatch):
    page = Partner("feed:read").fetched()
    client = StopNCIIAPI("s", "f")
    monkeypatch.setattr(client, "_get", lambda *_args, **_query: page)
    types = [record.signalType for record in client.fetch_hashes().hashRecords]
    assert types == [StopNCIISignalType.ImagePDQ] * 5 + [StopNCIISignalType.VideoMD5]
    record = page["hashRecords"][-1]
    assert (record["hashValue"], record["hashStatus"]) == (listed.hash.hex(), "Active")


def test_an_md5_that_is_sent_waits_for_a_person_and_is_spoken_of(house):
    record = {"signalType": "StopNCIISignalType.VideoMD5", "hashValue": make.md5(1).hex()}
    sender = Partner("entry:write", "feed:read", banks=("house",))
    assert sender.ask("POST", "/stopncii/v1/SubmitHashes", {"hashRecords": [record]}).json() == {"count": 1}
    entry = Entry.objects.get()
    assert (entry.algorithm, entry.state, entry.radius) == ("md5", "pending", 0)
    body = {"hashFeedbacks": [{"hashValue": make.md5(1).hex(), "feedbackValue": "NotBlocked"}]}
    assert sender.ask("POST", "/stopncii/v1/SubmitFeedback", body).json() == {"count": 1}
    assert Feedback.objects.get().opinion == "disputed"


def test_an_md5_is_a_video_to_ncmecs_clients_until_it_is_deleted(enforced, listed, system):
    partner, id_ = Partner("feed:read"), str(listed.public_id)
    found = stock_ncmec(partner.ask("GET", f"/ncmec/v2/entries?{WINDOW}").content)
    assert sorted(each.entry_type.value for each in found.values()) == ["image"] * 5 + ["video"]
    assert found[id_].fingerprints == {"md5": listed.hash.hex()}
    banks.withdraw(listed, by=system)
    gone = stock_ncmec(partner.ask("GET", f"/ncmec/v2/entries?{WINDOW}").content)[id_]
    assert (gone.deleted, gone.entry_type.value, gone.fingerprints) == (True, "video", {})


def test_feedback_is_given_on_the_fingerprint_that_an_entry_has(listed):
    partner, path = Partner("feed:read"), f"/ncmec/v2/entries/1/{listed.public_id}"
    body = b"<feedbackSubmission><affirmative/></feedbackSubmission>"
    for kind, status in (("PDQ", 404), ("SHA256", 404), ("MD5", 204)):
        assert partner.ask("PUT", f"{path}/{kind}/feedback", body).status_code == status
    assert Feedback.objects.get().opinion == "confirmed"
    assert b'type="Md5"' in partner.ask("GET", "/ncmec/v2/feedback/MD5/reasons").content
    assert partner.ask("GET", "/ncmec/v2/feedback/SHA256/reasons").status_code == 404
    found = stock_ncmec(partner.ask("GET", f"/ncmec/v2/entries?{WINDOW}").content)
    assert list(found[str(listed.public_id)].feedback) == ["Md5"]
