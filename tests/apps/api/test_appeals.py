"""The platform delivers notices to uploaders and passes on their appeals; it learns nothing of a reporter."""

from __future__ import annotations

import json

import pytest
from django.urls import reverse
from django.utils import translation

from staydown.apps.accounts.access import staff_actor
from staydown.apps.cases import actions, statement
from staydown.apps.cases.actions import Answer
from staydown.apps.cases.models import Action, Appeal, Case, UploaderNotice
from tests import factories as make
from tests.people import AMARA

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent(bea):
    """A report with a link that was decided to be removed."""
    sent = make.submitted(links=["https://platform.test/posts/1?shared_by=canary"])
    make.decided(sent.case, bea)
    return sent


@pytest.fixture
def platform(program):
    return program("action:read", "case:read", "report:create", "outcome:write")


def notice(platform, **asked):
    action = Action.objects.get(kind="remove")
    query = "&".join(f"{name}={value}" for name, value in asked.items())
    return platform.get(f"/actions/{action.public_id}/notice?{query}")


def test_it_says_everything_that_the_law_asks(sent, platform):
    told = notice(platform).json()
    assert told["deliver"] == "now"
    said = told["statement"]
    assert said["restriction"] == "It was taken down."
    assert said["scope"] == "everywhere on this platform"
    assert said["duration"] == "without an end date"
    assert "intimately" in said["facts"]
    assert "No automatic means" in said["detection"]
    assert said["decision"] == "A person took the decision."
    assert "Online Safety Act" in said["ground"]
    assert "court" in " ".join(said["redress"])
    assert told["appeal_until"] is not None
    assert told["appeal_url"].split("#")[0].endswith(reverse("portal:appeal"))
    for value in [each for name, each in said.items() if isinstance(each, str)]:
        assert value in told["text"]
    assert reverse("portal:appeal") == statement.PATH


def test_nothing_of_the_reporter_is_in_it(sent, platform):
    report = sent.report
    told = json.dumps(notice(platform).json()).casefold()
    words = [AMARA.relation, AMARA.contact, AMARA.words, AMARA.signature, "canary", "shared_by", report.reference]
    assert [each for each in words if each.casefold() in told] == []
    for hint in ("report", "complain", str(report.public_id), sent.case.number, sent.code):
        assert hint.casefold() not in told


def test_it_is_the_same_code_every_time(sent, platform):
    assert notice(platform).json()["appeal_url"] == notice(platform).json()["appeal_url"]


def test_a_language_that_we_do_not_have_is_english(sent, platform):
    for wanted in ("xx", "tlh", "en", ""):
        assert notice(platform, language=wanted).json()["language"] == "en"
    assert translation.get_language() == "en-gb"


def test_in_a_language_that_we_have_no_word_of_ours_stays_english(sent, platform):
    told = notice(platform, language="fr").json()
    assert told["language"] == "fr"
    assert "Où cela vaut\u00a0: partout sur cette plateforme" in told["text"]
    assert "Motif\u00a0: Online Safety Act" in told["text"]
    for english in ("Where", "For how long", "Ground", "What the decision"):
        assert english not in told["text"]


@pytest.mark.parametrize("send", ["never", "later"])
def test_what_is_held_back_says_nothing(sent, platform, send):
    found = UploaderNotice.objects.get()
    found.send, found.because = send, "She fears him."
    found.not_before = sent.report.received_at.replace(year=2099) if send == "later" else None
    found.save()
    told = notice(platform).json()
    assert told["deliver"] == send
    assert [told[name] for name in ("text", "statement", "appeal_url", "appeal_until")] == [None] * 4
    assert "fears" not in json.dumps(told)
    assert UploaderNotice.objects.get().told_at is None


def test_what_takes_nothing_away_has_no_notice(bea, platform, problem):
    hide = make.decided(make.submitted(pictures=()).case, bea, "disable").actions.get()
    actions.record_outcome(hide, result="disabled", by=make.PLATFORM)
    restore = make.decided(Case.objects.get(), bea, "decline").actions.get()
    problem(platform.get(f"/actions/{restore.public_id}/notice"), 404, "not_found")


def test_an_appeal_is_passed_on_and_its_answer_read(sent, platform, cem, problem):
    code = notice(platform).json()["appeal_url"].split("#")[1]
    made = platform.post("/appeals", {"code": code, "words": "canary: my dog"})
    assert made.status_code == 201
    assert "canary" not in made.content.decode()
    again = platform.post("/appeals", {"code": code, "words": "twice"})
    assert again.json()["id"] == made.json()["id"]
    asked = Appeal.objects.get()
    answer = Answer("reversed", "A dog.", ground=make.ground())
    actions.decide_appeal(asked, answer, staff=cem, by=staff_actor(cem))
    found = platform.get(f"/appeals/{asked.public_id}").json()
    assert (found["side"], found["state"]) == ("uploader", "reversed")
    case = platform.get(f"/cases/{found['case']}").json()
    assert [each["verdict"] for each in case["decisions"]] == ["remove", "restore"]
    assert case["decisions"][1]["id"] == found["replaced_by"]
    restore = platform.get(f"/actions/{case['decisions'][1]['actions'][0]}").json()
    assert (restore["kind"], restore["due_at"]) == ("restore", case["due_at"])
    assert platform.get("/appeals?state=open").json()["items"] == []
    problem(platform.post("/appeals", {"code": "0000", "words": "x"}), 404, "bad_receipt")


def test_a_program_that_decides_says_what_the_uploader_is_told(program, problem):
    case = make.submitted().case
    caller = program("decision:write")
    body = {"verdict": "remove", "regime": "uk-osa-10-3A", "reason": "x", "version": case.version}
    address = f"/cases/{case.public_id}/decisions"
    problem(caller.post(address, {**body, "notice": {"facts": AMARA.contact}}), 422, "invalid")
    problem(caller.post(address, {**body, "notice": {"send": "never"}}), 422, "invalid")
    naive = {"send": "later", "because": "x", "not_before": "2026-12-01T00:00:00"}
    problem(caller.post(address, {**body, "notice": naive}), 422, "invalid")
    held = {"send": "never", "because": "She fears him.", "terms": "Section 4"}
    assert caller.post(address, {**body, "notice": held}).status_code == 201
    found = UploaderNotice.objects.get()
    assert (found.send, found.basis, found.decided_by) == ("never", "terms", "key")
