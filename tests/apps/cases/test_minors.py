"""Somebody under 18 may be shown: no hash stays, no preview stays, nobody else sees it, and it still comes down."""

from __future__ import annotations

import pytest

from staydown.apps.accounts.models import Role
from staydown.apps.audit import actions as audit
from staydown.apps.audit.actor import Actor
from staydown.apps.audit.querysets import history
from staydown.apps.banks.models import Entry
from staydown.apps.cases import access, actions
from staydown.apps.cases.actions import minors
from staydown.apps.cases.actions.viewing import view_case
from staydown.apps.cases.intake import MinorsForm
from staydown.apps.cases.models import Action, Case, Hit, Item, Report
from staydown.apps.cases.timeline import next_step, timeline
from staydown.apps.sharing import actions as sharing
from staydown.apps.sharing.models import Delivery
from staydown.core.audit import verify_proof
from staydown.errors import DeniedError, InvalidError, MissingError, StateError
from tests import factories as make
from tests.people import member

pytestmark = pytest.mark.django_db

LINKS = ["https://platform.test/posts/1", "https://platform.test/posts/2"]


@pytest.fixture
def pat(db):
    """The person for child protection."""
    return member("pat", Role.PROTECTION)


def given(**changes) -> MinorsForm:
    return MinorsForm(**{"links": LINKS, "contact": "canary@reporter.test", "language": "en", **changes})


def sent(**changes):
    return minors.submit_minors_report(given(**changes), by=Actor.reporter())


# A report that says so from the start ---------------------------------------------------------------------------------


def test_links_make_a_locked_case_with_clocks_and_no_hash():
    made = sent()
    assert made.case.state == "minors"
    assert [item.url for item in made.report.items.all()] == LINKS
    assert made.case.clocks.filter(stopped_at=None).exists()
    assert Case.objects.get().due_at is not None
    assert not Entry.objects.exists()
    assert access.report_for_code(made.code) == made.report
    facts = verify_proof(made.report.acknowledgement, audit.verifier()).payload["facts"]
    assert facts == {"links": 2, "pictures": 0, "videos": 0}


def test_the_platform_hears_nothing_before_a_person_asks(system):
    sharing.add_endpoint("the platform", "https://platform.test/hooks", by=system)
    sent()
    assert not Delivery.objects.exists()


def test_the_same_draft_twice_is_one_report():
    first, second = sent(draft=b"drawn once"), sent(draft=b"drawn once")
    assert (first.report, first.code) == (second.report, second.code)
    assert Report.objects.count() == 1


@pytest.mark.parametrize(
    "wrong", [{"links": []}, {"links": ["nonsense"]}, {"links": LINKS * 101}, {"contact": "x" * 501}]
)
def test_what_is_wrong_is_named_and_nothing_is_stored(wrong):
    with pytest.raises(InvalidError):
        sent(**wrong)
    assert not Case.objects.exists()


def test_only_the_role_for_it_sees_the_case(pat, bea, cem, uli, ada):
    case = sent().case
    assert access.minors_case(pat, case.public_id) == case
    assert list(access.minors_cases(pat)) == [case]
    for other in (bea, cem, uli, ada):
        with pytest.raises(DeniedError):
            access.minors_case(other, case.public_id)
        with pytest.raises(MissingError):
            access.case_for_staff(other, case.public_id)
    with pytest.raises(MissingError):
        access.minors_case(pat, make.submitted().case.public_id)
    assert view_case(case, pat)


def test_all_of_it_is_asked_for_and_the_clocks_stop_when_it_is_gone(pat, bea):
    made = sent()
    with pytest.raises(DeniedError):
        minors.ask_removal(made.case, bea)
    decision = minors.ask_removal(made.case, pat)
    assert decision.by_staff == pat
    key, _ = make.api_key("action:read", "outcome:write")
    asked = list(access.actions_for_key(key))
    assert {(action.kind, action.item.url) for action in asked} == {("remove", link) for link in LINKS}
    for action in asked:
        actions.record_outcome(action, result="removed", by=make.PLATFORM)
    case = Case.objects.get()
    assert case.state == "minors", "it stays locked"
    assert case.due_at is None
    assert not case.clocks.filter(stopped_at=None).exists()
    assert "taken down" in str([str(line.text) for line in timeline(made.report)])
    with pytest.raises(StateError):
        minors.ask_removal(case, pat)


