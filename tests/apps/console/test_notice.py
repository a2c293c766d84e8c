"""What the uploader is told: seen before it is sent, never a word of the reporter, held back where safety needs it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone, translation

from staydown.apps.cases import actions, statement
from staydown.apps.cases.models import Action, Case, Decision, UploaderNotice
from staydown.apps.cases.timeline import timeline
from tests import factories as make
from tests.apps.console.test_decisions import address, given
from tests.people import AMARA, DORA

pytestmark = pytest.mark.django_db


@pytest.fixture
def opened(at_bea, case):
    assert at_bea.get(f"/staff/cases/{case.public_id}/").status_code == 200
    return case


def test_the_whole_text_is_seen_before_it_is_sent(at_bea, opened):
    page = at_bea.post(address(opened), given(opened, notice_facts="A picture from a bedroom.")).content.decode()
    for said in (
        "What the uploader is told",
        "A picture from a bedroom.",
        "everywhere on this platform",
        "It is free.",
    ):
        assert said in page
    assert "Online Safety Act 2023, section 10(3A)" in page
    assert not Decision.objects.exists()
    at_bea.post(address(opened), given(opened, step="send", notice_facts="A picture from a bedroom."))
    notices = UploaderNotice.objects.all()
    assert [(each.facts, each.basis, each.send) for each in notices] == [
        ("A picture from a bedroom.", "law", "now")
    ] * 2


def test_it_is_seen_in_the_language_of_whoever_reads_it(at_bea, sent):
    case = make.submitted(DORA, links=1, pictures=(), language="ar").case
    assert at_bea.get(f"/staff/cases/{case.public_id}/").status_code == 200
    answer = at_bea.post(address(case), given(case, notice_terms="Section 4"))
    readings = answer.context["to_uploaders"]
    assert [each.language for each in readings] == [code for code, _ in settings.LANGUAGES]
    for each in readings:
        with translation.override(each.language):
            assert all(translation.gettext("It was taken down.") in text for text in each.texts)
            assert each.language == settings.LANGUAGE_CODE or translation.gettext(statement.PROBE) != statement.PROBE
    (reading,) = answer.context["to_reporters"]
    with translation.override("ar"):
        assert reading.texts == (translation.gettext("A moderator decided that it must go."),)
    assert (reading.language, reading.direction) == ("ar", "rtl")
    assert '<div lang="ar" dir="rtl">' in answer.content.decode()


@pytest.mark.parametrize("verdict", ["remove", "decline", "disable"])
def test_what_the_reporter_reads_beforehand_is_what_stands_on_their_page_afterwards(at_bea, opened, verdict):
    (reading,) = at_bea.post(address(opened), given(opened, verdict)).context["to_reporters"]
    at_bea.post(address(opened), given(opened, verdict, step="send"))
    line = next(each for each in timeline(opened.reports.get()) if each.verb == "case.decided")
    assert reading.texts == ("\n\n".join(filter(None, [str(line.text), line.detail])),)


def test_a_decline_tells_the_uploader_nothing(at_bea, opened):
    page = at_bea.post(address(opened), given(opened, "decline")).content.decode()
    assert "What the uploader is told" not in page


def test_it_may_rest_on_the_terms(at_bea, opened):
    page = at_bea.post(address(opened), given(opened, notice_terms="Section 4, nudity")).content.decode()
    assert "the platform&#x27;s own terms: Section 4, nudity" in page
    at_bea.post(address(opened), given(opened, step="send", notice_terms="Section 4, nudity"))
    assert {(each.basis, each.terms) for each in UploaderNotice.objects.all()} == {("terms", "Section 4, nudity")}


@pytest.mark.parametrize(
    "words",
    [AMARA.contact, AMARA.signature.upper(), "She says: my former partner put these pictures online.", AMARA.relation],
)
def test_what_would_give_the_reporter_away_is_refused(at_bea, opened, words):
    for step in ("check", "send"):
        answer = at_bea.post(address(opened), given(opened, step=step, notice_facts=words))
        assert answer.status_code == 422
        assert "would tell the uploader who it was" in answer.content.decode()
    assert not Decision.objects.exists()


def test_it_is_held_back_with_a_reason(at_bea, opened):
    later = (timezone.now() + timedelta(days=30)).date()
    held = {"notice_send": "later", "notice_not_before": later.isoformat(), "notice_because": "She moves out first."}
    page = at_bea.post(address(opened), given(opened, **held)).content.decode()
    assert "She moves out first." in page
    at_bea.post(address(opened), given(opened, step="send", **held))
    notice = UploaderNotice.objects.first()
    assert (notice.send, notice.not_before.date(), notice.because) == ("later", later, "She moves out first.")
    assert actions.hand_over(notice, by=make.PLATFORM).told_at is None


@pytest.mark.parametrize(
    ("held", "said"),
    [
        ({"notice_send": "never"}, "say why the uploader is not told"),
        ({"notice_send": "later", "notice_because": "x"}, "say from when on"),
        ({"notice_send": "later", "notice_because": "x", "notice_not_before": "2020-01-01"}, "say from when on"),
        ({"notice_send": "later", "notice_because": "x", "notice_not_before": "soon"}, "year-month-day"),
        ({"notice_not_before": "2099-01-01"}, "only a notice that is sent later"),
        ({"notice_facts": "x" * 5001}, "too long"),
    ],
)
def test_what_is_missing_is_said_at_its_field(at_bea, opened, held, said):
    answer = at_bea.post(address(opened), given(opened, **held))
    assert answer.status_code == 422
    assert said.casefold() in answer.content.decode().casefold()
    assert 'class="notice" open' in answer.content.decode()


def test_an_upload_without_an_id_is_neither_hidden_nor_asked_for(at_bea, bea):
    sent = make.submitted(links=0, pictures=(3,))
    make.decided(sent.case, bea)
    entry = sent.report.items.get().pdq_entry
    actions.record_hits([make.hit(entry, "review")], by=make.NODE)
    case = Case.objects.get()
    page = at_bea.get(f"/staff/cases/{case.public_id}/")
    assert [value for value, _ in page.context["form"].fields["verdict"].choices] == ["remove", "decline"]
    checked = at_bea.post(address(case), given(case)).content.decode()
    assert "asked now to take down" not in checked
    assert "Of 1 upload the platform gave no id" in checked
    assert "What the uploader is told" not in checked
    at_bea.post(address(case), given(case, step="send"))
    assert not Action.objects.exists()
