"""One install for all journeys of other people's programs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.journeys.conftest import start
from tests.journeys.protocols.house import House


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A `staydown serve` that nobody but these journeys talks to."""
    process, site = start(tmp_path_factory.mktemp("protocols") / "data", STAYDOWN_SCREEN_KEYS_EVERY="0.3")
    try:
        yield House.of(site.url, site.data)
    finally:
        process.terminate()
        process.wait(timeout=30)
        if process.stdout is not None:
            process.stdout.close()
