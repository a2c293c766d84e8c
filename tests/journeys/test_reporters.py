"""What reporters and moderators say to each other, from the first page to the last answer, in a real browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from staydown.apps.cases import actions
from staydown.apps.cases.models import Action, Case, Report
from tests.factories import PLATFORM
from tests.journeys.browser import DESK, PHONE, watched
from tests.journeys.console import Console
from tests.journeys.portal import Portal
from tests.journeys.test_portal import holds

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

POST = "https://platform.test/posts/8231"
SIGN = "Sign the request by typing your name."


@pytest.fixture
def desk(browser, live_server, bea):
    """Bea at her desk, signed in."""
    with watched(browser, viewport=DESK) as page:
        console = Console(page, live_server.url)
        console.signs_in("bea")
        yield console


@pytest.fixture
def phone(browser):
    """A page on a phone."""
    with watched(browser, viewport=PHONE, has_touch=True) as page:
        yield page


def open_case(desk: Console) -> Case:
    """The only case, opened from the queue."""
    case = Case.objects.get()
    desk.open("/staff/", "Cases")
    desk.opens_case(case.number)
    return case


def test_a_survivor_reports_a_deepfake_by_link_and_is_heard(phone, desk, live_server):
    amara = Portal(phone, live_server.url)
    amara.begins_for_myself()
    amara.has_links(POST)
    amara.says("A computer put my face into it. I never did that.", "amara@reporter.test")
    amara.states_all("Amara N.")
    code = amara.sends()

    case = open_case(desk)
    expect(desk.page.get_by_text("A computer put my face into it.")).to_be_visible()
    desk.chooses("Remove", "A deepfake, and she says that it is her.")
    desk.reads("Check the decision")
    desk.press("Send: remove")
    desk.reads("Cases")
    amara.looks_up(code)
    expect(phone.get_by_text("The platform's technicians take it down and tell us when it is done.")).to_be_visible()
    expect(phone.get_by_text("is being taken down")).to_be_visible()

    actions.record_outcome(Action.objects.get(item__case=case), result="removed", by=PLATFORM)
    amara.looks_up(code)
    told = phone.get_by_role("list").filter(has=phone.locator("time")).get_by_role("listitem").all_inner_texts()
    assert [line.split("\n")[-1] for line in told] == [
        "We received your report.",
        "A moderator decided that it must go.",
        "It was taken down.",
    ]
    expect(phone.get_by_text("You need do nothing.")).to_be_visible()
    holds(phone, "a report that was heard")


def test_a_survivor_is_told_why_not_and_is_heard_by_another_person(phone, desk, live_server):
    amara = Portal(phone, live_server.url, language="de")
    amara.begins_for_myself()
    amara.has_links(POST)
    amara.says("", "amara@reporter.test")
    amara.states_all("Amara N.")
    code = amara.sends()

    open_case(desk)
    desk.page.get_by_role("radio", name="Decline").check()
    desk.page.get_by_role("radio", name="Not an intimate image").first.check()
    desk.page.get_by_label("Why?").fill("A landscape.")
    desk.press("Check the decision")
    desk.reads("Check the decision")
    desk.press("Send: decline")
    desk.reads("Cases")

    amara.looks_up(code)
    expect(phone.get_by_text(amara.said("A moderator decided not to take it down."))).to_be_visible()
    expect(phone.locator("q")).to_contain_text("nicht für eine intime Aufnahme im Sinn des Gesetzes")
    holds(phone, "a report that was declined")
    amara.press("Ask for another look")
    amara.reads("Ask for another look")
    holds(phone, "asking for another look")
    phone.get_by_role("textbox").fill("Bitte sehen Sie noch einmal hin.")
    amara.press("Ask for another look")
    amara.reads("Your report")
    expect(phone.get_by_text("Ein anderer Mensch sieht es noch einmal an. Sie lesen hier")).to_be_visible()


def test_an_agent_s_us_notice_without_a_signature_is_asked_for_it_and_completed(phone, desk, live_server, settings):
    settings.STAYDOWN_REGIMES = ("us-tida-3",)
    friend = Portal(phone, live_server.url)
    friend.begin()
    friend.says_adult()
    friend.acts_for("her lawyer")
    friend.has_links(POST)
    friend.says("", "friend@reporter.test")
    friend.states_all()
    law = phone.get_by_role("listitem").filter(has_text="US TAKE IT DOWN Act")
    expect(law.get_by_role("listitem").filter(has_text=SIGN)).to_be_visible()
    code = friend.sends()
    expect(phone.get_by_text("We want to be done by")).to_be_visible()

    case = open_case(desk)
    expect(desk.page.get_by_role("listitem").filter(has_text="A signature")).to_contain_text("missing")
    desk.page.get_by_text("Ask the reporter something").click()
    desk.page.get_by_label("Question to report").fill("The US law wants you to sign. Could you?")
    desk.press("Ask")
    desk.reads(f"Case {case.number}")

    friend.looks_up(code)
    expect(phone.get_by_role("heading", name="We have a question")).to_be_visible()
    phone.get_by_label("Your answer").fill("Yes, I sign it now.")
    friend.press("Send my answer")
    expect(phone.get_by_text("Your answer was sent.")).to_be_visible()
    holds(phone, "a question that was answered")
    friend.press("Make it a formal notice")
    friend.reads("Make it a formal notice")
    expect(phone.get_by_role("textbox")).to_have_count(1)
    phone.get_by_label(SIGN).fill("F. Riend, lawyer")
    friend.press("Add it to my report")
    friend.reads("Your report")
    expect(phone.get_by_text("at the latest.")).to_be_visible()
    expect(phone.get_by_role("heading", name="What some laws still ask")).to_have_count(0)
    assert Report.objects.get().signature == "F. Riend, lawyer"
