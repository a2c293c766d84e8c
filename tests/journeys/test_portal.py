"""Stories of people at the portal, in a real Chromium against a running install."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests import pictures
from tests.journeys.browser import (
    DESK,
    NARROWEST,
    PHONE,
    ZOOMED,
    assert_accessible,
    assert_no_sideways_scroll,
    seen_by,
    watched,
)
from tests.journeys.conftest import Weather
from tests.journeys.portal import LINK, PAGES, Portal, tab_to

pytestmark = pytest.mark.journey

DIRECTION = {"": "ltr", "ar": "rtl"}
EYES = {
    "desk": {"viewport": DESK},
    "phone in the dark": {"viewport": PHONE, "color_scheme": "dark"},
    "zoomed to 400 %": {"viewport": ZOOMED},
    "forced colours": {"viewport": NARROWEST, "forced_colors": "active"},
}


def holds(page: Page, heading: str) -> None:
    """What every page must hold in every view."""
    assert_accessible(page)
    assert_no_sideways_scroll(page)
    assert page.context.cookies() == [], f"a cookie on “{heading}”"


def holds_for_all(page: Page, heading: str) -> None:
    """The same, whoever looks."""
    for seen in seen_by(page, *EYES.values()):
        holds(seen, heading)


@pytest.mark.parametrize("language", ["", "ar"], ids=["English", "Arabic"])
def test_a_picture_and_a_link_are_reported_followed_and_taken_back(browser, site, language):
    """At 400 % by touch, which leaves the least room; every page is looked at in every view."""
    with watched(browser, viewport=ZOOMED, has_touch=True) as page:
        amara = Portal(page, site.url, holds_for_all, language)
        amara.begin()
        amara.press("Continue")
        expect(page.get_by_role("alert")).to_contain_text(amara.said("Choose an answer. “I am not sure” is fine."))
        holds_for_all(page, "the error")
        amara.says_adult()
        amara.acts_for("her sister")
        amara.has_pictures(pictures.path("coffee.png"), pictures.path("README.txt"), also_links=True)
        amara.gives_links(LINK, f"{LINK}/a-long-path-without-end/{'x' * 120}")
        amara.says("It was taken without asking.", "amara@reporter.test")
        amara.states_all("Amara N.")
        expect(page.get_by_text(amara.said("You can send this. Some laws ask for more."))).to_have_count(0)
        code = amara.sends()
        assert page.evaluate("getComputedStyle(document.querySelector('#receipt')).direction") == "ltr"
        before_day, after_day = amara.said("By %(day)s at the latest.").split("%(day)s")
        owed = page.get_by_text(re.compile(f"{re.escape(before_day)}.+{re.escape(after_day)}"))
        expect(owed.first).to_be_visible()
        amara.press("See my report")
        amara.reads("Your report")
        amara.looks_up(code.lower().replace("-", " "))
        expect(page.get_by_text(amara.said("waiting for a decision"))).to_have_count(3)
        amara.press("Take my report back")
        amara.reads("Take your report back?")
        amara.press("Take it back")
        amara.reads("You took your report back")


@pytest.mark.parametrize("language", ["", "ar"], ids=["English", "Arabic"])
def test_pages_with_an_address(browser, site, language):
    with watched(browser, viewport=DESK) as page:
        reader = Portal(page, site.url, holds_for_all, language)
        for path, heading in PAGES:
            reader.open(path, heading)
            assert page.evaluate("getComputedStyle(document.querySelector('h1')).direction") == DIRECTION[language]


def test_someone_under_18_is_shown_the_right_services(page, site):
    teen = Portal(page, site.url, holds)
    teen.begin()
    page.get_by_label("I am not sure").check()
    teen.go_on("Help when someone is under 18")
    for service in ("Report Remove", "Take It Down", "INHOPE"):
        expect(page.get_by_role("link", name=service)).to_have_attribute("rel", "noreferrer noopener external")
    expect(page.get_by_text("We have stored nothing of what you answered.")).to_be_visible()


def test_many_pictures_at_once_each_with_its_state(page, site):
    amara = Portal(page, site.url)
    amara.begins_with_pictures()
    amara.chooses(pictures.path("astronaut.png"), pictures.path("README.txt"), pictures.path("clock_motion.png"))
    assert amara.states() == [
        "Picture 1 fingerprint ready",
        "File 2 of your choice cannot be used This is not a picture and not a video. Go back and give a link.",
        "Picture 2 fingerprint ready This picture has few details. We can stop exact copies only.",
    ]
    expect(page.get_by_role("status").filter(has_text="Fingerprints ready: 2")).to_have_count(1)
    assert "astronaut" not in page.content()
    page.get_by_role("button", name="Remove Picture 1").click()
    assert [each.split()[:2] for each in amara.states()] == [["File", "2"], ["Picture", "1"]]
    amara.chooses(pictures.path("coins.png"))
    amara.go_on("Is there anything you want to tell us?")
    amara.press("Back")
    amara.reads("Choose the pictures")
    assert [each[:9] for each in amara.states()] == ["Picture 1", "Picture 2"]
    page.get_by_role("button", name="Remove picture 2").click()
    expect(page.locator("#pictures > li")).to_have_count(1)
    holds(page, "one picture left")


def test_pictures_can_be_dropped_and_continue_waits_for_them(page, site):
    amara = Portal(page, site.url)
    amara.begins_with_pictures()
    data = list(pictures.path("rocket.jpg").read_bytes())
    page.evaluate(
        """(data) => {
          const held = new DataTransfer();
          held.items.add(new File([new Uint8Array(data)], "x.jpg"));
          document.querySelector(".picker").dispatchEvent(new DragEvent("drop", { dataTransfer: held, bubbles: true }));
          document.querySelector("main form button.button:not([type=button])").click();
        }""",
        data,
    )
    amara.reads("Is there anything you want to tell us?")
    amara.press("Back")
    amara.reads("Choose the pictures")
    assert [each[:9] for each in amara.states()] == ["Picture 1"]


def test_stop_ends_what_is_waiting_and_the_next_picture_works(page, site):
    amara = Portal(page, site.url)
    amara.begins_with_pictures()
    page.evaluate(
        """() => {
          window.LiveWorker = window.Worker;
          window.Worker = class extends EventTarget { terminate() {} };  // starts, and is never heard of again
        }"""
    )
    files = [pictures.path(name) for name in ("astronaut.png", "rocket.jpg", "coffee.png")]
    page.get_by_label("Pictures on this device").set_input_files(files)
    expect(page.get_by_text("making the fingerprint")).to_have_count(3)
    expect(page.get_by_role("progressbar", name="0 of 3 done")).to_be_visible()
    amara.press("Continue")
    expect(page.get_by_role("status").filter(has_text="We go on as soon as")).to_have_count(1)
    amara.press("Stop")
    expect(page.get_by_role("progressbar")).to_be_hidden()
    expect(page.get_by_role("status").filter(has_text="Stopped. Fingerprints ready: 0.")).to_have_count(1)
    assert amara.states() == []
    page.evaluate("() => { window.Worker = window.LiveWorker; }")
    amara.chooses(pictures.path("coins.png"))
    assert amara.states() == ["Picture 1 fingerprint ready"]


def test_back_and_forward_keep_what_was_typed_and_never_ask_to_send_again(page, site):
    amara = Portal(page, site.url)
    amara.begins_for_myself()
    amara.has_links(LINK)
    page.get_by_label("Is there anything you want to tell us?").fill("half a sentence")
    page.go_back()
    amara.reads("Where was it posted?")
    expect(page.get_by_label("Where was it posted?")).to_have_value(LINK)
    page.go_back()
    amara.reads("What do you have?")
    expect(page.get_by_label("Links to where it was posted")).to_be_checked()
    page.go_forward()
    page.go_forward()
    amara.reads("Is there anything you want to tell us?")
    expect(page.get_by_label("Is there anything you want to tell us?")).to_have_value("half a sentence")
    page.go_back()
    amara.reads("Where was it posted?")
    amara.gives_links(f"{LINK}/other")
    amara.says("Changed.", "")
    amara.states_all()
    expect(page.get_by_text(f"{LINK}/other")).to_be_visible()
    expect(page.get_by_text("half a sentence")).to_have_count(0)
    assert page.title().startswith("Check your report")


def test_a_lost_connection_loses_no_answer(page, site):
    amara = Portal(page, site.url)
    amara.begins_with_links()
    page.get_by_label("Where was it posted?").fill(LINK)
    page.context.set_offline(True)
    amara.press("Continue")
    expect(page.get_by_role("alert")).to_contain_text("We could not reach the service")
    expect(page.get_by_label("Where was it posted?")).to_have_value(LINK)
    assert_accessible(page)
    page.context.set_offline(False)
    amara.go_on("Is there anything you want to tell us?")


def at_the_receipt(page: Page, site) -> tuple[Portal, str]:
    amara = Portal(page, site.url)
    amara.begins_for_myself()
    amara.has_links(LINK)
    amara.says("", "")
    amara.states_all()
    return amara, amara.sends()


def test_a_reload_of_the_receipt_shows_the_same_code(page, site):
    amara, code = at_the_receipt(page, site)
    page.reload()
    amara.reads("Your report was sent")
    assert "-".join(page.locator("#receipt span").all_inner_texts()) == code


def test_going_back_from_the_receipt_and_sending_again_gives_the_same_code(page, site):
    amara, code = at_the_receipt(page, site)
    page.go_back()
    if page.get_by_role("button", name="Send my report").count():
        assert amara.sends() == code
    else:
        amara.reads("Was anyone in the picture under 18 when it was made?")


def test_the_code_can_be_copied_printed_and_saved(browser, site):
    with watched(browser, viewport=DESK, permissions=["clipboard-read", "clipboard-write"]) as page:
        amara, code = at_the_receipt(page, site)
        amara.press("Copy the code")
        expect(page.get_by_role("status").filter(has_text="The code was copied.")).to_be_visible()
        assert page.evaluate("navigator.clipboard.readText()") == code
        page.evaluate("window.print = () => { document.title = 'printed'; }")
        amara.press("Print")
        assert page.title() == "printed"
        with page.expect_download() as started:
            amara.press("Save as a text file")
        saved = started.value
        assert saved.suggested_filename == "receipt.txt"
        assert code in saved.path().read_text("utf-8")


def fill_something(page: Page, site) -> Portal:
    amara = Portal(page, site.url)
    amara.begins_with_links()
    page.get_by_label("Where was it posted?").fill("https://secret.example/canary")
    return amara


def press_exit(page: Page) -> None:
    page.get_by_role("link", name="Exit this page").last.click()


def press_shift_three_times(page: Page) -> None:
    for _ in range(3):
        page.keyboard.press("Shift")


#: Says, in the moment in which the page is covered and before the next one comes, what can be seen and read of it.
TELL_WHEN_COVERED = """() => new MutationObserver((changes, watcher) => {
  const cover = document.querySelector(".leaving__cover");
  if (!cover) return;
  watcher.disconnect();
  const main = getComputedStyle(document.querySelector("main")).display;
  const hidden = main === "none" || !document.querySelector("main").checkVisibility() ? "none" : main;
  const answers = document.querySelector("textarea").value === "" ? "wiped" : "there";
  console.log(`covered: ${cover.textContent} / main ${hidden} / title ${document.title} / answers ${answers}`);
}).observe(document.body, { childList: true })"""


@pytest.mark.parametrize("way_out", [press_exit, press_shift_three_times])
def test_leaving_hides_the_page_at_once_and_leaves_no_answer_behind(page, site, exit_url, way_out):
    amara = fill_something(page, site)
    page.evaluate(TELL_WHEN_COVERED)
    before = len(Weather.visitors)
    with page.expect_console_message(lambda told: told.text.startswith("covered")) as told:
        way_out(page)
    assert told.value.text == "covered: Loading. / main none / title Loading / answers wiped"
    page.wait_for_url(exit_url)
    assert Weather.visitors[before:] == [None], "the other site learnt where the person came from"
    page.go_back()
    amara.reads("Was anyone in the picture under 18 when it was made?")
    assert "canary" not in page.content()


def test_a_capital_letter_is_no_way_out(page, site):
    fill_something(page, site)
    page.get_by_label("Where was it posted?").focus()
    for letter in "ABCD":
        page.keyboard.press(f"Shift+{letter}")
    expect(page.get_by_role("heading", level=1)).to_have_text("Where was it posted?")
    page.keyboard.press("Shift")
    expect(page.get_by_text("Shift, press 2 more times to leave this page.")).to_have_count(1)
    page.keyboard.press("Shift")
    expect(page.get_by_text("Shift, press 1 more time to leave this page.")).to_have_count(1)
    page.keyboard.press("a")
    page.keyboard.press("Shift")
    expect(page.get_by_role("main")).to_be_visible()


@pytest.mark.parametrize("language", ["", "ar"], ids=["English", "Arabic"])
def test_with_the_keyboard_alone(page, site, language):
    amara = Portal(page, site.url, language=language)
    page.goto(amara.address)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == amara.said("Skip to the main part")
    page.keyboard.press("Tab")
    told = page.evaluate("document.activeElement.textContent")
    assert told == amara.said("Exit this page"), "the way out is the second stop"
    tabs_to(amara, "Report a picture", "Enter")
    amara.reads("Before you start: staying safe")
    tabs_to(amara, "I am ready: start", "Enter")
    amara.reads("Was anyone in the picture under 18 when it was made?")
    tabs_to(amara, "No, everyone was 18 or older", "Space")
    by_enter(amara, "Who are you reporting for?")
    tabs_to(amara, "For myself: I am in the picture", "Space")
    by_enter(amara, "What has happened?")
    hint = "A picture, a video or a link to one can be seen on this service."
    tab_to(page, amara.said("It was posted here") + amara.said(hint))
    page.keyboard.press("Space")
    by_enter(amara, "What do you have?")
    tabs_to(amara, "Links to where it was posted", "ArrowDown")
    by_enter(amara, "Choose the pictures")
    tab_to(page, amara.said("Pictures on this device"))
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Space")
    chooser.value.set_files(pictures.path("coffee.png"))
    expect(page.get_by_text(amara.said("fingerprint ready"), exact=True)).to_be_visible()
    by_enter(amara, "Is there anything you want to tell us?")
    tab_to(page, amara.said("Is there anything you want to tell us?"))
    page.keyboard.type("Please be quick.")
    by_enter(amara, "How do you want to report?")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    by_enter(amara, "How can we reach you?")
    by_enter(amara, "What the law asks you to state")
    tabs_to(amara, "The content I am reporting is an intimate image.", "Space")
    by_enter(amara, "Check your report")
    tabs_to(amara, "Send my report", "Enter")
    amara.reads("Your report was sent")


def tabs_to(who: Portal, wanted: str, key: str) -> None:
    """Tab to what is called ``wanted`` in their language, and press ``key``."""
    tab_to(who.page, who.said(wanted))
    who.page.keyboard.press(key)


def by_enter(who: Portal, heading: str) -> None:
    """Tab to Continue, press it, and find the focus on the next heading."""
    tabs_to(who, "Continue", "Enter")
    who.reads(heading)
    assert who.page.evaluate("document.activeElement.tagName") == "H1", "the focus is lost on the new page"


def test_an_error_takes_the_focus_and_leads_to_its_question(page, site):
    amara = Portal(page, site.url)
    amara.begin()
    amara.press("Continue")
    expect(page.locator("#errors")).to_be_focused()
    amara.press("Continue")
    expect(page.locator("#errors")).to_be_focused()
    page.get_by_role("link", name="Choose an answer.").click()
    expect(page.get_by_label("No, everyone was 18 or older")).to_be_focused()
