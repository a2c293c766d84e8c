"""Deciding in the console: what can be chosen, that nothing is sent unseen, and that no typed word is lost."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from staydown.apps.banks.models import Entry
from staydown.apps.cases import actions, regimes
from staydown.apps.cases.models import Action, Case, Decision, Item
from staydown.apps.console.consequences import of_decision
from tests import factories as make

pytestmark = pytest.mark.django_db

REASON = "The link shows an intimate picture; the reporter says it is her.\nSeen on the platform."


def address(case):
    return f"/staff/cases/{case.public_id}/decide/"


def given(case, verdict="remove", **changes):
    """What the form sends for a decision about everything that waits, as the page stands now."""
    case = Case.objects.get(pk=case.pk)
    waiting = case.items.filter(state__in=["open", "disabled"])
    data = {
        "step": "check",
        "verdict": verdict,
        "items": [str(item.public_id) for item in waiting],
        "regime": "uk-osa-10-3A",
        "reason": REASON,
        "version": str(case.version),
        "seen": "1",
    }
    if verdict == "decline":
        data["ground"] = f"uk-osa-10-3A/{make.ground()}"
    return {**data, **changes}


@pytest.fixture
def opened(at_bea, case):
    """The case, opened by Bea, who holds it now."""
    assert at_bea.get(f"/staff/cases/{case.public_id}/").status_code == 200
    return case


# What can be chosen --------------------------------------------------------------------------------------------------


def test_the_form_offers_what_waits_and_the_grounds_of_the_laws_alone(at_bea, opened):
    form = at_bea.get(f"/staff/cases/{opened.public_id}/").context["form"]
    assert [value for value, _ in form.fields["verdict"].choices] == ["remove", "decline", "disable"]
    assert {value for value, _ in form.fields["items"].choices} == {str(item.public_id) for item in opened.items.all()}
    assert {value for value, _ in form.fields["ground"].choices} == {
        "uk-osa-10-3A/not_intimate_image_content",
        "uk-osa-10-3A/not_subject_or_agent",
        "us-tida-3/not_valid_request",
    }


def test_a_picture_alone_cannot_be_hidden(at_bea):
    sent = make.submitted(links=0)
    form = at_bea.get(f"/staff/cases/{sent.case.public_id}/").context["form"]
    assert [value for value, _ in form.fields["verdict"].choices] == ["remove", "decline"]


def test_without_a_law_that_lists_grounds_nothing_can_be_declined(at_bea, monkeypatch):
    sent = make.submitted()
    Case.objects.update(regimes=[])
    form = at_bea.get(f"/staff/cases/{sent.case.public_id}/").context["form"]
    assert "decline" not in dict(form.fields["verdict"].choices)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"verdict": ""}, "Choose what you decide."),
        ({"verdict": "burn"}, "Select a valid choice"),
        ({"items": []}, "Tick at least one item."),
        ({"reason": "  "}, "Say why, in your own words."),
        ({"verdict": "decline", "ground": ""}, "Choose the ground on which you decline."),
        ({"verdict": "decline", "ground": "uk-osa-10-3A/rude"}, "Select a valid choice"),
        ({"regime": "fr-lcen"}, "Select a valid choice"),
        ({"regime": ""}, "Choose the law under which you decide."),
        ({"items": ["0c3e2f7e-27d8-4a3c-9ef0-3c9f4cf7a001"]}, "Select a valid choice"),
    ],
)
def test_a_form_that_is_not_whole_comes_back_with_what_was_typed(at_bea, opened, changes, said):
    data = given(opened, **changes)
    answer = at_bea.post(address(opened), data)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert said in page
    assert "There is a problem" in page
    if data["reason"].strip():
        assert "the reporter says it is her." in page
    assert not Decision.objects.exists()


def test_only_pictures_ticked_cannot_be_hidden(at_bea, opened):
    pictures = [str(item.public_id) for item in opened.items.filter(kind="hash")]
    answer = at_bea.post(address(opened), given(opened, "disable", items=pictures))
    assert answer.status_code == 422
    assert "None of these can be hidden" in answer.content.decode()


# Consequences first --------------------------------------------------------------------------------------------------


def test_checking_shows_the_consequences_and_changes_nothing(at_bea, opened):
    before = Case.objects.values().get()
    page = at_bea.post(address(opened), given(opened)).content.decode()
    assert "Check the decision" in page
    assert "asked now to take down 2 items" in page
    assert "Copies are blocked from now on" in page
    assert "hxxps://platform[.]test/posts/1" in page
    assert Case.objects.values().get() == {**before, "leased_until": Case.objects.get().leased_until}
    assert not Decision.objects.exists()
    assert set(Entry.objects.values_list("state", flat=True)) == {"pending"}


def test_without_a_step_it_is_only_checked(at_bea, opened):
    data = given(opened)
    del data["step"]
    assert "Check the decision" in at_bea.post(address(opened), data).content.decode()
    assert not Decision.objects.exists()


def test_hiding_says_what_stays_as_it_is(at_bea, opened):
    page = at_bea.post(address(opened), given(opened, "disable")).content.decode()
    assert "asked now to hide 2 items" in page
    assert "1 of the items that you ticked is nowhere to be hidden" in page
    assert "1 item of this case still waits" in page
    assert "The clock runs on" in page


def test_declining_says_which_ground_and_what_becomes_of_the_hash(at_bea, opened):
    page = at_bea.post(address(opened), given(opened, "decline")).content.decode()
    assert "Not an intimate image" in page
    assert "2 links stay up on the platform" in page
    assert "The hash of 1 picture is erased" in page


def test_declining_counts_pictures_and_videos_apart(bea):
    sent = make.submitted(links=0, hashes=[make.picture(1), make.video(2), make.video(3)])
    items = list(sent.report.items.order_by("pk"))
    laws = regimes.pinned(sent.case)
    said = " ".join(of_decision("decline", items, items, laws))
    assert "The hashes of 1 picture and 2 videos are erased" in said
    assert "The hash of 1 video is erased" in " ".join(of_decision("decline", items[1:2], items, laws))


@pytest.mark.parametrize(
    ("verdict", "said"),
    [
        ("remove", ["can appeal", "It can be taken back here", "nobody can put back"]),
        ("decline", ["another person looks again", "do not come back"]),
        ("disable", ["until you decide for good"]),
    ],
)
def test_checking_promises_no_way_back_that_is_not_there(at_bea, opened, verdict, said):
    page = at_bea.post(address(opened), given(opened, verdict)).content.decode()
    assert "later decision" not in page
    assert [words for words in said if words not in page] == []
    assert "cannot be changed" not in page


def test_going_back_to_change_keeps_what_was_typed(at_bea, opened):
    one = [str(opened.items.first().public_id)]
    answer = at_bea.post(address(opened), given(opened, "disable", step="change", items=one))
    form = answer.context["form"]
    assert answer.status_code == 200
    assert form["reason"].value() == REASON
    assert form["verdict"].value() == "disable"
    assert form["items"].value() == one
    assert not form.errors


# Sending -------------------------------------------------------------------------------------------------------------


def test_sending_decides(at_bea, bea, opened):
    answer = at_bea.post(address(opened), given(opened, step="send"), follow=True)
    assert answer.redirect_chain == [("/staff/", 302)]
    assert f"Case {opened.number}: decided about 3 items." in answer.content.decode()
    decision = Decision.objects.get()
    assert (decision.verdict, decision.regime_id, decision.ground) == ("remove", "uk-osa-10-3A", "")
    assert decision.reason.split() == REASON.split()
    assert (decision.by_staff, decision.by_label) == (bea, "bea-at-work")
    assert Case.objects.get().state == "decided"
    assert Action.objects.filter(kind="remove", state="asked").count() == 2


def test_what_is_checked_is_what_is_sent(at_bea, opened):
    """The form on the check page, sent as a browser without JavaScript would, is the decision."""
    one = [str(opened.items.filter(kind="link").first().public_id)]
    data = given(opened, "decline", items=one, ground="us-tida-3/not_valid_request")
    checked = at_bea.post(address(opened), data).context["form"]
    names = ("version", "seen", "verdict", "items", "regime", "ground", "reason")
    again = {name: checked[name].value() for name in names} | {"step": "send"}
    assert at_bea.post(address(opened), again).status_code == 302
    decision = Decision.objects.get()
    assert (decision.verdict, decision.regime_id, decision.ground) == ("decline", "us-tida-3", "not_valid_request")
    assert [str(item.public_id) for item in decision.items.all()] == one
    assert Case.objects.get().state == "open"  # two items still wait


def test_hiding_is_about_what_can_be_hidden(at_bea, opened):
    at_bea.post(address(opened), given(opened, "disable", step="send"))
    assert {item.kind for item in Decision.objects.get().items.all()} == {"link"}
    page = at_bea.get(f"/staff/cases/{opened.public_id}/").content.decode()
    assert "the platform was asked" in page
    assert "Disable until the final decision" in page


def test_a_last_word_may_come_before_the_platform_has_hidden_it(at_bea, opened):
    at_bea.post(address(opened), given(opened, "disable", step="send"))
    form = at_bea.get(f"/staff/cases/{opened.public_id}/").context["form"]
    assert len(form.waiting) == 3
    data = given(opened, step="send", items=[str(item.public_id) for item in form.waiting])
    assert at_bea.post(address(opened), data).status_code == 302
    assert Case.objects.get().state == "decided"


def test_what_the_platform_could_not_do_waits_again_and_says_so(at_bea, opened):
    at_bea.post(address(opened), given(opened, step="send"))
    actions.record_outcome(Action.objects.first(), result="failed", by=make.PLATFORM)
    page = at_bea.get(f"/staff/cases/{opened.public_id}/").content.decode()
    assert "The platform could not remove it" in page
    assert "<textarea" in page


# Somebody else -------------------------------------------------------------------------------------------------------


def test_a_case_that_changed_is_not_decided_and_the_text_is_kept(at_bea, opened, sent):
    data = given(
        opened, step="send", seen=str(at_bea.get(f"/staff/cases/{opened.public_id}/").context["history"][-1].seq)
    )
    actions.withdraw_item(Item.objects.filter(kind="link").first(), by=make.PLATFORM)
    answer = at_bea.post(address(opened), data)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "This case changed while you worked on it" in page
    assert "took one item back" in page.split('id="changed"')[1].split("</div>")[0]
    assert "took the case" not in page.split('id="changed"')[1].split("</div>")[0]
    assert "the reporter says it is her." in page
    assert not Decision.objects.exists()
    again = given(opened, step="send", version=str(answer.context["form"]["version"].value()))
    assert at_bea.post(address(opened), again).status_code == 302


def test_a_change_between_the_look_and_the_decision_is_caught_too(at_bea, opened, monkeypatch):
    """The version is compared once more where the case is locked."""
    decide = actions.decide

    def late(case, **given):
        actions.withdraw_item(Item.objects.filter(kind="link").first(), by=make.PLATFORM)
        return decide(case, **given)

    monkeypatch.setattr("staydown.apps.console.views.decisions.actions.decide", late)
    answer = at_bea.post(address(opened), given(opened, step="send"))
    assert answer.status_code == 409
    assert "the reporter says it is her." in answer.content.decode()
    assert not Decision.objects.exists()


def test_someone_else_took_it(at_bea, at_cem, cem, opened):
    data = given(opened, step="send")
    Case.objects.update(leased_by=cem, leased_until=timezone.now() + timedelta(minutes=5))
    answer = at_bea.post(address(opened), data)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "cem-at-work took this case in the meantime" in page
    assert "the reporter says it is her." in page
    assert not Decision.objects.exists()


def test_someone_else_decided_it_all(at_bea, cem, opened):
    data = given(opened, step="send")
    actions.release(opened, opened.leased_by or Case.objects.get().leased_by)
    make.decided(opened, cem)
    answer = at_bea.post(address(opened), data)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "What you typed" in page
    assert "the reporter says it is her." in page
    assert 'name="reason"' not in page
    assert Decision.objects.get().by_label == "cem-at-work"


def test_a_lease_that_ran_out_is_taken_again_by_sending(at_bea, bea, opened):
    Case.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    assert at_bea.post(address(opened), given(opened, step="send")).status_code == 302
    assert Decision.objects.get().by_staff == bea


@pytest.mark.parametrize("version", ["", "x", "-1", "99999999999999999999"])
def test_a_version_that_is_none_decides_nothing(at_bea, opened, version):
    answer = at_bea.post(address(opened), given(opened, step="send", version=version))
    assert answer.status_code == 409
    assert not Decision.objects.exists()
