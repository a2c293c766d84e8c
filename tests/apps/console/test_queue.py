"""The queue: the earliest deadline first, everything in words, and as many queries for fifty cases as for one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from staydown.apps.audit.querysets import recent
from staydown.apps.cases import actions, regimes
from staydown.apps.cases.models import Case, Item
from staydown.apps.console import queue_pages, queue_rows
from staydown.apps.console.history import of_case
from tests import factories as make
from tests.crowd import fill
from tests.people import AMARA, DORA

pytestmark = pytest.mark.django_db


def due(case, **left):
    """The case with its deadline so far from now."""
    Case.objects.filter(pk=case.pk).update(due_at=timezone.now() + timedelta(**left))
    return case


def shown(client, query=""):
    """The numbers on a page of the queue, in their order, and the page's text."""
    answer = client.get(f"/staff/{query}")
    assert answer.status_code == 200
    return [row.case.number for row in answer.context["rows"]], answer.content.decode()


def test_the_earliest_deadline_comes_first_and_none_at_all_last(at_bea):
    late, soon, never, calm = (make.submitted(pictures=(seed,)).case for seed in range(4))
    due(late, hours=-2, minutes=-1)
    due(soon, hours=3, minutes=1)
    due(calm, hours=40)
    Case.objects.filter(pk=never.pk).update(due_at=None)
    numbers, text = shown(at_bea)
    assert numbers == [late.number, soon.number, calm.number, never.number]
    for words in ("Overdue by 2 hours", "3 hours left", "No clock is running"):
        assert words in text


def test_a_row_says_what_is_asked_and_folds_the_hits(at_bea, sent):
    entry = Item.objects.get(kind="hash").pdq_entry
    hits = [make.hit(entry, content_ref=f"up-{n}", count=100) for n in range(10)]
    hits += [make.hit(entry, "review", content_ref="look")]
    actions.record_hits(hits, by=make.NODE)
    numbers, text = shown(at_bea)
    assert numbers == [sent.case.number]
    assert "2 links, 1 picture and 1 upload to look at" in text
    assert "1,001 uploads matched" in text
    assert "UK Online Safety Act" in text
    assert "US TAKE IT DOWN Act" in text


def test_a_video_is_called_one(at_bea):
    sent = make.submitted(links=0, hashes=[make.picture(1), make.video(2), make.video(3)])
    assert "1 picture and 2 videos" in shown(at_bea)[1]
    assert "The reporter sent a report with 1 picture and 2 videos" in [
        f"{line.who} {line.what}" for line in of_case(sent.case, regimes.pinned(sent.case))
    ]
    page = at_bea.get(f"/staff/cases/{sent.case.public_id}/").content.decode()
    assert page.count("<strong>Video</strong>") == 2
    assert page.count("<strong>Picture</strong>") == 1


def test_nothing_that_was_written_is_in_the_queue(at_bea, at_uli, sent):
    for client in (at_bea, at_uli):
        _, text = shown(client)
        for secret in (AMARA.words, AMARA.contact, AMARA.relation, "platform.test", "picture 1", sent.code):
            assert secret not in text


def test_withdrawn_items_are_no_longer_asked(at_bea, sent):
    actions.withdraw_item(Item.objects.filter(kind="link").first(), by=make.PLATFORM)
    assert "1 link and 1 picture" in shown(at_bea)[1]


def test_who_holds_a_case(at_bea, at_cem, bea, case):
    actions.lease(case, bea)
    assert "with you" in shown(at_bea)[1]
    assert "with </span>bea-at-work" in shown(at_cem)[1]
    Case.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    assert "bea-at-work" not in shown(at_cem)[1]


