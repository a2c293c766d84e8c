"""Every page of the console: for every eye and every window, and without scripts."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from staydown.apps.audit.actor import Actor
from staydown.apps.cases import actions
from staydown.apps.cases.actions import arranging
from staydown.apps.cases.models import Case, Decision, Item
from staydown.apps.sharing import actions as sharing
from staydown.apps.sharing import following, sources
from staydown.apps.sharing.models import Delivery, Endpoint
from staydown.apps.sharing.source_models import Record, Source
from staydown.errors import UnreachableError
from tests import factories as make
from tests.apps.sharing.scripted import KEYS, Scripted
from tests.journeys.browser import (
    DESK,
    NARROWEST,
    PHONE,
    assert_accessible,
    assert_no_sideways_scroll,
    seen_by,
    watched,
)
from tests.journeys.console import Console, inspector
from tests.people import DORA

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


def holds(page):
    assert_accessible(page)
    assert_no_sideways_scroll(page)


@pytest.fixture
def busy(bea, cem):
    """A console in use: cases in every lane, a wave of hits, a delivery that was given up, keys."""
    sharing.add_endpoint("Pebble’s backend", "https://hooks.pebble.example/staydown", by=Actor.system())
    make.api_key("screen", "feed:read")
    long = "https://cdn.pebble.example/" + "a-very-long-path-that-does-not-break/" * 6
    rich = make.submitted(links=[long, "https://pebble.example/1"], pictures=(1, 2)).case
    entry = Item.objects.filter(case=rich, kind="hash").first().pdq_entry
    preview = "https://cdn.pebble.example/preview"
    hits = [make.hit(entry, "review", content_ref="post-1", preview_url=preview), make.hit(entry, count=1000)]
    actions.record_hits(hits, by=make.NODE)
    bare = make.submitted(DORA, links=1, pictures=(), signature="", provided={}).case
    Case.objects.filter(pk=bare.pk).update(due_at=timezone.now() - timedelta(hours=3))
    waiting, declined, held = (make.submitted(DORA, pictures=(seed,)).case for seed in (11, 12, 13))
    make.decided(waiting, cem)
    make.decided(declined, cem, "decline")
    actions.lease(held, cem)
    follow_sources(entry.bank)
    arranging.save_view(bea, "Late ones", lane="open", only="overdue", law="")
    now = timezone.now()
    dead = Delivery.objects.order_by("pk").first()
    Delivery.objects.filter(pk=dead.pk).update(state="dead", next_at=None, settled_at=now, attempts=10, last_status=503)
    return {"rich": rich, "bare": bare, "waiting": waiting, "declined": declined, "held": held}


def follow_sources(bank):
    """A source that is read, whose record matched; one that asks; and one that cannot be read."""
    scripts = {
        "helpline": Scripted().adds(21, 22, 23),
        "grows-fast": Scripted().adds(31, 32).adds(33, 34, 35, 36),
        "far-away": Scripted(fault=UnreachableError()),
    }
    for name, script in scripts.items():
        policy = sources.Policy(bank, most_growth=5)
        source = sources.add_source(name, "stopncii", f"https://{name}.example/v1", KEYS, policy, by=Actor.system())
        following.follow(source, make=script)
    record = Record.objects.order_by("pk").first()
    actions.record_hits([make.hit(record.entry, "review", content_ref="post-21")], by=make.NODE)


def pages_of(role, busy):
    """The pages that a role comes to, with their headings."""
    endpoint = Endpoint.objects.get()
    cases = [(f"/staff/cases/{case.public_id}/", f"Case {case.number}") for case in busy.values()]
    queue = [(f"/staff/?lane={lane}", "Cases") for lane in ("open", "waiting", "done")]
    queue += [("/staff/?lane=open&only=overdue", "Cases")]
    own = [
        ("/staff/accounts/2fa/", "Your sign-in"),
        ("/staff/accounts/password/change/", "Change your password"),
        ("/staff/accounts/logout/", "Sign out"),
        ("/staff/orders/", "Orders"),
        ("/staff/appeals/", "Appeals"),
        ("/staff/proposals/", "What takes two people"),
        (f"/staff/cases/{busy['waiting'].public_id}/restore/", "Take a removal back"),
        ("/staff/accounts/2fa/webauthn/", "Passkeys and security keys"),
    ]
    law = "Regulation (EU) 2022/2065 (Digital Services Act), article 16: notice and action mechanisms"
    laws = [("/staff/laws/", "Laws"), ("/staff/laws/eu-dsa-16/", law)]
    followed = [(f"/staff/sources/{each.public_id}/", each.name) for each in Source.objects.order_by("name")]
    office = [
        *laws,
        ("/staff/sources/", "Sources"),
        *followed,
        ("/staff/webhooks/", "Webhooks"),
        ("/staff/keys/", "API keys"),
        ("/staff/team/", "Team"),
    ]
    return {
        "moderator": [*queue, *cases, *own],
        "auditor": [*queue[:1], *cases[:2], *office],
        "admin": [
            *office,
            (f"{followed[0][0]}policy/", f"The policy of {followed[0][1]}"),
            (f"{followed[0][0]}remove/", f"Remove {followed[0][1]}?"),
            ("/staff/webhooks/?state=dead", "Webhooks"),
            (f"/staff/webhooks/endpoints/{endpoint.public_id}/", endpoint.name),
        ],
    }[role]


EYES = {
    "desk": {"viewport": DESK},
    "dark phone": {"viewport": PHONE, "color_scheme": "dark"},
    "narrow, in forced colours": {"viewport": NARROWEST, "forced_colors": "active"},
}


@pytest.mark.parametrize(
    ("role", "eyes"),
    [("moderator", list(EYES)), ("auditor", ["desk"]), ("admin", ["dark phone", "narrow, in forced colours"])],
)
def test_every_page(role, eyes, browser, live_server, busy, bea, uli, ada):
    person = {"moderator": bea, "auditor": uli, "admin": ada}[role]

    def holds_for_them(page):
        for seen in seen_by(page, *(EYES[each] for each in eyes)):
            holds(seen)

    with watched(browser, viewport=DESK) as page:
        console = Console(page, live_server.url, holds_for_them)
        console.signs_in(person.username)
        for path, heading in pages_of(role, busy):
            console.open(path, heading)


@pytest.fixture
def plain(browser):
    """A page whose browser runs no scripts, and what each page must hold in it."""
    with (
        inspector(browser, viewport=PHONE) as check,
        watched(browser, viewport=PHONE, java_script_enabled=False) as page,
    ):
        yield page, check


def test_every_page_without_scripts(plain, live_server, busy, bea):
    page, check = plain
    console = Console(page, live_server.url, check)
    console.signs_in("bea")
    for path, heading in pages_of("moderator", busy):
        console.open(path, heading)


def test_a_decision_without_scripts(plain, live_server, bea, busy):
    case = busy["rich"]
    page, check = plain
    console = Console(page, live_server.url, check)
    console.signs_in("bea")
    console.opens_case(case.number)
    expect(page.get_by_role("button", name="Keyboard shortcuts")).to_have_count(0)
    page.get_by_role("checkbox", name="post-1").uncheck()
    page.get_by_role("radio", name="Decline").check()
    page.get_by_label("Why?").fill("Not an intimate picture.")
    console.press("Check the decision")
    console.reads(f"Case {case.number}")
    expect(page.get_by_role("alert").first).to_contain_text("Choose the ground on which you decline.")
    expect(page.get_by_role("checkbox", name="post-1")).not_to_be_checked()
    page.get_by_role("radio", name="Not an intimate image").check()
    console.press("Check the decision")
    console.reads("Check the decision")
    console.press("Send: decline")
    console.reads("Cases")
    decision = Decision.objects.get(case=case)
    assert (decision.verdict, decision.ground) == ("decline", "not_intimate_image_content")
    assert decision.items.count() == 4
    console.follow("Refresh")
    console.opens_case(case.number)
    console.press("Give it back")
    console.reads("Cases")


def test_the_office_without_scripts(plain, live_server, ada, busy):
    page, check = plain
    console = Console(page, live_server.url, check)
    console.signs_in("ada")
    console.follow("API keys")
    console.reads("API keys")
    page.get_by_label("What is it for?").fill("the node in the basement")
    page.get_by_role("checkbox", name="screen: ask").check()
    console.press("Make the key")
    console.confirms()
    console.reads("The key for the node in the basement")
    expect(page.get_by_text("sdn_live_")).to_be_visible()
    console.follow("I have copied it")
    console.reads("API keys")
    console.follow("Revoke the node in the basement")
    console.reads("Revoke the key for the node in the basement?")
    console.press("Revoke it")
    console.reads("API keys")
    follows_a_source(page, console)
    console.follow("Webhooks")
    console.reads("Webhooks")
    console.follow("See it")
    console.reads("Webhooks")
    page.get_by_role("button", name="Send again").click()
    console.reads("Webhooks")
    expect(page.get_by_text("It is in line again")).to_be_visible()
    console.follow("Team")
    console.reads("Team")
    page.get_by_label("Name to sign in with").fill("mira")
    page.get_by_label("Pseudonym").fill("heron")
    page.get_by_role("radio", name="lead").check()
    console.press("Add this person")
    console.reads("heron is added")
    password = page.locator(".secret").inner_text()
    console.follow("Back to the team")
    console.reads("Team")
    console.follow("Change heron")
    console.reads("heron")
    console.press("Sign out")
    console.reads("Sign in")
    console.signs_in("mira", password)


def follows_a_source(page, console):
    """Add a source, answer one that asks, confirm a match."""
    to_sources(page)
    console.reads("Sources")
    console.follow("Follow a source")
    console.reads("Which kind of source?")
    console.follow("StopNCII.org")
    console.reads("Follow StopNCII.org")
    console.press("Follow it")
    console.reads("Follow StopNCII.org")
    expect(page.get_by_role("alert").first).to_contain_text("Give the source a name.")
    for label, value in (("Name", "stopncii"), ("Key for FetchHashes", "a"), ("Subscription key", "b")):
        page.get_by_label(label, exact=True).fill(value)
    console.press("Follow it")
    console.reads("stopncii")
    console.press("Pause it")
    console.reads("stopncii")
    expect(page.get_by_role("button", name="Resume it")).to_be_visible()
    to_sources(page)
    console.reads("Sources")
    console.follow("grows-fast")
    console.reads("grows-fast")
    console.press("Yes, bring them")
    console.reads("grows-fast")
    to_sources(page)
    console.reads("Sources")
    console.follow("helpline")
    console.reads("helpline")
    page.get_by_role("button", name="Confirm the record").click()
    console.reads("helpline")
    expect(page.get_by_text("confirmed, waiting")).to_be_visible()


def to_sources(page):
    """Follow the menu: the name stands in the crumbs too."""
    page.get_by_role("navigation", name="Console").get_by_role("link", name="Sources").click()
