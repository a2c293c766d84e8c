"""A wave of uploads: one row with one box, the newest one by one, and nothing decided about what nobody was shown."""

from __future__ import annotations

import html
import re
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from staydown.apps.cases import actions
from staydown.apps.cases.models import Decision, Hit, Item, UploaderNotice
from staydown.apps.console.folding import NEWEST, Folds
from tests import factories as make
from tests.apps.console.test_decisions import REASON, address
from tests.people import DORA

pytestmark = pytest.mark.django_db


@pytest.fixture
def entry(sent):
    return sent.report.items.get(kind="hash").pdq_entry


def wave(case, entry, count):
    """``count`` more uploads that wait in ``case``, as a node would report them; written at once to be quick."""
    now = timezone.now()
    rows = [
        Item(
            case=case,
            kind="content",
            content_ref=f"post/{uuid4().hex}",
            content_key=uuid4().bytes * 2,
            preview_url="https://pictures.test/1",
            added_at=now,
        )
        for _ in range(count)
    ]
    items = Item.objects.bulk_create(rows)
    Hit.objects.bulk_create(
        Hit(
            case=case,
            entry=entry,
            item=item,
            action="review",
            content_key=item.content_key,
            count=1,
            first_at=now,
            last_at=now,
        )
        for item in items
    )
    return items


def opened(client, case):
    """The page of ``case``, and what its form sends with every box as it stands."""
    answer = client.get(f"/staff/cases/{case.public_id}/")
    assert answer.status_code == 200
    page = answer.content.decode()
    boxes = [tag for tag in re.findall("<input[^>]*>", page) if 'name="items"' in tag and "checked" in tag]
    hidden = {name: str(answer.context["form"][name].value()) for name in ("version", "seen")}
    ticked = [re.search('value="([^"]*)"', tag)[1] for tag in boxes]
    return page, {**hidden, "items": ticked, "verdict": "remove", "regime": "uk-osa-10-3A", "reason": REASON}


def test_three_thousand_uploads_are_one_row_and_the_newest_few(at_bea, case, entry):
    items = wave(case, entry, 20)
    with CaptureQueriesContext(connection) as few:
        opened(at_bea, case)
    items += wave(case, entry, 2980)
    with CaptureQueriesContext(connection) as many:
        page, form = opened(at_bea, case)
    assert len(many) <= len(few)
    assert "2,990 earlier uploads" in page
    assert [item for item in items[-NEWEST:] if item.content_ref not in page] == []
    assert items[-NEWEST - 1].content_ref not in page
    assert len(form["items"]) == 3 + NEWEST + 1
    assert len(page) < 60_000


def test_the_box_of_a_fold_is_about_each_upload_in_it(at_bea, case, entry):
    items = wave(case, entry, 3000)
    _, form = opened(at_bea, case)
    checked = at_bea.post(address(case), {**form, "step": "check"}).content.decode()
    assert "2,990 earlier uploads that matched" in checked
    assert "take down 3,002 items" in checked
    assert at_bea.post(address(case), {**form, "step": "send"}).status_code == 302
    assert Decision.objects.get().items.filter(kind="content").count() == len(items)
    assert not case.items.filter(state="open").exists()


def test_without_its_box_the_fold_waits_and_the_next_come_up(at_bea, case, entry):
    items = wave(case, entry, 40)
    _, form = opened(at_bea, case)
    form["items"] = [value for value in form["items"] if value == str(items[-1].public_id)]
    assert at_bea.post(address(case), {**form, "step": "send"}).status_code == 302
    assert list(Decision.objects.get().items.all()) == items[-1:]
    page, _ = opened(at_bea, case)
    assert "29 earlier uploads" in page
    assert items[-NEWEST - 1].content_ref in page


def test_what_came_after_the_page_is_not_decided_about(at_bea, case, entry):
    """Each step of the wave changes the case; the decision is made all the same, about what was shown."""
    shown = wave(case, entry, 40)
    _, form = opened(at_bea, case)
    actions.record_hits([make.hit(entry, "review", content_ref=f"late/{n}") for n in range(30)], by=make.NODE)
    checked = at_bea.post(address(case), {**form, "step": "check"})
    assert checked.status_code == 200
    assert "30 items of this case still wait" in checked.content.decode()
    assert at_bea.post(address(case), {**form, "step": "send"}).status_code == 302
    decided = set(Decision.objects.get().items.filter(kind="content"))
    assert decided == set(shown)
    assert case.items.filter(state="open").count() == 30


