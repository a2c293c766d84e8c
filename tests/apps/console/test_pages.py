"""Headers, previews and the sign-in pages, as far as no browser is needed."""

from __future__ import annotations

import re

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import hotp_value, yield_hotp_counters_from_time
from django.test import Client
from django.urls import reverse

from staydown.apps.cases import actions
from staydown.apps.cases.models import Item
from tests import factories as make
from tests.apps.console.conftest import signed_in
from tests.people import PASSWORD

pytestmark = pytest.mark.django_db
PREVIEW = "https://cdn.platform.test/preview/1?signature=x"


@pytest.fixture
def matched(case):
    """The case with an upload to look at, whose preview the platform offers."""
    entry = Item.objects.get(kind="hash").pdq_entry
    hit = make.hit(entry, "review", content_ref="post-77", preview_url=PREVIEW)
    actions.record_hits([hit], by=make.NODE)
    return case


def policy(answer):
    """The content security policy of an answer, as directive to its values."""
    parts = (part.split() for part in answer["Content-Security-Policy"].split(";"))
    return {part[0]: part[1:] for part in parts}


# Previews ------------------------------------------------------------------------------------------------------------


def test_only_the_page_of_a_case_may_load_previews_and_only_from_its_own_origins(at_bea, matched, settings):
    settings.STAYDOWN_PREVIEW_ORIGINS = ["https://cdn.platform.test", "https://other.platform.test"]
    answer = at_bea.get(f"/staff/cases/{matched.public_id}/")
    assert policy(answer)["img-src"] == ["'self'", "https://cdn.platform.test"]
    assert answer["Cross-Origin-Embedder-Policy"] == "credentialless"
    assert f'data-preview="{PREVIEW}"' in answer.content.decode()
    for path in ("/staff/", "/staff/accounts/2fa/", f"/staff/cases/{make.submitted(pictures=(9,)).case.public_id}/"):
        other = at_bea.get(path)
        assert policy(other)["img-src"] == ["'self'"]
        assert other["Cross-Origin-Embedder-Policy"] == "require-corp"


def test_nothing_is_loaded_before_it_is_asked_for(at_bea, matched, settings):
    settings.STAYDOWN_PREVIEW_ORIGINS = ["https://cdn.platform.test"]
    page = at_bea.get(f"/staff/cases/{matched.public_id}/").content.decode()
    assert "<img" not in page
    assert not re.search(r"""(src|href|srcset|poster)=["']https://cdn""", page)


def test_an_origin_that_is_not_allowed_is_named_with_what_to_do(at_bea, matched):
    answer = at_bea.get(f"/staff/cases/{matched.public_id}/")
    page = answer.content.decode()
    assert policy(answer)["img-src"] == ["'self'"]
    assert "STAYDOWN_PREVIEW_ORIGINS" in page
    assert '<bdi dir="ltr" class="code">https://cdn.platform.test</bdi>' in page
    assert PREVIEW not in page


def test_a_policy_cannot_be_bent_by_a_preview_address(at_bea, case, settings):
    settings.STAYDOWN_PREVIEW_ORIGINS = ["https://cdn.platform.test"]
    entry = Item.objects.get(kind="hash").pdq_entry
    bent = "https://cdn.platform.test;script-src/x"
    actions.record_hits([make.hit(entry, "review", content_ref="x", preview_url=bent)], by=make.NODE)
    answer = at_bea.get(f"/staff/cases/{case.public_id}/")
    assert policy(answer)["script-src"] == ["'self'"]
    assert policy(answer)["img-src"] == ["'self'"]


# Every page ----------------------------------------------------------------------------------------------------------


