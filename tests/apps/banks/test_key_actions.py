"""Keys that block without a case or read hashes: whoever makes one does not give it that power alone."""

from __future__ import annotations

import pytest

from staydown.apps.accounts import actions as accounts
from staydown.apps.accounts.access import key_for, require_scope, staff_actor
from staydown.apps.accounts.models import ApiKey
from staydown.apps.audit.querysets import history
from staydown.apps.banks import key_actions
from staydown.apps.banks.models import Proposal
from staydown.apps.cases.actions import answer_proposal
from staydown.errors import DeniedError, InvalidError, StateError
from tests.people import member

pytestmark = pytest.mark.django_db


def made(staff, *scopes, reason="HMA has no cases."):
    return key_actions.make_key("hma", scopes, reason=reason, staff=staff, by=staff_actor(staff))


def answered(proposal, staff, state="approved", because=""):
    return answer_proposal(proposal, state, because=because, staff=staff, by=staff_actor(staff))


def test_it_works_without_that_scope_until_a_lead_approves(ada, cem):
    key, text, waits = made(ada, "entry:write", "entry:enforce")
    proposal = Proposal.objects.get()
    assert waits == ["entry:enforce"]
    assert text.startswith("sdn_live_")
    assert (key.scopes, key.made_by, proposal.proposed_by) == (["entry:write"], ada, ada)
    assert answered(proposal, cem).state == "done"
    key.refresh_from_db()
    assert key.scopes == ["entry:enforce", "entry:write"]
    verbs = [line.verb for line in history(key)]
    assert verbs == ["key.created", "proposal.made", "proposal.approved", "key.widened", "proposal.used"]


def test_nobody_else_gives_it(ada, bea, uli):
    made(ada, "entry:write", "entry:enforce")
    proposal = Proposal.objects.get()
    ada.role = "lead"  # whoever proposed it does not approve it in another role either
    ada.save()
    for person in (ada, bea, uli):
        with pytest.raises(DeniedError):
            answered(proposal, person)
    assert ApiKey.objects.get().scopes == ["entry:write"]


@pytest.mark.parametrize("state", ["rejected", "void"])
def test_rejected_or_void_the_key_stays_as_it_is(ada, cem, state):
    made(ada, "entry:write", "entry:enforce")
    proposal = Proposal.objects.get()
    answered(proposal, cem, state, "No.")
    assert ApiKey.objects.get().scopes == ["entry:write"]


def test_a_key_that_ended_meanwhile_gets_nothing(ada, cem):
    key = made(ada, "entry:write", "entry:enforce").key
    proposal = Proposal.objects.get()
    accounts.revoke_key(key, by=staff_actor(ada))
    with pytest.raises(StateError):
        answered(proposal, cem)
    assert Proposal.objects.get().state == "open"
    assert answered(proposal, ada, "void", "It is revoked.").state == "void"


def test_what_is_missing_is_said(ada):
    with pytest.raises(InvalidError, match="reason"):
        made(ada, "entry:write", "entry:enforce", reason=" ")
    with pytest.raises(InvalidError, match="scopes"):
        made(ada, "entry:enforce")
    assert not ApiKey.objects.exists()


def test_other_scopes_and_other_policies_need_nobody(ada, settings):
    assert made(ada, "entry:write", reason="").waits == []
    settings.STAYDOWN_TWO_PEOPLE = ("restore",)
    key, _, waits = made(ada, "entry:write", "entry:enforce", "feed:read", reason="")
    assert (key.scopes, waits) == (["entry:enforce", "entry:write", "feed:read"], [])
    assert not Proposal.objects.exists()


def test_a_key_that_reads_hashes_takes_two_as_an_export_does(ada, cem):
    key, text, waits = made(ada, "feed:read")
    assert (key.scopes, waits) == ([], ["feed:read"])
    with pytest.raises(DeniedError):
        require_scope(key_for(text), "feed:read")
    answered(Proposal.objects.get(kind="export"), cem)
    assert key_for(text).scopes == ["feed:read"]


def test_two_powers_are_two_proposals(ada, cem):
    key = made(ada, "entry:write", "entry:enforce", "feed:read").key
    first, second = Proposal.objects.order_by("pk")
    answered(first, cem, "rejected", "It is a partner.")
    answered(second, cem)
    key.refresh_from_db()
    assert key.scopes == ["entry:write", "feed:read"]


@pytest.mark.parametrize("how", ["made", "role", "reset"])
def test_an_account_that_its_proposer_has_just_made_or_taken_over_does_not_approve(ada, cem, how):
    by = staff_actor(ada)
    if how == "made":
        cem = accounts.create_staff("new", password=accounts.new_password(), role="lead", pseudonym="new", by=by)
    elif how == "role":
        accounts.change_role(cem, role="moderator", by=by)
        cem = accounts.change_role(cem, role="lead", by=by)
    else:
        accounts.reset_sign_in(cem, by=by)
    made(ada, "entry:write", "entry:enforce")
    proposal = Proposal.objects.get()
    with pytest.raises(DeniedError, match="your account"):
        answered(proposal, cem)
    assert answered(proposal, member("lena", "lead")).state == "done"
