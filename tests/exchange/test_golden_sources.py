"""Recorded shapes of each partner's answers: what our clients make of them, and what the stock ones do."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree as ET

import httpx
import pytest
from threatexchange.exchanges.clients.fb_threatexchange.threat_updates import ThreatUpdateJSON
from threatexchange.exchanges.clients.ncmec.hash_api import GetEntriesResponse, _XMLWrapper
from threatexchange.exchanges.clients.stopncii.api import StopNCIIAPI, StopNCIICaseStatus, StopNCIISignalType
from threatexchange.exchanges.clients.techagainstterrorism.api import TATHashListEntry
from threatexchange.exchanges.impl.fb_threatexchange_api import FBThreatExchangeIndicatorRecord

from staydown.errors import SourceAnswerError
from staydown.exchange.kinds import KINDS
from staydown.exchange.source import Page, Wire
from tests.exchange.test_sources import CREDENTIALS

GOLDEN = Path(__file__).parents[1] / "golden" / "exchange"
PAGES = {
    "stopncii": "page.json",
    "ncmec": "page.xml",
    "threatexchange": "page.json",
    "tech-against-terrorism": "page.json",
}


def recorded(kind: str) -> bytes:
    return (GOLDEN / kind / PAGES[kind]).read_bytes()


def expected(kind: str) -> dict:
    return json.loads((GOLDEN / kind / "expected.json").read_text())


def read(kind: str, body: bytes) -> list[Page]:
    def respond(request: httpx.Request) -> httpx.Response:
        is_pass = request.url.path.startswith("/token-auth")
        return httpx.Response(200, json={"token": "pass"}) if is_pass else httpx.Response(200, content=body)

    wire = Wire(transport=httpx.MockTransport(respond))
    with KINDS[kind].opened("https://list.example", CREDENTIALS[kind], wire) as source:
        return list(source.pages(None))


@pytest.mark.parametrize("kind", PAGES)
def test_a_recorded_page_is_read_as_it_says(kind):
    (page,) = read(kind, recorded(kind))
    found = expected(kind)
    assert {signal.id: signal.hash.hex() for signal in page.added} == found["added"]
    assert sorted(page.removed) == sorted(found["removed"])
    assert page.skipped == found["skipped"]


def test_the_stock_stopncii_client_reads_the_same_records(monkeypatch):
    client = StopNCIIAPI("s", "f")
    monkeypatch.setattr(client, "_get", lambda *_args, **_query: json.loads(recorded("stopncii")))
    records = client.fetch_hashes().hashRecords
    kinds = (StopNCIISignalType.ImagePDQ, StopNCIISignalType.VideoMD5)
    known = {f"{each.signalType.value}:{each.hashValue}": each for each in records if each.signalType in kinds}
    over = (StopNCIICaseStatus.Withdrawn, StopNCIICaseStatus.Deleted)
    gone = {name for name, each in known.items() if each.hashStatus in over}
    found = expected("stopncii")
    assert gone < set(found["removed"])  # and the one whose cases were all taken back
    assert found["added"].keys() <= known.keys() - gone


def test_the_stock_ncmec_client_reads_the_same_records():
    root = ET.parse(BytesIO(recorded("ncmec"))).getroot()
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    updates = GetEntriesResponse.from_xml(_XMLWrapper(root), 0).updates
    found = expected("ncmec")
    assert {f"{each.member_id}-{each.id}" for each in updates if each.deleted} == set(found["removed"])
    live = {f"{each.member_id}-{each.id}": set(each.fingerprints.values()) for each in updates if not each.deleted}
    assert all(value in live[name] for name, value in found["added"].items())
    assert {f"{each.member_id}-{each.id}" for each in updates if each.entry_type.value == "video"} == {
        "42-video-1",
        "42-video-3",
        "43-video-2",
    }


def test_the_stock_threatexchange_client_reads_the_same_records():
    updates = [ThreatUpdateJSON(each) for each in json.loads(recorded("threatexchange"))["data"]]
    found = expected("threatexchange")
    gone = {str(each.id) for each in updates if each.should_delete}
    assert gone < set(found["removed"])  # and the one that everybody who speaks of it disputes
    live, md5 = (each for each in updates if str(each.id) in found["added"])
    assert md5.indicator == found["added"]["5"]
    stock = FBThreatExchangeIndicatorRecord.from_threatexchange_json(1, live)
    assert {each.category.name for each in stock.opinions} == {"POSITIVE_CLASS", "NEGATIVE_CLASS"}


def test_the_stock_tat_client_reads_the_same_records():
    entries = [TATHashListEntry(**each) for each in json.loads(recorded("tech-against-terrorism"))["results"]]
    found = expected("tech-against-terrorism")
    assert {str(each.id) for each in entries if each.deleted} == set(found["removed"])
    assert found["added"].items() <= {str(each.id): each.hash_digest for each in entries}.items()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("document", ["<!DOCTYPE a [<!ENTITY e 'x'>]><queryResult>&e;</queryResult>", "<queryResult>"])
def test_xml_that_could_unfold_or_is_none_is_refused(document, encoding):
    with pytest.raises(SourceAnswerError):
        read("ncmec", document.encode(encoding))


@pytest.mark.parametrize("ahead", ["https://elsewhere.example/v2/entries?x=1", "//elsewhere.example", "/v2/members?x"])
def test_a_next_page_is_asked_of_the_same_server_alone(ahead):
    body = f"<queryResult><images count='0'/><paging><next>{ahead}</next></paging></queryResult>"
    with pytest.raises(SourceAnswerError):
        read("ncmec", body.encode())
