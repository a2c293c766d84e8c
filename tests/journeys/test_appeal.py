"""A lawful picture of a cat is taken down by mistake; its uploader is heard, and it may be posted again everywhere."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from staydown.core.hashing.picture import hash_picture
from tests import pictures
from tests.journeys import test_screening_across_processes as across
from tests.journeys.browser import DESK, PHONE, assert_accessible, assert_no_sideways_scroll, watched
from tests.journeys.console import Console
from tests.people import PASSWORD
from tests.screening.nodes import eventually, running

pytestmark = pytest.mark.journey

SCOPES = ["screen", "report:create", "case:read", "entry:read", "action:read", "outcome:write"]
MAKE_STAFF = """
import sys
from pathlib import Path
from staydown.project import django
django.setup(Path(sys.argv[1]))
from staydown.apps.accounts.actions import create_staff
from staydown.apps.audit.actor import Actor
for name, role in (("bea", "moderator"), ("cem", "lead")):
    create_staff(username=name, password=sys.argv[2], role=role, pseudonym=f"{name}-at-work", by=Actor.system())
"""


@pytest.fixture
def house(tmp_path, monkeypatch):
    """An install with two people who decide, whose sign-in needs no second factor."""
    plain = across.environment
    monkeypatch.setattr(across, "environment", lambda: {**plain(), "STAYDOWN_SECOND_FACTOR": "no"})
    monkeypatch.setattr(across, "SCOPES", SCOPES)
    made = across.House(tmp_path)
    across.command("-c", MAKE_STAFF, tmp_path / "data", PASSWORD)
    with made.api:
        yield made
    made.kill()


@pytest.fixture
def node(house, tmp_path):
    folder = tmp_path / "node"
    folder.mkdir()
    with running(house.address, house.follow(), folder, STAYDOWN_SCREEN_KEYS_EVERY="0.3") as made:
        made.web.headers.update(house.headers)
        eventually(lambda: made.action(across.pdq()) == "allow")
        yield made


def holds(page):
    assert_accessible(page)
    assert_no_sideways_scroll(page)


def test_an_uploader_is_heard_by_another_person_and_the_picture_passes_again(browser, house, node):
    cat = hash_picture(pictures.path("chelsea.png").read_bytes()).pdq
    picture = {"pdq": cat.hex(), "quality": 90}
    said = {"shown_is_adult": True, "pictures": [picture], "links": ["https://platform.test/posts/cat"]}
    assert house.api.post("/reports", json={**said, "words": "canary: take it down"}).status_code == 201
    number = house.api.get("/cases").json()["items"][0]["number"]

    with watched(browser, viewport=DESK) as page:
        bea = Console(page, house.address)
        bea.signs_in("bea")
        bea.opens_case(number)
        bea.chooses("Remove", "Looks intimate to me.")
        bea.reads("Check the decision")
        expect(page.get_by_role("region", name="What the uploader is told")).to_contain_text("It was taken down.")
        holds(page)
        bea.press("Send: remove")
        bea.reads("Cases")
    eventually(lambda: node.action(cat) == "block")

    (action,) = house.api.get("/actions?state=asked").json()["items"]
    assert house.api.post(f"/actions/{action['id']}/outcome", json={"result": "removed"}).status_code == 200
    told = house.api.get(f"/actions/{action['id']}/notice").json()
    assert "canary" not in str(told)
    link = urlsplit(told["appeal_url"])

    with watched(browser, viewport=PHONE) as page:
        page.goto(f"{house.address}{link.path}#{link.fragment}")
        expect(page.get_by_label("The code in the message that you were sent")).to_have_value(link.fragment)
        assert "#" not in page.url
        holds(page)
        for language in ("Deutsch", "English"):
            page.get_by_role("link", name=language).click()
            expect(page.locator("input[name=code]")).to_have_value(link.fragment)
            assert "#" not in page.url
        page.get_by_role("button", name="Show the decision").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("The decision")
        expect(page.get_by_role("main")).not_to_contain_text("canary")
        holds(page)
        page.get_by_label("Why should another person look at this again?").fill("That is my cat, Chelsea.")
        page.get_by_role("button", name="Send my appeal").click()
        expect(page.get_by_role("heading", name="We have your appeal")).to_be_visible()
        holds(page)

        with watched(browser, viewport=DESK) as desk:
            cem = Console(desk, house.address, holds)
            cem.signs_in("cem")
            cem.follow("Appeals 1")
            cem.reads("Appeals")
            cem.follow(f"Appeal in case {number}")
            cem.reads(f"Appeal in case {number}")
            expect(desk.get_by_role("main")).to_contain_text("That is my cat, Chelsea.")
            desk.get_by_role("radio", name="The decision is reversed").check()
            desk.get_by_role("radio", name="Not an intimate image").check()
            desk.get_by_label("Why?").fill("It is a cat.")
            desk.get_by_label("What do you tell whoever appealed?").fill("You are right, and we are sorry.")
            cem.press("Answer the appeal")
            freed = eventually(lambda: node.action(cat) == "allow")
            cem.reads("Appeals")

        (restore,) = house.api.get("/actions?state=asked").json()["items"]
        assert (restore["kind"], restore["url"]) == ("restore", "https://platform.test/posts/cat")
        assert house.api.post(f"/actions/{restore['id']}/outcome", json={"result": "restored"}).status_code == 200
        page.goto("about:blank")
        page.goto(f"{house.address}{link.path}#{link.fragment}")
        page.get_by_role("button", name="Show the decision").click()
        expect(page.get_by_role("heading", name="The decision is reversed")).to_be_visible()
        expect(page.get_by_role("main")).to_contain_text("You are right, and we are sorry.")
    assert {entry["state"] for entry in house.api.get("/entries").json()["items"]} == {"reversed"}
    print(f"free after {freed:.3f} s")
