"""Every address of the console by every role: what is not in the table is a fault."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from staydown.apps.accounts import actions as accounts
from staydown.apps.accounts.models import ApiKey, Role, Staff
from staydown.apps.audit.actor import Actor
from staydown.apps.banks import proposals
from staydown.apps.banks.models import Bank, Proposal
from staydown.apps.cases import actions
from staydown.apps.cases.actions import minors, unlocking
from staydown.apps.cases.intake import MinorsForm
from staydown.apps.cases.models import Case, SavedView, UploaderNotice
from staydown.apps.console import urls
from staydown.apps.console.doors import CHECKED_AGAIN, ROLES
from staydown.apps.sharing import actions as sharing
from staydown.apps.sharing import following, sources
from staydown.apps.sharing.models import Delivery, Endpoint
from staydown.apps.sharing.source_models import Opinion, Record, Source
from tests import factories as make
from tests.apps.console.conftest import signed_in
from tests.apps.sharing.scripted import KEYS, Scripted
from tests.people import member

MODERATOR, LEAD, AUDITOR, ADMIN = Role.MODERATOR, Role.LEAD, Role.AUDITOR, Role.ADMIN
PROTECTION = Role.PROTECTION
ALL = {MODERATOR, LEAD, AUDITOR, ADMIN}
EVERY_ROLE = {*ALL, PROTECTION}

#: Who may do what, written out once more: the table in the code is tested against this one.
MAY = {
    ("GET", "queue"): EVERY_ROLE,
    ("GET", "pulse"): ALL,
    ("POST", "view_save"): ALL,
    ("POST", "view_change"): ALL,
    ("GET", "case"): ALL,
    ("POST", "decide"): {MODERATOR, LEAD},
    ("POST", "renew"): {MODERATOR, LEAD},
    ("POST", "release"): {MODERATOR, LEAD},
    ("POST", "take_over"): {LEAD},
    ("POST", "assign"): {MODERATOR, LEAD},
    ("POST", "note"): {MODERATOR, LEAD},
    ("POST", "unfounded"): {LEAD},
    ("POST", "reveal"): {MODERATOR, LEAD},
    ("GET", "restore"): {MODERATOR, LEAD},
    ("POST", "restore"): {MODERATOR, LEAD},
    ("GET", "erase"): {MODERATOR, LEAD},
    ("POST", "erase"): {MODERATOR, LEAD},
    ("GET", "proposals"): {MODERATOR, LEAD, ADMIN},
    ("POST", "proposal"): {MODERATOR, LEAD, ADMIN},
    ("GET", "appeals"): ALL,
    ("GET", "appeal"): {MODERATOR, LEAD},
    ("POST", "appeal"): {MODERATOR, LEAD},
    ("POST", "suspect"): {MODERATOR, LEAD},
    ("POST", "ask"): {MODERATOR, LEAD},
    ("GET", "minors"): {PROTECTION},
    ("GET", "minor"): {PROTECTION},
    ("POST", "minor_remove"): {PROTECTION},
    ("POST", "minor_refer"): {PROTECTION},
    ("POST", "minor_unlock"): {PROTECTION},
    ("POST", "minor_answer"): {PROTECTION},
    ("GET", "orders"): {MODERATOR, LEAD},
    ("POST", "orders"): {MODERATOR, LEAD},
    ("GET", "laws"): EVERY_ROLE,
    ("GET", "law"): EVERY_ROLE,
    ("GET", "sign_ins"): EVERY_ROLE,
    ("POST", "sign_ins"): EVERY_ROLE,
    ("GET", "figures"): ALL,
    ("GET", "webhooks"): {LEAD, AUDITOR, ADMIN},
    ("POST", "endpoint_add"): {ADMIN},
    ("GET", "endpoint"): {ADMIN},
    ("POST", "endpoint"): {ADMIN},
    ("POST", "replay"): {LEAD, ADMIN},
    ("GET", "sources"): {LEAD, AUDITOR, ADMIN},
    ("GET", "source"): {LEAD, AUDITOR, ADMIN},
    ("GET", "source_add"): {ADMIN},
    ("POST", "source_add"): {ADMIN},
    ("POST", "source_do"): {ADMIN},
    ("GET", "source_change"): {ADMIN},
    ("POST", "source_change"): {ADMIN},
    ("GET", "source_remove"): {ADMIN},
    ("POST", "source_remove"): {ADMIN},
    ("POST", "source_say"): {LEAD, ADMIN},
    ("GET", "keys"): {AUDITOR, ADMIN},
    ("POST", "key_create"): {ADMIN},
    ("GET", "key_revoke"): {ADMIN},
    ("POST", "key_revoke"): {ADMIN},
    ("GET", "team"): {AUDITOR, ADMIN},
    ("POST", "team_add"): {ADMIN},
    ("GET", "member"): {ADMIN},
    ("POST", "member"): {ADMIN},
}


@pytest.fixture
def addresses(case, db):
    """The address of each name, about something real."""
    endpoint = sharing.add_endpoint("platform", "https://platform.test/hooks", by=Actor.system())
    key, _ = accounts.create_key("a program", ["screen"], by=Actor.system())
    person = member("somebody", Role.MODERATOR)
    given = MinorsForm(links=["https://platform.test/posts/3"])
    locked = minors.submit_minors_report(given, by=Actor.reporter()).case
    now = timezone.now()
    delivery = Delivery.objects.create(endpoint=endpoint, event="case.decided", payload={}, created_at=now, next_at=now)
    mistaken = minors.suspect_minor(make.submitted(links=1, pictures=(98,)).case, person)
    keeper = member("keeper", PROTECTION)
    unlocking.propose_unlock(mistaken, reason="x", staff=keeper, by=Actor.system())
    other = make.submitted(links=1, pictures=(99,))
    make.decided(other.case, person)
    source, record = followed()
    about = {
        "restore": case,
        "erase": case,
        "note": case,
        "unfounded": case,
        "take_over": case,
        "assign": case,
        "proposal": proposals.propose(proposals.Kind.EXPORT, endpoint, reason="x", by=Actor.system()),
        "appeal": actions.appeal(UploaderNotice.objects.get(), words="Look again."),
        "case": case,
        "view_change": SavedView.objects.create(staff=person, name="Late", lane="open", only="overdue"),
        "decide": case,
        "renew": case,
        "release": case,
        "suspect": case,
        "ask": case,
        "minor": locked,
        "minor_remove": locked,
        "minor_refer": locked,
        "minor_unlock": locked,
        "minor_answer": mistaken,
        "endpoint": endpoint,
        "replay": delivery,
        **dict.fromkeys(("source", "source_do", "source_change", "source_remove"), source),
        "source_say": record,
        "key_revoke": key,
        "member": person,
    }
    named = {name: [row.public_id] for name, row in about.items()} | {"law": ["uk-osa-10-3A"]}
    return {
        pattern.name: reverse(f"console:{pattern.name}", args=named.get(pattern.name, []))
        for pattern in urls.urlpatterns
    }


def followed() -> tuple[Source, Record]:
    """A source and a record that it brought."""
    source = sources.add_source(
        "helpline",
        "stopncii",
        "https://helpline.test/v1",
        KEYS,
        sources.Policy(Bank.objects.first()),
        by=Actor.system(),
    )
    following.follow(source, make=Scripted().adds(1000))
    return source, Record.objects.get()


def state():
    """What the addresses could change."""
    return (
        list(Case.objects.values("state", "version", "leased_by", "leased_until")),
        list(SavedView.objects.values("staff", "name")),
        list(Endpoint.objects.values("name", "enabled")),
        list(Delivery.objects.values("state", "attempts", "next_at")),
        list(Source.objects.values("name", "enabled", "removed_at", "next_at", "radius")),
        list(Opinion.objects.values("word")),
        list(ApiKey.objects.values("name", "revoked_at")),
        list(Staff.objects.values("username", "role", "is_active", "password")),
    )


def test_the_table_holds_every_address():
    names = {pattern.name for pattern in urls.urlpatterns}
    assert names == set(ROLES) == {name for _, name in MAY}
    assert all(pattern.callback.door == pattern.name for pattern in urls.urlpatterns)
    assert not CHECKED_AGAIN - names


@pytest.mark.parametrize(("method", "name"), MAY, ids=lambda each: str(each))
@pytest.mark.parametrize("role", sorted(EVERY_ROLE))
def test_role_by_address(method, name, role, addresses):
    person = member("visitor", role)
    if name == "view_change":  # each has their own: that of somebody else is not there, see test_saved.py
        SavedView.objects.update(staff=person)
    if name == "proposal" and role == ADMIN:  # nor do they answer any but their own, see test_proposals.py
        Proposal.objects.update(proposed_by=person)
    before = state()
    answer = signed_in(person).generic(method, addresses[name])
    if role in MAY[method, name]:
        assert answer.status_code not in {401, 403, 404, 405}, answer.status_code
        assert answer.status_code < 500
    else:
        assert answer.status_code == 403
        assert state() == before
        assert "not for your role" in answer.content.decode()


@pytest.mark.parametrize(("method", "name"), MAY, ids=lambda each: str(each))
def test_nobody_gets_in_without_signing_in(method, name, addresses):
    before = state()
    answer = Client().generic(method, addresses[name])
    assert answer.status_code == 302
    assert answer["Location"].startswith("/staff/accounts/login/")
    assert state() == before


@pytest.mark.parametrize("name", sorted(ROLES))
def test_methods_that_are_not_meant_are_refused(name, addresses):
    allowed = next(role for role in (LEAD, ADMIN, PROTECTION) if role in ROLES[name])
    client = signed_in(member("visitor", allowed))
    meant = {method for method, each in MAY if each == name}
    for method in {"GET", "POST", "PUT", "DELETE"} - meant:
        assert client.generic(method, addresses[name]).status_code == 405, method


def test_someone_switched_off_is_out_at_once(bea, addresses):
    client = signed_in(bea)
    assert client.get(addresses["queue"]).status_code == 200
    accounts.deactivate_staff(bea, by=Actor.system())
    assert client.get(addresses["queue"]).status_code == 302


@pytest.mark.parametrize("name", sorted(CHECKED_AGAIN))
def test_what_makes_new_power_asks_who_it_is_again(name, ada, addresses):
    client = Client()
    client.force_login(ada)
    before = state()
    answer = client.post(addresses[name], {"name": "x", "url": "https://a.test", "scopes": "screen", "do": "reset"})
    assert answer.status_code == 302
    assert answer["Location"].startswith("/staff/accounts/reauthenticate/")
    assert state() == before


def test_a_role_that_was_taken_away_is_gone_from_a_session_of_an_hour_ago(cem, addresses):
    client = signed_in(cem)
    assert client.get(addresses["proposals"]).status_code == 200
    accounts.change_role(cem, role=AUDITOR, by=Actor.system())
    before = state()
    assert client.get(addresses["proposals"]).status_code == 403
    for name in ("proposal", "decide", "take_over", "appeal"):
        assert client.post(addresses[name], {"do": "approved"}).status_code == 403
    assert state() == before
    assert client.get(addresses["case"]).status_code == 200  # and what the new one allows is there


def test_the_menu_offers_what_the_role_may_open(addresses):
    titles = {
        "Cases": "queue",
        "Orders": "orders",
        "Laws": "laws",
        "Two people": "proposals",
        "Figures": "figures",
        "Sources": "sources",
        "Webhooks": "webhooks",
        "API keys": "keys",
        "Team": "team",
    }
    for role in ALL:
        page = signed_in(member(f"menu-{role}", role)).get(addresses["queue"]).content.decode()
        menu = page.split('<nav aria-label="Console">')[1].split("</nav>")[0]
        for title, name in titles.items():
            assert (f">{title}</a>" in menu) == (role in MAY["GET", name])


def test_forms_of_other_sites_are_refused(bea, addresses):
    client = Client(enforce_csrf_checks=True)
    client.force_login(bea)
    for method, name in MAY:
        if method == "POST":
            assert client.post(addresses[name]).status_code == 403
