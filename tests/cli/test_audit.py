"""`staydown audit`: the log verified where it lies, and far from it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from django.db import connection, transaction

from staydown.apps.accounts.access import staff_actor
from staydown.apps.accounts.models import Staff
from staydown.apps.audit import actions, querysets
from staydown.apps.audit.actor import Actor
from staydown.apps.banks.models import Proposal
from staydown.apps.cases.actions import answer_proposal
from staydown.cli import audit
from staydown.errors import InvalidError, MissingError, ProofError, SettingError, StateError

GOLDEN = Path(__file__).parents[1] / "golden/audit"
KEY = (GOLDEN / "verifier-key.txt").read_text(encoding="utf-8").strip()


def run(*args: object) -> Result:
    return CliRunner().invoke(audit.command, [str(each) for each in args])


@pytest.fixture
def tampered(tmp_path: Path) -> Path:
    """The golden log with one decision turned round."""
    file = tmp_path / "log.ndjson"
    text = (GOLDEN / "log.ndjson").read_text(encoding="utf-8")
    assert '"verdict":"remove"' in text
    file.write_text(text.replace('"verdict":"remove"', '"verdict":"decline"'), encoding="utf-8")
    return file


def test_an_exported_log_verifies_without_a_database() -> None:
    result = run("verify", "--file", GOLDEN / "log.ndjson", "--key", KEY)
    assert result.exit_code == 0
    assert "Verified: 7 lines, of which 1 are erased." in result.output
    assert "vouches for all of them" in result.output


def test_as_json_it_says_the_same() -> None:
    told = json.loads(run("verify", "--file", GOLDEN / "log.ndjson", "--key", KEY, "--json").output)
    assert (told["verified"], told["lines"], told["erased"], told["signed"]) == (True, 7, 1, 7)


def test_a_tampered_log_does_not_verify_and_the_line_is_named(tampered: Path) -> None:
    result = run("verify", "--file", tampered, "--key", KEY)
    assert result.exit_code == 1
    assert isinstance(result.exception, ProofError)
    assert str(result.exception).startswith("Line 3:")

    result = run("verify", "--file", tampered, "--key", KEY, "--json")
    assert result.exit_code == 1
    told = json.loads(result.output)
    assert (told["verified"], told["code"]) == (False, "proof_failed")
    assert told["error"].startswith("Line 3:")


def test_the_proof_of_a_line_shows_what_it_says() -> None:
    result = run("verify", "--proof", GOLDEN / "line-3.tlog-proof", "--key", KEY)
    assert result.exit_code == 0
    assert "line 3 of the log example.org/staydown-audit" in result.output
    assert '"verb": "case.decided"' in result.output
    assert "It has been erased." in run("verify", "--proof", GOLDEN / "line-2-erased.tlog-proof", "--key", KEY).output


def test_another_key_does_not_vouch() -> None:
    other = actions.note.Signer("example.org/staydown-audit", b"x" * 32).verifier_key
    result = run("verify", "--file", GOLDEN / "log.ndjson", "--key", other)
    assert isinstance(result.exception, ProofError)


@pytest.mark.parametrize(
    "args",
    [
        ["--file", GOLDEN / "log.ndjson"],
        ["--proof", GOLDEN / "line-3.tlog-proof"],
        ["--key", KEY],
        ["--file", GOLDEN / "log.ndjson", "--proof", GOLDEN / "line-3.tlog-proof", "--key", KEY],
        ["--data", ".", "--file", GOLDEN / "log.ndjson", "--key", KEY],
        ["--file", "/nonexistent", "--key", KEY],
    ],
)
def test_a_wrong_call_is_status_2(args: list[object]) -> None:
    assert run("verify", *args).exit_code == 2


def test_a_key_that_is_no_key_is_named_as_the_fault() -> None:
    result = run("verify", "--file", GOLDEN / "log.ndjson", "--key", "nonsense")
    assert isinstance(result.exception, SettingError)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "x"
    file.write_bytes(b"\xff\xfe\x00")
    for option in ("--file", "--proof"):
        assert isinstance(run("verify", option, file, "--key", KEY).exception, ProofError)


@pytest.fixture
def three_lines(db: None) -> None:
    """Three lines in the database's log."""
    with transaction.atomic():
        for number in range(3):
            actions.record("case.opened", by=Actor.system(), about=f"case:{number}", facts={"items": number})


