"""Appeals: either side may have a decision looked at again, by another person than decided, and be heard in time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from staydown.apps.accounts.access import staff_actor
from staydown.apps.audit.actor import Actor
from staydown.apps.audit.querysets import history
from staydown.apps.banks.models import Entry, FeedLine
from staydown.apps.cases import access, actions, appeals
from staydown.apps.cases.actions import Answer
from staydown.apps.cases.models import Action, Appeal, Case, Decision, Item, UploaderNotice
from staydown.apps.cases.notice_codes import code_of
from staydown.apps.sharing import actions as sharing
from staydown.apps.sharing.models import Delivery
from staydown.errors import DeniedError, GroundError, InvalidError, MissingError, ReceiptError, StateError
from tests import factories as make
from tests.people import DORA, member

pytestmark = pytest.mark.django_db


def removed(staff, **changes):
    """A report whose link and picture were removed, and the notice to the link's uploader, handed over."""
    sent = make.submitted(**changes)
    action = make.decided(sent.case, staff).actions.get()
    actions.record_outcome(action, result="removed", by=make.PLATFORM)
    return sent, actions.hand_over(UploaderNotice.objects.get(), by=make.PLATFORM)


def answered(asked, staff, outcome="reversed", **more):
    given = {"outcome": outcome, "reason": "It is a holiday picture.", "answer": "You are right.", **more}
    if outcome == "reversed" and asked.side == "uploader":
        given.setdefault("ground", make.ground())
    return actions.decide_appeal(asked, Answer(**given), staff=staff, by=staff_actor(staff))


def test_an_uploader_is_heard_with_their_code_alone(bea, cem):
    sent, notice = removed(bea)
    found = access.notice_for_code(code_of(notice).lower().replace("-", " "))
    asked = actions.appeal(found, words="  This is a picture of my dog. ")
    assert (asked.side, asked.state, asked.case, asked.words) == (
        "uploader",
        "open",
        sent.case,
        "This is a picture of my dog.",
    )
    assert list(asked.items.all()) == [sent.report.items.get(kind="link")]
    assert asked.due_at - asked.received_at == timedelta(days=7)
    assert [each.verb for each in history(asked)] == ["appeal.received"]
    assert history(asked)[0].actor_kind == "uploader"
    assert "appeal.received" not in [each.verb for each in history(sent.report)]  # the reporter is not frightened yet
    again = actions.appeal(found, words="Something else.")
    assert (again, again.words) == (asked, "This is a picture of my dog.")


def test_a_reversed_removal_is_shown_again_and_unblocked(bea, cem):
    sent, notice = removed(bea)
    entries = list(Entry.objects.all())
    assert {entry.state for entry in entries} == {"enforced"}
    asked = actions.appeal(notice, words="A dog.")
    lines = FeedLine.objects.count()
    done = answered(asked, cem, items=list(sent.report.items.all()))
    assert (done.state, done.by_staff, done.answer) == ("reversed", cem, "You are right.")
    assert (done.replaced_by.verdict, done.replaced_by.by_staff) == ("restore", cem)
    restore = Action.objects.get(kind="restore")
    assert (restore.decision, restore.state) == (done.replaced_by, "asked")
    assert {entry.state for entry in Entry.objects.all()} == {"reversed"}
    assert all(entry.value is None for entry in Entry.objects.all())
    assert set(FeedLine.objects.filter(seq__gt=lines).values_list("op", flat=True)) == {"remove"}
    case = Case.objects.get()
    assert (case.state, case.due_at) == ("decided", restore.asked_at + timedelta(hours=24))
    actions.record_outcome(restore, result="restored", by=make.PLATFORM)
    case.refresh_from_db()
    assert (case.state, case.due_at) == ("done", None)
    assert set(Item.objects.values_list("state", flat=True)) == {"declined"}
    assert [line.verb for line in history(done)] == ["appeal.received", "appeal.decided"]


def test_the_upload_alone_can_be_shown_again(bea, cem):
    _, notice = removed(bea)
    answered(actions.appeal(notice, words="Not the same picture."), cem)
    assert {entry.state for entry in Entry.objects.all()} == {"enforced"}
    assert dict(Item.objects.values_list("kind", "state")) == {"link": "declined", "hash": "kept_down"}


