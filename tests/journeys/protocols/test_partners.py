"""Stock threatexchange clients against a running install: fetch, match, say what came of it, hear of a withdrawal."""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from threatexchange.exchanges.clients.ncmec.hash_api import (
    FeedbackType,
    FingerprintType,
    NCMECEntryUpdate,
    NCMECEnvironment,
    NCMECHashAPI,
)
from threatexchange.exchanges.clients.stopncii.api import (
    StopNCIIAPI,
    StopNCIICSPFeedbackValue,
    StopNCIIEndpoint,
    StopNCIISignalType,
)
from threatexchange.exchanges.impl.ncmec_api import NCMECCollabConfig, NCMECCredentials
from threatexchange.signal_type.pdq.signal import PdqSignal

from staydown.core.hashing.picture import hash_picture
from tests import pictures
from tests.journeys.protocols import pages
from tests.journeys.protocols.house import House

pytestmark = pytest.mark.journey

PHOTOGRAPHS = ("astronaut.png", "coffee.png", "chelsea.png")
ALL = (*PHOTOGRAPHS, "rocket.jpg")


@pytest.fixture(scope="module")
def shared(house: House) -> dict[str, int]:
    """Three photographs in a bank of their own, with the numbers that HMA's API gives them."""
    with house.web("curator") as web:
        assert web.post("/c/banks", json={"name": "SHARED"}).status_code == 201
        return {
            name: web.post("/c/bank/SHARED/content", files={"photo": pictures.path(name).read_bytes()}).json()["id"]
            for name in PHOTOGRAPHS
        }


def pdq(name: str) -> str:
    return hash_picture(pictures.path(name).read_bytes()).pdq.hex()


def entries(client: NCMECHashAPI) -> dict[str, NCMECEntryUpdate]:
    """Everything up to a minute from now: the window's end is not in it."""
    pages_ = client.get_entries_iter(end_timestamp=int(time.time()) + 60)
    return {entry.id: entry for page in pages_ for entry in page.updates}


def ncmec(house: House, key: str) -> NCMECHashAPI:
    """NCMEC's client, pointed at the house as the page says."""
    client = NCMECHashAPI("partner", key, NCMECEnvironment.test_NGO)
    client._base_url = f"{house.url}/ncmec"
    return client


@pytest.mark.usefixtures("shared")
def test_the_stock_client_fetches_and_matches_a_photograph_by_the_commands_of_the_page(house, tmp_path):
    pictures.photograph("chelsea.png").resize((300, 200)).save(tmp_path / "photo.jpg")
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    said = pages.run(
        "subscribe-with-threatexchange.md", tmp_path, STAYDOWN=house.url, KEY=house.keys["partner"], PATH=path
    )
    assert "pdq" in said
    assert "(HELPLINE)" in said


@pytest.mark.usefixtures("shared")
def test_hashes_and_feedback_are_given_with_the_stock_client(house):
    giver, reader = house.keys["giver"], house.keys["partner"]
    posts = dict.fromkeys((StopNCIIEndpoint.SubmitHashes, StopNCIIEndpoint.SubmitFeedback), giver)
    client = StopNCIIAPI(giver, giver, posts, f"{house.url}/stopncii/v1")
    client.submit_hash(StopNCIISignalType.ImagePDQ, "5a" * 32, {"a tag"})  # pending, so nobody is given it
    mine = pdq("coffee.png")
    client.submit_feedback(StopNCIISignalType.ImagePDQ, mine, StopNCIICSPFeedbackValue.NotBlocked)
    other = StopNCIIAPI(reader, reader, None, f"{house.url}/stopncii/v1")
    found = {record.hashValue: record for page in other.fetch_hashes_iter() for record in page.hashRecords}
    assert found.keys() == {pdq(name) for name in PHOTOGRAPHS}
    (feedback,) = found[mine].CSPFeedbacks
    assert feedback.feedbackValue is StopNCIICSPFeedbackValue.NotBlocked
    assert feedback.source.startswith("partner-")


