"""`staydown law`: what a lawyer sees, and what checks a file before it is used."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from staydown.cli import law
from staydown.core.law.regime import load, load_all

THIRD = Path(__file__).parents[1] / "golden/law/zz-test-1.toml"


def run(*args: str) -> str:
    """What the command prints; it must succeed."""
    result = CliRunner().invoke(law.command, list(args), env={"COLUMNS": "200"})
    assert result.exit_code == 0, result.output
    return result.output


def test_the_list_says_how_long_and_since_when() -> None:
    shown = run("list")
    assert "48 hours from receipt of the report" in shown
    assert "48 hours from receipt of a valid report" in shown
    assert "in force since 29 June 2026" in shown


def test_the_list_as_json_has_every_regime() -> None:
    listed = json.loads(run("list", "--json"))
    assert [each["id"] for each in listed] == [each.id for each in load_all()]
    clocks = {each["id"]: each["clocks"] for each in listed}
    assert clocks["uk-osa-10-3A"] == [{"id": "remove", "hours": 48, "starts": "received"}]


def test_a_regime_past_its_review_is_marked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(law, "_today", lambda: date(2040, 1, 1))
    assert "should have been checked again" in run("show", "uk-osa-10-3A")
    assert all(each["overdue"] for each in json.loads(run("list", "--json")))


@pytest.mark.parametrize("regime_id", [each.id for each in load_all()])
def test_show_shows_everything_with_what_it_rests_on(regime_id: str) -> None:
    shown = " ".join(run("show", regime_id).split())
    regime = load(regime_id)
    for text in (
        regime.name,
        regime.version,
        *(each.ask for each in regime.elements),
        *(each.quote for each in regime.elements),
        *(each.cite for each in regime.elements),
        *(each.text for each in regime.grounds),
        *(each.text for each in regime.notes),
        *(each.address for each in regime.sources),
        *regime.reporters.not_asked,
    ):
        assert " ".join(text.split()) in shown


def test_sources_stay_indented_where_the_window_is_narrow():
    shown = CliRunner().invoke(law.command, ["show", "uk-osa-10-3A"], env={"COLUMNS": "60"}).output
    lines = shown[shown.index("\nSources\n") :].splitlines()[2:]
    assert lines
    assert [line for line in lines if line.strip() and not line.startswith("  ")] == []


def test_show_as_json_holds_the_regime_and_not_its_file() -> None:
    shown = json.loads(run("show", "us-tida-3", "--json"))
    assert shown["elements"][-1]["id"] == "signature"
    assert shown["appeal"]["window"] == {"value": None, "unit": ""}
    assert shown["notes"][0]["text"]
    assert "text" not in shown


def test_check_says_what_is_wrong_and_fails(tmp_path: Path) -> None:
    wrong = tmp_path / "zz-test-1.toml"
    wrong.write_text(THIRD.read_text(encoding="utf-8").replace("hours = 24", "hours = 0"), encoding="utf-8")
    result = CliRunner().invoke(law.command, ["check", str(THIRD), str(wrong)])
    assert result.exit_code == 1
    assert f"{THIRD}: valid, zz-test-1 version" in result.output
    assert "zz-test-1.toml: clocks[1].hours must be a whole number above 0." in result.output

    result = CliRunner().invoke(law.command, ["check", "--json", str(wrong)])
    assert json.loads(result.output)[0]["code"] == "bad_regime"
    assert result.exit_code == 1


def test_check_passes_what_is_right() -> None:
    assert json.loads(run("check", "--json", str(THIRD)))[0]["valid"]


def test_it_works_without_django_and_names_an_unknown_regime() -> None:
    code = "import sys; sys.modules['django'] = None; sys.argv = ['staydown', 'law', 'show', 'nothing']\n"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}from staydown.cli.main import main; main()"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "There is no regime of the id 'nothing'" in done.stderr
    assert "bad_regime" in done.stderr


def answered(*args: str, **kwargs: str) -> dict[str, object]:
    """What the questionnaire answers as JSON."""
    return json.loads(run("which", "--json", *args))


def bound(*args: str) -> set[str]:
    return set(filter(None, str(answered(*args)["STAYDOWN_REGIMES"]).split(",")))


def test_without_answers_everything_in_force_binds() -> None:
    today = law._today()
    assert bound() == {each.id for each in load_all() if each.in_force(today)}
    assert run("which", "--all").count("export STAYDOWN_REGIMES=") == 1


def test_answers_leave_out_what_cannot_bind() -> None:
    assert bound("--users-in", "gb") == {"uk-csea-nca", "uk-osa-10-3", "uk-osa-10-3A"}
    assert "us-tida-3" in bound("--service", "hosting", "--users-in", "US")
    assert "us-tida-3" not in bound("--service", "search", "--users-in", "US")
    assert bound("--users-in", "ZZ") == set()
    assert "kr-tba-22-5" not in bound("--users-in", "KR")


def test_each_verdict_says_why() -> None:
    rows = {each["id"]: each for each in answered("--users-in", "EU", "--small")["regimes"]}  # type: ignore[attr-defined]
    assert rows["us-tida-3"]["why"] == "You have no users in US."
    assert rows["eu-dsa-9"]["why"] == "Only when an order is served."
    assert rows["eu-dsa-16"]["not_bound"] == ["appeal"]
    assert "14 June 2027" in rows["eu-vaw-23"]["why"]
    assert all(each["why"].endswith(".") for each in rows.values())


def test_the_questions_take_enter_for_everything_and_no_for_less() -> None:
    result = CliRunner().invoke(law.command, ["which"], input="\n\n\n\n\n", env={"COLUMNS": "200"})
    assert result.exit_code == 0
    everything = answered()["STAYDOWN_REGIMES"]
    assert f"export STAYDOWN_REGIMES={everything}\n" in result.output
    result = CliRunner().invoke(law.command, ["which"], input="y\ny\nn\nGB, US\ny\n", env={"COLUMNS": "200"})
    assert "export STAYDOWN_REGIMES=uk-csea-nca,uk-osa-10-3,uk-osa-10-3A,us-2258A,us-tida-3\n" in result.output
    assert "You have no users in EU." in result.output


def test_a_country_that_is_not_understood_is_asked_for_again_and_no_law_is_lost():
    result = CliRunner().invoke(law.command, ["which"], input="y\ny\nn\ngermany\nde, uk\nn\n", env={"COLUMNS": "200"})
    assert "“GERMANY” is no code of a country." in result.output
    assert "export STAYDOWN_REGIMES=eu-dsa-16,eu-dsa-9,uk-csea-nca,uk-osa-10-3,uk-osa-10-3A\n" in result.output
    everywhere = CliRunner().invoke(law.command, ["which"], input="\n\n\nEverywhere\n\n", env={"COLUMNS": "200"})
    assert f"export STAYDOWN_REGIMES={answered()['STAYDOWN_REGIMES']}\n" in everywhere.output


def test_where_no_law_binds_it_says_so_and_sets_nothing():
    shown = run("which", "--users-in", "ZZ", "--service", "hosting", "--not-small")
    assert "No law that staydown knows binds you." in shown
    assert "export" not in shown


def test_a_folder_of_ones_own_is_listed_shown_and_asked_about(tmp_path: Path) -> None:
    (tmp_path / THIRD.name).write_bytes(THIRD.read_bytes())
    assert "zz-test-1" in run("list", "--folder", str(tmp_path))
    assert "Test Act, section 1" in run("show", "zz-test-1", "--folder", str(tmp_path))
    assert "zz-test-1" in bound("--folder", str(tmp_path), "--users-in", "ZZ")
    told = CliRunner().invoke(law.command, ["list"], env={"STAYDOWN_REGIMES_DIR": str(tmp_path), "COLUMNS": "200"})
    assert "zz-test-1" in told.output


def test_the_list_says_what_is_off_and_why() -> None:
    shown = " ".join(run("list").split())
    for each in load_all():
        if each.disabled_because:
            assert f"{each.id}: {each.disabled_because}" in shown
    assert "7 days from receipt of the report" in shown
