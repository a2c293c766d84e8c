"""Two people where policy asks for them: one proposes, a lead approves, and nobody approves their own."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from staydown.apps.accounts.access import staff_actor
from staydown.apps.accounts.models import Staff
from staydown.apps.audit.actor import Actor
from staydown.apps.audit.querysets import history
from staydown.apps.banks import actions as banks
from staydown.apps.banks import proposals
from staydown.apps.banks.models import Entry, Proposal
from staydown.apps.banks.proposals import Kind
from staydown.apps.cases.actions import answer_proposal, proposing
from staydown.apps.cases.models import Case, Decision, Item
from staydown.errors import ConflictError, DeniedError, GroundError, InvalidError, MissingError, StateError
from tests import factories as make
from tests.people import member

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent(bea):
    sent = make.submitted()
    make.decided(sent.case, bea)
    return sent


def asked(sent, staff, **changes):
    case = Case.objects.get(pk=sent.case.pk)
    said = {"regime_id": "uk-osa-10-3A", "ground": make.ground(), "reason": "A mistake.", "version": case.version}
    items = list(sent.report.items.all())
    return proposing.restore_or_propose(case, **{"items": items, **said, **changes}, staff=staff, by=staff_actor(staff))


def answered(proposal, staff, state="approved", because=""):
    return answer_proposal(proposal, state, because=because, staff=staff, by=staff_actor(staff))


def test_it_waits_for_a_lead_and_then_happens(sent, bea, cem):
    made = asked(sent, bea)
    assert isinstance(made, Proposal)
    assert {entry.state for entry in Entry.objects.all()} == {"enforced"}
    assert not Decision.objects.filter(verdict="restore").exists()
    done = answered(made, cem)
    assert (done.state, done.decided_by) == ("done", cem)
    assert {entry.state for entry in Entry.objects.all()} == {"reversed"}
    decision = Decision.objects.get(verdict="restore")
    assert (decision.by_staff, decision.by_label) == (bea, bea.pseudonym)
    assert [line.verb for line in history(made)] == ["proposal.made", "proposal.approved", "proposal.used"]
    assert "proposal.approved" in [line.verb for line in history(sent.case)]


def test_nobody_approves_their_own(sent, bea, cem):
    made = asked(sent, cem)
    for person in (cem, bea, member("finn", "moderator")):
        with pytest.raises(DeniedError):
            answered(made, person)
    assert answered(made, member("lena", "lead")).state == "done"


def test_the_database_refuses_it_too(sent, bea):
    made = asked(sent, bea)
    with pytest.raises(IntegrityError), transaction.atomic():
        Proposal.objects.filter(pk=made.pk).update(state="approved", decided_by=bea, decided_at=made.proposed_at)


@pytest.mark.parametrize("state", ["rejected", "void"])
def test_rejecting_and_voiding_need_a_reason_and_change_nothing(sent, bea, cem, state):
    made = asked(sent, bea)
    with pytest.raises(InvalidError):
        answered(made, cem, state)
    assert answered(made, cem, state, "No.").state == state
    assert {entry.state for entry in Entry.objects.all()} == {"enforced"}
    with pytest.raises(StateError):
        answered(made, cem)
    assert isinstance(asked(sent, bea), Proposal)  # and it can be proposed again


def test_the_proposer_may_void_it(sent, bea):
    assert answered(asked(sent, bea), bea, "void", "I was wrong.").state == "void"


def test_it_is_proposed_once(sent, bea, cem):
    asked(sent, bea)
    with pytest.raises(StateError):
        asked(sent, cem)


def test_what_blocks_nothing_needs_one_person(sent, bea):
    link = sent.report.items.get(kind="link")
    assert isinstance(asked(sent, bea, items=[link]), Decision)
    assert {entry.state for entry in Entry.objects.all()} == {"enforced"}


def test_without_the_policy_one_person_is_enough(sent, bea, settings):
    settings.STAYDOWN_TWO_PEOPLE = ()
    assert isinstance(asked(sent, bea), Decision)


def test_what_cannot_be_done_is_not_proposed(sent, bea, uli):
    for error, changes in (
        (ConflictError, {"version": 1}),
        (GroundError, {"ground": "made_up"}),
        (InvalidError, {"reason": " "}),
    ):
        with pytest.raises(error):
            asked(sent, bea, **changes)
    with pytest.raises(DeniedError):
        asked(sent, uli)
    assert not Proposal.objects.exists()


def test_what_can_no_longer_be_done_stays_a_proposal(sent, bea, cem):
    made = asked(sent, bea)
    Item.objects.filter(kind="link").update(state="declined")
    with pytest.raises(StateError):
        answered(made, cem)
    made.refresh_from_db()
    assert made.state == "open"


@pytest.mark.parametrize("change", [{"is_active": False}, {"role": "auditor"}])
def test_what_somebody_proposed_who_no_longer_decides_does_not_happen(sent, bea, cem, change):
    made = asked(sent, bea)
    Staff.objects.filter(pk=bea.pk).update(**change)
    with pytest.raises(StateError, match="any more"):
        answered(made, cem)
    assert {entry.state for entry in Entry.objects.all()} == {"enforced"}
    assert answered(made, cem, "void", "She has left.").state == "void"


def test_an_approval_is_used_once(cem, system):
    bank = banks.open_bank("house", by=system)
    with pytest.raises(StateError):
        proposals.use(Kind.EXPORT, bank, by=system)
    made = proposals.propose(Kind.EXPORT, bank, reason="For the court.", by=Actor.system())
    with pytest.raises(StateError):
        proposals.use(Kind.EXPORT, bank, by=system)
    assert answered(made, cem).state == "approved"
    assert proposals.use(Kind.EXPORT, bank, by=system).state == "done"
    with pytest.raises(StateError):
        proposals.use(Kind.EXPORT, bank, by=system)


def test_nothing_of_a_minors_case_is_shown_again(sent, bea, cem):
    """Neither by an approval of what was proposed before somebody saw how old they are, nor by a new proposal."""
    made = asked(sent, bea)
    Case.objects.filter(pk=sent.case.pk).update(state="minors", due_at=None)
    with pytest.raises(MissingError):
        answered(made, cem)
    with pytest.raises(MissingError):
        asked(sent, bea)
    assert not Decision.objects.filter(verdict="restore").exists()
