"""What the tests of the console share: people signed in, and a case to look at."""

from __future__ import annotations

import time

import pytest
from django.core.cache import cache
from django.test import Client

from staydown.apps.accounts.models import Staff
from staydown.apps.cases.models import Case
from tests import factories as make


@pytest.fixture(autouse=True)
def no_throttle_from_before():
    """Attempts to sign in are counted in the cache, which outlives a test."""
    cache.clear()


def signed_in(person: Staff) -> Client:
    """A browser in which ``person`` is signed in and was checked again a moment ago."""
    client = Client()
    client.force_login(person)
    session = client.session
    session["account_authentication_methods"] = [{"method": "password", "at": time.time(), "reauthenticated": True}]
    session["account_authentication_methods_user"] = str(person.pk)
    session.save()
    return client


@pytest.fixture
def sent(db):
    """A report by Amara with two links and a picture."""
    return make.submitted(links=["https://platform.test/posts/1", "https://platform.test/posts/2"])


@pytest.fixture
def case(sent) -> Case:
    """Its case."""
    return sent.case


@pytest.fixture
def at_bea(bea) -> Client:
    """The moderator's browser."""
    return signed_in(bea)


@pytest.fixture
def at_cem(cem) -> Client:
    """The lead's browser."""
    return signed_in(cem)


@pytest.fixture
def at_uli(uli) -> Client:
    """The auditor's browser."""
    return signed_in(uli)


@pytest.fixture
def at_ada(ada) -> Client:
    """The administrator's browser."""
    return signed_in(ada)
