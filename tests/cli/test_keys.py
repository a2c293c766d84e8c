"""`staydown keys`: ids and rotation, never a key."""

from __future__ import annotations

import base64
import tomllib

import pytest
from click.testing import CliRunner

from staydown.apps.audit import querysets as log
from staydown.apps.sharing import actions as sharing
from staydown.apps.sharing.models import Endpoint
from staydown.apps.vault import keyring
from staydown.cli import keys
from staydown.core.sealing import Keyring
from staydown.project import django

pytestmark = pytest.mark.django_db


@pytest.fixture
def ring(settings, tmp_path, monkeypatch):
    """An install with a keyring of this test's own."""
    settings.STAYDOWN_DATA = tmp_path
    settings.STAYDOWN_KEYRING_FILE = tmp_path / "keyring"
    keyring.keep(Keyring.new(), settings.STAYDOWN_KEYRING_FILE)
    monkeypatch.setattr(django, "setup", lambda data: None)  # the tests' Django is started
    return settings.STAYDOWN_KEYRING_FILE


def run(*words: str) -> str:
    """What the command prints."""
    done = CliRunner().invoke(keys.command, words, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_rotation_seals_everything_anew_and_is_a_line_in_the_log(ring, system):
    endpoint = sharing.add_endpoint("platform", "https://platform.example/hook", by=system)
    secret = Endpoint.objects.get(pk=endpoint.pk).signing_key
    old = keyring.current().primary
    said = run("rotate")
    new = keyring.current().primary
    assert new != old
    assert f"1 values are sealed with the key {new}" in said
    assert Endpoint.objects.get(pk=endpoint.pk).signing_key == secret
    (line,) = log.history(f"keyring:{new}")
    assert (line.verb, line.facts) == ("keyring.rotated", {"values": 1, "second_factors": 0, "fresh": True})
    assert run("list").split() == [old, new, "primary"]


def test_no_key_is_ever_printed(ring):
    said = run("list") + run("rotate") + run("list")
    held = tomllib.loads(ring.read_text())
    for key in (held["root"], *held["keys"].values()):
        assert key not in said
        assert base64.b64decode(key).hex() not in said


def test_one_that_was_broken_off_is_said_to_be_finished(ring, system):
    sharing.add_endpoint("platform", "https://platform.example/hook", by=system)
    keyring.keep(keyring.current().rotate(), ring)
    assert "broken off" in run("rotate")
    assert len(keyring.current().key_ids) == 2
