"""A case that was locked by mistake: two people of child protection give it back, and nobody else."""

from __future__ import annotations

import pytest
from django.utils import timezone

from staydown.apps.accounts.access import staff_actor
from staydown.apps.audit import actions as audit
from staydown.apps.audit.actor import Actor
from staydown.apps.audit.querysets import history
from staydown.apps.banks.models import Entry
from staydown.apps.cases import access, actions, intake, regimes, timeline
from staydown.apps.cases.actions import adding, minors, unlocking
from staydown.apps.cases.choosing_again import without_hash
from staydown.apps.cases.intake import HashGiven, MinorsForm
from staydown.apps.cases.models import Action, Case, Item, Keeping, Lock
from staydown.errors import DeniedError, InvalidError, MissingError, StateError
from tests import factories as make
from tests.people import member

pytestmark = pytest.mark.django_db


@pytest.fixture
def pia(db):
    return member("pia", "protection")


@pytest.fixture
def quinn(db):
    return member("quinn", "protection")


@pytest.fixture
def sent():
    return make.submitted(links=1, pictures=(1, 2))


def locked(sent, staff):
    return minors.suspect_minor(sent.case, staff)


def proposed(case, staff, reason="She is 34; the platform has her documents."):
    return unlocking.propose_unlock(case, reason=reason, staff=staff, by=staff_actor(staff))


def answered(proposal, staff, state="approved", because=""):
    return actions.answer_proposal(proposal, state, because=because, staff=staff, by=staff_actor(staff))


def unlocked(case, pia, quinn):
    answered(proposed(case, pia), quinn)
    return Case.objects.get(pk=case.pk)


def limits(case):
    return sorted(case.clocks.values_list("regime_id", "clock_id", "due_at", "stopped_at"))


def test_it_goes_back_with_its_clocks_from_the_receipt(sent, bea, pia, quinn):
    before, laws = limits(sent.case), [pin["id"] for pin in sent.case.regimes]
    due = sent.case.due_at
    case = unlocked(locked(sent, bea), pia, quinn)
    assert (case.state, case.due_at) == ("open", due)
    assert limits(case) == before
    assert [pin["id"] for pin in case.regimes] == laws
    assert set(case.items.values_list("state", flat=True)) == {"open"}
    assert access.case_for_staff(bea, case.public_id) == case
    (line,) = [line for line in history(case) if line.verb == "case.unlocked"]
    assert (line.actor_label, line.facts) == (quinn.pseudonym, {"items": 2})
    assert audit.verify()


def test_a_report_of_pictures_alone_keeps_its_clocks_too(bea, pia, quinn):
    sent = make.submitted(links=0, pictures=(1,))
    before = limits(sent.case)
    case = locked(sent, bea)
    assert not case.clocks.filter(report=sent.report, stopped_at=None).exists()
    case = unlocked(case, pia, quinn)
    assert limits(case) == before
    assert case.due_at is not None


def test_hashes_stay_erased_until_the_reporter_chooses_the_pictures_again(sent, bea, pia, quinn):
    case = unlocked(locked(sent, bea), pia, quinn)
    assert set(Entry.objects.values_list("state", "value")) == {("withdrawn", None)}
    sent.report.refresh_from_db()
    assert len(without_hash(sent.report)) == 2
    adding.add_items(sent.report, hashes=[make.picture(1)], by=Actor.reporter(sent.report.public_id))
    assert len(without_hash(sent.report)) == 1
    adding.add_items(sent.report, hashes=[make.picture(2)], by=Actor.reporter(sent.report.public_id))
    assert without_hash(sent.report) == []
    pictures = case.items.filter(kind="hash").order_by("pk").values_list("state", flat=True)
    assert list(pictures) == ["withdrawn", "withdrawn", "open", "open"]
    assert Entry.objects.filter(state="pending").count() == 4
    assert case.clocks.filter(stopped_at=None).count() == len(limits(sent.case))  # no new clocks: the first ones count


def test_a_long_video_that_is_chosen_again_takes_the_place_of_all_its_parts(bea, pia, quinn):
    video = HashGiven(label="video 1", frames=tuple(make.pdq(1000 + at).hex() for at in range(2000)))
    sent = make.submitted(links=0, pictures=(), hashes=[video])
    unlocked(locked(sent, bea), pia, quinn)
    report = access.report_for_code(sent.code)
    assert len(without_hash(report)) == 3
    adding.add_items(report, hashes=[video], by=Actor.reporter(report.public_id))
    assert without_hash(report) == []
    assert report.items.filter(state="open").count() == 3


def test_what_is_chosen_again_fits_although_the_report_is_full(sent, bea, pia, quinn, monkeypatch):
    unlocked(locked(sent, bea), pia, quinn)
    report = access.report_for_code(sent.code)
    monkeypatch.setattr(intake, "MOST_HASHES", 2)
    adding.add_items(report, hashes=[make.picture(1), make.picture(2)], by=Actor.reporter(report.public_id))
    assert without_hash(report) == []
    with pytest.raises(InvalidError):
        adding.add_items(report, hashes=[make.picture(3)], by=Actor.reporter(report.public_id))


def test_a_full_report_takes_its_pictures_back_one_after_the_other(sent, bea, pia, quinn, monkeypatch):
    unlocked(locked(sent, bea), pia, quinn)
    report = access.report_for_code(sent.code)
    monkeypatch.setattr(intake, "MOST_HASHES", 2)
    for seed in (1, 2):
        adding.add_items(report, hashes=[make.picture(seed)], by=Actor.reporter(report.public_id))
    assert without_hash(report) == []
    with pytest.raises(InvalidError):
        adding.add_items(report, hashes=[make.picture(3)], by=Actor.reporter(report.public_id))


