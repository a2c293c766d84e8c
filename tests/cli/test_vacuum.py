"""`staydown vacuum`: says which part of the database it has written anew."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from staydown.cli import vacuum
from staydown.project import django, install

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.sqlite]


def test_it_says_what_it_wrote_anew(monkeypatch, tmp_path):
    monkeypatch.setattr(django, "setup", lambda data: None)  # the tests' Django is started
    monkeypatch.setattr(install, "require_migrated", lambda: None)
    done = CliRunner().invoke(vacuum.command, ["--data", str(tmp_path)], catch_exceptions=False)
    assert (done.exit_code, done.output) == (0, "Written anew: the whole database.\n")
