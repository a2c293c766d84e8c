"""A shift in the console, in a real browser: from the queue to the decision, by mouse and by keyboard."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from staydown.apps.cases import actions
from staydown.apps.cases.models import Case, Decision, Item
from tests import factories as make
from tests.journeys.browser import DESK, assert_accessible, assert_no_sideways_scroll, watched
from tests.journeys.console import Console, previews
from tests.people import DORA

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


def holds(page):
    assert_accessible(page)
    assert_no_sideways_scroll(page)


@pytest.fixture
def three():
    """Three cases, the second of them nearly too late."""
    cases = [make.submitted(pictures=(seed,)).case for seed in (1, 2, 3)]
    for case, hours in zip(cases, (20, 2, 40), strict=True):
        Case.objects.filter(pk=case.pk).update(due_at=timezone.now() + timedelta(hours=hours, minutes=30))
    return cases


@pytest.fixture
def at_work(page, live_server, bea, three):
    """Bea, signed in."""
    Console(page, live_server.url).signs_in("bea")
    return Console(page, live_server.url, holds)


def focused(page):
    """The text of what has the focus."""
    return page.evaluate("document.activeElement.textContent.trim()")


def test_a_shift_from_queue_to_decision(at_work, page, three):
    rows = page.get_by_role("listitem").filter(has=page.locator("[data-case-link]"))
    expect(rows.first).to_contain_text("2 hours 2")  # 29 minutes by now
    expect(rows.first).to_contain_text(three[1].number)
    at_work.opens_case(three[1].number)
    expect(page.get_by_text("You hold this case")).to_be_visible()
    assert page.locator("a[href*='platform.test']").count() == 0
    expect(page.get_by_role("group", name="On which ground do you decline?")).to_be_hidden()
    page.get_by_role("radio", name="Decline").check()
    expect(page.get_by_role("group", name="On which ground do you decline?")).to_be_visible()
    expect(page.get_by_role("group", name="Under which law?")).to_be_hidden()
    holds(page)
    at_work.chooses("Remove", "Intimate, and she says it is her.")
    at_work.reads("Check the decision")
    expect(page.get_by_role("main")).to_contain_text("asked now to take down 1 item")
    at_work.press("Change it")
    at_work.reads(f"Case {three[1].number}")
    expect(page.get_by_label("Why?")).to_have_value("Intimate, and she says it is her.")
    at_work.press("Check the decision")
    at_work.reads("Check the decision")
    at_work.press("Send: remove")
    at_work.reads("Cases")
    expect(page.get_by_role("status").first).to_contain_text("decided about 2 items")
    assert Decision.objects.get().case == three[1]
    at_work.follow("Waiting for the platform 1")
    at_work.reads("Cases")
    at_work.opens_case(three[1].number)
    expect(page.get_by_text("bea-at-work decided to remove 2 items")).to_be_visible()


def test_a_form_with_faults_leads_to_each(at_work, page, three):
    at_work.opens_case(three[0].number)
    at_work.press("Check the decision")
    at_work.reads(f"Case {three[0].number}")
    problem = page.get_by_role("alert").filter(has_text="There is a problem")
    problem.get_by_role("link", name="Say why, in your own words.").click()
    expect(page.get_by_label("Why?")).to_be_focused()


def test_the_queue_by_keyboard(at_work, page, three):
    for key, expected in (("j", 1), ("j", 0), ("j", 2), ("j", 2), ("k", 0), ("ArrowUp", 1), ("ArrowDown", 0)):
        page.keyboard.press(key)
        assert focused(page).endswith(three[expected].number)
    page.keyboard.press("Enter")
    at_work.reads(f"Case {three[0].number}")
    page.keyboard.press("d")
    expect(page.get_by_role("radio", name="Remove")).to_be_focused()
    page.get_by_label("Why?").fill("")
    page.get_by_label("Why?").press_sequentially("judgement vdub?")
    expect(page.get_by_label("Why?")).to_have_value("judgement vdub?")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.get_by_label("Why?").fill("")
    page.get_by_role("radio", name="Remove").focus()
    page.keyboard.press("u")
    at_work.reads("Cases")


def test_checklists_that_say_nothing_new_are_folded_and_opened_by_keyboard(at_work, page, three):
    lacking = make.submitted(DORA, pictures=(1,), provided={"content_is_intimate": True}).report
    assert lacking.case == three[0]
    at_work.opens_case(three[0].number)
    law = page.get_by_role("region", name="UK Online Safety Act")
    whole, newest = law.locator("summary").all()
    expect(law.get_by_text("missing", exact=True).first).to_be_visible()
    expect(newest).to_contain_text(f"Report {lacking.reference}")
    statement = whole.locator("xpath=..").get_by_role("listitem").first
    expect(statement).to_be_hidden()
    whole.focus()
    page.keyboard.press("Enter")
    expect(statement).to_be_visible()
    holds(page)


def test_shortcuts_with_a_modifier_are_the_browsers(at_work, page, three):
    page.keyboard.press("j")
    for key in ("Control+j", "Alt+j", "Meta+k"):
        page.keyboard.press(key)
        assert focused(page).endswith(three[1].number)


def test_help_and_switching_shortcuts_off(at_work, page):
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(dialog).to_be_visible()
    holds(page)
    dialog.get_by_label("Use single-letter shortcuts in this browser").uncheck()
    at_work.press("Close")
    expect(dialog).to_be_hidden()
    page.keyboard.press("j")
    assert not focused(page).startswith("Case")
    page.reload()
    page.keyboard.press("j")
    assert not focused(page).startswith("Case")
    page.keyboard.press("?")  # the way back on is never switched off
    dialog.get_by_label("Use single-letter shortcuts in this browser").check()
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    assert focused(page).startswith("Case")


def test_the_queue_says_that_it_changed_and_keeps_the_place(page, live_server, bea, three):
    page.clock.install()
    at_work = Console(page, live_server.url)
    at_work.signs_in("bea")
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert focused(page).endswith(three[0].number)
    page.clock.run_for(31_000)
    expect(page.get_by_text("The list has changed.")).to_be_hidden()
    new = make.submitted(DORA, pictures=(9,)).case
    Case.objects.filter(pk=new.pk).update(due_at=timezone.now() - timedelta(hours=1))
    page.clock.run_for(31_000)
    expect(page.get_by_text("The list has changed.")).to_be_visible()
    assert new.number not in page.content()  # nothing moves by itself under a finger
    assert focused(page).endswith(three[0].number)
    page.keyboard.press("r")
    expect(page.get_by_text(new.number)).to_be_visible()
    expect(page.locator("[data-case-link]:focus")).to_have_count(1)
    assert focused(page).endswith(three[0].number)


def test_two_people_at_one_case(at_work, page, browser, live_server, bea, cem, three):
    """Cem sees that Bea has it; her lease runs out; he decides; she is told, and keeps her words."""
    page.clock.install()
    at_work.opens_case(three[1].number)
    page.get_by_role("radio", name="Remove").check()
    page.get_by_label("Why?").fill("I was nearly done.")
    with watched(browser, viewport=DESK) as other:
        his = Console(other, live_server.url, holds)
        his.signs_in("cem")
        his.opens_case(three[1].number)
        expect(other.get_by_text("bea-at-work is working on this case")).to_be_visible()
        assert other.get_by_label("Why?").count() == 0
        Case.objects.filter(leased_by=bea).update(leased_until=timezone.now() - timedelta(seconds=1))
        other.reload()
        expect(other.get_by_text("You hold this case")).to_be_visible()
        page.get_by_label("Why?").press("End")  # a sign of life; the heartbeat finds the case taken
        page.clock.run_for(61_000)
        expect(page.get_by_text("cem-at-work has it")).to_be_visible()
        his.chooses("Remove", "Mine now.")
        his.reads("Check the decision")
        his.press("Send: remove")
        his.reads("Cases")
    at_work.press("Check the decision")
    at_work.reads(f"Case {three[1].number}")
    expect(page.get_by_role("alert").filter(has_text="Not sent")).to_contain_text(
        "cem-at-work decided to remove 2 items"
    )
    expect(page.get_by_text("I was nearly done.")).to_be_visible()
    assert Decision.objects.get().by_label == "cem-at-work"


def test_a_forgotten_tab_lets_go_and_a_busy_one_does_not(at_work, page, bea, three):
    page.clock.install()
    at_work.opens_case(three[0].number)
    soon = timezone.now() + timedelta(seconds=30)
    Case.objects.filter(pk=three[0].pk).update(leased_until=soon)
    page.clock.run_for(61_000)
    assert Case.objects.get(pk=three[0].pk).leased_until == soon
    with page.expect_response(lambda answer: answer.url.endswith("/lease/")) as answer:
        page.get_by_label("Why?").press("a")
        page.clock.run_for(61_000)
    assert answer.value.json() == {"held": True, "holder": "bea-at-work"}
    assert Case.objects.get(pk=three[0].pk).leased_until > soon + timedelta(minutes=10)
    at_work.press("Give it back")


def hits_with_previews(case, platform):
    entry = Item.objects.get(case=case, kind="hash").pdq_entry
    hits = [
        make.hit(entry, "review", content_ref="a", preview_url=f"{platform.address}/preview/a?signature=1"),
        make.hit(entry, "review", content_ref="b", preview_url=f"{platform.address}/gone"),
    ]
    actions.record_hits(hits, by=make.NODE)


def test_the_reveal_ladder(at_work, page, three, settings):
    with previews() as platform:
        settings.STAYDOWN_PREVIEW_ORIGINS = [platform.address]
        hits_with_previews(three[0], platform)
        at_work.opens_case(three[0].number)
        first, second = page.get_by_role("group", name="Preview").all()
        assert platform.asked == []
        assert page.locator("img").count() == 0

        def step():
            return first.get_attribute("data-step")

        first.get_by_role("button", name="Show blurred and grey").click()
        page.locator("img").evaluate("image => image.decode()")  # waits for the picture; fails if it is none
        assert page.locator("img").evaluate("image => getComputedStyle(image).filter") == "grayscale(1) blur(24px)"
        holds(page)
        (request,) = platform.asked
        assert "referer" not in request
        assert "cookie" not in request
        assert step() == "blurred"
        first.get_by_role("button", name="Less blur").click()
        assert step() == "soft"
        hold = first.get_by_role("button", name="Hold to see clearly")
        hold.focus()
        page.keyboard.down(" ")
        assert step() == "clear"
        page.keyboard.up(" ")
        assert step() == "soft"
        hold.hover()
        page.mouse.down()
        assert step() == "clear"
        page.mouse.up()
        assert step() == "soft"
        page.keyboard.press("v")
        assert step() == "clear"
        page.keyboard.press("b")
        assert step() == "hidden"
        expect(page.locator("img")).to_be_hidden()
        page.keyboard.press("v")
        assert step() == "blurred"
        page.evaluate("window.dispatchEvent(new Event('blur'))")
        assert step() == "hidden"
        first.get_by_role("button", name="Show blurred and grey").click()
        first.get_by_role("button", name="Cover").click()
        assert step() == "hidden"
        assert len(platform.asked) == 1  # loaded once, however often it is looked at
        second.get_by_role("button", name="Show blurred and grey").click()
        expect(second).to_contain_text("Its preview link may have run out")
        assert second.get_attribute("data-step") == "hidden"


def test_the_key_means_the_first_preview_and_then_the_one_last_used(at_work, page, three, settings):
    with previews() as platform:
        settings.STAYDOWN_PREVIEW_ORIGINS = [platform.address]
        hits_with_previews(three[0], platform)
        page.add_init_script("{ let calls = 0; const now = Date.now; Date.now = () => now() + calls++; }")
        at_work.opens_case(three[0].number)
        groups = page.get_by_role("group", name="Preview")
        page.keyboard.press("v")
        expect(groups.first).to_have_attribute("data-step", "blurred")
        page.keyboard.press("b")
        expect(groups.first).to_have_attribute("data-step", "hidden")
        page.keyboard.press("v")
        expect(groups.first).to_have_attribute("data-step", "blurred")


def test_an_idle_screen_is_covered(at_work, page, three, settings):
    with previews() as platform:
        settings.STAYDOWN_PREVIEW_ORIGINS = [platform.address]
        hits_with_previews(three[0], platform)
        page.clock.install()
        at_work.opens_case(three[0].number)
        page.keyboard.press("v")
        preview = page.get_by_role("group", name="Preview").first
        expect(preview).to_have_attribute("data-step", "blurred")
        page.clock.run_for(40_000)
        expect(preview).to_have_attribute("data-step", "blurred")
        page.clock.run_for(40_000)
        expect(preview).to_have_attribute("data-step", "hidden")


def test_a_preview_of_another_origin_cannot_be_loaded(browser, live_server, bea, three):
    """Not even by a script: the policy of the page forbids it."""
    with previews() as platform, browser.new_context() as context:
        hits_with_previews(three[0], platform)
        page = context.new_page()
        at_work = Console(page, live_server.url)
        at_work.signs_in("bea")
        at_work.opens_case(three[0].number)
        expect(page.get_by_text("STAYDOWN_PREVIEW_ORIGINS").first).to_be_visible()
        refused = page.evaluate(
            """address => new Promise(done => {
                document.addEventListener("securitypolicyviolation", event => done(event.effectiveDirective));
                new Image().src = address;
            })""",
            f"{platform.address}/preview/a",
        )
        assert refused == "img-src"
        assert platform.asked == []
