"""Being asked to come back later, by a server that is asked too often: when that is, and waiting for it."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final, TypeVar

import httpx

from staydown.errors import TooOftenError

Result = TypeVar("Result")

LONGEST: Final = 3600.0  # seconds; whoever names a later time is asked after this one
MOST_WAITS: Final = 20  # in a row, for one answer


def check(response: httpx.Response) -> None:
    """Raise `TooOftenError` when the answer is 429 and says when to ask again."""
    if response.status_code == 429 and (seconds := _seconds(response.headers.get("retry-after", "").strip())):
        raise TooOftenError(seconds)


def patiently(ask: Callable[[], Result], *, sleep: Callable[[float], None] = time.sleep) -> Result:
    """What ``ask`` returns, asked again after each wait that the server wants; raises `TooOftenError` after many."""
    for _ in range(MOST_WAITS):
        try:
            return ask()
        except TooOftenError as error:
            sleep(error.seconds)
    return ask()


def _seconds(text: str) -> float | None:
    """From a ``Retry-After``, seconds or a date; None for one that says nothing."""
    if text.isascii() and text.isdigit():
        return min(max(float(text[:9]), 1.0), LONGEST)
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    left = at.replace(tzinfo=at.tzinfo or UTC) - datetime.now(UTC)
    return min(max(left.total_seconds(), 1.0), LONGEST)
