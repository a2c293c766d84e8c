"""The life of a case through the API: sent, read, decided, carried out, answered."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.utils import timezone

from staydown.apps.banks.models import Entry
from staydown.apps.cases import access, actions
from staydown.apps.cases.models import Action, Case, Report
from staydown.apps.sharing import replies
from staydown.apps.sharing.models import Reply
from staydown.apps.vault import keyring
from tests import factories as make
from tests.people import AMARA

PICTURE = {"pdq": make.pdq(1).hex(), "quality": 90, "sha256": make.sha256(1).hex(), "label": "the one on the beach"}


def report(**changes):
    return {
        "shown_is_adult": True,
        "role": "subject",
        "relation": AMARA.relation,
        "contact": AMARA.contact,
        "words": AMARA.words,
        "signature": AMARA.signature,
        "provided": dict(make.STATEMENTS),
        "links": ["https://platform.test/posts/1"],
        "pictures": [PICTURE],
        "language": "en",
        **changes,
    }


# Sending -------------------------------------------------------------------------------------------------------------


def test_a_report_is_received_with_a_receipt(program):
    answer = program("report:create").post("/reports", report())
    assert answer.status_code == 201
    sent = answer.json()
    found = access.report_for_code(sent["receipt"])
    assert str(found.public_id) == sent["id"]
    assert (found.contact, found.words) == (AMARA.contact, AMARA.words)
    assert found.items.count() == 2
    assert sent["missing"] == []
    assert sent["due_at"] is not None


def test_nothing_of_the_case_is_told(program):
    caller = program("report:create")
    first, second = (caller.post("/reports", report()).json() for _ in range(2))
    assert Case.objects.count() == 1
    assert set(first) == set(second) == {"id", "receipt", "received_at", "due_at", "missing"}
    assert first["id"] != second["id"]
    assert str(Case.objects.get().public_id) not in str(second)


def test_what_is_missing_is_said_and_it_is_received_all_the_same(program):
    answer = program("report:create").post("/reports", report(signature="", provided={}))
    assert answer.status_code == 201
    missing = {each["regime"]: each["elements"] for each in answer.json()["missing"]}
    assert missing["us-tida-3"] == ["non_consent_statement", "signature"]
    assert "good_faith_and_true" in missing["uk-osa-10-3A"]


def test_under_18_is_turned_away(program, problem):
    problem(program("report:create").post("/reports", report(shown_is_adult=False)), 422, "minors_route")
    assert not Report.objects.exists()


def test_the_age_must_be_said(program, problem):
    body = report()
    del body["shown_is_adult"]
    problem(program("report:create").post("/reports", body), 422, "invalid")


def test_a_hash_that_is_none_is_named(program, problem):
    found = problem(
        program("report:create").post("/reports", report(pictures=[{**PICTURE, "pdq": "zz" * 32}])), 422, "invalid"
    )
    assert found["detail"].startswith("hashes: ")
    assert "zz" not in found["detail"]


# Repeating -----------------------------------------------------------------------------------------------------------


def test_the_same_request_twice_is_one_report_with_one_receipt(program):
    caller = program("report:create")
    first, second = (caller.post("/reports", report(), Idempotency_Key="k-1") for _ in range(2))
    assert first.status_code == second.status_code == 201
    assert first.json() == second.json()
    assert Report.objects.count() == 1


def test_the_kept_answer_holds_no_receipt(program):
    answer = program("report:create").post("/reports", report(), Idempotency_Key="k-1").json()
    kept = Reply.objects.get()
    assert answer["id"] in kept.body
    assert answer["receipt"] not in kept.body
    assert answer["receipt"] not in repr(kept)


def test_nobody_without_the_keyring_can_test_a_guess_at_a_kept_request(program):
    sent = report()
    program("report:create").post("/reports", sent, Idempotency_Key="k-1")
    kept = Reply.objects.get()
    guess = b"POST /api/v1/reports\n" + json.dumps(sent).encode()
    assert bytes(kept.request) == hmac.digest(keyring.current().secret("replies"), guess, "sha256")
    assert bytes(kept.request) != hashlib.sha256(guess).digest()
    assert bytes(kept.given) != hashlib.sha256(b"k-1").digest()


def test_answers_are_kept_for_some_days(program):
    for key in ("old", "new"):
        program("report:create").post("/reports", report(), Idempotency_Key=key)
    old, new = Reply.objects.order_by("pk")
    Reply.objects.filter(pk=old.pk).update(at=timezone.now() - replies.KEPT - timedelta(minutes=1))
    assert replies.remove_expired() == 1
    assert Reply.objects.get() == new


def test_another_request_under_the_same_key_is_a_conflict(program, problem):
    caller = program("report:create")
    caller.post("/reports", report(), Idempotency_Key="k-1")
    problem(caller.post("/reports", report(words="other"), Idempotency_Key="k-1"), 409, "conflict")
    assert Report.objects.count() == 1


def test_two_programs_may_use_the_same_key(program):
    for _ in range(2):
        assert program("report:create").post("/reports", report(), Idempotency_Key="k-1").status_code == 201
    assert Report.objects.count() == 2


def test_what_failed_may_be_tried_again_under_its_key(program, problem):
    caller = program("report:create")
    problem(caller.post("/reports", report(links=["no"]), Idempotency_Key="k-1"), 422, "invalid")
    assert caller.post("/reports", report(), Idempotency_Key="k-1").status_code == 201


@pytest.mark.parametrize("key", ["x" * 201, "a\tb"])
def test_a_key_is_short_and_printable(program, problem, key):
    problem(program("report:create").post("/reports", report(), Idempotency_Key=key), 422, "invalid")


# Reading -------------------------------------------------------------------------------------------------------------


def test_a_case_is_read_without_a_word_of_the_reporter(program):
    sent = make.submitted()
    answer = program("case:read").get(f"/cases/{sent.case.public_id}")
    found = answer.json()
    assert answer.headers["ETag"] == f'"{sent.case.version}"'
    assert (found["number"], found["state"]) == (sent.case.number, "open")
    assert {each["kind"] for each in found["items"]} == {"hash", "link"}
    assert {each["regime"] for each in found["clocks"]} == {"uk-osa-10-3A", "us-tida-3"}
    assert found["reports"][0]["laws"][0]["is_valid"]
    text = answer.content.decode()
    for secret in (AMARA.contact, AMARA.words, AMARA.signature, AMARA.relation, "picture 1", make.pdq(1).hex()):
        assert secret not in text


def test_cases_come_in_pages(program):
    sent = [make.submitted(pictures=(seed,)).case for seed in range(5)]
    caller = program("case:read")
    seen, cursor = [], ""
    for _ in range(3):
        found = caller.get(f"/cases?limit=2{cursor}").json()
        seen += [each["id"] for each in found["items"]]
        cursor = f"&cursor={found['next']}"
    assert seen == [str(case.public_id) for case in sent]
    assert found["next"] is None


def test_a_cursor_that_is_none_of_ours(program, problem):
    problem(program("case:read").get(f"/cases?cursor={uuid4()}"), 422, "invalid")


def test_cases_by_state(program, bea):
    sent = make.submitted(links=0)
    make.submitted(pictures=(2,))
    make.decided(sent.case, bea)
    found = program("case:read").get("/cases?state=done").json()["items"]
    assert [each["id"] for each in found] == [str(sent.case.public_id)]


def test_an_under_18_case_is_in_no_answer(program, problem):
    case = make.submitted().case
    Case.objects.update(state="minors")
    caller = program("case:read", "decision:write")
    assert caller.get("/cases").json()["items"] == []
    problem(caller.get(f"/cases/{case.public_id}"), 404, "not_found")
    body = {"verdict": "remove", "regime": "us-tida-3", "reason": "By policy.", "version": 1}
    problem(caller.post(f"/cases/{case.public_id}/decisions", body), 404, "not_found")


# Deciding ------------------------------------------------------------------------------------------------------------


def decision(**changes):
    return {"verdict": "remove", "regime": "us-tida-3", "reason": "Shown without consent.", "version": 1, **changes}


@pytest.fixture
def case(db):
    return make.submitted().case


@pytest.fixture
def decider(program):
    return program("decision:write", "case:read")


def test_a_decision_is_carried_out(case, decider):
    answer = decider.post(f"/cases/{case.public_id}/decisions", decision())
    assert answer.status_code == 201
    found = answer.json()
    assert (found["verdict"], found["by"], len(found["items"])) == ("remove", "a program", 2)
    assert found["actions"] == [str(Action.objects.get().public_id)]
    assert set(Entry.objects.values_list("state", flat=True)) == {"enforced"}
    assert "Shown without consent." not in answer.content.decode()


def test_the_version_may_come_as_if_match(case, decider, problem):
    path = f"/cases/{case.public_id}/decisions"
    etag = decider.get(f"/cases/{case.public_id}").headers["ETag"]
    problem(decider.post(path, decision(version=None)), 422, "invalid")
    problem(decider.post(path, decision(version=2), If_Match=etag), 422, "invalid")
    problem(decider.post(path, decision(version=None), If_Match="nonsense"), 422, "invalid")
    problem(decider.post(path, decision(version=None), If_Match='"9"'), 409, "conflict")
    assert decider.post(path, decision(version=None), If_Match=etag).status_code == 201


def test_a_repeated_decision_is_decided_once(case, decider, problem):
    path = f"/cases/{case.public_id}/decisions"
    first, second = (decider.post(path, decision(), Idempotency_Key="d-1") for _ in range(2))
    assert first.json() == second.json()
    problem(decider.post(path, decision()), 409, "conflict")


def test_a_case_that_somebody_works_on_is_theirs(case, decider, problem, bea):
    actions.lease(case, bea)
    problem(decider.post(f"/cases/{case.public_id}/decisions", decision()), 409, "leased")


def test_grounds_and_items_are_checked(case, decider, problem):
    path = f"/cases/{case.public_id}/decisions"
    problem(decider.post(path, decision(verdict="decline")), 422, "ground_not_allowed")
    problem(decider.post(path, decision(regime="xx-unknown")), 422, "ground_not_allowed")
    problem(decider.post(path, decision(items=[str(uuid4())])), 404, "not_found")
    problem(decider.post(path, decision(reason=" ")), 422, "invalid")
    link = case.items.get(kind="link")
    answer = decider.post(path, decision(items=[str(link.public_id)]))
    assert answer.json()["items"] == [str(link.public_id)]


# Carrying out --------------------------------------------------------------------------------------------------------


@pytest.fixture
def action(case, bea):
    return make.decided(case, bea).actions.get()


def test_the_platform_finds_what_to_do(action, case, program):
    platform = program("action:read")
    (found,) = platform.get("/actions?state=asked").json()["items"]
    assert found == platform.get(f"/actions/{action.public_id}").json()
    assert (found["kind"], found["state"], found["case_number"]) == ("remove", "asked", case.number)
    assert found["url"] == action.item.url
    assert UUID(found["case"]) == case.public_id
    assert found["due_at"] is not None


def test_an_upload_that_matched_is_named_by_its_content_id(case, bea, program):
    entry = Entry.objects.first()
    actions.record_hits([make.hit(entry, "review", content_ref="post-1")], by=make.NODE)
    make.decided(case, bea)
    found = program("action:read").get("/actions").json()["items"]
    assert {(each["url"] is None, each["content_ref"]) for each in found} == {(True, "post-1"), (False, None)}


def test_the_answer_stops_the_clock(action, program):
    platform = program("outcome:write", "action:read")
    path = f"/actions/{action.public_id}/outcome"
    answer = platform.post(path, {"result": "removed", "detail": "gone"})
    assert (answer.status_code, answer.json()["state"]) == (200, "done")
    assert platform.post(path, {"result": "removed"}).status_code == 200
    assert Case.objects.get().state == "done"
    assert platform.get("/actions?state=asked").json()["items"] == []


def test_an_answer_that_does_not_fit(action, program, problem):
    platform = program("outcome:write")
    path = f"/actions/{action.public_id}/outcome"
    problem(platform.post(path, {"result": "restored"}), 422, "invalid")
    problem(platform.post(path, {"result": "perhaps"}), 422, "invalid")
    platform.post(path, {"result": "removed"})
    problem(platform.post(path, {"result": "failed"}), 409, "wrong_state")