@pytest.mark.usefixtures("three_lines")
def test_what_is_exported_and_proved_verifies_far_from_the_database(tmp_path: Path) -> None:
    assert run("verify").output.startswith("Verified: 3 lines, of which 0 are erased.")
    log, proof = tmp_path / "log.ndjson", tmp_path / "2.tlog-proof"
    result = run("export", "--out", log)
    assert result.exit_code == 0
    assert "3 lines and a signed checkpoint" in result.output
    key = str(actions.verifier())
    assert key in result.output
    assert log.stat().st_mode & 0o077 == 0
    assert run("prove", 2, "--out", proof).exit_code == 0

    assert json.loads(run("verify", "--file", log, "--key", key, "--json").output)["lines"] == 3
    proven = json.loads(run("verify", "--proof", proof, "--key", key, "--json").output)
    assert (proven["line"], proven["payload"]["facts"]) == (2, {"items": 1})


@pytest.mark.usefixtures("three_lines")
def test_a_file_that_is_there_is_not_overwritten(tmp_path: Path) -> None:
    log = tmp_path / "log.ndjson"
    log.write_text("mine", encoding="utf-8")
    assert isinstance(run("export", "--out", log).exception, SettingError)
    assert log.read_text(encoding="utf-8") == "mine"


@pytest.mark.usefixtures("three_lines")
def test_a_proof_of_a_line_that_is_not_there_leaves_no_file(tmp_path: Path) -> None:
    proof = tmp_path / "9.tlog-proof"
    assert run("prove", 9, "--out", proof).exit_code == 1
    assert not proof.exists()


@pytest.fixture
def a_name(three_lines: None) -> None:
    """A fourth line, with a reason that names a person."""
    with transaction.atomic():
        actions.record("entry.enforced", by=Actor.system(), about="entry:1", facts={"line": 1, "reason": "Ben Okri"})


@pytest.mark.usefixtures("a_name")
def test_a_reason_is_shown_and_then_erased_and_nothing_else(settings: Any) -> None:
    settings.STAYDOWN_TWO_PEOPLE = ()
    shown = run("erase", 1, 4)
    assert [json.loads(line)["seq"] for line in shown.stdout.splitlines()] == [4]
    assert "Ben Okri" in shown.stdout
    assert "Nothing is erased yet" in shown.stderr
    assert run("verify").output.startswith("Verified: 4 lines, of which 0 are erased.")
    assert run("erase", 1, 4, "--yes").output.startswith("Lines erased: 1.")
    assert run("verify").output.startswith("Verified: 5 lines, of which 1 are erased.")
    assert isinstance(run("erase", 4, "--yes").exception, StateError)


@pytest.mark.usefixtures("a_name")
def test_where_there_is_nothing_to_erase_that_is_said_before_yes() -> None:
    assert isinstance(run("erase", 1, 3).exception, StateError)
    assert isinstance(run("erase", 4, 1).exception, StateError)
    assert isinstance(run("erase", 4, 9).exception, MissingError)


@pytest.mark.usefixtures("a_name")
def test_erasing_a_line_takes_two_people(settings: Any, cem: Staff) -> None:
    settings.STAYDOWN_TWO_PEOPLE = ("erase",)
    assert isinstance(run("erase", 4, "--yes").exception, InvalidError)  # no reason
    assert isinstance(run("erase", 1, 3, "--yes", "--reason", "It names a person.").exception, StateError)
    assert run("erase", 4, "--yes", "--reason", "It names a person.").output.startswith("Proposed.")
    assert json.loads(run("verify", "--json").output)["erased"] == 0
    made = Proposal.objects.get()
    assert (made.kind, made.about, made.state) == ("erase", "line:4-4", "open")
    answer_proposal(made, "approved", staff=cem, by=staff_actor(cem))
    made.refresh_from_db()
    assert made.state == "done"
    assert json.loads(run("verify", "--json").output)["erased"] == 1
    assert querysets.recent(2)[1].actor_id == str(cem.public_id)


@pytest.mark.usefixtures("three_lines")
def test_a_log_longer_than_its_checkpoint_says_so() -> None:
    actions.keep_checkpoint()
    with transaction.atomic():
        actions.record("case.opened", by=Actor.system(), about="case:4")
    assert "vouches for the first 3 of them" in run("verify").output
    assert connection.in_atomic_block  # the command left the caller's transaction alone