def test_a_fold_that_somebody_decided_about_is_refused(at_bea, cem, case, entry):
    items = wave(case, entry, 40)
    _, form = opened(at_bea, case)
    actions.release(case, Item.objects.first().case.leased_by)
    make.decided(case, cem, items=items[:30])
    answer = at_bea.post(address(case), {**form, "step": "send"})
    assert answer.status_code == 409
    assert REASON.splitlines()[0] in answer.content.decode()
    assert Decision.objects.count() == 1


def test_uploads_of_another_picture_are_a_fold_of_their_own(at_bea, entry):
    other = make.submitted(pictures=(1, 2))  # joins the case of the first
    second = other.report.items.filter(kind="hash").last().pdq_entry
    wave(other.case, entry, 30)
    wave(other.case, second, 50)
    page, _ = opened(at_bea, other.case)
    assert "20 earlier uploads" in page
    assert "40 earlier uploads" in page


LINK = "https://platform.test/posts/seen-by-many"


@pytest.fixture
def joined():
    """A case in which two reports name the same link and the same picture, and the second one picture more."""
    make.submitted(links=[LINK], pictures=(1,))
    return make.submitted(DORA, links=[LINK], pictures=(1, 2)).case


def main(page):
    """What a page says in its main part, in one line."""
    text = re.sub(r"<[^>]*>", " ", page.split("<main")[1].split("</main>")[0])
    return " ".join(html.unescape(text).split())


def test_a_link_that_several_reports_name_is_one_row_that_says_which(at_bea, joined):
    page, form = opened(at_bea, joined)
    first, second = (report.reference for report in joined.reports.order_by("pk"))
    said = main(page)
    assert said.count("hxxps://platform[.]test/posts/seen-by-many") == 1
    assert f"hxxps://platform[.]test/posts/seen-by-many in reports {first} , {second}" in said
    assert f"Picture 1 in report {first}" in said
    assert f"Picture 1 in report {second}" in said
    assert said.count(f"Report {first} ,") == 1 + len(joined.regimes), "at its words, and at what each law asks of it"
    assert len(form["items"]) == 1 + 3
    checked = main(at_bea.post(address(joined), {**form, "step": "check"}).content.decode())
    assert checked.count("posts/seen-by-many") == 1
    assert f"in reports {first} , {second}" in checked
    assert "take down 1 item. It gets 2 requests: one for each report that names the same link. The clock" in checked
    assert at_bea.post(address(joined), {**form, "step": "send"}).status_code == 302
    assert Decision.objects.get().items.count() == joined.items.count() == 5
    assert f"Case {joined.number}: decided about 4 items." in at_bea.get("/staff/").content.decode()
    after = main(at_bea.get(f"/staff/cases/{joined.public_id}/").content.decode())
    assert ", 4 items, by" in after
    assert "decided to remove 4 items under" in after


@pytest.mark.parametrize(
    ("verdict", "said"),
    [
        ("disable", "hide 1 item, until you decide for good. It gets 2 requests: one for each report"),
        ("decline", "1 link stays up on the platform."),
    ],
)
def test_a_link_that_several_reports_name_is_counted_once(at_bea, joined, verdict, said):
    _, form = opened(at_bea, joined)
    link = [value for value in form["items"] if value.startswith("up-to-")]
    form |= {"verdict": verdict, "items": link, "ground": "us-tida-3/not_valid_request", "step": "check"}
    checked = main(at_bea.post(address(joined), form).content.decode())
    assert said in checked
    assert "3 items of this case still wait" in checked


def test_a_link_that_several_reports_name_is_one_item_that_still_waits(at_bea, joined):
    _, form = opened(at_bea, joined)
    pictures = [value for value in form["items"] if not value.startswith("up-to-")]
    checked = main(at_bea.post(address(joined), {**form, "items": pictures, "step": "check"}).content.decode())
    assert "1 item of this case still waits" in checked


