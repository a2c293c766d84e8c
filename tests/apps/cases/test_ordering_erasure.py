"""An order to erase what people wrote before its time: by two people, and never against a law or an appeal."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from staydown.apps.accounts.access import staff_actor
from staydown.apps.audit import actions as audit
from staydown.apps.audit.querysets import history
from staydown.apps.banks.models import Entry, Proposal
from staydown.apps.cases import actions, keeping, regimes, timeline
from staydown.apps.cases.actions import forgetting, minors
from staydown.apps.cases.actions.ordering_erasure import erase_or_propose, kept_until
from staydown.apps.cases.models import Case, Keeping
from staydown.core.law.schema import Period, Retention
from staydown.errors import DeniedError, InvalidError, MissingError, StateError
from tests import factories as make
from tests.apps.cases.test_keeping import closed, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def case(bea):
    return closed(bea)


def asked(case, staff, *artefacts, reason="The person asked for it."):
    return erase_or_propose(case, artefacts or ("report",), reason=reason, staff=staff, by=staff_actor(staff))


def answered(proposal, staff, state="approved", because=""):
    return actions.answer_proposal(proposal, state, because=because, staff=staff, by=staff_actor(staff))


def aged(case, days=400):
    """The case, closed so long ago that nobody may appeal any more."""
    Keeping.objects.create(case=case, version=case.version, closed_on=timezone.now().date() - timedelta(days=days))
    return case


def test_two_people_erase_what_reporters_wrote_and_the_log_still_verifies(case, bea, cem):
    before = words(case)
    proposal = asked(case, bea)
    assert words(case) - {proposal.reason} == before
    assert answered(proposal, cem).state == "done"
    report = case.reports.get()
    assert not any((report.words, report.contact, report.signature, report.relation, report.acknowledgement))
    assert words(case) - {proposal.reason} < before
    assert audit.verify()
    (line,) = [each for each in history(case) if each.verb == "case.forgotten"]
    assert (line.facts["artefacts"], line.facts["ordered"], line.actor_label) == (["report"], True, cem.pseudonym)
    assert "before its usual time" in str([each.text for each in timeline.timeline(report)][-1])
    assert {entry.state for entry in Entry.objects.all()} == {"enforced"}  # copies stay blocked


def test_everything_of_an_old_case_and_the_reasons_of_earlier_proposals(case, bea, cem):
    item = case.items.get(kind="hash")
    said = {"regime_id": "uk-osa-10-3A", "ground": make.ground(), "reason": "canary", "version": case.version}
    earlier = actions.proposing.restore_or_propose(case, items=[item], staff=bea, by=staff_actor(bea), **said)
    answered(earlier, cem, "rejected", "canary too")
    answered(asked(aged(case), bea, *keeping.ARTEFACTS), cem)
    assert words(case) == set()
    earlier.refresh_from_db()
    assert (earlier.reason, earlier.decided_because) == ("", "")
    assert audit.verify()
    with pytest.raises(StateError, match="erased already"):
        asked(case, bea)


def test_nobody_orders_it_alone(case, bea, cem, uli, ada):
    with pytest.raises(DeniedError):
        asked(case, uli)
    proposal = asked(case, cem)
    for person in (cem, bea, ada, uli):
        with pytest.raises(DeniedError):
            answered(proposal, person)
    assert case.reports.get().words


@pytest.mark.parametrize("state", ["rejected", "void"])
def test_rejected_or_void_nothing_is_erased(case, bea, cem, state):
    proposal = asked(case, bea)
    with pytest.raises(InvalidError):
        answered(proposal, cem, state)
    answered(proposal, cem, state, "Nobody asked.")
    assert case.reports.get().words


def test_what_an_appeal_would_be_decided_on_stays_while_somebody_may_appeal(case, bea):
    until = kept_until(case, timezone.now().date())
    assert until["report"] is None
    assert until["decision"] == until["content_pointer"] > timezone.now().date()
    for each in ("decision", "content_pointer"):
        with pytest.raises(StateError, match="kept until"):
            asked(case, bea, "report", each)
    assert not Proposal.objects.exists()


def test_what_a_law_of_the_case_has_kept_stays(case, bea, cem, monkeypatch):
    proposal = asked(case, bea)
    kept = Retention(artefact="report", period=Period(3, "years"), text="x", cite="y", confidence="P")
    laws = [replace(law, retention=(kept,)) for law in regimes.pinned(case)]
    monkeypatch.setattr(regimes, "pinned", lambda case: laws)
    with pytest.raises(StateError, match="kept until"):
        asked(case, bea)
    with pytest.raises(StateError, match="kept until"):
        answered(proposal, cem)  # checked again when it is approved
    assert case.reports.get().words


def test_nothing_of_an_open_case_or_one_with_an_open_appeal(bea, cem):
    fresh = make.submitted(pictures=(7,))
    with pytest.raises(StateError, match="not closed"):
        asked(fresh.case, bea)
    make.decided(fresh.case, bea, "decline")
    case = Case.objects.get(pk=fresh.case.pk)
    proposal = asked(case, bea)
    actions.complain(fresh.report, words="Look again.")
    with pytest.raises(StateError, match="appeal"):
        answered(proposal, cem)
    assert fresh.case.reports.get().words


def test_nothing_of_a_locked_case(case, bea, cem):
    proposal = asked(case, bea)
    minors.suspect_minor(case, bea)
    with pytest.raises(MissingError):
        asked(case, bea)
    with pytest.raises(MissingError):
        answered(proposal, cem)


def test_without_the_policy_a_lead_is_enough_and_a_moderator_is_not(case, bea, cem, settings):
    settings.STAYDOWN_TWO_PEOPLE = ()
    with pytest.raises(DeniedError):
        asked(case, bea)
    with pytest.raises(InvalidError):
        asked(case, cem, reason=" ")
    with pytest.raises(InvalidError):
        asked(case, cem, "nonsense")
    assert asked(case, cem) == 1
    assert case.reports.get().words == ""


def test_a_case_opened_and_closed_again_is_counted_anew(case, bea, cem):
    Keeping.objects.create(case=case, version=case.version - 1, closed_on=timezone.now().date(), forgotten=["report"])
    answered(asked(case, bea), cem)
    assert case.reports.get().words == ""
    assert Keeping.objects.get().version == Case.objects.get(pk=case.pk).version
    assert forgetting.tick(by=staff_actor(cem)) == 0