def test_what_another_report_still_wants_stays_blocked(bea, cem):
    sent, notice = removed(bea)
    make.submitted(DORA, links=0, pictures=(1,))
    answered(actions.appeal(notice, words="A dog."), cem, items=list(sent.report.items.all()))
    assert {entry.state for entry in Entry.objects.all()} == {"enforced"}


def test_upheld_changes_nothing_but_the_answer(bea, cem):
    _, notice = removed(bea)
    before = list(Item.objects.values("state")), list(Entry.objects.values("state")), Decision.objects.count()
    done = answered(actions.appeal(notice, words="A dog."), cem, "upheld", answer="It shows what it shows.")
    assert (done.state, done.replaced_by) == ("upheld", None)
    assert (
        list(Item.objects.values("state")),
        list(Entry.objects.values("state")),
        Decision.objects.count(),
    ) == before


def test_who_decided_does_not_answer(bea, cem, uli):
    _, notice = removed(bea)
    asked = actions.appeal(notice, words="A dog.")
    for person in (bea, uli):
        with pytest.raises(DeniedError):
            answered(asked, person)
    assert answered(asked, member("finn", "moderator")).state == "reversed"


def test_a_lead_does_not_answer_for_their_own_decision(cem):
    _, notice = removed(cem)
    with pytest.raises(DeniedError):
        answered(actions.appeal(notice, words="A dog."), cem)


def test_it_is_answered_once(bea, cem):
    _, notice = removed(bea)
    asked = actions.appeal(notice, words="A dog.")
    answered(asked, cem, "upheld")
    with pytest.raises(StateError):
        answered(asked, cem)


def test_showing_again_needs_a_ground_of_the_law(bea, cem):
    _, notice = removed(bea)
    asked = actions.appeal(notice, words="A dog.")
    for ground in ("", "made_up"):
        with pytest.raises(GroundError):
            answered(asked, cem, ground=ground)
    assert Appeal.objects.get().state == "open"


def test_only_what_the_decision_was_about_is_reversed(bea, cem):
    _, notice = removed(bea)
    asked = actions.appeal(notice, words="A dog.")
    other = make.submitted(DORA, pictures=(9,))
    for items in ([], list(other.report.items.all()), list(Item.objects.filter(kind="hash"))):
        with pytest.raises(InvalidError):
            answered(asked, cem, items=items)


def test_the_time_to_appeal_counts_from_the_day_they_were_told(bea):
    sent = make.submitted()
    make.decided(sent.case, bea)
    notice = UploaderNotice.objects.select_related("action__item__case").get()
    assert appeals.ends_at(notice) is None
    told = actions.hand_over(notice, by=make.PLATFORM)
    assert actions.hand_over(told, by=make.PLATFORM).told_at == told.told_at  # fetched again: the first time counts
    assert [line.verb for line in history(told)] == ["notice.handed_over"]
    window = appeals.ends_at(told) - told.told_at
    assert timedelta(days=181) <= window <= timedelta(days=184)
    UploaderNotice.objects.update(told_at=told.told_at - timedelta(days=185))
    with pytest.raises(StateError):
        actions.appeal(access.notice_for_code(code_of(told)), words="Too late.")
    assert not Appeal.objects.exists()
    UploaderNotice.objects.update(told_at=told.told_at - timedelta(days=180))
    assert actions.appeal(access.notice_for_code(code_of(told)), words="In time.").state == "open"


def test_a_wrong_code_says_nothing(bea):
    _, notice = removed(bea)
    for text in ("", "nonsense", "0000-0000-0000-0000-0", make.submitted(DORA, pictures=(5,)).code):
        with pytest.raises(ReceiptError):
            access.notice_for_code(text)
    notice.send, notice.because = "never", "safety"
    notice.save()
    with pytest.raises(ReceiptError):
        access.notice_for_code(code_of(notice))


def test_nothing_of_a_minors_case_is_reached(bea, cem):
    sent, notice = removed(bea)
    actions.appeal(notice, words="A dog.")
    Case.objects.filter(pk=sent.case.pk).update(state="minors", due_at=None)
    with pytest.raises(ReceiptError):
        access.notice_for_code(code_of(notice))
    assert not access.appeals_for_staff(bea).exists()
    with pytest.raises(MissingError):
        answered(Appeal.objects.get(), cem)
    assert not Action.objects.filter(kind="restore").exists()