def test_no_page_runs_anything_inline_or_is_kept(at_bea, at_ada, case, bea):
    pages = {
        at_bea: ["/staff/", f"/staff/cases/{case.public_id}/", "/staff/accounts/2fa/", "/staff/accounts/logout/"],
        at_ada: ["/staff/webhooks/", "/staff/keys/", "/staff/team/", f"/staff/team/{bea.public_id}/"],
        Client(): ["/staff/accounts/login/"],
    }
    for client, paths in pages.items():
        for path in paths:
            answer = client.get(path)
            page = answer.content.decode()
            assert answer.status_code == 200, path
            assert "no-store" in answer["Cache-Control"], path
            assert not re.search(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)", page), path
            assert not re.search(r"\son[a-z]+=|\sstyle=|<style|javascript:", page), path
            assert len(re.findall(r"<h1", page)) == 1, path


# Signing in ----------------------------------------------------------------------------------------------------------


def test_signing_in_leads_to_the_queue_and_never_elsewhere(bea):
    for after, expected in (
        ("", "/staff/"),
        ("/staff/webhooks/", "/staff/webhooks/"),
        ("https://evil.test/", "/staff/"),
    ):
        answer = Client().post("/staff/accounts/login/", {"login": "bea", "password": PASSWORD, "next": after})
        assert answer["Location"] == expected


def test_a_wrong_password_says_nothing_about_the_name(bea):
    known = Client().post("/staff/accounts/login/", {"login": "bea", "password": "wrong"}).content.decode()
    unknown = Client().post("/staff/accounts/login/", {"login": "nobody", "password": "wrong"}).content.decode()
    said = re.compile(r'<div class="errors".*?</div>', re.DOTALL)
    assert said.search(known).group() == said.search(unknown).group()


def test_no_page_leads_to_a_reset_by_mail_that_is_not_there(bea):
    for page in (Client().get("/staff/accounts/login/"), signed_in(bea).get("/staff/accounts/reauthenticate/")):
        text = page.content.decode()
        assert reverse("account_reset_password") not in text
        assert reverse("account_signup") not in text
        assert "An administrator can give you a new one" in text


def test_signing_out_takes_a_press_of_a_button(at_bea):
    assert at_bea.get("/staff/accounts/logout/").status_code == 200
    assert at_bea.get("/staff/").status_code == 200
    at_bea.post("/staff/accounts/logout/")
    assert at_bea.get("/staff/").status_code == 302


def totp(secret):
    return f"{hotp_value(secret, next(yield_hotp_counters_from_time())):06}"


def test_the_code_to_scan_is_part_of_the_page(at_bea):
    answer = at_bea.get("/staff/accounts/2fa/totp/activate/")
    page = answer.content.decode()
    assert "<svg" in page
    assert "<?xml" not in page
    assert "data:image" not in page
    assert answer.context["form"].secret in page


def test_an_authenticator_app_from_setting_up_to_signing_in(bea):
    client = signed_in(bea)
    secret = client.get("/staff/accounts/2fa/totp/activate/").context["form"].secret
    wrong = client.post("/staff/accounts/2fa/totp/activate/", {"code": "000000"})
    assert "There is a problem" in wrong.content.decode()
    answer = client.post("/staff/accounts/2fa/totp/activate/", {"code": totp(secret)}, follow=True)
    assert "Recovery codes" in answer.content.decode()
    assert Authenticator.objects.filter(user=bea, type="totp").exists()
    fresh = Client()
    answer = fresh.post("/staff/accounts/login/", {"login": "bea", "password": PASSWORD}, follow=True)
    assert "Second step" in answer.content.decode()
    assert fresh.get("/staff/").status_code == 302  # half signed in is not signed in
    recovery = client.get("/staff/accounts/2fa/recovery-codes/").context["unused_codes"][0]
    fresh.post("/staff/accounts/2fa/authenticate/", {"code": recovery})
    assert fresh.get("/staff/").status_code == 200


def test_what_is_worth_a_second_check_goes_on_after_it(ada):
    client = Client()
    client.force_login(ada)
    data = {"username": "mira", "pseudonym": "heron", "role": "moderator"}
    asked = client.post("/staff/team/new/", data)
    answer = client.post(asked["Location"], {"password": PASSWORD})
    assert "heron" in answer.content.decode()
    assert "password" in answer.context
