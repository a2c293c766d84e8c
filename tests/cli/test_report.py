"""`staydown report transparency`: the same numbers for people, for machines and as a table, and what is refused."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner, Result
from django.utils import timezone

from staydown.apps.audit import querysets
from staydown.cli import report
from staydown.errors import SettingError, StateError
from staydown.project import install
from tests.factories import submitted

pytestmark = pytest.mark.django_db

SPAN = ("--from", "2026-07-01", "--to", "2026-09-30")


def run(*args: str) -> Result:
    return CliRunner().invoke(report.command, ["transparency", *args])


@pytest.fixture(autouse=True)
def story(monkeypatch: pytest.MonkeyPatch) -> None:
    """Six reports of the person shown, and one of a trusted flagger, in August; now it is November."""
    monkeypatch.setattr(timezone, "now", lambda: datetime(2026, 8, 1, 12, tzinfo=UTC))
    for _ in range(6):
        submitted(pictures=())
    submitted(pictures=(), role="trusted_flagger")
    monkeypatch.setattr(timezone, "now", lambda: datetime(2026, 11, 1, 12, tzinfo=UTC))


def test_people_read_the_span_the_log_and_the_numbers() -> None:
    result = run(*SPAN)
    assert result.exit_code == 0
    log = querysets.frontier().size - 1
    assert "Transparency report, 2026-07-01 to 2026-09-30" in result.output
    assert "Made at 2026-11-01T12:00:00Z" in result.output
    assert f"staydown-audit: {log} lines, root " in result.output
    assert f"Line {log + 1} of it says so." in result.output
    assert "5 to 9" in result.output
    assert "1 to 4" in result.output
    assert "For publication" in result.output


def test_exact_numbers_say_that_they_are_not_for_publication() -> None:
    told = run(*SPAN, "--exact").output
    assert "Do not publish them" in told
    assert "5 to 9" not in told


def test_machines_read_json() -> None:
    told = json.loads(run(*SPAN, "--json", "--exact").output)
    assert (told["from"], told["to"], told["exact"]) == ("2026-07-01", "2026-09-30", True)
    (senders,) = [each for each in told["tables"] if each["figure"] == "reports.by_sender"]
    assert senders["total"] == {"least": 7, "most": 7}
    assert told["line"] == told["log"]["lines"] + 1


def test_a_table_is_csv_with_what_it_is_about() -> None:
    found = list(csv.reader(io.StringIO(run(*SPAN, "--csv").output)))
    assert found[0] == ["figure", "law", "part", "least", "most", "text"]
    assert {len(row) for row in found} == {6}
    about = {row[2]: row[5] for row in found if row[0] == "about"}
    assert {"from", "to", "zone", "made_at", "log_lines", "log_root", "digest", "line"} <= about.keys()
    assert ["reports.by_sender", "", "trusted_flagger", "1", "4", ""] in found


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--from", "2026-09-30", "--to", "2026-07-01"), "before it begins"),
        (("--from", "2026-07-01", "--to", "2026-11-01"), "not over"),
        (("--from", "2026-07-01", "--to", "2027-01-01"), "not over"),
        (("--from", "2026-07-01"), "both --from and --to"),
        (("--to", "2026-07-01"), "both --from and --to"),
        (("--from", "1 July", "--to", "2026-07-01"), "does not match"),
        ((*SPAN, "--json", "--csv"), "one of --json and --csv"),
    ],
)
def test_a_wrong_call_is_status_2_and_says_why(args: tuple[str, ...], said: str) -> None:
    before = querysets.frontier().size
    result = run(*args)
    assert result.exit_code == 2
    assert said in " ".join(result.output.split())
    assert querysets.frontier().size == before


def test_the_last_half_year_was_before_this_install() -> None:
    result = run()
    assert isinstance(result.exception, StateError)
    assert "this install began on 2026-08-01" in str(result.exception)


def test_without_a_span_it_is_the_last_half_year(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: datetime(2027, 1, 1, 0, 0, 1, tzinfo=UTC))
    told = json.loads(run("--json").output)
    assert (told["from"], told["to"]) == ("2026-07-01", "2026-12-31")


def test_a_database_of_another_version_is_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(install, "pending_migrations", lambda: 1)
    result = run(*SPAN)
    assert isinstance(result.exception, SettingError)
    assert "not of this version" in str(result.exception)


def test_spans_that_overlap_are_warned_of_for_they_can_be_subtracted() -> None:
    assert run(*SPAN).stderr == ""
    assert run(*SPAN).stderr == ""
    other = ("--from", "2026-08-01", "--to", "2026-10-31")
    assert run(*other, "--exact").stderr == ""
    assert "before: 2026-07-01 to 2026-09-30. Publish only one" in run(*other).stderr
    json.loads(run(*other, "--json").stdout)
    assert run("--from", "2026-10-01", "--to", "2026-10-02").stderr.count("2026-08-01 to 2026-10-31") == 1
