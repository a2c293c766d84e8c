"""The way back from a removal, for the person who made it by mistake, and the time the platform has for it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from staydown.apps.accounts.access import staff_actor
from staydown.apps.banks.models import Entry
from staydown.apps.cases import actions, settling
from staydown.apps.cases.models import Action, Case, Item
from staydown.errors import ConflictError, DeniedError, GroundError, InvalidError, StateError
from tests import factories as make

pytestmark = pytest.mark.django_db


def restored(case, staff, items, **changes):
    case = Case.objects.get(pk=case.pk)
    said = {"regime_id": "uk-osa-10-3A", "ground": make.ground(), "reason": "A mistake.", "version": case.version}
    return actions.restore(case, items=items, **{**said, **changes}, staff=staff, by=staff_actor(staff))


@pytest.fixture
def sent(bea):
    sent = make.submitted()
    make.decided(sent.case, bea)
    return sent


def test_before_the_platform_has_answered(sent, bea):
    restored(sent.case, bea, sent.report.items.all())
    assert list(Action.objects.values_list("kind", "state")) == [("remove", "cancelled"), ("restore", "asked")]
    assert {entry.state for entry in Entry.objects.all()} == {"reversed"}
    case = Case.objects.get()
    assert case.state == "decided"
    assert case.due_at == Action.objects.get(kind="restore").asked_at + timedelta(hours=24)
    assert not case.clocks.filter(stopped_at=None).exists()


def test_a_removal_that_comes_all_the_same_is_undone(sent, bea):
    remove = Action.objects.get()
    restored(sent.case, bea, sent.report.items.all())
    first = Action.objects.get(kind="restore")
    actions.record_outcome(first, result="restored", by=make.PLATFORM)
    actions.record_outcome(Action.objects.get(pk=remove.pk), result="removed", by=make.PLATFORM)
    second = Action.objects.get(kind="restore", state="asked")
    assert second.item == first.item
    assert settling.due_of(second) == second.asked_at + timedelta(hours=24)


def test_what_cannot_be_shown_again_waits_for_a_person(sent, bea):
    actions.record_outcome(Action.objects.get(), result="removed", by=make.PLATFORM)
    restored(sent.case, bea, sent.report.items.all())
    action = Action.objects.get(kind="restore")
    actions.record_outcome(action, result="failed", by=make.PLATFORM)
    assert Item.objects.get(kind="link").state == "disabled"
    assert Case.objects.get().state == "open"
    actions.record_outcome(Action.objects.get(pk=action.pk), result="restored", by=make.PLATFORM)
    assert Item.objects.get(kind="link").state == "declined"


def test_it_is_refused(sent, bea, uli):
    other = make.submitted(pictures=(7,))
    items = sent.report.items.all()
    with pytest.raises(ConflictError):
        restored(sent.case, bea, items, version=1)
    with pytest.raises(GroundError):
        restored(sent.case, bea, items, ground="")
    with pytest.raises(InvalidError):
        restored(sent.case, bea, items, reason=" ")
    with pytest.raises(StateError):
        restored(sent.case, bea, [])
    with pytest.raises(StateError):
        restored(other.case, bea, other.report.items.all())
    with pytest.raises(DeniedError):
        restored(sent.case, uli, items)
    assert {entry.state for entry in Entry.objects.filter(pdq_items__report=sent.report)} == {"enforced"}


def test_it_is_no_ordinary_verdict(bea):
    with pytest.raises(InvalidError):
        make.decided(make.submitted().case, bea, "restore")


def test_a_restore_that_follows_a_decline_has_a_due_time_too(bea):
    sent = make.submitted(pictures=())
    hide = make.decided(sent.case, bea, "disable").actions.get()
    actions.record_outcome(hide, result="disabled", by=make.PLATFORM)
    make.decided(sent.case, bea, "decline")
    case = Case.objects.get()
    assert (case.state, case.due_at) == ("decided", Action.objects.get(kind="restore").asked_at + timedelta(hours=24))


def test_many_items_are_decided_in_few_queries(bea, django_assert_max_num_queries):
    sent = make.submitted(links=0, pictures=tuple(range(100)))
    with django_assert_max_num_queries(60):
        make.decided(sent.case, bea)
    assert set(Entry.objects.values_list("state", flat=True)) == {"enforced"}
