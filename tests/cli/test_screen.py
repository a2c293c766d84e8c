"""`staydown screen`: what it refuses to start with, in words, and how it says where it is."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from staydown.cli import main
from staydown.cli.screen import command
from staydown.errors import SettingError
from staydown.exchange.testing import Publisher
from staydown.screening.settings import KeyFile


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "node.toml"
    path.write_text(KeyFile("sdn_live_x", Publisher().verifier_key).text())
    path.chmod(0o600)
    return path


def refused(*arguments: object) -> str:
    """The sentence with which it refuses to start."""
    result = CliRunner().invoke(command, [str(argument) for argument in arguments])
    assert isinstance(result.exception, SettingError), result.output
    return result.exception.message


@pytest.mark.parametrize("content", [None, "", "key = 'secret-secret'", "not toml secret-secret"])
def test_a_bad_key_file_is_exit_1_and_a_sentence(content, tmp_path, monkeypatch, capsys):
    path = tmp_path / "node.toml"
    if content is not None:
        path.write_text(content)
    monkeypatch.setattr(sys, "argv", ["staydown", "screen", "--feed", "http://127.0.0.1:1", "--key-file", str(path)])
    with pytest.raises(SystemExit) as caught:
        main.main()
    said = capsys.readouterr().err
    assert caught.value.code == 1
    assert "key file" in said
    assert "bad_setting" in said
    assert "secret-secret" not in said


def test_a_verifier_that_is_none(tmp_path):
    path = tmp_path / "node.toml"
    path.write_text(KeyFile("sdn_live_x", "nonsense").text())
    assert "verifier" in refused("--feed", "http://127.0.0.1:1", "--key-file", path)


def test_options_that_are_missing_are_a_wrong_call(key_file):
    assert CliRunner().invoke(command, []).exit_code == 2
    assert CliRunner().invoke(command, ["--feed", "http://127.0.0.1:1"]).exit_code == 2


@pytest.mark.parametrize("feed", ["http://takedown.example", "http://10.0.0.5:8000", "http://[2001:db8::1]"])
def test_a_feed_that_would_cross_the_network_in_the_clear_is_refused(feed, key_file):
    assert "unencrypted" in refused("--feed", feed, "--key-file", key_file)


@pytest.mark.parametrize("feed", ["takedown.example", "ftp://takedown.example", "https://u:p@takedown.example"])
def test_an_address_that_is_none(feed, key_file):
    assert "address" in refused("--feed", feed, "--key-file", key_file)


def test_a_port_that_is_taken(key_file):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"port {port}" in refused("--feed", "http://localhost:1", "--key-file", key_file, "--port", port)


@pytest.mark.parametrize(("option", "value"), [("--max-lag", "0"), ("--max-lag", "nan")])
def test_a_setting_that_makes_no_sense(option, value, key_file):
    assert "MAX_LAG" in refused("--feed", "http://127.0.0.1:1", "--key-file", key_file, option, value)


def test_everything_may_come_from_the_environment(key_file, monkeypatch):
    monkeypatch.setenv("STAYDOWN_SCREEN_FEED", "http://takedown.example")
    monkeypatch.setenv("STAYDOWN_SCREEN_KEY_FILE", str(key_file))
    assert "unencrypted" in refused()


@contextmanager
def started(publisher: Publisher, folder: Path, *, mode: int) -> Iterator[subprocess.Popen[str]]:
    """A node that was just started, perhaps not far enough to answer."""
    key_file = folder / "started.toml"
    key_file.write_text(KeyFile(publisher.key, publisher.verifier_key).text())
    key_file.chmod(mode)
    with publisher.serving() as address:
        words = ["-u", "-m", "staydown", "screen", "--feed", address, "--key-file", str(key_file), "--port", "0"]
        process = subprocess.Popen([sys.executable, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            yield process
        finally:
            process.kill()
            process.communicate()


@pytest.mark.parametrize(("mode", "warned"), [(0o600, False), (0o644, True)])
def test_it_says_where_it_is_and_warns_of_a_key_file_for_everybody(tmp_path, mode, warned):
    publisher = Publisher("house.example")
    with started(publisher, tmp_path, mode=mode) as process:
        told = [process.stdout.readline() for _ in range(5)]
        process.terminate()
        _, said = process.communicate(timeout=60)
    assert "house.example" in told[1]
    assert "/v1/screen" in told[2]
    assert ("can be read by others" in said) == warned
    assert publisher.key not in said + "".join(told)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_however_early_it_comes(tmp_path, number):
    """Right after it said where it is, the server itself does not listen to signals yet."""
    with started(Publisher(), tmp_path, mode=0o600) as process:
        process.stdout.readline()
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
    assert "Traceback" not in said
    assert process.returncode in {0, 1, -number}


def test_it_starts_without_django():
    """A node has no database; a fault that pulls Django in would also pull its settings in."""
    code = (
        "import sys, staydown.cli.screen; print([name for name in sys.modules if name.partition('.')[0] == 'django'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
