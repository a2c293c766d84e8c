"""Single sign-on with a real issuer, in a real browser: an account that is there opens, nobody gets one by it."""

from __future__ import annotations

import subprocess
import sys

import pytest
from playwright.sync_api import expect

from tests import oidc
from tests.environment import clean
from tests.journeys.browser import assert_accessible
from tests.journeys.conftest import start
from tests.journeys.test_killed import made, moderator_of

pytestmark = pytest.mark.journey

KEPT = """
from allauth.socialaccount.models import SocialAccount, SocialToken
accounts = [(each.user.username, each.uid, each.extra_data) for each in SocialAccount.objects.all()]
print(accounts, SocialToken.objects.count())
"""


@pytest.fixture(scope="module")
def acme():
    with oidc.issuer() as running:
        yield running


@pytest.fixture(scope="module")
def site(tmp_path_factory, acme):
    settings = {
        "STAYDOWN_OIDC_ISSUER": acme.address,
        "STAYDOWN_OIDC_CLIENT_ID": oidc.CLIENT,
        "STAYDOWN_OIDC_CLIENT_SECRET": oidc.SECRET,
        "STAYDOWN_OIDC_NAME": "Acme",
    }
    process, running = start(tmp_path_factory.mktemp("sso") / "data", **settings)
    moderator_of(running)
    yield running
    process.terminate()
    process.wait(timeout=30)
    process.stdout.close()


@pytest.fixture(autouse=True)
def as_usual(acme):
    acme.claims, acme.audience = {"sub": "0001", "preferred_username": "bea", "email": "bea@acme.test"}, oidc.CLIENT


def arrive(page, site, heading):
    """Press the button here, and Continue there."""
    page.goto(f"{site.url}/staff/accounts/login/")
    page.get_by_role("button", name="Sign in with Acme").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in to Acme")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(heading)
    assert_accessible(page)


def test_an_account_that_is_there_opens(page, site, acme):
    page.goto(f"{site.url}/staff/accounts/login/")
    assert_accessible(page)
    arrive(page, site, "Cases")
    page.get_by_role("button", name="Sign out").click()
    acme.claims["preferred_username"] = "renamed-there"  # from the first time on the issuer's own id counts
    arrive(page, site, "Cases")
    assert made(site, KEPT) == "[('bea', '0001', {})] 0"


def test_whoever_has_no_account_gets_none(page, site, acme):
    acme.claims |= {"sub": "0002", "preferred_username": "mallory"}
    arrive(page, site, "Accounts are made by an administrator")


def test_another_person_of_the_same_name_does_not_take_an_account_over(page, site, acme):
    arrive(page, site, "Cases")
    page.get_by_role("button", name="Sign out").click()
    acme.claims["sub"] = "0003"
    arrive(page, site, "Accounts are made by an administrator")


def test_a_token_for_another_program_opens_nothing(page, site, acme):
    acme.audience = "somebody-else"
    arrive(page, site, "That did not work")


def test_an_answer_that_nobody_asked_for_opens_nothing(page, site):
    page.goto(f"{site.url}/staff/accounts/oidc/work/login/callback/?code=stolen&state=guessed")
    expect(page.get_by_role("heading", level=1)).to_have_text("That did not work")


def test_half_a_setting_is_refused(tmp_path):
    environment = clean() | {"STAYDOWN_OIDC_ISSUER": "https://acme.test"}
    command = [sys.executable, "-m", "staydown", "doctor", "--data", str(tmp_path)]
    told = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert told.returncode != 0
    assert "STAYDOWN_OIDC_CLIENT_ID" in told.stdout + told.stderr
