"""An entry that blocks copies is not ended by one program alone."""

from __future__ import annotations

import pytest

from staydown.apps.accounts.access import key_actor, staff_actor
from staydown.apps.banks import actions as banks
from staydown.apps.banks import client_actions
from staydown.apps.banks.models import Entry, Proposal
from staydown.apps.cases import actions
from staydown.errors import DeniedError, InvalidError
from tests import factories as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def entry(system):
    found = banks.add_entry(banks.open_bank("house", by=system), make.pdq(1), source="import", by=system)
    return banks.enforce(found, by=system)


def asked(entry, key, reason="It is lawful."):
    return actions.withdraw_or_propose(entry, reason=reason, key=key, by=key_actor(key))


def answered(proposal, staff, state="approved", because=""):
    return actions.answer_proposal(proposal, state, because=because, staff=staff, by=staff_actor(staff))


def test_it_blocks_until_a_lead_approves(entry, cem):
    key, _ = make.api_key("entry:write")
    proposal = asked(entry, key)
    assert (proposal.reason, proposal.proposed_label) == ("It is lawful.", key.name)
    assert asked(entry, key) == proposal  # asked again: the same one
    assert Entry.objects.get().state == "enforced"
    assert answered(proposal, cem).state == "done"
    ended = asked(entry, key)
    assert isinstance(ended, Entry)
    assert (ended.state, ended.value) == ("withdrawn", None)


def test_whoever_made_the_key_does_not_approve_what_it_proposes(entry, cem):
    key, _ = make.api_key("entry:write")
    key.made_by = cem
    proposal = asked(entry, key)
    with pytest.raises(DeniedError):
        answered(proposal, cem)
    assert answered(proposal, cem, "void", "Not meant.").state == "void"
    assert Entry.objects.get().state == "enforced"


def test_a_moderator_does_not_approve_it(entry, bea):
    key, _ = make.api_key("entry:write")
    with pytest.raises(DeniedError):
        answered(asked(entry, key), bea)


def test_rejecting_needs_a_reason_and_it_can_be_asked_again(entry, cem):
    key, _ = make.api_key("entry:write")
    proposal = asked(entry, key, reason="")
    assert proposal.reason == "The program gave no reason."
    with pytest.raises(InvalidError):
        answered(proposal, cem, "rejected")
    answered(proposal, cem, "rejected", "It is of a report.")
    assert Entry.objects.get().state == "enforced"
    assert asked(entry, key) != proposal


def test_what_only_asks_for_a_review_is_ended_at_once(system):
    key, _ = make.api_key("entry:write")
    pending = banks.add_entry(banks.open_bank("house", by=system), make.pdq(2), source="import", by=system)
    assert asked(pending, key).state == "withdrawn"
    assert not Proposal.objects.exists()


def test_without_the_policy_one_program_is_enough(entry, settings):
    settings.STAYDOWN_TWO_PEOPLE = ("restore", "export", "enforce")
    assert asked(entry, make.api_key("entry:write")[0]).state == "withdrawn"


def banked_by(key, number=3):
    bank = banks.open_bank("house", by=key_actor(key))
    return client_actions.bank_hash(
        bank, make.pdq(number), protocol="hma", enforced_because="It may.", by=key_actor(key)
    )


def test_what_a_program_banked_by_itself_it_takes_back_by_itself():
    key, _ = make.api_key("entry:write", "entry:enforce")
    assert asked(banked_by(key), key).state == "withdrawn"
    assert not Proposal.objects.exists()


def test_what_another_program_banked_waits():
    key, other = make.api_key("entry:write")[0], make.api_key("entry:write", "entry:enforce")[0]
    assert asked(banked_by(other), key).state == "open"


def test_what_a_program_banked_and_a_list_wants_too_waits(system):
    key, _ = make.api_key("entry:write", "entry:enforce")
    entry = banked_by(key)
    Entry.objects.filter(pk=entry.pk).update(source="report")
    banks.add_entry(entry.bank, make.pdq(3), source="import:list", by=system)
    assert asked(entry, key).state == "open"


def test_what_a_program_banked_and_somebody_reported_waits(bea):
    key, _ = make.api_key("entry:write", "entry:enforce")
    report = make.submitted().report
    item = report.items.exclude(pdq_entry=None).first()
    make.decided(report.case, bea)
    item.refresh_from_db()
    entry = client_actions.bank_hash(
        item.pdq_entry.bank, item.pdq_entry.hash, protocol="hma", enforced_because="It may.", by=key_actor(key)
    )
    assert entry == item.pdq_entry
    assert asked(entry, key).state == "open"
