"""The report seen with its code: what happened, what comes next, taking it back."""

from __future__ import annotations

import html
import re
from dataclasses import replace

import pytest
from django.test import Client

from staydown.apps.banks.models import Entry
from staydown.apps.cases import actions
from staydown.apps.cases.intake import HashGiven
from staydown.apps.cases.models import Action, Hit, Report
from tests import factories as make
from tests.people import DORA

pytestmark = pytest.mark.django_db


def shown(client: Client, code: str, **fields: str) -> str:
    response = client.post("/status/", {"code": code, **fields})
    assert response.status_code == 200
    return html.unescape(response.content.decode())


def test_the_code_is_asked_for_and_may_be_pasted(client):
    page = client.get("/status/").content.decode()
    assert 'name="code"' in page
    assert "onpaste" not in page
    assert "maxlength" in page


@pytest.mark.parametrize(
    "spelt", [str, str.lower, lambda code: code.replace("-", " "), lambda code: f"  {code.replace('-', '')}\n"]
)
def test_the_code_is_taken_however_it_is_spelt(client, spelt):
    sent = make.submitted()
    page = shown(client, spelt(sent.code))
    assert sent.report.reference in page
    assert "We received your report." in page


@pytest.mark.parametrize("wrong", ["", "nonsense", "0000-0000-0000-0000-0", "7F3K-9QXM-2VTC-0RW8-J"])
def test_an_unknown_code_shows_nothing_and_says_what_to_do(client, wrong):
    make.submitted()
    page = shown(client, wrong)
    assert "There is a problem" in page
    assert "What has happened" not in page


def test_a_malformed_and_an_unknown_code_are_told_apart_by_nobody(client):
    known = make.submitted()
    unknown = make.submitted(DORA).code
    Report.objects.exclude(pk=known.report.pk).update(lookup_id=b"\0" * 32)
    strip = lambda page, code: page.replace(code, "")  # noqa: E731
    assert strip(shown(client, unknown), unknown) == strip(shown(client, "7"), "7")


def test_amara_sees_her_own_report_and_dora_s_never(client):
    amara = make.submitted(links=["https://platform.test/amara"])
    dora = make.submitted(DORA, links=["https://platform.test/dora"])
    assert amara.case == dora.case, "both are about the same picture"
    page = shown(client, amara.code)
    assert "platform.test/amara" in page
    assert "platform.test/dora" not in page
    assert DORA.words not in page


def test_each_thing_is_told_with_icon_and_word(client, bea):
    sent = make.submitted()
    assert shown(client, sent.code).count("waiting for a decision") == 2
    make.decided(sent.case, bea)
    page = shown(client, sent.code)
    assert "is being taken down" in page
    assert "copies are blocked" in page
    assert "A moderator decided that it must go." in page


def test_a_decline_gives_the_law_s_ground(client, bea):
    sent = make.submitted()
    make.decided(sent.case, bea, "decline")
    page = shown(client, sent.code)
    assert "A moderator decided not to take it down." in page
    assert "not taken down" in page
    assert "<q>" in page


def test_the_code_is_shown_again_on_the_first_visit_only(client):
    sent = make.submitted()
    assert "This is your first visit" in shown(client, sent.code)
    assert "This is your first visit" not in shown(client, sent.code)


def test_what_the_laws_still_ask_is_said(client):
    sent = make.submitted(contact="", provided={})
    page = shown(client, sent.code)
    assert "What some laws still ask" in page
    assert "<li>How can we contact you?</li>" in page  # each by itself, not in one run of sentences
    assert "How can we contact you?" in page


def test_taking_it_back_asks_once_more(client):
    sent = make.submitted()
    page = shown(client, sent.code, go="withdraw")
    assert "Take your report back?" in page
    assert Report.objects.get().withdrawn_at is None
    page = shown(client, sent.code, go="withdraw-now")
    assert "You took your report back" in page
    report = Report.objects.get()
    assert report.withdrawn_at is not None
    assert {item.state for item in report.items.all()} == {"withdrawn"}
    page = shown(client, sent.code)
    assert "you took it back" in page
    assert "If you change your mind" not in page


def test_the_receipt_comes_as_a_file_under_a_name_that_says_nothing(client):
    sent = make.submitted()
    response = client.post("/status/", {"code": sent.code, "go": "download"})
    assert response["Content-Disposition"] == 'attachment; filename="receipt.txt"'
    assert response["Content-Type"].startswith("text/plain")
    assert sent.code in response.content.decode()
    assert response["Cache-Control"] == "no-store"


