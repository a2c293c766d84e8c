"""`staydown source`: every command, in words and as JSON."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from staydown.apps.banks import actions as banks
from staydown.apps.banks.models import Entry
from staydown.apps.sharing import opening
from staydown.apps.sharing.source_models import Source
from staydown.cli.source import command
from staydown.errors import InvalidError, MissingError, TooOftenError, UnreachableError
from staydown.project import django
from tests.apps.sharing.scripted import KEYS, Scripted

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def started(monkeypatch):
    """The tests' Django is started already."""
    monkeypatch.setattr(django, "setup", lambda data: None)


@pytest.fixture
def script(monkeypatch):
    """What every source answers."""
    script = Scripted().adds(1, 2, 3)
    monkeypatch.setattr(opening, "opened", script)
    return script


@pytest.fixture
def added(tmp_path, system):
    banks.open_bank("house", by=system)
    keys = tmp_path / "keys.toml"
    keys.write_text("".join(f'{name} = "{value}"\n' for name, value in KEYS.items()))
    run("add", "helpline", *WHERE, "--credentials", keys, "--growth", 5)
    return Source.objects.get()


WHERE = ("--kind", "stopncii", "--address", "https://helpline.test/v1")


def run(*words: object, fails: int = 0) -> str:
    """What the command prints."""
    done = CliRunner().invoke(command, [str(word) for word in words], catch_exceptions=False)
    assert done.exit_code == fails, done.output
    return done.stdout


def test_where_nothing_is_followed_the_list_says_how_to_begin():
    assert "`staydown source add` begins" in run("list")
    assert run("list", "--json") == ""


def test_the_kinds_say_what_they_ask_for():
    said = run("kinds")
    assert "stopncii: StopNCII.org" in said
    assert "feedback_key (optional)" in said


def test_a_source_is_added_followed_and_listed(added, script):
    assert "helpline: being read, 0 records, read to its end: never" in run("list")
    assert run("follow", "helpline") == "helpline: 3 added, 0 taken back, 0 changed.\n"
    told = json.loads(run("list", "--json"))
    assert (told["state"], told["records"], told["kind"], told["bank"]) == ("followed", 3, "stopncii", "house")
    assert Entry.objects.filter(source="source:helpline", state="pending").count() == 3


def test_following_as_json(added, script):
    script.removes(1)
    told = json.loads(run("follow", "helpline", "--json"))
    assert {name: told[name] for name in ("added", "removed", "caught_up", "records")} == {
        "added": 3, "removed": 1, "caught_up": True, "records": 2,
    }  # fmt: skip


def test_it_waits_where_the_source_wants_to_be_asked_later(added, script, monkeypatch):
    def busy(number: int) -> None:
        if number == 1:
            raise TooOftenError(30)

    def slept(seconds: float) -> None:
        waits.append(seconds)
        script.at_page = lambda _: None

    waits: list[float] = []
    monkeypatch.setattr("staydown.cli.source.time.sleep", slept)
    script.adds(4).at_page = busy
    assert json.loads(run("follow", "helpline", "--json"))["records"] == 4
    assert waits == [30]


def test_reading_it_whole(added, script):
    run("follow", "helpline")
    script.steps[0] = (script.steps[0][0][1:], ())
    assert "0 taken back" in run("follow", "helpline")
    assert "1 taken back" in run("follow", "helpline", "--whole")


def test_its_question_is_said_and_answered(added, script):
    script.adds(4, 5, 6)
    assert "would bring 6 records" in run("follow", "helpline", fails=1)
    assert "asks you" in run("list", fails=1)
    assert "would bring 6 records" in run("answer", "helpline")
    assert run("answer", "helpline", "--yes") == "helpline goes on.\n"
    assert "3 added" in run("follow", "helpline")
    assert "asks nothing" in run("answer", "helpline")


def test_what_went_wrong_is_said_in_words(added, script):
    script.fault = UnreachableError()
    assert "The other server did not answer." in run("follow", "helpline", fails=1)
    assert "cannot be read" in run("list", fails=1)


def test_pause_resume_and_remove(added, script):
    run("follow", "helpline")
    run("pause", "helpline")
    assert "is paused" in run("follow", "helpline", fails=1)
    run("resume", "helpline")
    with pytest.raises(InvalidError, match="--yes"):
        run("remove", "helpline")
    assert run("remove", "helpline", "--yes") == "helpline is removed, with 3 records.\n"
    assert set(Entry.objects.values_list("state", flat=True)) == {"withdrawn"}
    with pytest.raises(MissingError, match="There is no source helpline"):
        run("follow", "helpline")


def test_wrong_calls_are_refused(system, tmp_path):
    banks.open_bank("house", by=system)
    run("add", "x", *WHERE, "--enforced", fails=2)
    with pytest.raises(InvalidError, match="Key for FetchHashes is missing"):
        run("add", "x", *WHERE)
    with pytest.raises(MissingError, match="There is no bank other"):
        run("add", "x", *WHERE, "--bank", "other")
    broken = tmp_path / "keys"
    broken.write_text("fetch_key: a")
    with pytest.raises(InvalidError, match="not TOML"):
        run("add", "x", *WHERE, "--credentials", broken)
    assert not Source.objects.exists()


def test_a_list_is_followed_out_of_its_folder_alone(system, tmp_path, settings):
    banks.open_bank("house", by=system)
    settings.STAYDOWN_LISTS_DIR = tmp_path / "lists"
    settings.STAYDOWN_LISTS_DIR.mkdir()
    for folder in (settings.STAYDOWN_LISTS_DIR, tmp_path):
        (folder / "sums.md5").write_text(f"{'0f' * 16}  film.mp4\n")
    with pytest.raises(InvalidError, match="STAYDOWN_LISTS_DIR"):
        run("add", "x", "--kind", "list", "--address", tmp_path / "sums.md5")
    run("add", "x", "--kind", "list", "--address", tmp_path / "lists" / "sums.md5")
    assert json.loads(run("follow", "x", "--json"))["added"] == 1
    assert Entry.objects.values_list("algorithm", "state").get() == ("md5", "pending")
