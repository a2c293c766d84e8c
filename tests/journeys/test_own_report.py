"""What people do with a report that they sent, and the way of somebody under 18, in a real Chromium."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests import pictures
from tests.journeys.browser import PHONE, watched
from tests.journeys.portal import LINK, Portal
from tests.journeys.test_portal import holds

pytestmark = pytest.mark.journey
LANGUAGES = pytest.mark.parametrize("language", ["", "ar"], ids=["English", "Arabic"])


@LANGUAGES
def test_a_report_is_completed_added_to_and_kept_in_part(browser, site, language):
    with watched(browser, viewport=PHONE, has_touch=True) as page:
        amara = Portal(page, site.url, holds, language)
        amara.begins_for_myself()
        amara.has_links(LINK)
        amara.field("Is there anything you want to tell us?").fill("It is me.")
        amara.go_on("How do you want to report?")
        amara.field("Without saying who I am").check()
        amara.go_on("Check your report")
        amara.sends()
        expect(page.get_by_role("img", name=amara.said("QR code"))).to_be_visible()
        amara.press("See my report")
        amara.reads("Your report")
        amara.press("Make it a formal notice")
        amara.reads("Make it a formal notice")
        amara.field("How can we reach you?").fill("amara@reporter.test")
        for box in page.get_by_role("checkbox").all():
            box.check()
        amara.field("Sign the request by typing your name.").fill("Amara N.")
        amara.press("Add it to my report")
        amara.reads("Your report")
        expect(page.get_by_text(amara.said("Thank you. It is part of your report now."))).to_be_visible()
        amara.press("Add a link or a picture")
        amara.reads("Add to my report")
        amara.chooses(pictures.path("coffee.png"))
        amara.press("Add it")
        amara.reads("Your report")
        expect(page.get_by_text(amara.said("Picture {number}").format(number=1), exact=True).first).to_be_visible()
        page.get_by_role("listitem").filter(has_text=amara.said("Picture {number}").format(number=1)).get_by_role(
            "button"
        ).click()
        amara.reads("Take this one thing back?")
        amara.press("Take it back")
        amara.reads("Your report")
        amara.press("Delete what I wrote")
        amara.reads("Delete what I wrote")
        amara.field("How to reach me").check()
        amara.press("Delete it")
        amara.reads("Your report")
        expect(page.get_by_text(amara.said("It is deleted."))).to_be_visible()


@LANGUAGES
def test_a_link_of_somebody_under_18_is_given_and_followed(page, site, language):
    teen = Portal(page, site.url, holds, language)
    teen.begin()
    teen.field("Yes: I am an adult now, but I was under 18 then").check()
    teen.go_on("Help when someone is under 18")
    teen.field("Where was it posted?").fill(LINK)
    teen.press("Send the link")
    teen.reads("Your report was sent")
    teen.press("See my report")
    teen.reads("Your report")
    expect(page.get_by_text(teen.said("A person who is trained for this"))).to_be_visible()