def test_a_reporter_complains_and_is_heard(bea, cem):
    sent = make.submitted(links=2)
    make.decided(sent.case, bea, "decline")
    assert [each.verdict for each in appeals.open_to_complaint(sent.report)] == ["decline"]
    asked = actions.complain(sent.report, words="It is me, look at the tattoo.")
    assert (asked.side, asked.due_at - asked.received_at) == ("reporter", timedelta(hours=24))
    assert asked.items.count() == 3
    assert actions.complain(sent.report, words="Again.", decision=asked.decision) == asked
    assert appeals.open_to_complaint(sent.report) == []
    done = answered(asked, cem, answer="We are sorry. You are right.")
    assert (done.state, done.replaced_by.verdict) == ("reversed", "remove")
    assert set(Action.objects.values_list("kind", "state")) == {("remove", "asked")}
    assert dict(Item.objects.values_list("kind", "state")) == {"link": "asked", "hash": "kept_down"}
    case = Case.objects.get()
    assert case.state == "decided"
    assert timedelta(hours=47) < case.due_at - timezone.now() <= timedelta(hours=48)
    assert "appeal.decided" in [line.verb for line in history(sent.report)]
    # What was erased with the decline cannot be blocked again, and nobody says that it is.
    assert [item.blocks_copies for item in Item.objects.filter(kind="hash")] == [False]


def test_there_must_be_something_to_complain_about(bea):
    sent = make.submitted()
    with pytest.raises(StateError):
        actions.complain(sent.report, words="Why?")
    make.decided(sent.case, bea)
    with pytest.raises(StateError):
        actions.complain(sent.report, words="Why?")


def test_nobody_complains_about_anothers_item(bea):
    amaras = make.submitted()
    doras = make.submitted(DORA)
    assert amaras.case == doras.case
    make.decided(amaras.case, bea, "decline", items=list(amaras.report.items.all()))
    assert appeals.open_to_complaint(doras.report) == []
    asked = actions.complain(amaras.report, words="Look again.")
    assert {item.report for item in asked.items.all()} == {amaras.report}


def test_a_reporter_may_complain_about_what_an_appeal_showed_again(bea, cem):
    sent, notice = removed(bea)
    answered(actions.appeal(notice, words="A dog."), cem)
    asked = actions.complain(sent.report, words="It is not a dog.")
    assert asked.decision.verdict == "restore"
    with pytest.raises(DeniedError):
        answered(asked, cem)
    assert answered(asked, member("finn", "moderator")).replaced_by.verdict == "remove"


def test_an_appeal_against_what_was_shown_again_meanwhile(bea, cem):
    sent, notice = removed(bea)
    asked = actions.appeal(notice, words="A dog.")
    link = sent.report.items.get(kind="link")
    case = Case.objects.get()
    said = {"regime_id": "uk-osa-10-3A", "ground": make.ground(), "reason": "My mistake.", "version": case.version}
    back = actions.restore(case, items=[link], staff=bea, by=staff_actor(bea), **said)
    done = answered(asked, cem)
    assert (done.state, done.replaced_by, Decision.objects.count()) == ("reversed", back, 2)


def test_words_are_asked_for_and_sealed(bea, cem, uli):
    _, notice = removed(bea)
    for words in ("", "  ", "x" * 20_001):
        with pytest.raises(InvalidError):
            actions.appeal(notice, words=words)
    asked = actions.appeal(notice, words="canary of the uploader")
    assert access.appeal_for_staff(cem, asked.public_id).words == "canary of the uploader"
    with pytest.raises(DeniedError):
        access.appeal_for_staff(uli, asked.public_id)
    for line in history(asked):
        assert "canary" not in str(line.facts)


def test_the_platform_is_told_of_both(bea, cem):
    sharing.add_endpoint("platform", "https://platform.test/hooks", by=Actor.system())
    _, notice = removed(bea)
    answered(actions.appeal(notice, words="A dog."), cem)
    told = [row for row in Delivery.objects.order_by("pk").values_list("event", "payload") if "appeal" in row[0]]
    assert [event for event, _ in told] == ["appeal.received", "appeal.decided"]
    assert all(payload["data"].keys() == {"appeal", "case"} for _, payload in told)
