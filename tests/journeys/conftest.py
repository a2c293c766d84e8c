"""One running install and one Chromium for the journeys, shared by all of them."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest
from playwright.sync_api import Browser, Page

from tests.environment import clean
from tests.journeys.browser import DESK, chromium, watched

NAME = "Pebble"

#: Begun last, each of these would keep one process busy and leave the others idle.
LONGEST = ("test_killed.py", "test_portal.py", "test_console_pages.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first, in whatever order the others come."""
    items.sort(key=lambda item: LONGEST.index(item.path.name) if item.path.name in LONGEST else len(LONGEST))


@dataclass(frozen=True)
class Site:
    """A real `staydown serve` on a folder of its own, and how its first administrator signs in."""

    url: str
    data: Path
    username: str
    password: str


def start(data: Path, port: int = 0, **settings: str) -> tuple[subprocess.Popen[str], Site]:
    """`staydown serve` on the folder ``data``, once it listens. The caller ends it."""
    usual = {"STAYDOWN_NAME": NAME, "STAYDOWN_REGIMES": "uk-osa-10-3A,us-tida-3", "STAYDOWN_SECOND_FACTOR": "no"}
    environment = {**clean(), **usual, **settings}
    command = [sys.executable, "-m", "staydown", "serve", "--data", str(data), "--port", str(port)]
    with (data.parent / f"{data.name}.log").open("w") as log:
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=log, text=True)
    told: dict[str, str] = {}
    assert process.stdout is not None
    for line in process.stdout:
        words = line.split()
        if "listens" in words:
            told["url"] = words[-1]
        elif words[:1] in (["name"], ["password"]):
            told[words[0]] = words[-1]
        elif line.startswith("Ctrl-C"):
            break
    assert "url" in told, f"staydown serve did not start:\n{Path(log.name).read_text()}"
    return process, Site(told["url"], data, told.get("name", ""), told.get("password", ""))


class Weather(BaseHTTPRequestHandler):
    """The harmless page that the way out leads to. Keeps what each visitor's browser says of where it came from."""

    visitors: ClassVar[list[str | None]] = []

    def do_GET(self) -> None:
        """Answer with the weather."""
        if self.path == "/weather":
            self.visitors.append(self.headers["Referer"])
        body = b"<!doctype html><title>Weather</title><h1>Sunny</h1>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *said: object) -> None:
        """Nothing."""


@pytest.fixture(scope="session")
def exit_url() -> Iterator[str]:
    """Where the way out of the shared install leads: another origin, on this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Weather)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/weather"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, exit_url: str) -> Iterator[Site]:
    """The install that all journeys share."""
    process, running = start(tmp_path_factory.mktemp("site") / "data", STAYDOWN_EXIT_URL=exit_url)
    try:
        yield running
    finally:
        process.terminate()
        process.wait(timeout=30)
        if process.stdout is not None:
            process.stdout.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, one for each file of tests.

    Playwright keeps an event loop in this thread while it runs, at which Django would refuse the tests' own queries.
    """
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    try:
        with chromium() as running:
            yield running
    finally:
        if before is None:
            del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]
        else:
            os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = before


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """An empty page in a fresh profile. The test fails if the page reports an error of its own."""
    with watched(browser, viewport=DESK) as opened:
        yield opened
