"""A key whose hashes block without a case: whoever makes it does not give it that power alone."""

from __future__ import annotations

import pytest

from staydown.apps.accounts import actions as accounts
from staydown.apps.accounts.access import staff_actor
from staydown.apps.accounts.models import ApiKey
from staydown.apps.audit.querysets import history
from staydown.apps.banks import key_actions
from staydown.apps.banks.models import Proposal
from staydown.apps.cases.actions import answer_proposal
from staydown.errors import DeniedError, InvalidError, StateError

pytestmark = pytest.mark.django_db


def made(staff, *scopes, reason="HMA has no cases."):
    return key_actions.make_key("hma", scopes, reason=reason, staff=staff, by=staff_actor(staff))


def answered(proposal, staff, state="approved", because=""):
    return answer_proposal(proposal, state, because=because, staff=staff, by=staff_actor(staff))


def test_it_works_without_that_scope_until_a_lead_approves(ada, cem):
    key, text, proposal = made(ada, "entry:write", "entry:enforce")
    assert text.startswith("sdn_live_")
    assert (key.scopes, key.made_by, proposal.proposed_by) == (["entry:write"], ada, ada)
    assert answered(proposal, cem).state == "done"
    key.refresh_from_db()
    assert key.scopes == ["entry:enforce", "entry:write"]
    verbs = [line.verb for line in history(key)]
    assert verbs == ["key.created", "proposal.made", "proposal.approved", "key.widened", "proposal.used"]


def test_nobody_else_gives_it(ada, bea, uli):
    proposal = made(ada, "entry:write", "entry:enforce").proposal
    ada.role = "lead"  # whoever proposed it does not approve it in another role either
    ada.save()
    for person in (ada, bea, uli):
        with pytest.raises(DeniedError):
            answered(proposal, person)
    assert ApiKey.objects.get().scopes == ["entry:write"]


@pytest.mark.parametrize("state", ["rejected", "void"])
def test_rejected_or_void_the_key_stays_as_it_is(ada, cem, state):
    proposal = made(ada, "entry:write", "entry:enforce").proposal
    answered(proposal, cem, state, "No.")
    assert ApiKey.objects.get().scopes == ["entry:write"]


def test_a_key_that_ended_meanwhile_gets_nothing(ada, cem):
    key, _, proposal = made(ada, "entry:write", "entry:enforce")
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
    assert made(ada, "entry:write", reason="").proposal is None
    settings.STAYDOWN_TWO_PEOPLE = ("restore",)
    key, _, proposal = made(ada, "entry:write", "entry:enforce", reason="")
    assert (key.scopes, proposal) == (["entry:enforce", "entry:write"], None)