def test_a_link_that_several_reports_name_is_one_item_of_a_proposal(at_bea, joined, bea):
    make.decided(joined, bea)
    joined.refresh_from_db()
    data = {"items": [str(item.public_id) for item in joined.items.all()], "reason": REASON}
    data |= {"ground": f"uk-osa-10-3A/{make.ground()}", "version": joined.version}
    assert at_bea.post(f"/staff/cases/{joined.public_id}/restore/", data).status_code == 302
    assert f"Case {joined.number} , 4 items." in main(at_bea.get("/staff/proposals/").content.decode())


def test_a_report_of_the_same_link_that_came_after_the_page_is_not_decided_about(at_bea, joined):
    _, form = opened(at_bea, joined)
    late = make.submitted(DORA, links=[LINK], pictures=(1,))
    assert late.case == joined
    checked = main(at_bea.post(address(joined), {**form, "step": "check"}).content.decode())
    assert "in reports" in checked
    assert late.report.reference not in checked
    assert "2 items of this case still wait" in checked
    assert at_bea.post(address(joined), {**form, "step": "send"}).status_code == 302
    assert set(joined.items.filter(state="open")) == set(late.report.items.all())


def test_of_many_reports_a_link_says_how_many_they_are(at_bea, joined):
    for _ in range(3):
        make.submitted(DORA, links=[LINK], pictures=(1,))
    page, _ = opened(at_bea, joined)
    assert "posts/seen-by-many in 5 reports" in main(page)


def test_who_may_not_read_does_not_learn_that_two_links_are_one(at_uli, bea, joined):
    page = main(at_uli.get(f"/staff/cases/{joined.public_id}/").content.decode())
    assert page.count("Link waiting for a decision") == 2
    assert "in report" not in page
    make.decided(joined, bea)
    page = main(at_uli.get(f"/staff/cases/{joined.public_id}/").content.decode())
    assert ", 5 items, by" in page
    assert "decided to remove 5 items under" in page


def test_in_one_report_nothing_says_in_which(at_bea, case):
    assert "in report" not in main(opened(at_bea, case)[0])


def test_each_item_of_an_appeal_is_named_for_itself(at_cem, bea, joined):
    make.decided(joined, bea)
    notice = UploaderNotice.objects.first()
    asked = actions.appeal(actions.hand_over(notice, by=make.PLATFORM), words="It is a boat.")
    page = main(at_cem.get(f"/staff/appeals/{asked.public_id}/").content.decode())
    names = [report.reference for report in joined.reports.order_by("pk")]
    shown_again = page.split("what is shown again?")[1]
    assert all(f"posts/seen-by-many in report {name}" in shown_again for name in names)
    assert f"in reports {names[0]} , {names[1]}" in page


@pytest.mark.parametrize("value", ["up-to-", "up-to-nonsense", f"up-to-{UUID(int=1)}"])
def test_a_fold_that_is_none_is_refused(at_bea, case, value):
    _, form = opened(at_bea, case)
    assert at_bea.post(address(case), {**form, "items": [value], "step": "send"}).status_code == 422
    assert not Decision.objects.exists()


def test_who_may_not_read_sees_the_count_alone(at_uli, case, entry):
    items = wave(case, entry, 40)
    page = at_uli.get(f"/staff/cases/{case.public_id}/").content.decode()
    assert "30 earlier uploads" in page
    assert [item for item in items if item.content_ref in page] == []


@pytest.mark.parametrize(("count", "folded"), [(0, 0), (NEWEST, 0), (NEWEST + 1, 0), (NEWEST + 2, 2), (50, 40)])
def test_one_alone_is_never_folded(count, folded):
    items = [Item(pk=number, public_id=uuid4(), kind="content") for number in range(count)]
    folds = Folds(("alike", item) for item in items)
    assert [item for fold in folds.folds.values() for item in fold] == items[:folded]
    for place, item in enumerate(items, start=1):
        assert folds.up_to(str(item.public_id)) == items[:place]
