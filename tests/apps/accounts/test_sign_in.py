"""Signing in as staff do it: password, second factor, and what is refused."""

from __future__ import annotations

import pytest
from allauth.mfa.adapter import get_adapter
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.core.cache import cache
from django.urls import reverse

from staydown.apps.audit import querysets as log
from tests.people import PASSWORD

pytestmark = pytest.mark.django_db
SECRET = "JBSWY3DPEHPK3PXP"


@pytest.fixture(autouse=True)
def throttle_forgets():
    """Attempts of one test must not count in the next."""
    cache.clear()
    yield
    cache.clear()


def sign_in(client, name="bea", password=PASSWORD):
    """Post the sign-in form."""
    return client.post(reverse("account_login"), {"login": name, "password": password})


def code() -> str:
    """The TOTP code of now."""
    counters = list(yield_hotp_counters_from_time())
    return format_hotp_value(hotp_value(SECRET, counters[len(counters) // 2]))


def test_a_password_opens_the_console_and_is_a_line_in_the_log(client, bea):
    answer = sign_in(client)
    assert (answer.status_code, answer.url) == (302, "/staff/")
    assert client.session["_auth_user_id"] == str(bea.pk)
    (line,) = log.history(bea)
    assert (line.verb, line.actor_label) == ("staff.signed_in", "bea-at-work")


def test_the_cookie_is_kept_from_scripts_and_other_sites(client, bea):
    cookie = sign_in(client).cookies["session"]
    assert (cookie["httponly"], cookie["samesite"], cookie["max-age"]) == (True, "Strict", "")


def test_a_wrong_password_and_an_unknown_name_get_the_same_answer(client, bea):
    wrong, unknown = sign_in(client, password="wrong"), sign_in(client, name="nobody")
    assert wrong.status_code == unknown.status_code == 200
    assert wrong.context["form"].errors == unknown.context["form"].errors
    assert "_auth_user_id" not in client.session


def test_someone_deactivated_does_not_get_in(client, bea):
    bea.is_active = False
    bea.save()
    sign_in(client)
    assert "_auth_user_id" not in client.session


def test_after_five_wrong_passwords_the_right_one_is_refused_for_a_while(client, bea):
    for _ in range(5):
        sign_in(client, password="wrong")
    sign_in(client)
    assert "_auth_user_id" not in client.session


def test_a_second_factor_is_asked_for_and_works_once(client, bea):
    TOTP.activate(bea, SECRET)
    answer = sign_in(client)
    assert answer.url == reverse("mfa_authenticate")
    assert "_auth_user_id" not in client.session
    client.post(reverse("mfa_authenticate"), {"code": "000000"})
    assert "_auth_user_id" not in client.session
    used = code()
    client.post(reverse("mfa_authenticate"), {"code": used})
    assert client.session["_auth_user_id"] == str(bea.pk)
    client.logout()
    sign_in(client)
    client.post(reverse("mfa_authenticate"), {"code": used})
    assert "_auth_user_id" not in client.session


def test_a_passkey_may_be_offered_and_nobody_signs_themselves_up(client, bea):
    assert get_adapter().__class__.__name__ == "SealedMfaAdapter"
    assert client.get(reverse("mfa_login_webauthn"), headers={"accept": "application/json"}).status_code == 200
    for closed in ("account_signup", "account_reset_password", "account_email", "account_set_password"):
        assert client.get(reverse(closed)).status_code == 404
        assert client.post(reverse(closed), {"username": "x", "password1": PASSWORD}).status_code == 404


def test_signing_out_needs_a_post(client, bea):
    sign_in(client)
    client.get(reverse("account_logout"))
    assert "_auth_user_id" in client.session
    client.post(reverse("account_logout"))
    assert "_auth_user_id" not in client.session
