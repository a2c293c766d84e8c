"""`staydown serve`, `web` and `worker` as an operator starts them: real processes on a real data folder."""

from __future__ import annotations

import re
import signal
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.environment import clean

PASSWORD = re.compile(r"password\s+(\S+)")
ADDRESS = re.compile(r"listens on (http://\S+)")


@contextmanager
def running(command: str, data: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A server that said that it is ready, and what it said. It is killed at the end if it still runs."""
    process = subprocess.Popen(
        [sys.executable, "-m", "staydown", command, "--data", str(data), *options],
        env=clean(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        said = ""
        assert process.stdout is not None
        for line in process.stdout:
            said += line
            if "Ctrl-C" in line:
                break
        yield process, said
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def address(said: str) -> str:
    """Where the server listens."""
    found = ADDRESS.search(said)
    assert found, said
    return found[1]


def ended(process: subprocess.Popen[str], number: signal.Signals) -> int:
    """The exit status after this signal."""
    process.send_signal(number)
    return process.wait(60)


def test_the_first_start_makes_the_install_and_the_next_ones_find_it(tmp_path):
    data = tmp_path / "data"
    with running("serve", data, "--port", "0") as (process, said):
        first = PASSWORD.search(said)
        assert first, said
        assert "admin" in said
        with httpx.Client(base_url=address(said)) as client:
            page = client.get("/")
            assert page.status_code == 200
            assert "default-src 'none'" in page.headers["content-security-policy"]
            assert client.get("/static/ui/staydown.css").headers["x-content-type-options"] == "nosniff"
            assert client.get("/livez").status_code == 200
            until_ready(client)
            assert client.get("/v1/index").status_code == 401
            sign_in(client, first[1])
            before = (data / "keyring").read_text()
            assert outcome("keys", "rotate", "--data", str(data)) == (0, "")
            assert (data / "keyring").read_text() != before
            # What was sealed before still opens, while it serves: it knows who they are, and asks for a second factor.
            assert client.get("/staff/").headers["location"] == "/staff/accounts/2fa/"
            assert client.get("/staff/accounts/2fa/").status_code == 200
        assert ended(process, signal.SIGTERM) == 0
        # Had it waited for the node's pull, it would say here that it cut a request off after the time for them.
        assert process.stdout.read() == ""
    with running("serve", data, "--port", "0") as (process, said):
        assert not PASSWORD.search(said)
        assert ended(process, signal.SIGKILL) == -signal.SIGKILL
    with running("serve", data, "--port", "0") as (process, said):
        assert httpx.get(f"{address(said)}/staff/accounts/login/").status_code == 200
        assert ended(process, signal.SIGINT) == 0
    for file in data.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file.name
        assert first[1].encode() not in file.read_bytes()


def until_ready(client: httpx.Client) -> None:
    """Return when screening follows the feed."""
    for _ in range(200):
        if client.get("/readyz").status_code == 200:
            return
        threading.Event().wait(0.05)
    pytest.fail("screening did not become ready")


def sign_in(client: httpx.Client, password: str) -> None:
    """Sign in as the first administrator, as a browser would."""
    form = client.get("/staff/accounts/login/")
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form.text)
    assert token
    answer = client.post(
        "/staff/accounts/login/",
        data={"login": "admin", "password": password, "csrfmiddlewaretoken": token[1]},
        headers={"origin": str(client.base_url).rstrip("/"), "referer": str(form.url)},
    )
    assert (answer.status_code, answer.headers["location"]) == (302, "/staff/")


def test_web_and_worker_run_apart_on_the_same_folder(tmp_path):
    data = tmp_path / "data"
    with running("web", data, "--port", "0") as (web, said):
        assert httpx.get(f"{address(said)}/readyz").status_code == 200
        assert "v1/screen" not in said
        with running("worker", data) as (worker, told):
            assert "running" in told
            assert ended(worker, signal.SIGTERM) == 0
        assert ended(web, signal.SIGTERM) == 0


def outcome(*words: str, **more: str) -> tuple[int, str]:
    """The exit status and the words of a command that ends by itself."""
    done = subprocess.run(
        [sys.executable, "-m", "staydown", *words],
        env=clean() | more, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    return done.returncode, done.stderr


def test_a_port_that_is_taken_is_said_in_one_sentence(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        status, said = outcome("serve", "--data", str(tmp_path), "--port", port)
    assert status == 1
    assert f"Port {port}" in said
    assert "Traceback" not in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "more", "says"),
    [
        (("serve", "--port", "0"), {"STAYDOWN_ORIGIN": "takedown.example"}, "STAYDOWN_ORIGIN"),
        (("serve", "--port", "0"), {"STAYDOWN_SCREEN_WORKERS": "many"}, "STAYDOWN_SCREEN_WORKERS"),
        (("worker",), {}, "There is no install"),
    ],
)
def test_what_cannot_start_says_why(tmp_path, words, more, says):
    status, said = outcome(*words, "--data", str(tmp_path / "data"), **more)
    assert status == 1
    assert says in said
    assert "Traceback" not in said


def test_a_sign_in_is_reset_in_an_install_and_nowhere_else(tmp_path):
    status, said = outcome("manage", "reset_sign_in", "admin", STAYDOWN_DATA=str(tmp_path))
    assert (status, "There is no install in" in said, "Traceback" in said) == (1, True, False)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "words",
    [("audit", "verify"), ("audit", "export", "--out", "log"), ("audit", "prove", "1", "--out", "proof"),
     ("feed", "followers"), ("feed", "key", "--name", "a", "--out", "key"), ("bank", "list"), ("source", "list")],
    ids=" ".join,
)  # fmt: skip
def test_a_database_of_another_version_is_named_and_not_a_fault(tmp_path, words):
    (tmp_path / "staydown.sqlite3").touch()
    status, said = outcome(*words, "--data", str(tmp_path))
    assert (status, "The database is not of this version." in said, "Traceback" in said) == (1, True, False), said
    assert not any((Path.cwd() / name).exists() for name in ("log", "proof", "key"))
