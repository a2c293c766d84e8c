"""The portal in each of its languages on the narrowest phone, in a real Chromium."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests import pictures
from tests.journeys.browser import NARROWEST, assert_no_sideways_scroll, watched
from tests.journeys.portal import LINK, PAGES, Portal

pytestmark = pytest.mark.journey


@pytest.mark.parametrize("language", ["es", "fr", "de", "ko", "hi"])
def test_in_every_language_nothing_sticks_out_of_the_narrowest_phone(browser, site, language):
    def fits(page: Page, heading: str) -> None:
        assert_no_sideways_scroll(page)
        assert page.locator("html").get_attribute("lang") == language

    with watched(browser, viewport=NARROWEST, has_touch=True) as page:
        amara = Portal(page, site.url, fits, language)
        for path, heading in PAGES:
            amara.open(path, heading)
        amara.open("/report/", "Was anyone in the picture under 18 when it was made?")
        amara.says_adult()
        amara.acts_for("x")
        amara.has_pictures(pictures.path("coffee.png"), also_links=True)
        amara.gives_links(LINK)
        amara.says("", "")
        amara.states_all()
        amara.sends()
        amara.press("See my report")
        amara.reads("Your report")
        for button, heading in (
            ("Add a link or a picture", "Add to my report"),
            ("Make it a formal notice", "Make it a formal notice"),
        ):
            amara.press(button)
            amara.reads(heading)
            amara.press("Back to my report")
            amara.reads("Your report")
        amara.press("Take my report back")
        amara.reads("Take your report back?")
