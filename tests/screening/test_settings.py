"""Settings: what a node refuses to start with, and the key file."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from staydown.errors import SettingError
from staydown.screening.settings import PREFIX, KeyFile, Settings


def test_every_setting_can_be_given_by_its_variable():
    for field in fields(Settings):
        value = {"wait": "2", "max_lag": "77"}.get(field.name, "33")
        assert getattr(Settings.read({f"{PREFIX}{field.name.upper()}": value}), field.name) == float(value)


def test_arguments_come_first():
    assert Settings.read({f"{PREFIX}WORKERS": "3"}, workers=5).workers == 5
    assert Settings.read({f"{PREFIX}WORKERS": "3"}, workers=None).workers == 3
    assert Settings.read({}) == Settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WORKERS", "0"),
        ("WORKERS", "-1"),
        ("WORKERS", "two"),
        ("WORKERS", "1.5"),
        ("MAX_LAG", "nan"),
        ("MAX_LAG", "soon"),
    ],
)
def test_bad_values_are_refused_by_name(name, value):
    with pytest.raises(SettingError, match=PREFIX + name):
        Settings.read({PREFIX + name: value})


def test_a_short_lag_shortens_the_wait():
    settings = Settings.read({}, max_lag=3)
    assert settings.wait == 1
    with pytest.raises(SettingError, match="WAIT"):
        Settings.read({f"{PREFIX}WAIT": "2"}, max_lag=3)


def test_a_key_file_comes_back(tmp_path):
    path = tmp_path / "node.toml"
    path.write_text(KeyFile("sdn_live_x", "a+b+c").text())
    assert KeyFile.read(path) == KeyFile("sdn_live_x", "a+b+c")


def test_a_key_file_shows_no_key():
    assert "sdn_live_x" not in repr(KeyFile("sdn_live_x", "a+b+c"))


@pytest.mark.parametrize(
    "content",
    [b"", b"key = 1\nverifier = 'x'", b"key = 'secretsecret'", b"key = ''\nverifier = 'x'", b"secretsecret", b"\xff"],
)
def test_a_bad_key_file_is_refused_without_being_quoted(tmp_path, content):
    path = tmp_path / "node.toml"
    path.write_bytes(content)
    with pytest.raises(SettingError, match="key file") as caught:
        KeyFile.read(path)
    assert "secretsecret" not in caught.value.message


def test_a_missing_key_file_is_refused(tmp_path):
    with pytest.raises(SettingError, match="key file"):
        KeyFile.read(tmp_path / "none.toml")


def test_every_setting_is_documented_with_its_default():
    page = (Path(__file__).parents[2] / "docs" / "reference" / "screening.md").read_text("utf-8")
    lines = [[cell.strip(" `") for cell in line.split("|")] for line in page.splitlines()]
    defaults = {cells[1]: cells[3] for cells in lines if len(cells) > 4 and cells[1].startswith(PREFIX)}
    for field in fields(Settings):
        assert float(defaults[f"{PREFIX}{field.name.upper()}"]) == field.default