def test_lanes(at_bea, bea):
    to_decide = make.submitted(pictures=(1,)).case
    waiting = make.submitted(DORA, pictures=(2,)).case
    done = make.submitted(DORA, links=0, pictures=(3,)).case
    withdrawn = make.submitted(DORA, pictures=(4,))
    make.decided(waiting, bea)
    make.decided(done, bea)
    actions.withdraw_report(withdrawn.report, by=make.PLATFORM)
    minors = make.submitted(DORA, pictures=(5,)).case
    Case.objects.filter(pk=minors.pk).update(state="minors")
    assert shown(at_bea)[0] == [to_decide.number]
    assert shown(at_bea, "?lane=waiting")[0] == [waiting.number]
    assert set(shown(at_bea, "?lane=done")[0]) == {done.number, withdrawn.case.number}
    assert shown(at_bea, "?lane=nonsense")[0] == [to_decide.number]
    assert queue_rows.lane_counts() == {"open": 1, "waiting": 1, "done": 2}
    for lane in ("", "?lane=waiting", "?lane=done"):
        assert minors.number not in shown(at_bea, lane)[1]


@pytest.mark.parametrize(
    ("lane", "words"),
    [("open", "Nothing waits for a decision"), ("waiting", "has answered everything"), ("done", "No case is done yet")],
)
def test_an_empty_lane_says_so(at_bea, lane, words):
    assert words in shown(at_bea, f"?lane={lane}")[1]


def test_pages(at_bea, monkeypatch):
    monkeypatch.setattr(queue_pages, "PER_PAGE", 2)
    cases = [due(make.submitted(pictures=(seed,)).case, hours=seed + 1) for seed in range(5)]
    pages = [shown(at_bea, f"?page={number}") for number in (1, 2, 3)]
    assert [number for numbers, _ in pages for number in numbers] == [case.number for case in cases]
    assert "Page 2 of 3" in pages[1][1]
    assert 'href="?lane=open&amp;page=3"' in pages[1][1]
    assert shown(at_bea, "?page=99")[0] == shown(at_bea, "?page=3")[0]  # the list got shorter: its last page
    assert shown(at_bea, "?page=x")[0] == shown(at_bea)[0]


def queries(client, path="/staff/"):
    with CaptureQueriesContext(
        connection,
    ) as seen:
        assert client.get(path).status_code == 200
    return [each["sql"] for each in seen]


def test_as_many_queries_for_many_cases_as_for_one(at_bea, bea):
    first = make.submitted(links=5, pictures=(0, 1))
    actions.lease(first.case, bea)
    queries(at_bea)  # the regimes are read once in a process
    one = queries(at_bea)
    for seed in range(2, 22):
        sent = make.submitted(links=3, pictures=(seed,))
        entry = Item.objects.filter(case=sent.case, kind="hash").get().pdq_entry
        actions.record_hits([make.hit(entry, "review", content_ref=f"c{n}") for n in range(3)], by=make.NODE)
    many = queries(at_bea)
    assert len(many) == len(one) <= 10, "\n".join(many)  # session, sign-in, two counts, ids, rows, views, stamp ...
    assert not [sql for sql in many if "staydown_cases_hit" in sql]


def test_looking_at_the_queue_is_no_line_in_the_log(at_bea, case):
    before = recent()[0].seq
    shown(at_bea)
    at_bea.get("/staff/pulse/")
    assert recent()[0].seq == before


def test_the_pulse_changes_when_a_case_comes_or_goes(at_bea, bea):
    def stamp(lane="open"):
        return at_bea.get(f"/staff/pulse/?lane={lane}").json()["stamp"]

    first = make.submitted(pictures=(1,)).case
    before = stamp()
    assert before == stamp()
    assert f'data-stamp="{before}"' in shown(at_bea)[1]
    make.submitted(pictures=(2,))
    after = stamp()
    assert after != before
    make.decided(first, bea)
    assert stamp() not in {before, after}
    assert stamp("waiting") != stamp("done")


def test_it_is_narrowed(at_bea, bea, cem):
    late, mine, plain = (make.submitted(pictures=(seed,)).case for seed in (31, 32, 33))
    Case.objects.filter(pk=late.pk).update(due_at=timezone.now() - timedelta(hours=1))
    actions.assign(mine, bea, staff=cem)
    assert shown(at_bea, "?only=overdue")[0] == [late.number]
    assert shown(at_bea, "?only=mine")[0] == [mine.number]
    assert set(shown(at_bea, "?only=free")[0]) == {late.number, plain.number}
    assert len(shown(at_bea, "?law=uk-osa-10-3A")[0]) == 3
    Case.objects.filter(pk=plain.pk).update(regimes=[])
    assert set(shown(at_bea, "?law=uk-osa-10-3A")[0]) == {late.number, mine.number}
    assert shown(at_bea, "?law=uk-osa-10-3A&only=mine")[0] == [mine.number]
    assert len(shown(at_bea, "?law=made-up&only=made-up")[0]) == 3


