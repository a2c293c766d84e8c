"""Sign-ins that can be ended from elsewhere, and the second factor that comes before everything else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from staydown.apps.accounts import actions, standing
from staydown.apps.accounts.models import SignIn
from staydown.apps.audit import querysets as log
from staydown.apps.audit.actor import Actor
from tests.apps.console.conftest import signed_in

pytestmark = pytest.mark.django_db
QUEUE = "/staff/"
HERE = "/staff/sign-ins/"


def browser(person) -> Client:
    """A browser that somebody is signed in with."""
    client = Client()
    client.force_login(person)
    return client


def is_in(client) -> bool:
    return client.get(QUEUE).status_code == 200


def test_one_other_sign_in_is_ended(bea):
    here, there = browser(bea), browser(bea)
    other = SignIn.objects.get(public_id=there.session[standing.KEY])
    page = here.get(HERE).content.decode()
    assert (page.count("Sign out there"), ">here<" in page) == (1, True)
    here.post(HERE, {"end": str(other.public_id)})
    assert (is_in(here), is_in(there)) == (True, False)
    assert "staff.signed_out" in {line.verb for line in log.history(bea)}


def test_everywhere_else_at_once(bea):
    here, there, elsewhere = browser(bea), browser(bea), browser(bea)
    here.post(HERE, {"end": "others"})
    assert [is_in(each) for each in (here, there, elsewhere)] == [True, False, False]


def test_nobody_ends_the_sign_in_of_another(bea, cem):
    mine, theirs = browser(bea), browser(cem)
    mine.post(HERE, {"end": theirs.session[standing.KEY]})
    assert is_in(theirs)


def test_an_administrator_signs_somebody_out_everywhere(ada, bea):
    hers = browser(bea)
    signed_in(ada).post(reverse("console:member", args=[bea.public_id]), {"do": "sign_out"})
    assert not is_in(hers)
    assert is_in(browser(bea))


@pytest.mark.parametrize("ends", [actions.deactivate_staff, actions.reset_sign_in])
def test_losing_the_account_or_its_password_ends_every_sign_in(bea, ends):
    hers = browser(bea)
    ends(bea, by=Actor.system())
    assert not is_in(hers)
    assert not SignIn.objects.filter(staff=bea).exists()


def test_signing_out_leaves_no_sign_in(bea):
    hers = browser(bea)
    hers.post(reverse("account_logout"))
    assert not SignIn.objects.filter(staff=bea).exists()


def test_a_session_without_a_sign_in_is_none(bea):
    hers = browser(bea)
    session = hers.session
    del session[standing.KEY]
    session.save()
    assert not is_in(hers)


def test_what_ran_out_is_forgotten(bea, settings):
    browser(bea)
    assert standing.forget_old() == 0
    SignIn.objects.update(seen_at=timezone.now() - timedelta(seconds=settings.SESSION_COOKIE_AGE, minutes=11))
    assert standing.forget_old() == 1


def test_a_password_alone_leads_to_adding_a_second_factor_and_nowhere_else(bea, settings):
    settings.STAYDOWN_SECOND_FACTOR = True
    hers = browser(bea)
    for address in (QUEUE, HERE, "/staff/figures/"):
        answer = hers.get(address)
        assert (answer.status_code, answer.url) == (302, reverse("mfa_index"))
    assert "Add an authenticator app or a passkey" in hers.get(reverse("mfa_index")).content.decode()
    Authenticator.objects.create(user=bea, type=Authenticator.Type.TOTP, data={"secret": "x"})
    assert is_in(hers)


def test_single_sign_on_proved_it_elsewhere(bea, settings):
    settings.STAYDOWN_SECOND_FACTOR = True
    hers = browser(bea)
    session = hers.session
    session["account_authentication_methods"] = [{"method": "socialaccount", "at": 0}]
    session.save()
    assert is_in(hers)
