"""The pages for cases of people under 18, and the button that sends a case there."""

from __future__ import annotations

import pytest
from django.urls import reverse

from staydown.apps.accounts.models import Role
from staydown.apps.audit.actor import Actor
from staydown.apps.banks.models import Proposal
from staydown.apps.cases.actions import minors
from staydown.apps.cases.intake import MinorsForm
from staydown.apps.cases.models import Action, Case
from staydown.apps.console.views import minors as views
from tests.apps.console.conftest import signed_in
from tests.people import member

pytestmark = pytest.mark.django_db


@pytest.fixture
def at_pat(db):
    """The browser of the person for child protection."""
    return signed_in(member("pat", Role.PROTECTION))


@pytest.fixture
def locked(db) -> Case:
    given = MinorsForm(links=["https://platform.test/posts/3"], contact="canary@reporter.test")
    return minors.submit_minors_report(given, by=Actor.reporter()).case


def test_the_button_is_on_the_case_and_takes_it_away(at_bea, at_pat, case):
    page = at_bea.get(reverse("console:case", args=[case.public_id])).content.decode()
    assert "Lock it: maybe under 18" in page
    answer = at_bea.post(reverse("console:suspect", args=[case.public_id]), follow=True)
    assert "is locked" in answer.content.decode()
    assert at_bea.get(reverse("console:case", args=[case.public_id])).status_code == 404
    assert case.number in at_pat.get(reverse("console:minors")).content.decode()


def test_an_auditor_has_no_such_button(at_uli, case):
    assert "Lock it" not in at_uli.get(reverse("console:case", args=[case.public_id])).content.decode()


def test_who_protects_is_led_from_the_queue_to_the_locked_cases(at_pat, locked, case):
    answer = at_pat.get("/staff/", follow=True)
    assert answer.redirect_chain == [(reverse("console:minors"), 302)]
    page = answer.content.decode()
    assert locked.number in page
    assert case.number not in page
    assert ">Cases</a>" not in page


def test_no_locked_case_is_beyond_the_last_page(at_pat, locked, monkeypatch):
    monkeypatch.setattr(views, "PER_PAGE", 1)
    later = minors.submit_minors_report(MinorsForm(links=["https://platform.test/posts/4"]), by=Actor.reporter()).case
    first = at_pat.get(reverse("console:minors")).content.decode()
    second = at_pat.get(reverse("console:minors"), {"page": "2"}).content.decode()
    assert [case.number in first for case in (locked, later)] == [True, False]
    assert [case.number in second for case in (locked, later)] == [False, True]
    assert 'href="?page=2" rel="next"' in first


def test_the_page_shows_links_as_text_and_asks_and_notes(at_pat, locked):
    address = reverse("console:minor", args=[locked.public_id])
    page = at_pat.get(address).content.decode()
    assert "hxxps://platform[.]test/posts/3" in page
    assert "https://platform.test" not in page
    assert "canary@reporter.test" in page
    answer = at_pat.post(reverse("console:minor_remove", args=[locked.public_id]), follow=True)
    assert "The platform was asked to take it down." in answer.content.decode()
    assert Action.objects.get().kind == "remove"
    again = at_pat.post(reverse("console:minor_remove", args=[locked.public_id]), follow=True)
    assert "Nothing of this case is left" in again.content.decode()
    told = {"service": "NCMEC", "reference": "98765"}
    answer = at_pat.post(reverse("console:minor_refer", args=[locked.public_id]), told, follow=True)
    assert "Referred to NCMEC, number 98765" in answer.content.decode()
    answer = at_pat.post(reverse("console:minor_refer", args=[locked.public_id]), {"service": ""}, follow=True)
    assert "name it and its number" in answer.content.decode()


def test_each_reading_is_in_the_history(at_pat, locked):
    page = at_pat.get(reverse("console:minor", args=[locked.public_id])).content.decode()
    assert "read the report" in page


@pytest.fixture
def at_quinn(db):
    return signed_in(member("quinn", "protection"))


def test_a_mistake_is_taken_back_by_two_on_its_page(at_bea, at_pat, at_quinn, case):
    at_bea.post(f"/staff/cases/{case.public_id}/minor/")
    page, unlock = f"/staff/minors/{case.public_id}/", f"/staff/minors/{case.public_id}/unlock/"
    assert "It takes two people" in at_pat.get(page).content.decode()
    assert "say why" in at_pat.post(unlock, {"reason": ""}, follow=True).content.decode()
    own = at_pat.post(unlock, {"reason": "She is 34."}, follow=True).content.decode()
    assert "Another person of child protection has to approve it." in own
    assert 'value="approved"' not in own
    refused = at_pat.post(f"{unlock}answer/", {"do": "approved"}, follow=True).content.decode()
    assert "You proposed this" in refused
    assert "Choose whether" in at_quinn.post(f"{unlock}answer/", {"do": "nothing"}, follow=True).content.decode()
    assert "She is 34." in at_quinn.get(page).content.decode()
    done = at_quinn.post(f"{unlock}answer/", {"do": "approved"}, follow=True).content.decode()
    assert "The case is back in the ordinary list." in done
    assert at_quinn.get(page).status_code == 404
    history = at_bea.get(f"/staff/cases/{case.public_id}/").content.decode()
    assert "gave the case back" in history
    assert "She is 34." not in history
    assert "a removal blocks no copies" in history


def test_a_rejection_is_said_and_nobody_else_hears_of_it(at_bea, at_cem, at_pat, at_quinn, case):
    at_bea.post(f"/staff/cases/{case.public_id}/minor/")
    unlock = f"/staff/minors/{case.public_id}/unlock/"
    at_pat.post(unlock, {"reason": "She is 34."})
    address = reverse("console:proposal", args=[Proposal.objects.get().public_id])
    for browser in (at_bea, at_cem):
        assert "give a case back" not in browser.get("/staff/proposals/").content.decode().lower()
        assert browser.post(address, {"do": "rejected", "because": "x"}).status_code == 404
    answer = at_quinn.post(f"{unlock}answer/", {"do": "rejected", "because": "I doubt it."}, follow=True)
    assert "The proposal is rejected." in answer.content.decode()
    assert at_quinn.post(f"{unlock}answer/", {"do": "approved"}).status_code == 404
    assert Case.objects.get().state == "minors"


def test_what_the_reporter_said_is_not_offered_to_be_taken_back(at_pat, db):
    form = MinorsForm(links=["https://platform.test/posts/1"])
    asked = minors.submit_minors_report(form, by=Actor.reporter()).case
    page = at_pat.get(f"/staff/minors/{asked.public_id}/").content.decode()
    assert "Nobody here takes that back for them." in page
    assert "Propose to give it back" not in page
