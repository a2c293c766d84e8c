"""The portal with scripts switched off: everything works but the hashing, and the page says so."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.browser import NARROWEST, assert_accessible, assert_no_sideways_scroll, watched
from tests.journeys.portal import LINK, PAGES, Portal

pytestmark = pytest.mark.journey


@pytest.fixture
def plain(browser):
    """A page whose browser runs no scripts."""
    with watched(browser, java_script_enabled=False, viewport=NARROWEST) as page:
        yield page


@pytest.fixture
def holds(browser):
    """What every page must hold. axe is a script itself, so it looks at a copy of what the plain browser was shown."""
    with watched(browser, viewport=NARROWEST) as copy:

        def check(page: Page, _: str) -> None:
            assert_no_sideways_scroll(page)
            shown = re.sub(r"<script.*?</script>", "", page.content(), flags=re.DOTALL)
            copy.route(page.url, lambda route: route.fulfill(body=shown, content_type="text/html"), times=1)
            copy.goto(page.url)
            assert copy.locator("h1").inner_text() == page.locator("h1").inner_text()
            assert_accessible(copy)

        yield check


@pytest.mark.parametrize("language", ["", "ar"], ids=["English", "Arabic"])
def test_a_report_by_link_from_start_to_withdrawal(plain, holds, site, language):
    amara = Portal(plain, site.url, holds, language)
    amara.begin()
    amara.press("Continue")
    expect(plain.get_by_role("alert")).to_contain_text(amara.said("Choose an answer. “I am not sure” is fine."))
    amara.says_adult()
    amara.acts_for("her sister")
    amara.has_links(LINK)
    amara.press("Back")
    amara.reads("Where was it posted?")
    expect(amara.field("Where was it posted?")).to_have_value(LINK)
    amara.gives_links(LINK)
    amara.says("", "amara@reporter.test")
    amara.states_all()
    code = amara.sends()
    with plain.expect_download() as started:
        amara.press("Save as a text file")
    assert code in started.value.path().read_text("utf-8")
    expect(plain.get_by_role("button", name=amara.said("Copy the code"))).to_have_count(0)
    amara.looks_up(code)
    amara.press("Take my report back")
    amara.reads("Take your report back?")
    amara.press("Take it back")
    amara.reads("You took your report back")


@pytest.mark.parametrize(("path", "heading"), PAGES)
def test_pages_with_an_address(plain, holds, site, path, heading):
    Portal(plain, site.url, holds).open(path, heading)


def test_the_page_for_pictures_says_why_and_takes_lines_from_another_computer(plain, holds, site):
    amara = Portal(plain, site.url, holds)
    amara.begins_with_pictures()
    expect(plain.get_by_text("Your browser does not run JavaScript here")).to_be_visible()
    expect(plain.locator("input[type=file]")).to_be_hidden()
    plain.get_by_text("I made the fingerprints on another computer").click()
    line = {"file": "a.jpg", "algorithm": "pdq", "hash": "3c" * 32, "quality": 77, "width": 9, "height": 9}
    plain.get_by_label("Lines from another computer").fill(json.dumps(line))
    amara.go_on("Is there anything you want to tell us?")
    amara.press("Back")
    expect(plain.get_by_text("Picture 1", exact=True)).to_be_visible()


def test_the_way_out_is_a_plain_link(plain, site, exit_url):
    plain.goto(f"{site.url}/report/")
    plain.get_by_role("link", name="Exit this page").last.click()
    plain.wait_for_url(exit_url)
