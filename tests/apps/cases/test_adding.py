"""A reporter adds to a report, makes a formal notice of it, and deletes what they wrote."""

from __future__ import annotations

import pytest

from staydown.apps.audit.actor import Actor
from staydown.apps.audit.querysets import history
from staydown.apps.banks.models import Entry
from staydown.apps.cases import actions, checklist
from staydown.apps.cases.actions import minors
from staydown.apps.cases.actions.adding import Completion, add_items, complete_report, delete_parts
from staydown.apps.cases.intake import HashGiven
from staydown.apps.cases.models import Action, Case, Report
from staydown.apps.cases.timeline import next_step
from staydown.errors import InvalidError, MinorsRouteError, StateError
from tests import factories as make
from tests.people import AMARA

pytestmark = pytest.mark.django_db

MORE = "https://platform.test/posts/more"


def by(sent):
    return Actor.reporter(sent.report.public_id)


def test_what_is_added_is_worked_on_and_stands_in_the_history():
    sent = make.submitted()
    add_items(sent.report, links=[MORE], hashes=[make.picture(7)], by=by(sent))
    assert sent.report.items.count() == 4
    assert {entry.state for entry in Entry.objects.all()} == {"pending"}
    line = history(sent.report)[-1]
    assert (line.verb, line.facts) == ("report.added", {"items": 2})


def test_the_same_link_again_is_not_another_item():
    sent = make.submitted(links=[MORE])
    before = history(sent.report)
    add_items(sent.report, links=[MORE, f" {MORE} "], by=by(sent))
    assert sent.report.items.filter(kind="link").count() == 1
    assert history(sent.report) == before


def test_the_same_picture_again_is_not_another_item():
    sent = make.submitted(pictures=(1,))
    add_items(sent.report, hashes=[make.picture(1), make.picture(2)], by=by(sent))
    add_items(sent.report, hashes=[make.picture(2)], by=by(sent))
    assert sent.report.items.filter(kind="hash").count() == 2


def test_a_case_that_was_done_is_open_again_with_a_clock(bea):
    sent = make.submitted()
    make.decided(sent.case, bea)
    actions.record_outcome(Action.objects.get(), result="removed", by=make.PLATFORM)
    assert Case.objects.get().state == "done"
    add_items(sent.report, links=[MORE], by=by(sent))
    case = Case.objects.get()
    assert case.state == "open"
    assert case.due_at is not None
    assert next_step(Report.objects.get()).by == case.due_at.date()


def test_a_link_that_is_added_can_make_a_notice_whole():
    sent = make.submitted(links=0)
    lacking = {law.regime.id for law in checklist.for_report(sent.report).laws if law.missing}
    assert "us-tida-3" in lacking, "it has to be located"
    add_items(sent.report, links=[MORE], by=by(sent))
    lacking = {law.regime.id for law in checklist.for_report(Report.objects.get()).laws if law.missing}
    assert "us-tida-3" not in lacking


@pytest.mark.parametrize("wrong", [{"links": ["nonsense"]}, {"hashes": [HashGiven("zz", 3)]}])
def test_what_is_wrong_is_named_and_nothing_is_added(wrong):
    sent = make.submitted()
    with pytest.raises(InvalidError):
        add_items(sent.report, **wrong, by=by(sent))
    assert sent.report.items.count() == 2


def test_there_is_a_limit_over_everything_that_one_report_holds():
    sent = make.submitted(links=[f"https://platform.test/{n}" for n in range(199)])
    add_items(sent.report, links=[MORE], by=by(sent))
    with pytest.raises(InvalidError, match="links"):
        add_items(sent.report, links=[f"{MORE}/2"], by=by(sent))


def test_no_hash_is_added_where_somebody_under_18_may_be_shown(bea):
    sent = make.submitted()
    minors.suspect_minor(sent.case, bea)
    report = Report.objects.get()
    with pytest.raises(MinorsRouteError):
        add_items(report, hashes=[make.picture(9)], by=by(sent))
    add_items(report, links=[MORE], by=by(sent))
    assert report.items.filter(kind="link").count() == 2
    assert not Entry.objects.exclude(state="withdrawn").exists()


def test_an_anonymous_report_becomes_a_formal_notice():
    sent = make.submitted(contact="", signature="", words="", provided={}, relation="")
    assert not checklist.for_report(sent.report).is_valid
    given = Completion("new.canary@reporter.test", "New Canary", "Nobody asked me.", dict(make.STATEMENTS))
    complete_report(sent.report, given, by=by(sent))
    report = Report.objects.get()
    assert (report.contact, report.signature) == ("new.canary@reporter.test", "New Canary")
    assert report.words == "Nobody asked me."
    valid = {law.regime.id for law in checklist.for_report(report).laws if law.is_valid}
    assert {"uk-osa-10-3A", "us-tida-3"} <= valid
    assert next_step(report).is_owed
    line = history(report)[-1]
    assert line.verb == "report.completed"
    assert "signature" in line.facts["elements"]
    assert "canary" not in str(line.facts).lower()


def test_what_was_given_before_stays_and_words_are_added_to_words():
    sent = make.submitted()
    complete_report(sent.report, Completion(words="One more thing."), by=by(sent))
    report = Report.objects.get()
    assert report.contact == AMARA.contact
    assert report.words == f"{AMARA.words}\n\nOne more thing."
    with pytest.raises(InvalidError, match="contact"):
        complete_report(sent.report, Completion(contact="x" * 501), by=by(sent))


def test_parts_are_deleted_for_good_and_the_law_lacks_them_again():
    sent = make.submitted()
    delete_parts(sent.report, ["contact", "signature"], by=by(sent))
    report = Report.objects.get()
    assert (report.contact, report.signature) == (None, None)
    assert report.words == AMARA.words
    assert not {"contact", "signature"} & report.provided.keys()
    line = history(report)[-1]
    assert (line.verb, line.facts) == ("report.parts_deleted", {"parts": ["contact", "signature"]})
    before = len(history(report))
    delete_parts(report, ["contact"], by=by(sent))
    assert len(history(report)) == before, "what is gone is not deleted again"
    with pytest.raises(InvalidError):
        delete_parts(report, ["lookup_id"], by=by(sent))


def test_a_report_that_was_taken_back_takes_nothing_more():
    sent = make.submitted()
    actions.withdraw_report(sent.report, by=by(sent))
    for act in (
        lambda: add_items(sent.report, links=[MORE], by=by(sent)),
        lambda: complete_report(sent.report, Completion(contact="a"), by=by(sent)),
        lambda: delete_parts(sent.report, ["words"], by=by(sent)),
    ):
        with pytest.raises(StateError):
            act()
