"""`staydown feed`: a key that nobody else can read, a mirror that can be continued, and its verification."""

from __future__ import annotations

import json
import secrets
import stat
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from django.utils import timezone

from staydown.apps.accounts.access import key_for
from staydown.apps.accounts.actions import create_key
from staydown.apps.accounts.models import ApiKey
from staydown.apps.audit.actor import Actor
from staydown.apps.banks import actions as banks
from staydown.apps.banks import feed_key
from staydown.apps.banks.models import FeedLine
from staydown.cli import main
from staydown.cli.feed import command
from staydown.errors import FeedError, InvalidError, SettingError
from staydown.exchange.testing import Fault, Publisher
from staydown.project import install
from staydown.screening.settings import KeyFile
from tests.screening.nodes import entry, pdq


def run(*arguments: object) -> dict[str, object]:
    """What it printed as JSON."""
    result = CliRunner().invoke(command, [*map(str, arguments), "--json"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.fixture
def publisher() -> Publisher:
    made = Publisher()
    for _ in range(3):
        made.add(entry())
    return made


@pytest.fixture
def key_file(publisher: Publisher, tmp_path: Path) -> Path:
    path = tmp_path / "node.toml"
    path.write_text(KeyFile(publisher.key, publisher.verifier_key).text())
    return path


@pytest.mark.django_db
class TestKey:
    def make(self, *arguments: str) -> str:
        return CliRunner().invoke(command, ["key", *arguments], catch_exceptions=False).output

    def test_it_follows_and_reports_and_nothing_else(self, tmp_path):
        out = tmp_path / "node.toml"
        said = self.make("--name", "node 1", "--out", str(out))
        made = KeyFile.read(out)
        key = key_for(made.key)
        assert (key.name, key.scopes, key.banks) == ("node 1", ["feed:read", "hit:write"], [])
        assert made.verifier == str(feed_key.verifier())
        assert stat.S_IMODE(out.stat().st_mode) == 0o600
        assert made.key not in said

    def test_one_for_a_screening_node_also_learns_which_clients_to_let_in(self, tmp_path):
        self.make("--name", "node 1", "--node", "--out", str(tmp_path / "node.toml"))
        assert ApiKey.objects.get().scopes == list(install.NODE_SCOPES)

    def test_it_may_be_for_some_banks_only(self, tmp_path):
        banks.open_bank("house", by=Actor.system())
        self.make("--name", "partner", "--bank", "house", "--out", str(tmp_path / "a.toml"))
        assert ApiKey.objects.get().banks == ["house"]
        with pytest.raises(InvalidError, match="no bank attic"):
            self.make("--name", "partner", "--bank", "attic", "--out", str(tmp_path / "b.toml"))
        assert not (tmp_path / "b.toml").exists()

    def test_a_file_that_exists_is_kept_and_no_key_is_made(self, tmp_path):
        out = tmp_path / "node.toml"
        out.write_text("a key in use")
        with pytest.raises(SettingError, match="exists"):
            self.make("--name", "node", "--out", str(out))
        assert out.read_text() == "a key in use"
        assert not ApiKey.objects.exists()

    def test_a_name_that_is_refused_leaves_no_file(self, tmp_path):
        with pytest.raises(InvalidError):
            self.make("--name", "x" * 61, "--out", str(tmp_path / "node.toml"))
        assert list(tmp_path.iterdir()) == []

    def test_a_folder_that_is_not_there(self, tmp_path):
        with pytest.raises(SettingError, match="cannot be written"):
            self.make("--name", "node", "--out", str(tmp_path / "none" / "node.toml"))


def test_a_mirror_is_made_continued_and_verified(publisher, key_file, tmp_path):
    out = tmp_path / "feed.ndjson"
    publisher.add(gone := entry())
    with publisher.serving() as address:
        told = run("mirror", "--feed", address, "--key-file", key_file, "--out", out)
        assert told == {"file": str(out), "lines": 4, "new": 4, "erased": 0}
        publisher.withdraw(gone.id)
        told = run("mirror", "--feed", address, "--key-file", key_file, "--out", out)
        assert (told["new"], told["erased"]) == (1, 1)
    told = run("verify", out, "--verifier", publisher.verifier_key)
    assert told == {"file": str(out), "lines": 5, "entries": 3, "withheld": 1}
    assert run("verify", out, "--key-file", key_file) == told
    assert gone.hash.hex() not in out.read_text()


def test_it_says_the_same_in_words(publisher, key_file, tmp_path):
    out = tmp_path / "feed.ndjson"
    with publisher.serving() as address:
        result = CliRunner().invoke(
            command, ["mirror", "--feed", address, "--key-file", str(key_file), "--out", str(out)]
        )
    assert "3 lines, 3 new" in result.output
    result = CliRunner().invoke(command, ["verify", str(out), "--key-file", str(key_file)])
    assert "Verified: 3 lines, 3 entries" in result.output


def test_a_changed_mirror_is_exit_1(publisher, key_file, tmp_path, monkeypatch, capsys):
    out = tmp_path / "feed.ndjson"
    with publisher.serving() as address:
        run("mirror", "--feed", address, "--key-file", key_file, "--out", out)
    changed = out.read_text().replace('"radius":31', '"radius":30', 1)
    out.write_text(changed)
    monkeypatch.setattr(sys, "argv", ["staydown", "feed", "verify", str(out), "--key-file", str(key_file)])
    with pytest.raises(SystemExit) as caught:
        main.main()
    assert caught.value.code == 1
    assert "bad_feed" in capsys.readouterr().err


def test_a_feed_that_lies_is_an_error(publisher, key_file, tmp_path):
    publisher.fault = Fault.WRONG_KEY
    with publisher.serving() as address, pytest.raises(FeedError):
        run("mirror", "--feed", address, "--key-file", key_file, "--out", tmp_path / "feed.ndjson")


@pytest.mark.parametrize("given", [[], ["--verifier", "a+b+c", "--key-file"]])
def test_verify_needs_exactly_one_key(given, key_file, tmp_path):
    (tmp_path / "feed").write_text("")
    arguments = [*given, str(key_file)] if given else []
    assert CliRunner().invoke(command, ["verify", str(tmp_path / "feed"), *arguments]).exit_code == 2


def test_a_verifier_that_is_none(tmp_path):
    (tmp_path / "feed").write_text("")
    with pytest.raises(SettingError, match="verifier"):
        run("verify", tmp_path / "feed", "--verifier", secrets.token_hex(8))


@pytest.mark.parametrize("name", [[], ["key"], ["mirror"], ["verify"]])
def test_help(name):
    assert CliRunner().invoke(command, [*name, "--help"]).exit_code == 0


@pytest.mark.django_db
def test_followers_are_told_with_what_they_owe():
    bank = banks.open_bank("house", by=Actor.system())
    gone = banks.add_entry(bank, pdq(), source="import", by=Actor.system())
    banks.withdraw(gone, by=Actor.system())
    key, _ = create_key("partner one", ["feed:read"], by=Actor.system())
    assert CliRunner().invoke(command, ["followers"]).output.startswith("Nobody has asked for the feed yet.")
    assert CliRunner().invoke(command, ["followers", "--json"]).output == ""
    banks.record_cursor(key, 1)
    said = CliRunner().invoke(command, ["followers"])
    assert said.exit_code == 0
    assert said.output.startswith("partner one: line 1 of 2, heard ")
    FeedLine.objects.filter(seq=2).update(delete_by=timezone.now())
    said = CliRunner().invoke(command, ["followers", "--json"])
    assert said.exit_code == 1
    assert json.loads(said.output)["overdue"] == 1
    banks.record_cursor(key, 2)
    banks.record_cursor(key, 1)
    assert CliRunner().invoke(command, ["followers"]).output.startswith("partner one: line 2 of 2")