def test_a_referral_is_a_note_and_the_log_keeps_that_it_was(pat, bea):
    case = sent().case
    minors.note_referral(case, pat, service=" NCMEC ", reference="12345")
    line = history(case)[-1]
    assert (line.verb, line.facts) == ("case.referred", {})
    assert [note.words for note in case.notes.all()] == ["Referred to NCMEC, number 12345"]
    with pytest.raises(InvalidError):
        minors.note_referral(case, pat, service=" ", reference="1")
    with pytest.raises(DeniedError):
        minors.note_referral(case, bea, service="NCMEC", reference="1")


# A moderator's one button ---------------------------------------------------------------------------------------------


def hidden_upload(case, entry):
    preview = "https://preview.test/canary"
    actions.record_hits([make.hit(entry, "review", content_ref="post/9", preview_url=preview)], by=make.NODE)
    return Hit.objects.get(case=case)


def test_one_press_takes_hashes_previews_and_the_lease_and_leaves_the_clocks(bea, pat):
    made = make.submitted()
    hidden_upload(made.case, Entry.objects.first())
    actions.lease(made.case, bea)
    running = made.case.clocks.filter(stopped_at=None).count()
    case = minors.suspect_minor(made.case, bea)
    assert case.state == "minors"
    assert case.leased_by is None
    assert set(Entry.objects.values_list("state", flat=True)) == {"withdrawn"}
    assert all(entry.value is None for entry in Entry.objects.all()), "a hash of a child's picture is left"
    assert {item.preview_url for item in Item.objects.all()} == {None}
    assert {found.preview_url for found in Hit.objects.all()} == {None}
    assert case.clocks.filter(stopped_at=None).count() == running
    assert access.minors_case(pat, case.public_id) == case
    with pytest.raises(MissingError):
        access.case_for_staff(bea, case.public_id)


def test_a_hash_that_was_enforced_and_wanted_by_others_goes_too(bea, cem):
    first = make.submitted(links=0)
    make.decided(first.case, bea)
    second = make.submitted(links=0, contact="another")
    assert first.case != second.case
    minors.suspect_minor(second.case, cem)
    assert set(Entry.objects.values_list("state", flat=True)) == {"withdrawn"}


def test_what_was_declined_is_asked_about_again(bea, pat):
    made = make.submitted(links=1, pictures=())
    make.decided(made.case, bea, "decline")
    assert Case.objects.get().state == "done"
    case = minors.suspect_minor(made.case, bea)
    assert case.due_at is not None, "a clock runs for what is still there"
    minors.ask_removal(case, pat)
    assert Action.objects.get(state="asked").kind == "remove"


def test_twice_is_once_and_the_reporter_is_told_kindly(bea):
    made = make.submitted()
    minors.suspect_minor(made.case, bea)
    before = len(history(made.case))
    minors.suspect_minor(made.case, bea)
    assert len(history(made.case)) == before
    said = [str(line.text) for line in timeline(made.report)]
    assert any("under 18" in text for text in said), said
    assert "A person who is trained for this" in str(next_step(Report.objects.get()).who)


def test_an_auditor_cannot_press_it(uli):
    case = make.submitted().case
    with pytest.raises(DeniedError):
        minors.suspect_minor(case, uli)
    assert Case.objects.get(pk=case.pk).state == "open"


def test_an_adult_case_is_not_worked_on_here(pat):
    case = make.submitted().case
    with pytest.raises(StateError):
        minors.ask_removal(case, pat)
