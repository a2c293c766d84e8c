"""One running install and one Chromium for the journeys, shared by all of them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.journeys.browser import DESK, chromium, watched

EXIT_URL = "https://weather.test/"
NAME = "Pebble"


@dataclass(frozen=True)
class Site:
    """A real `staydown serve` on a folder of its own, and how its first administrator signs in."""

    url: str
    data: Path
    username: str
    password: str


def start(data: Path, port: int = 0, **settings: str) -> tuple[subprocess.Popen[str], Site]:
    """`staydown serve` on the folder ``data``, once it listens. The caller ends it."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("STAYDOWN_", "DJANGO_"))}
    environment |= {"STAYDOWN_NAME": NAME, "STAYDOWN_EXIT_URL": EXIT_URL, **settings}
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


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The install that all journeys share."""
    process, running = start(tmp_path_factory.mktemp("site") / "data")
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