def test_a_narrowed_list_has_pages(at_bea):
    for seed in range(60, 87):
        make.submitted(pictures=(seed,))
    first, page = shown(at_bea, "?only=free")
    second, last = shown(at_bea, "?only=free&page=2")
    assert (len(first), len(second), set(first) & set(second)) == (25, 2, set())
    assert "only=free&amp;page=2" in page
    assert "Next page" not in last


def test_a_narrowed_list_ends_at_its_last_page_and_says_so(at_bea, monkeypatch):
    for seed in range(60, 87):
        make.submitted(pictures=(seed,))
    beyond, page = shown(at_bea, "?only=free&page=3")
    assert (beyond, "The list has become shorter than this page." in page) == ([], True)
    monkeypatch.setattr(queue_pages, "MOST_NARROW", 1)
    first, page = shown(at_bea, "?only=free")
    assert "A narrowed list ends here." in page
    assert "Next page" not in page
    assert shown(at_bea, "?only=free&page=999")[0] == first


def test_a_case_is_found_by_its_number(at_bea):
    case = make.submitted(pictures=(41,)).case
    typed = case.number.lower().replace("-", " ").replace("0", "o").replace("1", "i")
    assert at_bea.get("/staff/", {"number": typed})["Location"] == f"/staff/cases/{case.public_id}/"
    assert "There is no case with this number" in at_bea.get("/staff/?number=ZZZZ-ZZZZ").content.decode()
    Case.objects.filter(pk=case.pk).update(state="minors", due_at=None)
    assert "There is no case with this number" in at_bea.get("/staff/", {"number": typed}).content.decode()


def test_what_has_no_deadline_comes_last_on_whatever_page(at_bea):
    cases = [make.submitted(pictures=(seed,)).case for seed in range(100, 130)]
    without = {case.number for case in cases[:4]}
    Case.objects.filter(number__in=without).update(due_at=None)
    first, second = (shown(at_bea, f"?page={number}")[0] for number in (1, 2))
    assert set(second[-4:]) == without
    assert not set(first) & without
    assert len({*first, *second}) == 30


@pytest.mark.parametrize("query", ["", "?page=40", "?only=free", "?law=uk-osa-10-3A&page=20"])
def test_a_long_lane_takes_no_more_queries(at_bea, query, django_assert_max_num_queries):
    fill(1_500)
    at_bea.get(f"/staff/{query}")
    with django_assert_max_num_queries(14):
        numbers, _ = shown(at_bea, query)
    assert len(numbers) == 25


def test_a_lead_takes_a_case_over(at_bea, at_cem, cem):
    case = make.submitted(pictures=(51,)).case
    at_bea.get(f"/staff/cases/{case.public_id}/")
    assert "Take it over" in at_cem.get(f"/staff/cases/{case.public_id}/").content.decode()
    page = at_cem.post(f"/staff/cases/{case.public_id}/take-over/", follow=True).content.decode()
    assert "took the case over from bea-at-work" in page
    assert Case.objects.get(pk=case.pk).leased_by == cem
    assert "Take it over" not in at_bea.get(f"/staff/cases/{case.public_id}/").content.decode()


def test_a_case_is_assigned(at_bea, at_cem, cem, uli):
    case = make.submitted(pictures=(52,)).case
    address = f"/staff/cases/{case.public_id}/assign/"
    page = at_bea.post(address, {"to": cem.public_id}, follow=True).content.decode()
    assert "assigned the case to cem-at-work" in page
    assert "for you" in at_cem.get("/staff/").content.decode()
    assert "nobody like that" in at_bea.post(address, {"to": uli.public_id}, follow=True).content.decode()
    at_bea.post(address, {"to": ""})
    assert Case.objects.get(pk=case.pk).assigned_to is None
