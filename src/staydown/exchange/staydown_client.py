"""Follows another staydown by its signed feed: nothing of a page is believed before all of it verifies."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import httpx

from staydown.core.feed import AddLine, Cursor, RemoveLine
from staydown.errors import CursorError, FeedError
from staydown.exchange.asking import LONGEST_REPLY, PATIENCE, address
from staydown.exchange.guarded import GuardedTransport
from staydown.exchange.peer import USUAL_LIMIT, FeedClient
from staydown.exchange.source import Asked, Collected, Given, Kind, Page, Signal, watched


class Staydown:
    """A partner of another house. A record is named by the number of its entry there."""

    def __init__(self, given: Given) -> None:
        rules = replace(given.rules, longest_reply=LONGEST_REPLY, seconds=max(given.rules.seconds, PATIENCE))
        keys = given.credentials
        self._client = FeedClient(
            address(given) + "/", keys["key"], keys["verifier_key"], transport=_Plain(rules), seconds=PATIENCE
        )

    def pages(self, cursor: str | None) -> Iterator[Page]:
        """The pages after ``cursor``."""
        return watched(self._pages(_cursor(cursor)))

    def _pages(self, place: Cursor) -> Iterator[Page]:
        while True:
            pull = self._client.pull(place, limit=USUAL_LIMIT)
            found = Collected()
            for line in pull.lines:
                if isinstance(line, AddLine):
                    found.add(Signal(str(line.entry.id), line.entry.hash))
                elif isinstance(line, RemoveLine):
                    found.remove(str(line.entry_id))
            place = pull.cursor
            more = len(pull.lines) == USUAL_LIMIT
            yield found.page(base64.b64encode(place.to_bytes()).decode(), more=more)
            if not more:
                return

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


class _Plain(GuardedTransport):
    """Asks for answers as they are: what is compressed cannot be measured before it unfolds."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.headers["accept-encoding"] = "identity"
        return super().handle_request(request)


def _cursor(text: str | None) -> Cursor:
    if text is None:
        return Cursor()
    try:
        return Cursor.from_bytes(base64.b64decode(text, validate=True))
    except (FeedError, binascii.Error, ValueError):
        raise CursorError from None


KIND: Final = Kind(
    name="staydown",
    title="Another staydown, by its signed feed",
    about="What another house blocks, line by line, signed. A withdrawal there is one here at the next look.",
    address="",
    address_help="The address of the other house, such as https://takedown.example.",
    asks=(
        Asked("key", "Key", "A key that the other house made for you with `staydown feed key`."),
        Asked("verifier_key", "Verifier key", "With what its feed is verified; it is public.", secret=False),
    ),
    open=Staydown,
)
