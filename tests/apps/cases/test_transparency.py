"""What a transparency report counts, against stories of which each number is known."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction
from django.utils import timezone

from staydown.apps.accounts.actions import create_staff
from staydown.apps.accounts.models import Role
from staydown.apps.audit import actions as audit
from staydown.apps.audit import querysets
from staydown.apps.audit.actor import Actor
from staydown.apps.audit.models import Line
from staydown.apps.banks.models import Proposal
from staydown.apps.cases import actions
from staydown.apps.cases.actions import adding, forgetting, minors, misuse, publishing, unlocking
from staydown.apps.cases.actions.adding import Completion
from staydown.apps.cases.actions.appealing import Answer
from staydown.apps.cases.actions.ordering import OrderGiven
from staydown.apps.cases.intake import MinorsForm
from staydown.apps.cases.models import Action, Case, Item, Report
from staydown.core.transparency import Span
from staydown.errors import InvalidError, StateError
from tests.factories import NODE, PLATFORM, decided, hit, submitted, video

pytestmark = pytest.mark.django_db

UK, US, EU = "uk-osa-10-3A", "us-tida-3", "eu-dsa-16"
SPAN = Span(date(2026, 7, 1), date(2026, 9, 30))
BEGAN = datetime(2026, 6, 1, 12, tzinfo=UTC)
WITHIN = datetime(2026, 8, 1, 12, tzinfo=UTC)
AFTER = datetime(2026, 11, 1, 12, tzinfo=UTC)


@pytest.fixture
def at(monkeypatch) -> Callable[[datetime], None]:
    """Has everything happen at a moment, from the install on."""

    def move(moment: datetime) -> None:
        monkeypatch.setattr(timezone, "now", lambda: moment)

    move(BEGAN)
    create_staff("lee", password="a long password", role=Role.LEAD, pseudonym="Lee", by=Actor.system())
    move(WITHIN)
    return move


@pytest.fixture
def made(at) -> Callable[..., dict[str, Any]]:
    """The exact numbers of the span, made after it."""

    def make(span: Span = SPAN, *, is_exact: bool = True) -> dict[str, Any]:
        at(AFTER)
        return publishing.make_report(span, is_exact=is_exact, by=Actor.system()).told

    return make


def parts(told: dict[str, Any], figure: str, law: str = "") -> dict[str, int]:
    """The parts of a figure that are not 0; of one without parts its total."""
    (table,) = [each for each in told["tables"] if (each["figure"], each["law"]) == (figure, law)]
    found = table["parts"] or {"total": table["total"]}
    assert not table["parts"] or sum(each["most"] for each in found.values()) == table["total"]["most"]
    return {name: each["most"] for name, each in found.items() if each["most"]}


def answered(case: Case, result: str = "removed") -> None:
    for asked in Action.objects.filter(item__case=case, state=Action.State.ASKED):
        actions.record_outcome(asked, result=result, by=PLATFORM)


def test_reports_are_counted_by_sender_content_and_what_had_happened(made):
    submitted(pictures=(), links=2)
    submitted(pictures=(1,), links=0, role="agent")
    submitted(pictures=(2,), links=1, role="trusted_flagger", contact="", signature="")
    submitted(pictures=(), links=1, contact="", signature="", situation="threat")
    submitted(pictures=(), links=0, hashes=[video(7)])
    told = made()
    assert parts(told, "reports.by_sender") == {"subject": 2, "agent": 1, "trusted_flagger": 1, "without_name": 1}
    assert parts(told, "reports.by_content") == {"links": 2, "pictures": 1, "videos": 1, "several": 1}
    assert parts(told, "reports.by_situation") == {"posted": 4, "threat": 1}
    assert parts(told, "items.added") == {"link": 4, "picture": 2, "video": 1}


def test_only_what_happened_in_the_span_counts(made, at):
    for moment in (SPAN.start - timedelta(seconds=1), SPAN.start, SPAN.end - timedelta(seconds=1), SPAN.end):
        at(moment)
        submitted(pictures=())
    assert parts(made(), "reports.by_sender") == {"subject": 2}


def test_a_report_is_a_formal_notice_under_each_law_that_it_has_all_for(made, at):
    submitted(pictures=())
    submitted(pictures=(), signature="")
    late = submitted(pictures=(), signature="")
    at(AFTER - timedelta(days=1))
    adding.complete_report(late.report, Completion(signature="Amara"), by=Actor.reporter())
    told = made()
    assert parts(told, "reports.by_law", UK) == {"formal": 3}
    assert parts(told, "reports.by_law", US) == {"formal": 1, "incomplete": 2}
    assert parts(made(Span(SPAN.first, date(2026, 10, 31))), "reports.by_law", US) == {"formal": 2, "incomplete": 1}


def test_a_link_that_makes_a_report_complete_does_so_from_its_own_day_on(made, at, settings):
    settings.STAYDOWN_REGIMES = [EU]
    sent = submitted(pictures=(1,), links=0)
    at(SPAN.end + timedelta(days=1))
    adding.add_items(sent.report, links=["https://platform.test/posts/1"], by=Actor.reporter())
    assert parts(made(), "reports.by_law", EU) == {"incomplete": 1}
    assert parts(made(Span(SPAN.first, date(2026, 10, 31))), "reports.by_law", EU) == {"formal": 1}


def test_what_a_reporter_deletes_or_takes_back_does_not_change_what_it_was(made):
    first, second = submitted(pictures=()), submitted(pictures=())
    before = made()
    adding.delete_parts(first.report, ["contact", "signature"], by=Actor.reporter())
    actions.withdraw_report(second.report, by=Actor.reporter())
    assert Report.objects.exclude(contact=None).count() == 0
    told = made()
    for figure, law in (("reports.by_sender", ""), ("reports.by_law", UK), ("reports.by_law", US)):
        assert parts(told, figure, law) == parts(before, figure, law)
    assert told["not_counted"] == before["not_counted"]


def test_decisions_answers_and_times_are_counted_under_their_law(made, at, bea):
    removed, declined = submitted(pictures=(1,), links=2).case, submitted(pictures=(2,), links=1).case
    at(WITHIN + timedelta(hours=3))
    decided(removed, bea)
    decided(declined, bea, "decline")
    at(WITHIN + timedelta(hours=5))
    answered(removed, "failed")
    at(WITHIN + timedelta(hours=9))
    for asked in Action.objects.filter(item__case=removed):
        actions.record_outcome(asked, result="removed", by=PLATFORM)
    told = made()
    assert parts(told, "decisions.made", UK) == {"remove": 1, "decline:not_intimate_image_content": 1}
    assert parts(told, "decisions.items", UK) == {"remove": 3, "decline:not_intimate_image_content": 2}
    assert parts(told, "answers.given", UK) == {"failed": 2, "removed": 2}
    (times,) = [each for each in told["times"] if (each["figure"], each["law"]) == ("times.gone", UK)]
    assert (times["count"]["most"], times["median_hours"], times["p95_hours"]) == (2, 9.0, 9.0)
    assert parts(told, "decisions.made", US) == {}


def test_limits_of_the_law_are_kept_late_or_over(made, at, bea):
    for seed, hours in ((1, 10), (2, 60)):
        at(WITHIN)
        case = submitted(pictures=(seed,), links=1).case
        at(WITHIN + timedelta(hours=hours))
        decided(case, bea)
        answered(case)
    at(WITHIN)
    submitted(pictures=(3,), links=1)  # nobody decides about it
    actions.withdraw_report(submitted(pictures=(4,), links=1).report, by=Actor.reporter())
    submitted(pictures=(5,), links=1, signature="")  # under the US law no clock of its own begins
    told = made()
    assert parts(told, "limits.due", UK) == {"met": 1, "late": 3, "ended": 1}
    assert parts(told, "limits.due", US) == {"met": 1, "late": 2, "ended": 1}
    assert parts(told, "reports.withdrawn") == {"total": 1}
    assert parts(told, "items.withdrawn") == {"total": 2}


def test_copies_kept_down_are_counted_by_the_log_which_knows_their_day(made, at, bea):
    case = submitted(pictures=(1,), links=0).case
    decided(case, bea)
    entry = Item.objects.get(case=case).pdq_entry
    actions.record_hits([hit(entry, count=40), hit(entry, "review", content_ref="post/1")], by=NODE)
    at(SPAN.end + timedelta(days=1))
    actions.record_hits([hit(entry, count=2)], by=NODE)
    told = made()
    assert parts(told, "uploads.matched") == {"block": 40, "review": 1}
    assert parts(told, "items.added")["upload"] == 1


def test_appeals_and_what_is_shown_again_are_counted(made, at, bea, cem):
    case = submitted(pictures=(), links=1).case
    decided(case, bea)
    answered(case)
    other = submitted(pictures=(), links=1)
    decided(other.case, bea, "decline")
    notice = Action.objects.get(item__case=case).notice
    actions.hand_over(notice, by=PLATFORM)
    appeal = actions.appeal(notice, words="It is a landscape.")
    complaint = actions.complain(other.report, words="Look again.")
    at(WITHIN + timedelta(hours=6))
    found = Answer("reversed", "A landscape.", ground="not_intimate_image_content")
    actions.decide_appeal(appeal, found, staff=cem, by=Actor.system())
    actions.decide_appeal(complaint, Answer("upheld", "Nothing of it."), staff=cem, by=Actor.system())
    answered(case, "restored")
    told = made()
    assert parts(told, "appeals.received", UK) == {"uploader": 1, "reporter": 1}
    assert parts(told, "appeals.decided", UK) == {"uploader_reversed": 1, "reporter_upheld": 1}
    assert parts(told, "decisions.made", UK)["restore"] == 1
    assert parts(told, "answers.given", UK) == {"removed": 1, "restored": 1}
    (times,) = [each for each in told["times"] if (each["figure"], each["law"]) == ("times.appeals", UK)]
    assert (times["count"]["most"], times["median_hours"]) == (2, 6.0)


def test_cases_of_people_under_18_are_a_number_and_no_more(made, bea):
    minors.submit_minors_report(MinorsForm(links=["https://platform.test/posts/1"]), by=Actor.reporter())
    case = submitted(pictures=(1,)).case
    minors.suspect_minor(case, bea)
    minors.suspect_minor(case, bea)
    told = made()
    assert parts(told, "cases.under_18") == {"total": 2}
    assert parts(told, "reports.by_sender") == {"subject": 1, "not_asked": 1}


def test_a_case_that_is_locked_later_stays_counted_as_it_was(made, at, bea):
    case = submitted(pictures=(1,)).case
    before = made()
    minors.suspect_minor(case, bea)
    assert made()["tables"] == before["tables"]
    assert unlocking.refusal(Case.objects.get(pk=case.pk)) == ""


def test_a_limit_that_a_lock_by_mistake_ended_is_late_if_the_case_is_given_back_too_late(made, at, bea):
    case = submitted(pictures=(1,), links=0).case
    minors.suspect_minor(case, bea)
    assert parts(made(), "limits.due", UK) == {"ended": 1}
    with transaction.atomic():
        held = Case.objects.select_for_update().get(pk=case.pk)
        unlocking.unlock_as_proposed(held, Proposal(), Actor.system())
    assert parts(made(), "limits.due", UK) == {"late": 1}


def test_orders_and_reports_without_ground_are_counted(made, bea, cem):
    links = ["https://platform.test/posts/1", "https://platform.test/posts/2"]
    given = OrderGiven(uuid4(), "eu-dsa-9", "Court", "1/26", WITHIN - timedelta(hours=1), links)
    actions.serve_order(given, bea)
    sent = submitted(pictures=())
    decided(sent.case, bea, "decline")
    misuse.find_unfounded(sent.report, reason="A landscape.", staff=cem)
    told = made()
    assert parts(told, "orders.served", "eu-dsa-9") == {"total": 1}
    assert parts(told, "items.added")["ordered"] == 2
    assert parts(told, "reports.unfounded") == {"total": 1}


def test_erasing_what_people_wrote_changes_no_number(made, at, bea, settings):
    for seed, changes in ((1, {}), (2, {"contact": "", "signature": ""}), (3, {"role": "agent"})):
        case = submitted(pictures=(seed,), links=1, **changes).case
        decided(case, bea)
        answered(case)
    before = made()
    at(AFTER)
    forgetting.tick(by=Actor.system())
    assert forgetting.tick(by=Actor.system(), today=date(2031, 1, 1))
    assert {report.words for report in Report.objects.all()} == {""}
    told = made()
    assert (told["tables"], told["times"]) == (before["tables"], before["times"])
    assert told["log"]["lines"] > before["log"]["lines"]


def test_a_name_that_went_with_a_withdrawal_is_said_not_to_be_known(made, settings):
    settings.STAYDOWN_REGIMES = ["au-osa-77"]  # no law of reports, which asks for no name
    sent = submitted(pictures=())
    assert parts(made(), "reports.by_sender") == {"subject": 1}
    actions.withdraw_report(sent.report, by=Actor.reporter())
    told = made()
    assert parts(told, "reports.by_sender") == {"unknown": 1}
    assert [text for text in told["not_counted"] if text.startswith("Whether a name")]


def test_erased_lines_are_said_and_not_counted_as_nothing(made):
    submitted(pictures=())
    Line.objects.filter(verb="report.received").forget()
    told = made()
    assert parts(told, "reports.by_sender") == {"unknown": 1}
    assert parts(told, "reports.by_content") == {"unknown": 1}
    assert [text for text in told["not_counted"] if text.endswith("are erased: 1 of those that would count.")]


def test_for_publication_it_tells_of_no_single_person(made, bea):
    case = submitted(pictures=(1,), links=9).case
    decided(case, bea)
    answered(case)
    told = made(is_exact=False)
    numbers = [each["total"] for each in told["tables"]]
    assert {str(each) for each in numbers} <= {
        str(each) for each in (None, {"least": 0, "most": 0}, {"least": 1, "most": 4})
    }
    assert all(each["median_hours"] is None for each in told["times"])


def test_that_it_was_made_is_a_line_of_the_log_and_says_what_it_was_made_from(at):
    submitted(pictures=())
    before = querysets.frontier()
    at(AFTER)
    made = publishing.make_report(SPAN, is_exact=True, by=Actor.system())
    (line,) = querysets.recent(1)
    assert (line.seq, line.verb, line.about) == (made.line, "transparency.made", "transparency:2026-07-01_2026-09-30")
    assert line.facts["lines"] == made.told["log"]["lines"] == before.size == made.line - 1
    assert line.facts["root"] == made.told["log"]["root"]
    assert (line.facts["digest"], line.facts["exact"]) == (made.told["digest"], True)
    assert bytes(Line.objects.get(seq=before.size).root) == before.root()
    audit.verify()


@pytest.mark.parametrize(
    ("span", "error"),
    [
        (Span(date(2026, 7, 2), date(2026, 7, 1)), InvalidError),
        (Span(date(2026, 7, 1), AFTER.date()), InvalidError),
        (Span(date(2026, 7, 1), date(2027, 7, 1)), InvalidError),
        (Span(date(2026, 1, 1), date(2026, 5, 31)), StateError),
    ],
)
def test_a_span_that_cannot_be_counted_is_refused_and_leaves_no_line(span, error, at):
    at(AFTER)
    size = querysets.frontier().size
    with pytest.raises(error):
        publishing.make_report(span, is_exact=True, by=Actor.system())
    assert querysets.frontier().size == size


def test_what_was_before_the_install_is_said(made):
    told = made(Span(date.min, date(2026, 6, 30)))
    assert (told["from"], told["to"]) == ("0001-01-01", "2026-06-30")
    assert told["not_counted"] == ["What happened before 2026-06-01: this install began then, and its log with it."]


def test_where_nothing_ever_happened_there_is_nothing_to_count(monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: AFTER)
    with pytest.raises(StateError, match="its log is empty"):
        publishing.make_report(SPAN, is_exact=False, by=Actor.system())


def test_counting_takes_no_more_queries_for_more_reports(made, at, django_assert_max_num_queries):
    made()
    at(WITHIN)
    for seed in range(6):
        submitted(pictures=(seed,))
    at(AFTER)
    with django_assert_max_num_queries(24):
        publishing.make_report(SPAN, is_exact=False, by=Actor.system())
