"""Webhooks, keys and team: what is seen, what is done, and what is shown once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from staydown.apps.accounts.access import key_for
from staydown.apps.accounts.models import SCOPES, ApiKey, Role, Staff
from staydown.apps.audit.actor import Actor
from staydown.apps.audit.querysets import recent
from staydown.apps.console.forms import SCOPE_WORDS
from staydown.apps.sharing import actions as sharing
from staydown.apps.sharing.models import Delivery, Endpoint
from staydown.errors import DeniedError
from tests import factories as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def endpoint():
    return sharing.add_endpoint("the platform", "https://platform.test/hooks", by=Actor.system())


def dead(endpoint, count=1):
    now = timezone.now()
    return [
        Delivery.objects.create(
            endpoint=endpoint,
            event="case.decided",
            payload={},
            state="dead",
            attempts=10,
            created_at=now,
            settled_at=now,
            last_status=503,
            last_error="refused",
        )
        for _ in range(count)
    ]


# Webhooks ------------------------------------------------------------------------------------------------------------


def test_dead_letters_are_seen_and_sent_again(at_cem, endpoint):
    delivery, _ = dead(endpoint, 2)
    page = at_cem.get("/staff/webhooks/").content.decode()
    assert "2 deliveries were given up" in page
    assert "503" in page
    answer = at_cem.post(f"/staff/webhooks/deliveries/{delivery.public_id}/", follow=True)
    assert "It is in line again" in answer.content.decode()
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == ("waiting", 0)
    assert recent()[0].verb == "webhook.replayed"
    only_dead = at_cem.get("/staff/webhooks/?state=dead")
    assert len(only_dead.context["deliveries"]) == 1


def test_nothing_is_sent_again_to_an_endpoint_that_is_off(at_cem, at_ada, endpoint):
    delivery = dead(endpoint)[0]
    at_ada.post(f"/staff/webhooks/endpoints/{endpoint.public_id}/", {"do": "off"})
    answer = at_cem.post(f"/staff/webhooks/deliveries/{delivery.public_id}/", follow=True)
    assert "This endpoint is off" in answer.content.decode()
    delivery.refresh_from_db()
    assert delivery.state == "dead"


def test_an_endpoint_off_and_on(at_ada, endpoint):
    path = f"/staff/webhooks/endpoints/{endpoint.public_id}/"
    assert "the platform is off" in at_ada.post(path, {"do": "off"}, follow=True).content.decode()
    assert not Endpoint.objects.get().enabled
    at_ada.post(path, {"do": "on"})
    assert Endpoint.objects.get().enabled


def test_an_endpoint_that_is_removed_gives_up_what_waits(at_ada, endpoint):
    now = timezone.now()
    Delivery.objects.create(endpoint=endpoint, event="case.decided", payload={}, created_at=now, next_at=now)
    path = f"/staff/webhooks/endpoints/{endpoint.public_id}/"
    assert "1 delivery that waits is given up" in at_ada.get(path).content.decode()
    answer = at_ada.post(path, {"do": "remove"}, follow=True)
    assert "the platform is removed" in answer.content.decode()
    assert Delivery.objects.get().state == "dead"
    assert at_ada.get(path).status_code == 404


def test_an_endpoint_is_looked_at_without_changing_it(at_ada, endpoint):
    before = recent()[0].seq
    path = f"/staff/webhooks/endpoints/{endpoint.public_id}/"
    assert at_ada.get(path).status_code == at_ada.post(path, {"do": "dance"}).status_code == 200
    assert recent()[0].seq == before


def test_a_new_endpoint_shows_the_key_that_its_receiver_needs(at_ada):
    page = at_ada.post("/staff/webhooks/endpoints/", {"name": "new", "url": "https://new.test/h"}).content.decode()
    assert "whpk_" in page
    assert Endpoint.objects.get().shared_secret in page
    assert "whsk_" not in page
    assert Endpoint.objects.get().name == "new"
    assert 'href="#add">Add another endpoint' in at_ada.get("/staff/webhooks/").content.decode()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"name": "", "url": "https://a.test"}, "Give the endpoint a name."),
        ({"name": "a", "url": ""}, "Give the address that webhooks go to."),
        ({"name": "a", "url": "http://a.test"}, "Give a whole https address"),
        ({"name": "a", "url": "https://me:secret@a.test"}, "Give a whole https address"),
    ],
)
def test_an_endpoint_that_cannot_be_is_refused(at_ada, data, said):
    answer = at_ada.post("/staff/webhooks/endpoints/", data)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not Endpoint.objects.exists()


def test_deliveries_come_in_pages_with_as_many_queries(at_cem, endpoint, django_assert_num_queries):
    dead(endpoint, 60)
    first = at_cem.get("/staff/webhooks/?state=dead")
    assert "Page 1 of 2" in first.content.decode()
    assert 'href="?state=dead&amp;page=2"' in first.content.decode()
    with django_assert_num_queries(7):  # session, person, sign-in, endpoints, dead ones, how many, page
        at_cem.get("/staff/webhooks/?state=dead&page=2")


def test_the_page_holds_no_signing_key(at_ada, endpoint):
    page = at_ada.get("/staff/webhooks/").content.decode()
    assert Endpoint.objects.get().signing_key not in page


# Keys ----------------------------------------------------------------------------------------------------------------


def test_each_scope_is_explained():
    assert set(SCOPE_WORDS) == set(SCOPES)


def test_a_key_is_shown_once_and_works(at_ada):
    make.submitted()
    data = {"name": "a node", "scopes": ["hit:write", "key:list"], "banks": ["house"], "expires_on": "2099-01-31"}
    answer = at_ada.post("/staff/keys/new/", data)
    text = answer.context["made"].text
    assert text in answer.content.decode()
    key = key_for(text)
    assert (key.name, key.scopes, key.banks, str(key.expires_on)) == (
        "a node",
        ["hit:write", "key:list"],
        ["house"],
        "2099-01-31",
    )
    page = at_ada.get("/staff/keys/").content.decode()
    assert text not in page
    assert key.prefix in page


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": ""}, "Say what the key is for."),
        ({"scopes": []}, "Tick at least one thing"),
        ({"scopes": ["rule:world"]}, "Select a valid choice"),
        ({"expires_on": "soon"}, "Give the day as year-month-day"),
        ({"expires_on": "2001-01-01"}, "A key cannot expire in the past."),
    ],
)
def test_a_key_that_cannot_be_is_refused(at_ada, changes, said):
    answer = at_ada.post("/staff/keys/new/", {"name": "a node", "scopes": ["screen"], **changes})
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not ApiKey.objects.exists()


def test_revoking_asks_first(at_ada):
    key, text = make.api_key("screen")
    path = f"/staff/keys/{key.public_id}/"
    assert "uploads go unscreened" in at_ada.get(path).content.decode()
    assert key_for(text) == key
    answer = at_ada.post(path, follow=True)
    assert "The key a program no longer works" in answer.content.decode()
    with pytest.raises(DeniedError):
        key_for(text)
    assert at_ada.post(path).status_code == 404


def test_keys_that_ran_out_are_told_apart(at_uli):
    key, _ = make.api_key("screen")
    ApiKey.objects.filter(pk=key.pk).update(expires_on=timezone.now().date() - timedelta(days=1))
    page = at_uli.get("/staff/keys/").content.decode()
    assert "No key works at the moment" in page
    assert "ran out" in page
    assert "Make a key" not in page


# Team ----------------------------------------------------------------------------------------------------------------


def test_a_new_person_and_their_first_password(at_ada, client):
    data = {"username": "mira", "pseudonym": "heron", "role": "moderator"}
    answer = at_ada.post("/staff/team/new/", data)
    password = answer.context["password"]
    assert password in answer.content.decode()
    assert client.login(username="mira", password=password)
    page = at_ada.get("/staff/team/").content.decode()
    assert "heron" in page
    assert "mira" not in page
    assert password not in page


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"username": ""}, "Give a name to sign in with."),
        ({"pseudonym": ""}, "Give a pseudonym."),
        ({"role": ""}, "Choose a role."),
        ({"role": "emperor"}, "Select a valid choice"),
        ({"username": "ada"}, "This name or this pseudonym is taken"),
    ],
)
def test_a_person_who_cannot_be_is_refused(at_ada, changes, said):
    data = {"username": "mira", "pseudonym": "heron", "role": "moderator", **changes}
    answer = at_ada.post("/staff/team/new/", data)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert Staff.objects.count() == 1


def test_another_role_a_new_password_and_the_end(at_ada, client, bea):
    path = f"/staff/team/{bea.public_id}/"
    at_ada.post(path, {"do": "role", "role": "lead"})
    assert Staff.objects.get(username="bea").role == Role.LEAD
    password = at_ada.post(path, {"do": "reset"}).context["password"]
    assert client.login(username="bea", password=password)
    at_ada.post(path, {"do": "switch_off"})
    assert not Staff.objects.get(username="bea").is_active
    assert "switched off" in at_ada.get("/staff/team/").content.decode()


def test_the_last_administrator_stays(at_ada, ada):
    path = f"/staff/team/{ada.public_id}/"
    for data in ({"do": "role", "role": "moderator"}, {"do": "switch_off"}):
        answer = at_ada.post(path, data, follow=True)
        assert "This is the last administrator" in answer.content.decode()
    ada.refresh_from_db()
    assert (ada.role, ada.is_active) == (Role.ADMIN, True)


def test_nothing_chosen_changes_nothing(at_ada, bea):
    answer = at_ada.post(f"/staff/team/{bea.public_id}/", {}, follow=True)
    assert "Choose what to change." in answer.content.decode()
