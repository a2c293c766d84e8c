"""What people do with a report that they sent, and the way of somebody under 18, in a real Chromium."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests import pictures
from tests.journeys.browser import PHONE, watched
from tests.journeys.portal import LINK, Portal
from tests.journeys.test_portal import holds

pytestmark = pytest.mark.journey


def test_a_report_is_completed_added_to_and_kept_in_part(browser, site):
    with watched(browser, viewport=PHONE, has_touch=True) as page:
        amara = Portal(page, site.url, holds)
        amara.begin()
        amara.says_adult()
        amara.is_the_person_shown()
        amara.has_links(LINK)
        page.get_by_label("Is there anything you want to tell us?").fill("It is me.")
        amara.go_on("How do you want to report?")
        page.get_by_label("Without saying who I am").check()
        amara.go_on("Check your report")
        amara.sends()
        expect(page.get_by_role("img", name="QR code")).to_be_visible()
        amara.press("See my report")
        amara.reads("Your report")
        amara.press("Make it a formal notice")
        amara.reads("Make it a formal notice")
        page.get_by_label("How can we reach you?").fill("amara@reporter.test")
        for box in page.get_by_role("checkbox").all():
            box.check()
        page.get_by_label("Sign the request by typing your name.").fill("Amara N.")
        amara.press("Add it to my report")
        amara.reads("Your report")
        expect(page.get_by_text("It is part of your report now.")).to_be_visible()
        amara.press("Add a link or a picture")
        amara.reads("Add to my report")
        amara.chooses(pictures.path("coffee.png"))
        amara.press("Add it")
        amara.reads("Your report")
        expect(page.get_by_text("Picture 1", exact=True).first).to_be_visible()
        amara.press("Take back Picture 1")
        amara.reads("Take this one thing back?")
        amara.press("Take it back")
        amara.reads("Your report")
        amara.press("Delete what I wrote")
        amara.reads("Delete what I wrote")
        page.get_by_label("How to reach me").check()
        amara.press("Delete it")
        amara.reads("Your report")
        expect(page.get_by_text("It is deleted.")).to_be_visible()


def test_a_link_of_somebody_under_18_is_given_and_followed(page, site):
    teen = Portal(page, site.url, holds)
    teen.begin()
    page.get_by_label("Yes: I am an adult now, but I was under 18 then").check()
    teen.go_on("Help when someone is under 18")
    page.get_by_label("Where was it posted?").fill(LINK)
    teen.press("Send the link")
    teen.reads("Your report was sent")
    teen.press("See my report")
    teen.reads("Your report")
    expect(page.get_by_text("A person who is trained for this")).to_be_visible()
