"""Who may look again: nobody who has decided anything about it, unless nobody else is there."""

from __future__ import annotations

import pytest

from staydown.apps.accounts.access import staff_actor
from staydown.apps.accounts.models import Staff
from staydown.apps.audit.querysets import history
from staydown.apps.cases import actions
from staydown.apps.cases.actions import proposing
from staydown.apps.cases.models import Case, UploaderNotice
from staydown.errors import DeniedError
from tests import factories as make
from tests.apps.cases.test_appeals import answered, removed
from tests.people import member

pytestmark = pytest.mark.django_db


def proposed(sent, staff):
    """The proposal of ``staff`` to show everything of a removed report again."""
    case = Case.objects.get(pk=sent.case.pk)
    said = {"regime_id": "uk-osa-10-3A", "ground": make.ground(), "reason": "A dog.", "version": case.version}
    items = list(case.items.all())
    return proposing.restore_or_propose(case, items=items, staff=staff, by=staff_actor(staff), **said)


def answered_proposal(proposal, staff, state):
    return actions.answer_proposal(proposal, state, because="So.", staff=staff, by=staff_actor(staff))


def appealed(first, second):
    """An appeal against the removal by ``second`` of what ``first`` had hidden."""
    sent = make.submitted(pictures=())
    make.decided(sent.case, first, "disable")
    make.decided(sent.case, second)
    return actions.appeal(UploaderNotice.objects.get(action__kind="remove"), words="A dog.")


def test_whoever_decided_earlier_does_not_answer_a_lead_neither(bea, cem):
    asked = appealed(cem, bea)
    finn = member("finn", "moderator")
    for person in (cem, bea):
        with pytest.raises(DeniedError):
            answered(asked, person)
    assert answered(asked, finn).state == "reversed"
    assert "decided_before" not in history(asked)[-1].facts


def test_where_nobody_else_is_there_a_lead_answers_and_the_log_says_so(bea, cem):
    asked = appealed(cem, bea)
    gone = member("gone", "moderator")
    gone.is_active = False
    gone.save()
    with pytest.raises(DeniedError):
        answered(asked, bea)  # never who made the decision itself
    answered(asked, cem)
    assert history(asked)[-1].facts["decided_before"] is True


def test_a_lead_goes_before_a_moderator_who_decided_too(bea, cem):
    finn, lena = member("finn", "moderator"), member("lena", "lead")
    sent = make.submitted(pictures=(1,))
    make.decided(sent.case, finn, "disable")
    make.decided(sent.case, bea)
    answered_proposal(proposed(sent, cem), lena, "rejected")
    asked = actions.appeal(UploaderNotice.objects.get(action__kind="remove"), words="A dog.")
    with pytest.raises(DeniedError, match="A lead"):
        answered(asked, finn)
    Staff.objects.filter(role="lead").update(is_active=False)
    assert answered(asked, finn).state == "reversed"


def test_where_only_who_made_it_is_left_it_waits(bea):
    _, notice = removed(bea)
    asked = actions.appeal(notice, words="A dog.")
    with pytest.raises(DeniedError, match="an administrator has to add somebody"):
        answered(asked, bea)
    asked.refresh_from_db()
    assert asked.state == "open"


def test_whoever_proposed_or_answered_a_proposal_about_it_has_decided(bea, cem):
    sent, notice = removed(bea, links=1)
    finn, gil, lena = member("finn", "moderator"), member("gil", "moderator"), member("lena", "lead")
    answered_proposal(proposed(sent, finn), cem, "rejected")
    asked = actions.appeal(notice, words="A dog.")
    for person in (bea, finn, cem):
        with pytest.raises(DeniedError):
            answered(asked, person)
    answered_proposal(proposed(sent, gil), lena, "void")
    assert answered(asked, gil).state == "reversed"  # what was voided was no decision


def test_whoever_approved_what_is_complained_about_made_it_too(bea, cem):
    sent, _ = removed(bea)
    finn, lena = member("finn", "moderator"), member("lena", "lead")
    answered_proposal(proposed(sent, finn), lena, "approved")
    asked = actions.complain(sent.report, words="It is me.")
    for person in (finn, lena):
        with pytest.raises(DeniedError, match="You made this decision"):
            answered(asked, person)
    with pytest.raises(DeniedError, match="decided about this before"):
        answered(asked, bea)
    assert answered(asked, cem, "upheld").state == "upheld"


def test_whoever_answered_an_appeal_about_it_has_decided(bea, cem):
    sent, notice = removed(bea, pictures=())
    finn = member("finn", "moderator")
    answered(actions.appeal(notice, words="A dog."), cem)
    asked = actions.complain(sent.report, words="It is me.")
    with pytest.raises(DeniedError):
        answered(asked, cem)
    assert answered(asked, finn, "upheld").state == "upheld"


def test_whoever_let_its_copies_pass_has_decided(bea, cem):
    sent, notice = removed(bea, pictures=(1,))
    entry = sent.report.items.get(kind="hash").pdq_entry
    key, _ = make.api_key("entry:write")
    proposal = actions.withdraw_or_propose(entry, key=key, by=make.PLATFORM)
    answered_proposal(proposal, cem, "approved")
    asked = actions.appeal(notice, words="A dog.")
    asked.items.add(sent.report.items.get(kind="hash"))
    member("finn", "moderator")
    with pytest.raises(DeniedError, match="before"):
        answered(asked, cem)
