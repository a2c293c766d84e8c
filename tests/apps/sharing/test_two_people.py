"""A source that is to block without a case: one person adds or changes it, another one has to approve."""

from __future__ import annotations

from dataclasses import replace

import pytest

from staydown.apps.accounts.access import staff_actor
from staydown.apps.audit import actions as audit
from staydown.apps.audit.querysets import history
from staydown.apps.banks.models import Entry, Proposal
from staydown.apps.cases.actions import answer_proposal
from staydown.apps.sharing import sources
from staydown.apps.sharing.source_models import Source
from staydown.core.bank import Action
from staydown.errors import DeniedError, InvalidError, MissingError, StateError
from tests.apps.sharing.scripted import KEYS, Scripted, added, follow

pytestmark = pytest.mark.django_db
BECAUSE = "Agreement 7 with the helpline"


def answered(staff, state="approved", because=""):
    asked = Proposal.objects.get(state="open")
    return answer_proposal(asked, state, because=because, staff=staff, by=staff_actor(staff))


def made(policy, staff, **changes):
    wanted = replace(policy, enforced_because=BECAUSE, **changes)
    by = staff_actor(staff)
    return sources.add_source("helpline", "stopncii", "https://list.test/v1", KEYS, wanted, staff=staff, by=by)


def changed(source, staff, **changes):
    source = Source.objects.select_related("bank").get(pk=source.pk)
    return sources.change_source(
        source, replace(sources.policy_of(source), **changes), staff=staff, by=staff_actor(staff)
    )


def test_a_new_one_is_paused_until_a_lead_approves_and_then_blocks(policy, ada, cem):
    source = made(policy, ada)
    assert (source.enabled, source.enforced_because) == (False, "")
    assert follow(source, Scripted().adds(1)).is_ours is False
    assert answered(cem).state == "done"
    source.refresh_from_db()
    assert (source.enabled, source.enforced_because) == (True, BECAUSE)
    follow(source, Scripted().adds(1))
    assert [entry.state for entry in Entry.objects.all()] == ["enforced"]
    assert [line.verb for line in history(source)][:5] == [
        "source.added", "proposal.made", "proposal.approved", "source.changed", "proposal.used",
    ]  # fmt: skip
    assert audit.verify()


@pytest.mark.parametrize("state", ["rejected", "void"])
def test_rejected_or_void_it_stays_paused_and_blocks_nothing(policy, ada, cem, state):
    source = made(policy, ada)
    with pytest.raises(InvalidError):
        answered(cem, state)
    answered(cem, state, "We know of no agreement.")
    source.refresh_from_db()
    assert (source.enabled, source.enforced_because) == (False, "")
    sources.resume(source, by=staff_actor(ada))
    follow(source, Scripted().adds(1))
    assert [entry.state for entry in Entry.objects.all()] == ["pending"]


def test_nobody_else_approves_it(policy, ada, bea, uli):
    made(policy, ada)
    for person in (ada, bea, uli):
        with pytest.raises(DeniedError):
            answered(person)
    ada.role = "lead"
    ada.save()
    with pytest.raises(DeniedError):
        answered(ada)  # nor does its proposer in another role
    assert Proposal.objects.get().state == "open"


def test_a_change_that_blocks_more_waits_and_any_other_does_not(policy, ada, cem):
    source = added(replace(policy, radius=10, action=Action.REVIEW, most_growth=100))
    changed(source, ada, radius=12)
    changed(source, ada, enforced_because=BECAUSE)
    source.refresh_from_db()
    assert (source.radius, source.enforced_because, source.enabled) == (12, "", True)
    answered(cem)
    for more in ({"radius": 20}, {"action": Action.BLOCK}, {"most_growth": 200}, {"enforced_because": "Other"}):
        before = sources.policy_of(Source.objects.select_related("bank").get(pk=source.pk))
        changed(source, ada, **more)
        assert sources.policy_of(Source.objects.select_related("bank").get(pk=source.pk)) == before
        with pytest.raises(StateError):
            changed(source, ada, radius=31)  # it is proposed already
        answered(cem)
        assert sources.policy_of(Source.objects.select_related("bank").get(pk=source.pk)) == replace(before, **more)
    for less in ({"radius": 3}, {"tells": True}, {"most_growth": 9}, {"action": Action.REVIEW}):
        changed(source, ada, **less)
    changed(source, ada, enforced_because="")
    source.refresh_from_db()
    assert (source.radius, source.tells, source.most_growth, source.enforced_because) == (3, True, 9, "")
    assert not Proposal.objects.filter(state="open").exists()


def test_what_blocks_without_a_case_is_not_moved(policy, ada, cem):
    source = made(policy, ada)
    answered(cem)
    source = Source.objects.select_related("bank").get(pk=source.pk)
    for moved in ({"address": "https://other.test/v1"}, {"credentials": KEYS}):
        with pytest.raises(StateError):
            sources.change_source(source, sources.policy_of(source), **moved, staff=ada, by=staff_actor(ada))


def test_of_a_source_that_is_gone_the_proposal_can_only_be_voided(policy, ada, cem):
    sources.remove_source(made(policy, ada), by=staff_actor(ada))
    with pytest.raises(MissingError):
        answered(cem)
    assert answered(cem, "void", "It is removed.").state == "void"


def test_without_the_policy_one_person_is_enough(policy, ada, settings):
    settings.STAYDOWN_TWO_PEOPLE = ("restore",)
    source = made(policy, ada)
    assert (source.enabled, source.enforced_because) == (True, BECAUSE)
    assert not Proposal.objects.exists()


def test_a_reason_that_the_log_could_not_keep_is_refused_before_anybody_approves(policy, ada):
    unkept = replace(policy, enforced_because="a" * 64)
    with pytest.raises(InvalidError):
        sources.add_source("x", "stopncii", "https://list.test/v1", KEYS, unkept, by=staff_actor(ada))
    assert not Source.objects.exists()
