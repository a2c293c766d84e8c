"""The pages for cases of people under 18, and the button that sends a case there."""

from __future__ import annotations

import pytest
from django.urls import reverse

from staydown.apps.accounts.models import Role
from staydown.apps.audit.actor import Actor
from staydown.apps.cases.actions import minors
from staydown.apps.cases.intake import MinorsForm
from staydown.apps.cases.models import Action, Case
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
    assert "referred it to NCMEC, number 98765" in answer.content.decode()
    answer = at_pat.post(reverse("console:minor_refer", args=[locked.public_id]), {"service": ""}, follow=True)
    assert "name it and its number" in answer.content.decode()


def test_each_reading_is_in_the_history(at_pat, locked):
    page = at_pat.get(reverse("console:minor", args=[locked.public_id])).content.decode()
    assert "read the report" in page
