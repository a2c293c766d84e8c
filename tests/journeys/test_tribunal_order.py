"""A tribunal's order, from the letter on the desk to the platform's answer, in a real browser."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from staydown.apps.cases import actions
from staydown.apps.cases.models import Action, Case, Order
from tests.factories import PLATFORM
from tests.journeys.browser import assert_accessible, assert_no_sideways_scroll
from tests.journeys.console import Console

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


def holds(page):
    assert_accessible(page)
    assert_no_sideways_scroll(page)


def test_a_tribunal_orders_two_posts_to_be_deleted(page, live_server, bea):
    now = timezone.now()
    desk = Console(page, live_server.url, holds)
    desk.signs_in("bea")
    desk.follow("Orders")
    desk.reads("Orders")
    desk.press("Enter this order")
    expect(page.get_by_role("alert")).to_contain_text("Choose the law under which it was served.")
    holds(page)

    page.get_by_role("radio", name="British Columbia intimate images Act").check()
    page.get_by_label("Who issued it?").fill("Civil Resolution Tribunal")
    page.get_by_label("Its number").fill("CRT-2026-88")
    page.get_by_label("When was it served?").fill((now - timedelta(hours=5)).strftime("%Y-%m-%dT%H:%M"))
    page.get_by_label("Until when").fill((now + timedelta(hours=19, minutes=30)).strftime("%Y-%m-%dT%H:%M"))
    page.get_by_label("Which addresses does it name?").fill("https://platform.test/1\nhttps://platform.test/2")
    desk.press("Enter this order")
    case = Order.objects.get().case
    desk.reads(f"Case {case.number}")
    expect(page.get_by_role("heading", name="What the order demands")).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text("19 hours")
    expect(page.get_by_role("radio", name="Decline")).to_have_count(0)  # its law has no ground

    desk.chooses("Remove", "As the tribunal ordered.")
    desk.reads("Check the decision")
    expect(page.get_by_role("main")).to_contain_text("asked now to take down 2 items")
    expect(page.get_by_role("main")).to_contain_text("The authority is not told from here")
    desk.press("Send: remove")
    desk.reads("Cases")
    for action in Action.objects.filter(item__case=case):
        actions.record_outcome(action, result="removed", by=PLATFORM)
    assert Case.objects.get(pk=case.pk).state == Case.State.DONE
    desk.open(f"/staff/cases/{case.public_id}/", f"Case {case.number}")
    expect(page.get_by_text("clock stopped")).to_be_visible()
