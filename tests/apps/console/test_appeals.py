"""Appeals in the console: a lane of their own, a page that shows what is needed, and another person who answers."""

from __future__ import annotations

import pytest
from django.urls import reverse

from staydown.apps.banks.models import Entry
from staydown.apps.cases import actions
from staydown.apps.cases.models import Appeal, Case, Decision, UploaderNotice
from tests import factories as make
from tests.people import DORA, member


@pytest.fixture
def asked(case, bea):
    """An uploader's appeal against what Bea decided."""
    make.decided(case, bea)
    notice = UploaderNotice.objects.first()
    return actions.appeal(actions.hand_over(notice, by=make.PLATFORM), words="That is my dog on the beach.")


@pytest.fixture
def complaint(bea):
    sent = make.submitted(DORA, pictures=(5,))
    make.decided(sent.case, bea, "decline")
    return actions.complain(sent.report, words="It is me.")


def page_of(asked):
    return reverse("console:appeal", args=[asked.public_id])


def test_it_waits_in_a_lane_of_its_own(at_cem, at_uli, asked, complaint):
    queue = at_cem.get("/staff/").content.decode()
    assert 'Appeals <span class="count">2</span>' in queue
    lane = at_cem.get("/staff/appeals/").content.decode()
    assert lane.index(complaint.case.number) < lane.index(asked.case.number)  # due in a day, not in a week
    assert page_of(asked) in lane
    seen = at_uli.get("/staff/appeals/").content.decode()
    assert asked.case.number in seen
    assert page_of(asked) not in seen
    assert "No appeal" not in at_cem.get("/staff/appeals/?state=answered").content.decode()


def test_the_page_shows_both_sides(at_cem, asked):
    page = at_cem.get(page_of(asked)).content.decode()
    for said in ("That is my dog on the beach.", "Shown without consent.", "bea-at-work", "The decision stays"):
        assert said in page
    assert page.count('type="checkbox" name="items"') == 3
    assert page.count(" checked") == 2  # the link appealed about, and the picture of the same report


def test_who_decided_reads_it_and_cannot_answer(at_bea, asked):
    page = at_bea.get(page_of(asked)).content.decode()
    assert "Another person has to look at it again." in page
    assert 'name="outcome"' not in page
    sent = {"outcome": "upheld", "reason": "Still right."}
    assert at_bea.post(page_of(asked), sent).status_code == 409
    assert Appeal.objects.get().state == "open"


def test_it_is_answered(at_cem, cem, asked):
    items = [str(item.public_id) for item in asked.decision.items.all()]
    sent = {"outcome": "reversed", "items": items, "ground": make.ground(), "reason": "A dog.", "answer": "Sorry."}
    assert at_cem.post(page_of(asked), sent, follow=True).status_code == 200
    asked.refresh_from_db()
    assert (asked.state, asked.by_staff, asked.answer) == ("reversed", cem, "Sorry.")
    assert {entry.state for entry in Entry.objects.all()} == {"reversed"}
    page = at_cem.get(page_of(asked)).content.decode()
    assert "the decision is reversed" in page.casefold()
    case = at_cem.get(reverse("console:case", args=[asked.case.public_id])).content.decode()
    assert "decided that 3 items may be seen again" in case
    assert "looked again for the uploader, and reversed the decision" in case
    assert "The uploader</strong> asked that another person looks" in case


def test_a_complaint_is_answered(at_cem, complaint):
    page = at_cem.get(page_of(complaint)).content.decode()
    assert 'name="items"' not in page
    assert 'name="ground"' not in page
    at_cem.post(page_of(complaint), {"outcome": "reversed", "reason": "It is her."})
    assert Case.objects.get(pk=complaint.case_id).state == "decided"
    assert Decision.objects.order_by("-pk")[0].verdict == "remove"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "Choose whether the decision stays."),
        ({"outcome": "upheld"}, "Say why, in your own words."),
        ({"outcome": "reversed", "reason": "x"}, "Choose the ground of the law"),
        ({"outcome": "reversed", "reason": "x", "ground": make.ground()}, "Tick at least what was appealed about."),
    ],
)
def test_what_is_missing_is_said(at_cem, asked, given, said):
    answer = at_cem.post(page_of(asked), given)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert Appeal.objects.get().state == "open"


def test_a_lead_who_decided_before_answers_only_where_nobody_else_is_there(at_cem, cem, bea):
    sent = make.submitted(pictures=())
    make.decided(sent.case, cem, "disable")
    make.decided(sent.case, bea)
    asked = actions.appeal(UploaderNotice.objects.get(action__kind="remove"), words="A dog.")
    other = member("finn", "moderator")
    assert "You decided about this before. Another person" in at_cem.get(page_of(asked)).content.decode()
    other.is_active = False
    other.save()
    page = at_cem.get(page_of(asked)).content.decode()
    assert "Nobody who has not is there to answer it" in page
    at_cem.post(page_of(asked), {"outcome": "upheld", "reason": "It is intimate."})
    case = at_cem.get(reverse("console:case", args=[asked.case.public_id])).content.decode()
    assert "having decided about it before, as nobody else was there" in case
