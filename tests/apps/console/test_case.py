"""The page of a case: what is reported, the law, the history, who holds it, and who may read what."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from staydown.apps.accounts.access import staff_actor
from staydown.apps.audit.querysets import history
from staydown.apps.cases import actions
from staydown.apps.cases.actions.viewing import view_case
from staydown.apps.cases.models import Case, Item, PinnedRegime
from staydown.apps.ui.templatetags.ui import icon
from staydown.errors import DeniedError
from tests import factories as make
from tests.people import AMARA, DORA

pytestmark = pytest.mark.django_db


def text(client, case):
    answer = client.get(f"/staff/cases/{case.public_id}/")
    assert answer.status_code == 200
    return answer.content.decode()


def verbs(case):
    return [line.verb for line in history(case)]


# What is reported ----------------------------------------------------------------------------------------------------


def test_links_are_text_and_never_anchors(at_bea, case):
    page = text(at_bea, case)
    assert "hxxps://platform[.]test/posts/1" in page
    assert 'href="https://platform.test' not in page
    assert 'src="https://platform.test' not in page


def test_a_video_is_called_one(at_bea):
    sent = make.submitted(links=0, pictures=(1,), hashes=[make.picture(1), make.video(1)])
    page = text(at_bea, sent.case)
    assert "<strong>Video</strong> <bdi>1</bdi>" in page
    assert "<strong>Picture</strong> <bdi>1</bdi>" in page  # its label says "picture 1"
    assert make.pdq(1000).hex() not in page


def test_markup_in_what_people_wrote_stays_text(at_bea):
    sent = make.submitted(
        links=["https://a.test/<script>alert(1)</script>"],
        words="<img src=x onerror=alert(1)>\nsecond line",
        relation='"><b>bold',
    )
    page = text(at_bea, sent.case)
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "<b>bold" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;<br>second line" in page


def test_words_are_shown_and_contact_and_signature_are_not(at_bea, case):
    page = text(at_bea, case)
    assert AMARA.words in page
    assert AMARA.relation in page
    assert AMARA.contact not in page
    assert AMARA.signature not in page


def test_hits_are_folded_into_one_line_each(at_bea, case):
    entry = Item.objects.get(kind="hash").pdq_entry
    for batch in range(3):
        hits = [make.hit(entry, content_ref=f"{batch}-{n}", count=5) for n in range(10)]
        actions.record_hits(hits, by=make.NODE)
    actions.record_hits([make.hit(entry, "review", content_ref="look")], by=make.NODE)
    page = text(at_bea, case)
    assert "150 uploads stopped" in page
    assert "1 upload sent here to be looked at" in page
    assert page.count("<strong>Screening</strong>") == 1


def test_a_picture_with_too_little_detail_says_so(at_bea):
    plain = make.HashGiven("0" * 64, 10, make.sha256(9).hex(), "flat")
    sent = make.submitted(links=0, pictures=(), hashes=[plain])
    assert "too little detail" in text(at_bea, sent.case)


# The law -------------------------------------------------------------------------------------------------------------


def test_each_law_says_what_is_there_and_what_is_missing(at_bea):
    sent = make.submitted(DORA, signature="", provided={"content_is_intimate": True})
    page = text(at_bea, sent.case)
    uk, us = page.split('id="law-1"')[1].split('id="law-2"')
    assert uk.count('class="met"') == 3
    assert uk.count('class="missing"') == 2
    assert "A signature <strong>missing</strong>" in us
    assert "Not complete under this law" in uk
    assert "48 hours" in uk


def test_what_a_law_does_not_require_is_not_marked_as_missing(at_bea):
    sent = make.submitted(DORA, signature="", words="")
    us = text(at_bea, sent.case).split('id="law-2"')[1]
    assert us.count('class="missing"') == us.count(icon("cross")) == 1  # the signature
    (spare,) = re.findall('<li class="spare">(.*?)</li>', us, re.DOTALL)
    assert spare.startswith(icon("dash"))
    assert spare.endswith('<span class="soft">(not given, not required)</span></span>')


def folds(page: str) -> list[tuple[str, bool]]:
    """The summaries of the checklists under the first law, and which of them are open."""
    law = page.split('id="law-1"')[1].split("</section>")[0]
    found = re.findall("<details( open)?><summary>(.*?)</summary>", law)
    return [(" ".join(re.sub("<[^>]*>", "", summary).split()), bool(is_open)) for is_open, summary in found]


def test_a_checklist_is_folded_unless_something_is_missing_in_the_newest_report(at_bea):
    whole = make.submitted()
    assert folds(text(at_bea, whole.case)) == [("A complete report under this law", False)]
    lacking = make.submitted(DORA, provided={"content_is_intimate": True})
    assert lacking.case == whole.case
    at = f"{timezone.now():%-d %b}"
    before, now = folds(text(at_bea, whole.case))
    assert before[0].startswith(f"Report {whole.report.reference}, {at}")
    assert now[0].startswith(f"Report {lacking.report.reference}, {at}")
    assert (before[0].endswith(": complete"), before[1]) == (True, False)
    assert (now[0].endswith(": 2 missing"), now[1]) == (True, True)
    make.submitted()
    assert [is_open for _, is_open in folds(text(at_bea, whole.case))] == [False, False, False]


def test_the_most_pressing_law_comes_first(at_bea, case):
    for clock in case.clocks.filter(regime_id="us-tida-3"):
        type(clock).objects.filter(pk=clock.pk).update(due_at=clock.due_at - timedelta(hours=40))
    page = text(at_bea, case)
    assert page.index("US TAKE IT DOWN Act") < page.index("UK Online Safety Act")
    form = at_bea.get(f"/staff/cases/{case.public_id}/").context["form"]
    assert form.fields["regime"].initial == "us-tida-3"


def test_the_law_is_the_one_of_the_day_of_receipt(at_bea, case):
    pin = PinnedRegime.objects.get(regime_id="uk-osa-10-3A")
    other = pin.text.replace('short_name = "UK Online Safety Act"', 'short_name = "The law as it was then"')
    PinnedRegime.objects.create(regime_id=pin.regime_id, version="f00d", text=other, pinned_at=timezone.now())
    Case.objects.update(regimes=[{"id": pin.regime_id, "version": "f00d"}])
    assert "The law as it was then" in text(at_bea, case)


def test_clocks_that_stopped_say_when_and_why(at_bea, bea):
    sent = make.submitted(links=0)
    make.decided(sent.case, bea)
    page = text(at_bea, sent.case)
    assert "clock stopped" in page
    assert "by the decision" in page


# Who may read what ---------------------------------------------------------------------------------------------------


def test_reading_a_report_is_a_line_in_the_log_once_a_look(at_bea, bea, case):
    text(at_bea, case)
    text(at_bea, case)
    assert verbs(case).count("case.viewed") == 1
    line = next(line for line in history(case) if line.verb == "case.viewed")
    assert (line.actor_label, line.facts) == ("bea-at-work", {})


def test_a_look_by_someone_else_or_later_is_another_line(at_bea, at_cem, bea, cem, case, monkeypatch):
    text(at_bea, case)
    text(at_cem, case)
    assert verbs(case).count("case.viewed") == 2
    later = timezone.now() + timedelta(minutes=31)
    monkeypatch.setattr("staydown.apps.cases.actions.viewing.timezone.now", lambda: later)
    assert view_case(case, bea) is True
    assert view_case(case, bea) is False


@pytest.mark.parametrize("who", ["uli", "ada"])
def test_those_who_do_not_decide_read_the_history_and_nothing_that_was_written(request, who, case, bea):
    entry = Item.objects.get(kind="hash").pdq_entry
    hit = make.hit(entry, "review", content_ref="post-77", preview_url="https://cdn.platform.test/p")
    actions.record_hits([hit], by=make.NODE)
    make.decided(case, bea, reason="She wrote that it is her.", items=list(case.items.filter(kind="hash")))
    page = text(request.getfixturevalue(f"at_{who}"), case)
    for secret in (
        AMARA.words,
        AMARA.relation,
        AMARA.contact,
        "platform[.]test",
        "platform.test",
        "picture 1",
        "<bdi>1</bdi>",  # its label as it is shown
        "post-77",
        "it is her",
    ):
        assert secret not in page, secret
    assert "decided to remove 1 item under the UK Online Safety Act" in page
    assert "A signature" in page
    assert "data-preview" not in page
    assert "<textarea" not in page
    assert "case.viewed" not in verbs(case)
    assert "case.leased" not in verbs(case)


def test_the_look_itself_is_refused_to_those_who_do_not_decide(uli, case):
    with pytest.raises(DeniedError):
        view_case(case, uli)
    with pytest.raises(DeniedError):
        view_case(case, uli, by=staff_actor(uli))


# The lease -----------------------------------------------------------------------------------------------------------


def test_opening_takes_the_case(at_bea, bea, case):
    page = text(at_bea, case)
    assert "You hold this case for the next 15 minutes" in page
    assert Case.objects.get().leased_by == bea
    text(at_bea, case)
    assert verbs(case).count("case.leased") == 1


def test_looking_at_the_headers_takes_nothing(at_bea, case):
    at_bea.head(f"/staff/cases/{case.public_id}/")
    assert Case.objects.get().leased_by is None


def test_someone_elses_case_can_be_read_and_not_decided(at_bea, at_cem, bea, case):
    text(at_bea, case)
    page = text(at_cem, case)
    assert "<strong>bea-at-work</strong> is working on this case" in page
    assert 'name="reason"' not in page
    assert AMARA.words in page
    assert Case.objects.get().leased_by == bea


def test_giving_back_and_taking_over(at_bea, at_cem, cem, case):
    text(at_bea, case)
    answer = at_bea.post(f"/staff/cases/{case.public_id}/release/", follow=True)
    assert f"Case {case.number} is given back" in answer.content.decode()
    assert Case.objects.get().leased_by is None
    assert "You hold this case" in text(at_cem, case)
    at_bea.post(f"/staff/cases/{case.public_id}/release/")  # it is not Bea's to give
    assert Case.objects.get().leased_by == cem


def test_the_heartbeat_renews_or_says_who_has_it(at_bea, at_cem, bea, case):
    text(at_bea, case)
    Case.objects.update(leased_until=timezone.now() + timedelta(seconds=30))
    path, ask = f"/staff/cases/{case.public_id}/lease/", {"headers": {"Accept": "application/json"}}
    assert at_bea.post(path, **ask).json() == {"held": True, "holder": "bea-at-work"}
    assert Case.objects.get().leased_until > timezone.now() + timedelta(minutes=14)
    assert at_cem.post(path, **ask).json() == {"held": False, "holder": "bea-at-work"}
    assert at_bea.post(path).status_code == 302


def test_the_heartbeat_on_a_closed_case_holds_nothing(at_bea, bea):
    sent = make.submitted(links=0)
    make.decided(sent.case, bea)
    answer = at_bea.post(f"/staff/cases/{sent.case.public_id}/lease/", headers={"Accept": "application/json"})
    assert answer.json() == {"held": False, "holder": ""}


# Speed ---------------------------------------------------------------------------------------------------------------


def test_as_many_queries_for_many_items_as_for_few(at_bea, bea):
    def queries(case):
        with CaptureQueriesContext(connection) as seen:
            text(at_bea, case)
        return len(seen)

    small = make.submitted(links=1, pictures=(1,)).case
    large = make.submitted(links=40, pictures=tuple(range(10, 30)))
    entries = [item.pdq_entry for item in large.case.items.filter(kind="hash")]
    actions.record_hits([make.hit(e, "review", content_ref=f"c{e.pk}") for e in entries], by=make.NODE)
    for case in (small, large.case):
        text(at_bea, case)  # the first look takes the case and is logged
    assert queries(large.case) == queries(small) <= 28
