"""`staydown synapse-adapter`: what is missing or wrong is said before anything is listened on."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from staydown.cli.synapse_adapter import command
from staydown.errors import SettingError

GIVEN = {
    "STAYDOWN_SYNAPSE_STAYDOWN": "http://127.0.0.1:1",
    "STAYDOWN_SYNAPSE_HOMESERVER": "http://127.0.0.1:2",
    "STAYDOWN_SYNAPSE_KEY": "sdn_live_key",
    "STAYDOWN_SYNAPSE_TOKEN": "syt_token",
}


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"STAYDOWN_SYNAPSE_KEY": ""}, "STAYDOWN_SYNAPSE_KEY"),
        ({"STAYDOWN_SYNAPSE_TOKEN": ""}, "STAYDOWN_SYNAPSE_TOKEN"),
        ({"STAYDOWN_SYNAPSE_TOKEN_FILE": "token"}, "STAYDOWN_SYNAPSE_TOKEN"),
        ({"STAYDOWN_SYNAPSE_KEY": "", "STAYDOWN_SYNAPSE_KEY_FILE": "nowhere"}, "STAYDOWN_SYNAPSE_KEY_FILE"),
        ({"STAYDOWN_SYNAPSE_WEBHOOK_KEY": "whsk_AAAA"}, "whpk_"),
        ({"STAYDOWN_SYNAPSE_HOMESERVER": "matrix.test"}, "homeserver"),
        ({"STAYDOWN_SYNAPSE_STAYDOWN": "staydown.test"}, "staydown"),
    ],
)
def test_what_is_wrong_is_named_and_no_secret_quoted(changed, named, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(command, env=GIVEN | changed)
    assert isinstance(result.exception, SettingError)
    assert named in result.exception.message
    assert "sdn_live" not in result.exception.message
    assert "syt_" not in result.exception.message


def test_without_the_two_addresses_it_is_a_wrong_call():
    result = CliRunner().invoke(command, env={})
    assert result.exit_code == 2
    assert "--staydown" in result.output
