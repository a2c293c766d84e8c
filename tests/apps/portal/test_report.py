"""The report: one question a page, nothing stored before it is sent, no way past the question about age."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from staydown.apps.cases.models import Case, Item, Report
from staydown.apps.portal.draft import Draft
from tests.apps.portal.walking import ANSWERS, HASHED, LINK, Walk

pytestmark = pytest.mark.django_db


@pytest.fixture
def walk(client: Client) -> Walk:
    return Walk(client)


def test_every_question_comes_once_and_the_report_arrives_whole(walk):
    asked = []
    while 'name="step"' in walk.text:
        asked.append(walk.step)
        walk.answer(**ANSWERS[walk.step])
    assert asked == [step for step in ANSWERS if step != "organisation"]
    assert walk.heading == "Check your report"
    walk.press("send")
    assert walk.heading == "Your report was sent"
    report = Report.objects.get()
    assert report.role == "agent"
    assert report.situation == "posted"
    assert report.relation == "Her sister canary-relation"
    assert report.contact == "canary@reporter.test"
    assert report.words == "It was taken without asking. canary-words"
    assert report.signature == "Canary Signature"
    assert set(report.provided) == {
        "content_is_intimate", "made_by_subject_or_agent", "good_faith_and_true", "non_consent_statement",
        "non_consent_information", "identify", "locate", "contact", "signature",
    }  # fmt: skip
    links = [item.url for item in report.items.filter(kind="link")]
    assert links == [LINK, "https://platform.test/posts/8232"]
    (picture,) = report.items.filter(kind="hash")
    assert picture.label == "Picture 1"
    assert picture.pdq_entry.value.hex() == HASHED["pdq"]
    assert picture.sha256_entry.value.hex() == HASHED["sha256"]


@pytest.mark.parametrize(
    ("have", "met"),
    [("links", ["links"]), ("pictures", ["pictures"]), ("both", ["pictures", "links"])],
)
def test_only_the_questions_that_fit_are_asked(walk, have, met):
    walk.to("what")
    asked = []
    walk.answer(have=have)
    while 'name="step"' in walk.text:
        asked.append(walk.step)
        walk.answer(**ANSWERS[walk.step])
    assert asked == [*met, "words", "way", "contact", "statements"]


def test_the_person_shown_is_not_asked_for_a_relation(walk):
    walk.to("who").answer(role="subject")
    assert walk.step == "happened"


def test_nothing_is_written_before_the_last_button(client, walk):
    with CaptureQueriesContext(
        connection,
    ) as queries:
        walk.to("check")
    written = [each["sql"] for each in queries if not each["sql"].startswith(("SELECT", "SAVEPOINT", "RELEASE"))]
    assert written == []
    assert not client.cookies
    walk.press("send")
    assert Report.objects.count() == 1
    assert not client.cookies


def test_no_file_is_asked_for_before_the_age(walk):
    assert walk.step == "age"
    assert "files" not in walk.text
    early = Walk(walk.client)
    early.post(draft=early.draft, step="pictures", **ANSWERS["pictures"])
    assert early.step == "age"


def test_sending_early_asks_what_is_open(walk):
    walk.to("links").press("send")
    assert walk.step == "links"
    assert not Report.objects.exists()


def test_an_age_changed_at_the_end_stops_the_report(walk):
    walk.to("check").press("change:age")
    assert walk.step == "age"
    walk.answer(minor="yes")
    assert "Report Remove" in walk.text
    assert not Report.objects.exists()


def test_a_changed_answer_leads_back_to_the_check_and_asks_what_it_opens(walk):
    walk.to("check", who={"role": "subject"}, what={"have": "links"})
    walk.press("change:words").answer(words="Other words")
    assert walk.heading == "Check your report"
    assert "Other words" in walk.text
    walk.press("change:what").answer(have="both")
    assert walk.step == "pictures"
    walk.answer(**ANSWERS["pictures"])
    assert walk.heading == "Check your report"
    assert "1 picture" in walk.text


def test_an_answer_that_no_longer_applies_is_not_sent(walk):
    walk.to("check").press("change:what").answer(have="links")
    walk.press("change:who").answer(role="subject")
    walk.press("send")
    report = Report.objects.get()
    assert report.relation is None
    assert [item.kind for item in report.items.all()] == ["link", "link"]


def test_back_shows_the_earlier_question_with_its_answer(walk):
    walk.to("links").answer(go="back")
    assert walk.step == "pictures"
    assert "Picture 1" in walk.text
    walk.answer(go="back")
    assert walk.step == "what"
    assert 'value="both" id="id_have_2" checked' in walk.text.replace(' checked=""', " checked")
    for _ in range(9):
        walk.answer(go="back")
    assert walk.step == "age"


@pytest.mark.parametrize("step", ["age", "who", "relation", "what", "links"])
def test_an_empty_answer_is_asked_again_with_what_to_do(walk, step):
    walk.to(step).answer()
    assert walk.step == step
    assert "There is a problem" in walk.text
    assert "<title>Error: " in walk.text
    assert 'aria-invalid="true"' in walk.text or "radio" in walk.text


@pytest.mark.parametrize("step", ["words", "contact", "statements"])
def test_what_is_optional_may_stay_empty(walk, step):
    walk.to(step).answer()
    assert 'name="step"' not in walk.text or walk.step != step


@pytest.mark.parametrize(
    "bad", ["not a link", "javascript:alert(1)", "ftp://files.test/x", "https://", "https://nodot", "http://a b.test/"]
)
def test_what_is_no_link_is_said_and_kept_for_mending(walk, bad):
    walk.to("links").answer(links=f"{LINK}\n{bad}")
    assert walk.step == "links"
    assert "is not a link" in walk.text
    assert LINK in walk.text


def test_too_many_links_are_refused(walk):
    walk.to("links").answer(links="\n".join(f"https://platform.test/{n}" for n in range(101)))
    assert "Give up to 100 links" in walk.text


def test_the_same_link_twice_is_one_item(walk):
    walk.sent(links={"links": f"{LINK}\n{LINK}"}, what={"have": "links"})
    assert Item.objects.count() == 1


def test_pictures_add_up_and_can_be_removed(walk):
    other = {"pdq": "0f" * 32, "quality": 40, "sha256": None}
    walk.to("pictures").answer(found=json.dumps([HASHED, other]), go="")
    walk.answer(go="back")
    assert "Picture 2" in walk.text
    assert "We can stop exact copies only" in walk.text, "a plain picture must be said to be one"
    walk.answer(go="remove:0")
    assert walk.step == "pictures"
    assert "Picture 2" not in walk.text
    walk.answer(found=json.dumps([HASHED, other]))
    walk.answer(go="back")
    assert "Picture 2" in walk.text
    assert "Picture 3" not in walk.text, "the same picture twice is one picture"


def test_pictures_alone_need_one(walk):
    walk.to("what").answer(have="pictures")
    walk.answer(found="[]")
    assert walk.step == "pictures"
    assert "Choose at least one picture" in walk.text


def test_with_links_to_come_no_picture_is_needed(walk):
    walk.to("pictures").answer(found="[]")
    assert walk.step == "links"


def test_a_picture_that_was_promised_and_not_chosen_is_said_before_sending_and_can_be_chosen_there(walk):
    walk.to("check", pictures={"found": "[]"})
    assert "No picture was chosen" in walk.text
    walk.press("change:pictures")
    assert walk.step == "pictures"
    walk.answer(**ANSWERS["pictures"])
    assert walk.heading == "Check your report"
    assert "No picture was chosen" not in walk.text


def test_without_the_picture_it_is_sent_all_the_same(walk):
    assert walk.sent(pictures={"found": "[]"}).heading == "Your report was sent"
    assert {item.kind for item in Item.objects.all()} == {"link"}


@pytest.mark.parametrize(
    "found",
    ["{", "null", '[{"pdq": "xyz", "quality": 5}]', '[{"pdq": "00", "quality": 5}]', '["a"]', "7",
     json.dumps([{**HASHED, "quality": 101}]), json.dumps([{**HASHED, "sha256": "zz"}])],
)  # fmt: skip
def test_hashes_that_did_not_arrive_whole_are_refused(walk, found):
    walk.to("pictures").answer(found=found)
    assert walk.step == "pictures"
    assert "did not arrive whole" in walk.text


def test_lines_from_another_computer_are_taken_without_their_file_names(walk):
    line = {"file": "canary-name.jpg", "algorithm": "pdq", "hash": "3c" * 32, "quality": 77, "width": 9, "height": 9}
    walk.to("pictures").answer(pasted=json.dumps(line) + "\n" + "5a" * 32 + " 66\n")
    assert walk.step == "links"
    walk.answer(go="back")
    assert "Picture 2" in walk.text
    assert "canary-name" not in walk.text
    walk.to("check", pictures={"found": "[]"}).press("send")
    held = {item.pdq_entry.value.hex(): item.label for item in Item.objects.filter(kind="hash")}
    assert held == {"3c" * 32: "Picture 1", "5a" * 32: "Picture 2"}


def test_a_pasted_line_that_is_no_hash_is_named_by_number(walk):
    walk.to("pictures").answer(pasted="3c" * 32 + " 80\nnonsense")
    assert "Line 2 is not a fingerprint" in walk.text


def test_a_law_s_missing_element_is_said_and_does_not_stop_the_report(walk):
    walk.to("check", contact={"contact": ""}, statements={})
    assert "You can send this. Some laws ask for more." in walk.text
    assert "UK Online Safety Act" in walk.text
    assert "US TAKE IT DOWN Act" in walk.text
    walk.press("send")
    assert walk.heading == "Your report was sent"
    assert set(Report.objects.get().provided) == {"identify", "locate", "non_consent_information"}


def test_a_whole_report_lacks_nothing(walk):
    walk.to("check")
    assert "Some laws ask for more" not in walk.text


def test_a_signature_is_shown_as_one_before_it_is_sent(walk):
    walk.to("check")
    assert "My signature<br><bdi>Canary Signature</bdi>" in walk.text
    assert "Sign the request by typing your name." not in walk.text
    walk.press("change:statements").answer(**{**ANSWERS["statements"], "signature": ""})
    assert "Sign the request by typing your name." in walk.text


def test_statements_use_the_laws_own_words_and_only_one_asks_to_sign(walk):
    walk.to("statements")
    assert "declares that content present on the service is intimate image content" in walk.text
    assert "47 U.S.C. 223a(a)(1)(B)(i)" in walk.text
    assert "Only this law asks for it: US TAKE IT DOWN Act." in walk.text


def test_without_the_law_that_asks_it_there_is_no_signature(walk, settings):
    settings.STAYDOWN_REGIMES = ("uk-osa-10-3A",)
    walk.to("statements")
    assert 'name="signature"' not in walk.text
    assert 'name="good_faith_and_true"' in walk.text


def test_the_same_report_sent_twice_is_one_with_one_code(walk):
    walk.to("check")
    draft = walk.draft
    first = walk.post(draft=draft, go="send").code
    assert walk.post(draft=draft, go="send").code == first
    assert Report.objects.count() == 1
    assert Walk(walk.client).sent().code != first
    assert Report.objects.count() == 2


def test_the_receipt_says_what_happens_and_by_when(walk):
    walk.sent()
    due = Case.objects.get().due_at
    assert f"By {due.day} {due:%B %Y} at the latest." in walk.text
    assert f'data-copy="{walk.code}"' in walk.text
    assert "nobody can send it to you again" in walk.text


def test_no_code_no_hash_and_no_answer_is_ever_in_an_address(walk):
    walk.sent()
    assert walk.response.request["QUERY_STRING"] == ""
    assert walk.response.request["PATH_INFO"] == "/report/"


def test_what_was_written_cannot_be_read_in_the_page_s_source(walk):
    walk.to("contact")
    assert "canary-words" not in walk.text
    assert "canary-relation" not in walk.text
    assert HASHED["pdq"] not in walk.text


@pytest.mark.parametrize("draft", ["", "AAAA", "not base64!", "é"])
def test_a_draft_that_is_not_ours_starts_again(walk, draft):
    walk.post(draft=draft, step="age", minor="no")
    assert walk.response.status_code == 400
    assert walk.heading == "Please start again"


def test_a_changed_draft_starts_again(walk):
    draft = walk.to("links").draft
    at = len(draft) // 2
    walk.post(draft=draft[:at] + ("A" if draft[at] != "A" else "B") + draft[at + 1 :], step="links", links=LINK)
    assert walk.response.status_code == 400


def test_a_draft_of_yesterday_starts_again(walk):
    old = Draft(begun_at=timezone.now() - timedelta(hours=25))
    walk.post(draft=old.seal(), step="age", minor="no")
    assert walk.response.status_code == 400
    assert "more than a day" in walk.text
    nearly = Draft(begun_at=timezone.now() - timedelta(hours=23))
    assert walk.post(draft=nearly.seal(), step="age", minor="no").step == "who"


def test_an_unknown_step_or_button_does_no_harm(walk):
    walk.to("links")
    walk.post(draft=walk.draft, step="admin", links=LINK)
    assert walk.step == "links"
    walk.post(draft=walk.draft, go="change:nothing")
    assert walk.step == "links"
    walk.post(draft=walk.draft, step="pictures", go="remove:99")
    assert walk.step == "pictures"
