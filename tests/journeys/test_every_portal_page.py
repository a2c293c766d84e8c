"""Every page of the portal, in English and in Arabic, on the narrowest phone, at 400 % zoom and in forced colours.

The pages are answered by this process and laid out by Chromium with the style of the running install, without scripts:
what a person reads whose browser runs none, or whose own has not started yet.
"""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page

from tests.apps.portal.everywhere import Shown, shown
from tests.journeys.browser import NARROWEST, ZOOMED, assert_accessible, assert_no_sideways_scroll, watched

pytestmark = [pytest.mark.journey, pytest.mark.django_db]

#: Other journeys come by these in each view, so that axe looks at them here once.
MET_ELSEWHERE = ("portal/steps/", "portal/start", "portal/safety", "portal/help", "portal/check", "portal/receipt")


def lay_out(page: Page, site, each: Shown) -> None:
    """Have Chromium show this page as the install's own."""
    html = re.sub(r"<script.*?</script>", "", each.html, flags=re.DOTALL)
    page.route("**/laid/out/", lambda route: route.fulfill(body=html, content_type="text/html"), times=1)
    page.goto(f"{site.url}/laid/out/")


@pytest.mark.parametrize("language", ["", "ar"], ids=["English", "Arabic"])
def test_every_page_holds_in_every_view(browser, site, bea, language):
    pages = shown(language, bea)
    assert len(pages) > 30
    with watched(browser, viewport=NARROWEST, color_scheme="dark") as page:
        for each in pages:
            lay_out(page, site, each)
            assert_no_sideways_scroll(page)
            if not each.template.startswith(MET_ELSEWHERE):
                assert_accessible(page)
            page.set_viewport_size(ZOOMED)
            page.emulate_media(forced_colors="active")
            assert_no_sideways_scroll(page)
            assert_accessible(page)
            page.set_viewport_size(NARROWEST)
            page.emulate_media(forced_colors="none")