def test_the_reporter_reads_what_happened(bea, pia, quinn):
    sent = make.submitted(links=0, pictures=(1,))
    unlocked(locked(sent, bea), pia, quinn)
    report = access.report_for_code(sent.code)
    said = [str(line.text) for line in timeline.timeline(report)]
    assert "That was our mistake" in said[-1]
    step = timeline.next_step(report)
    assert "choose your pictures again" in str(step.text)
    assert step.by is not None


def test_what_was_declined_taken_back_or_asked_for_is_as_it_was(bea, cem, pia, quinn):
    sent = make.submitted(links=3, pictures=())
    first, second, third = sent.case.items.order_by("pk")
    make.decided(sent.case, bea, "decline", items=[first])
    make.decided(sent.case, bea, "remove", items=[second])
    actions.record_outcome(second.actions.get(), result="removed", by=make.PLATFORM)
    case = Case.objects.get(pk=sent.case.pk)
    said = {"regime_id": "uk-osa-10-3A", "ground": make.ground(), "reason": "x", "version": case.version}
    actions.restore(case, items=[second], staff=cem, by=staff_actor(cem), **said)
    actions.withdraw_item(third, by=Actor.reporter(sent.report.public_id))
    before = dict(case.items.values_list("pk", "state"))
    case = unlocked(locked(sent, bea), pia, quinn)
    assert dict(case.items.values_list("pk", "state")) == before
    assert Action.objects.get(item=second, kind="restore").state == "asked"


def test_what_was_taken_down_meanwhile_stays_so(sent, bea, pia, quinn):
    case = locked(sent, bea)
    minors.ask_removal(case, pia)
    actions.record_outcome(Action.objects.get(), result="removed", by=make.PLATFORM)
    case = unlocked(case, pia, quinn)
    assert case.items.get(kind="link").state == "removed"
    assert regimes.pinned_one(case, case.decisions.get().regime_id)


def test_what_was_taken_back_meanwhile_stays_so(sent, bea, pia, quinn):
    case = locked(sent, bea)
    actions.withdraw_report(sent.report, by=Actor.reporter(sent.report.public_id))
    case = unlocked(case, pia, quinn)
    assert (case.state, set(case.items.values_list("state", flat=True))) == ("withdrawn", {"withdrawn"})


def test_nobody_approves_their_own_and_no_other_role_has_a_say(sent, bea, cem, ada, uli, pia, quinn):
    case = locked(sent, bea)
    for person in (bea, cem, ada, uli):
        with pytest.raises(DeniedError):
            proposed(case, person)
    proposal = proposed(case, pia)
    for person in (pia, bea, cem, ada, uli):
        with pytest.raises(DeniedError):
            answered(proposal, person)
    assert Case.objects.get(pk=case.pk).state == "minors"
    assert answered(proposal, quinn).state == "done"


@pytest.mark.parametrize("state", ["rejected", "void"])
def test_rejected_or_void_it_stays_locked_and_can_be_proposed_again(sent, bea, pia, quinn, state):
    case = locked(sent, bea)
    proposal = proposed(case, pia)
    with pytest.raises(InvalidError):
        answered(proposal, quinn, state)
    answered(proposal, quinn, state, "I am not sure.")
    assert Case.objects.get(pk=case.pk).state == "minors"
    with pytest.raises(StateError):
        answered(proposal, quinn)
    assert proposed(case, pia) != proposal


def test_it_takes_two_whatever_the_policy_says(sent, bea, pia, settings):
    settings.STAYDOWN_TWO_PEOPLE = ()
    proposed(locked(sent, bea), pia)
    assert Case.objects.get(pk=sent.case.pk).state == "minors"


def test_a_reason_is_needed(sent, bea, pia):
    with pytest.raises(InvalidError):
        proposed(locked(sent, bea), pia, reason=" ")


def test_what_a_reporter_said_themselves_is_never_taken_back(pia):
    form = MinorsForm(links=["https://platform.test/posts/1"])
    case = minors.submit_minors_report(form, by=Actor.reporter()).case
    minors.suspect_minor(case, pia)  # locked already: nothing happens, so nothing can be undone
    assert "reporter said" in unlocking.refusal(case)
    with pytest.raises(StateError):
        proposed(case, pia)


def test_what_is_not_locked_is_not_given_back(sent, bea, pia, quinn):
    with pytest.raises(StateError):
        proposed(sent.case, pia)
    proposal = proposed(locked(sent, bea), pia)
    Keeping.objects.create(case=sent.case, version=1, closed_on=timezone.now().date(), forgotten=["report"])
    with pytest.raises(StateError):
        answered(proposal, quinn)  # its words went while it waited
    assert Lock.objects.get().lifted_at is None


def test_it_can_be_locked_once_more(sent, bea, pia, quinn):
    case = unlocked(locked(sent, bea), pia, quinn)
    case = minors.suspect_minor(case, bea)
    assert (case.state, Lock.objects.count()) == ("minors", 2)
    with pytest.raises(MissingError):
        access.case_for_staff(bea, case.public_id)
    assert without_hash(sent.report) == []
    case = unlocked(case, pia, quinn)
    assert case.state == "open"
    assert len(without_hash(access.report_for_code(sent.code))) == 2
    assert Item.objects.filter(state="open").count() == 3
