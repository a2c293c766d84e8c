"""Signing in, in a real browser: a password, an authenticator app, a passkey, and a key as the second step."""

from __future__ import annotations

import pytest
from allauth.mfa.totp.internal.auth import hotp_value, yield_hotp_counters_from_time
from django.core.cache import cache
from playwright.sync_api import expect

from tests.journeys.browser import assert_accessible, assert_no_sideways_scroll
from tests.journeys.console import Console

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


def holds(page):
    assert_accessible(page)
    assert_no_sideways_scroll(page)


@pytest.fixture
def console(page, live_server, bea, settings):
    """Bea before a browser that is not signed in. Passkeys need a name: an IP address cannot have one."""
    cache.clear()
    settings.MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = True
    return Console(page, live_server.url.replace("127.0.0.1", "localhost"), holds)


@pytest.fixture
def device(page):
    """A passkey device that always finds its owner's finger."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    added = session.send("WebAuthn.addVirtualAuthenticator", {"options": options})

    def answers(value):
        session.send("WebAuthn.setUserVerified", {"authenticatorId": added["authenticatorId"], "isUserVerified": value})

    return answers


def code_for(secret):
    """What the authenticator app shows now."""
    return f"{hotp_value(secret, next(yield_hotp_counters_from_time())):06}"


def test_a_password_and_out_again(console, page):
    console.types_name_and_password("bea", "not her password")
    console.reads("Sign in")
    expect(page.get_by_role("alert").first).to_contain_text("There is a problem")
    console.signs_in("bea")
    console.press("Sign out")
    console.reads("Sign in")
    page.goto(f"{console.address}/staff/team/")
    console.reads("Sign in")


def test_an_authenticator_app(console, page):
    console.signs_in("bea")
    page.get_by_role("link", name="bea-at-work").click()
    console.reads("Your sign-in")
    console.follow("Set up an app")
    console.confirms()
    console.reads("Set up an authenticator app")
    picture = page.locator(".qr svg")
    expect(picture).to_be_visible()
    assert picture.bounding_box()["width"] > 150
    secret = page.locator("li code").inner_text()
    page.get_by_label("Authenticator code").fill(code_for(secret))
    console.press("Switch it on")
    console.reads("Recovery codes")
    recovery = page.locator(".codes code").first.inner_text()
    console.press("Sign out")
    console.types_name_and_password("bea")
    console.reads("Second step")
    page.get_by_label("Code").fill("123")
    console.press("Sign in")
    console.reads("Second step")
    expect(page.get_by_role("alert").first).to_contain_text("Incorrect code")
    page.get_by_label("Code").fill(recovery)
    console.press("Sign in")
    console.reads("Cases")
    console.open("/staff/accounts/2fa/", "Your sign-in")
    expect(page.get_by_text("9 left.")).to_be_visible()


def test_a_passkey_from_adding_it_to_removing_it(console, page, device):
    console.signs_in("bea")
    console.open("/staff/accounts/2fa/", "Your sign-in")
    console.follow("Add a passkey")
    console.confirms()
    console.reads("Add a passkey or security key")
    page.get_by_label("Name").fill("the laptop")
    page.get_by_label("Passwordless").check()
    console.press("Add it")
    page.wait_for_url("**/recovery-codes/**")
    console.reads("Recovery codes")
    console.press("Sign out")
    console.reads("Sign in")
    console.press("Sign in with a passkey")
    console.reads("Cases")
    console.open("/staff/accounts/2fa/webauthn/", "Passkeys and security keys")
    expect(page.locator(".rows__name")).to_have_text("the laptop")
    expect(page.get_by_text("passkey", exact=True)).to_be_visible()
    console.press("Sign out")
    console.types_name_and_password("bea")
    console.reads("Second step")
    console.press("Use the key")
    console.reads("Cases")
    console.open("/staff/accounts/2fa/webauthn/", "Passkeys and security keys")
    console.follow("Remove the laptop")
    console.confirms()
    console.reads("Remove the laptop?")
    console.press("Remove it")
    expect(page.get_by_text("None yet.").first).to_be_visible()


def test_a_passkey_that_does_not_answer_is_said_so(console, page, device):
    device(False)
    console.open("/staff/accounts/login/", "Sign in")
    console.press("Sign in with a passkey")
    expect(page.get_by_text("The passkey did not answer, or was cancelled.")).to_be_visible()
    holds(page)