def test_a_code_in_the_address_is_not_looked_at(client):
    sent = make.submitted()
    response = client.get("/status/", {"code": sent.code})
    assert sent.report.reference not in response.content.decode()


def test_the_page_names_the_report_and_never_the_case(client, bea):
    sent = make.submitted()
    pages = [shown(client, sent.code)]
    make.decided(sent.case, bea)
    actions.record_outcome(Action.objects.get(), result="removed", by=make.PLATFORM)
    pages.append(shown(client, sent.code))
    pages.append(shown(client, sent.code, go="download"))
    pages.append(shown(client, sent.code, go="withdraw"))
    pages.append(shown(client, sent.code, go="withdraw-now"))
    assert [page for page in pages if sent.case.number in page or str(sent.case.public_id) in page] == []


def test_two_reports_of_one_case_have_references_of_their_own(client):
    first, second = make.submitted(), make.submitted(DORA)
    assert first.case == second.case
    assert first.report.reference != second.report.reference
    assert re.fullmatch("[0-9A-F]{4}-[0-9A-F]{4}", first.report.reference)


def probed(client: Client, bea: object, *, target: int, by_somebody: bool) -> list[str]:
    """What somebody reads who reports a decoy, then decoy and target, while a copy of the target is decided about."""
    if by_somebody:
        make.submitted(links=1, pictures=(target,))
    probes = [make.submitted(DORA, links=0, pictures=seen) for seen in ((100 + target,), (100 + target, target))]
    assert (probes[0].case != probes[1].case) == by_somebody
    pages = [shown(client, probe.code) for probe in probes]
    entry = probes[1].report.items.last().pdq_entry
    actions.record_hits([make.hit(entry, "review", content_ref=f"post/{target}")], by=make.NODE)
    case = Hit.objects.get(entry=entry).case
    decision = make.decided(case, bea, items=case.items.filter(kind="content"))
    pages += [shown(client, probe.code) for probe in probes]
    actions.record_outcome(decision.actions.get(), result="removed", by=make.PLATFORM)
    pages += [shown(client, probe.code) for probe in probes]
    said = [page.partition("What happens next")[2].partition("If you change your mind")[0] for page in pages]
    own = r"\b[Pp]icture \d+|(?:[0-9A-Z]{4}-){4}[0-9A-Z]|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    return [re.sub(own, "own", each) for each in said]


def test_no_report_tells_whether_somebody_else_reported_the_picture(client, bea):
    """Two reports that share a case, or do not, read the same all the way."""
    joined = probed(client, bea, target=1, by_somebody=True)
    alone = probed(client, bea, target=2, by_somebody=False)
    assert joined == alone
    assert "A moderator decided" not in joined[2]
    assert "A moderator decided" in joined[3]


def test_a_picture_that_nothing_can_know_again_is_not_shown_as_blocked(client, bea):
    plain = HashGiven(make.pdq(7).hex(), 30, None, "a plain wall")
    sent = make.submitted(links=0, pictures=(), hashes=[plain])
    make.decided(sent.case, bea)
    page = shown(client, sent.code)
    assert "copies are not blocked" in page
    assert "are blocked" not in page


def test_what_the_operator_withdrew_is_no_longer_shown_as_blocked(client, bea, system):
    sent = make.submitted(links=0)
    make.decided(sent.case, bea)
    assert "copies are blocked" in shown(client, sent.code)
    for entry in Entry.objects.all():
        actions.withdraw_entry(entry, by=system)
    assert "are blocked" not in shown(client, sent.code)


def test_a_video_is_called_one_and_blocked_once_it_was_decided(client, bea):
    given = replace(make.video(1), label="Video 1")
    sent = make.submitted(links=0, pictures=(), hashes=[given, HashGiven(sha256_hex="0f" * 32, label="Video 2")])
    page = shown(client, sent.code)
    assert "Video 1" in page
    assert "Video 2" in page
    make.decided(sent.case, bea)
    assert "copies are blocked" in shown(client, sent.code)


def test_a_long_video_is_called_by_its_parts_in_the_reader_s_language(client):
    frames = tuple(make.pdq(at).hex() for at in range(1000))
    sent = make.submitted(links=0, pictures=(), hashes=[HashGiven(frames=frames, label="Video 1")])
    page = client.post("/es/status/", {"code": sent.code}).content.decode()
    assert "Vídeo 1 (1/2)" in page
    assert "Vídeo 1 (2/2)" in page