@pytest.mark.usefixtures("shared")
def test_a_withdrawal_reaches_ncmecs_client_by_its_id(house):
    client = ncmec(house, house.keys["partner"])
    assert client.status().esp_name == "journey"
    assert [member.esp_id for member in client.members()] == [1]
    with house.web("curator") as web:
        photo = pictures.path("rocket.jpg").read_bytes()
        number = web.post("/c/bank/SHARED/content", files={"photo": photo}).json()["id"]
        before = entries(client)
        # Deletions that another journey left are told as well.
        live = {entry.fingerprints["pdq"]: id_ for id_, entry in before.items() if not entry.deleted}
        assert live.keys() == {pdq(name) for name in ALL}
        gone, kept = live[pdq("rocket.jpg")], live[pdq("chelsea.png")]
        client.submit_upvote(1, gone, FingerprintType.pdq)
        client.submit_feedback(1, kept, FingerprintType.pdq, FeedbackType.downvote)
        assert web.delete(f"/c/bank/SHARED/content/{number}").json() == {"deleted": 1}
    after = entries(client)
    assert after.keys() == before.keys()
    assert after[gone].deleted
    assert after[gone].fingerprints == {}
    (said,) = after[kept].feedback["Pdq"]
    assert said.feedback_type is FeedbackType.downvote


@pytest.mark.usefixtures("shared")
def test_a_withdrawal_frees_the_picture_at_a_partners_hma_with_the_exchange_of_the_page(house, monkeypatch):
    monkeypatch.setenv("STAYDOWN", house.url)
    monkeypatch.setattr("threatexchange.exchanges.impl.ncmec_api.time.time", lambda now=time.time: now() + 60)
    (code,) = [block for block in pages.commands("ncmec-clients.md") if "StaydownExchange" in block]
    names: dict[str, Any] = {}
    exec(code, names)
    collab = NCMECCollabConfig(environment=NCMECEnvironment.test_NGO, name="HELPLINE")
    exchange = names["StaydownExchange"].for_collab(collab, NCMECCredentials("partner", house.keys["partner"]))
    held: dict[str, Any] = {}

    def matched() -> set[str]:
        """What the partner matches after one more fetch, merged as HMA merges it."""
        for delta in exchange.fetch_iter([PdqSignal], None):
            for name, update in delta.updates.items():
                merged = exchange.fetch_value_merge(held.get(name), update)
                held.pop(name, None) if merged is None else held.update({name: merged})
        return set(exchange.naive_convert_to_signal_type([PdqSignal], collab, held)[PdqSignal])

    with house.web("curator") as web:
        photo = pictures.path("camera.png").read_bytes()
        number = web.post("/c/bank/SHARED/content", files={"photo": photo}).json()["id"]
        assert pdq("camera.png") in matched()
        assert web.delete(f"/c/bank/SHARED/content/{number}").json() == {"deleted": 1}
        assert matched() >= {pdq(name) for name in PHOTOGRAPHS}
        assert pdq("camera.png") not in matched()


@pytest.mark.usefixtures("shared")
def test_the_commands_of_the_other_pages(house, tmp_path):
    shutil.copy(pictures.path("rocket.jpg"), tmp_path / "photo.jpg")
    curator, partner = house.keys["curator"], house.keys["partner"]
    said = pages.run("replace-hma.md", tmp_path, STAYDOWN=house.url, KEY=curator)
    assert '{"name": "TRIAL", "matching_enabled_ratio": 1.0}' in said
    assert '"distance": "0"' in said
    assert said.endswith("I-AM-ALIVE")
    said = pages.run("ncmec-clients.md", tmp_path, without="import", STAYDOWN=house.url, KEY=partner)
    assert "<username>journey</username>" in said
    assert "<deletedImage>" in said or "<image>" in said


def test_the_commands_and_programs_of_the_page_on_asking(house, tmp_path):
    shutil.copy(pictures.path("brick.png"), tmp_path / "photo.jpg")
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    asks = {"STAYDOWN": house.url, "KEY": house.keys["curator"], "PATH": path}
    shell = pages.programs("ask-before-publishing.md", "staydown ask")
    python = pages.programs("ask-before-publishing.md", "from staydown.client")
    assert pages.started(shell, tmp_path, **asks) == ["allow   photo.jpg"]
    assert pages.started(python, tmp_path, **asks) == ["allow True", "allow None", "allow None"]


@pytest.mark.usefixtures("shared")
def test_the_commands_of_the_page_on_the_feed(house, tmp_path):
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    said = pages.run("follow-the-feed.md", tmp_path, DATA=str(house.data), STAYDOWN=house.url, PATH=path).splitlines()
    assert said[0].startswith("Key file written: partner.toml.")
    assert "lines" in said[1]
    assert said[2].startswith("Verified: ")
    assert [line for line in said[3:] if line.startswith("partner one: line ")]
