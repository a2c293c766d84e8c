"""The uploader's page: the decision and the appeal, by a code alone, and nothing of the reporter."""

from __future__ import annotations

import pytest
from django.urls import reverse

from staydown.apps.accounts.access import staff_actor
from staydown.apps.cases import actions
from staydown.apps.cases.actions import Answer
from staydown.apps.cases.models import Appeal, UploaderNotice
from staydown.apps.cases.notice_codes import code_of
from tests import factories as make
from tests.people import AMARA

pytestmark = pytest.mark.django_db
ADDRESS = "/appeal/"


@pytest.fixture
def code(bea):
    sent = make.submitted(links=["https://platform.test/posts/1?by=canary"])
    make.decided(sent.case, bea)
    return code_of(actions.hand_over(UploaderNotice.objects.get(), by=make.PLATFORM))


def test_it_asks_for_the_code(client):
    page = client.get(reverse("portal:appeal")).content.decode()
    assert "need no account" in page
    assert not client.cookies
    for typed in ("", "nonsense", "0000-0000-0000-0000-0"):
        answer = client.post(ADDRESS, {"code": typed})
        assert answer.status_code == 200
        assert "Error:" in answer.content.decode()


def test_the_decision_is_told_without_a_word_of_the_reporter(client, code):
    page = client.post(ADDRESS, {"code": code.lower()}).content.decode()
    for said in ("It was taken down.", "A person took the decision.", "Send my appeal"):
        assert said in page
    for word in (AMARA.words, AMARA.relation, "canary", "helpline", "not your fault"):
        assert word not in page


def test_an_appeal_is_sent_and_answered(client, code, cem):
    empty = client.post(ADDRESS, {"code": code, "go": "send", "words": " "}).content.decode()
    assert "Write why it should be looked at again." in empty
    page = client.post(ADDRESS, {"code": code, "go": "send", "words": "This is my dog."}).content.decode()
    assert "We have your appeal" in page
    assert "Send my appeal" not in page
    asked = Appeal.objects.get()
    assert asked.words == "This is my dog."
    given = Answer("reversed", "Internal.", "You are right.", ground=make.ground())
    actions.decide_appeal(asked, given, staff=cem, by=staff_actor(cem))
    page = client.post(ADDRESS, {"code": code}).content.decode()
    assert "The decision is reversed" in page
    assert "You are right." in page
    assert "Internal." not in page
    assert cem.pseudonym not in page


def test_a_page_of_another_site_sends_nothing(client, code):
    answer = client.post(ADDRESS, {"code": code, "go": "send", "words": "x"}, headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 403
    assert not Appeal.objects.exists()
