"""The signed feed of another staydown as a source: what its people enforce is there, what they removed is gone."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from typing import Final

from staydown.core.bank import Action
from staydown.core.feed import AddLine, Cursor, Line, RemoveLine
from staydown.core.hashing.algorithm import Hash
from staydown.errors import FeedError, ReplyRefusedError
from staydown.exchange.peer import ALGORITHMS_READ, FeedClient
from staydown.exchange.source import SECONDS, Asked, Kind, Page, Read, Signal, Wire, gather


class Client(FeedClient):
    """Follows a feed, and believes nothing that does not verify.

    The cursor is the feed's own, as text, behind the algorithms that were read up to there: whoever learns to read
    another one begins again, for lines of it have passed as leaves alone.
    """

    def __init__(self, address: str, credentials: Mapping[str, str], wire: Wire) -> None:
        transport = wire.feed_transport()
        super().__init__(address, credentials["key"], credentials["verifier"], transport=transport, seconds=SECONDS)
        self._wait = wire.wait

    def pages(self, cursor: str | None) -> Iterator[Page]:
        """Pull after pull, up to the end of the feed; at the end already, it waits a while for the next line.

        Confirmed is what was applied when the reading began: who takes these pages may read some of them ahead, and
        refuse them.
        """
        read, _, text = (cursor or "").rpartition(" ")
        reached = Cursor.from_bytes(_bytes(text)) if text else Cursor()
        at = kept = reached if read == ALGORITHMS_READ else Cursor()
        while True:
            pull = self.pull(at, wait=self._wait if cursor and at == kept else 0.0, confirmed=kept.seq)
            at, more = pull.cursor, bool(pull.lines)
            text = f"{ALGORITHMS_READ} {base64.b64encode(at.to_bytes()).decode()}"
            yield gather((read for line in pull.lines for read in _read(line)), text, more=more)
            if not more:
                return

    def say(self, id: str, hash: Hash, opinion: str) -> None:  # noqa: A002, ARG002 - the words of the protocol
        """Raise `ReplyRefusedError`: a feed has no way back but for the hits of its own nodes."""
        raise ReplyRefusedError("A feed takes no opinions. Tell its people in another way.")


def _read(line: Line) -> Iterator[Read]:
    """What a line does. An entry that only asks for a review there was not confirmed, and is not taken over."""
    if isinstance(line, RemoveLine):
        yield str(line.entry_id), None
    elif isinstance(line, AddLine):
        id_ = str(line.entry.id)
        yield id_, Signal(id_, line.entry.hash) if line.entry.action is Action.BLOCK else None


def _bytes(cursor: str) -> bytes:
    try:
        return base64.b64decode(cursor, validate=True)
    except binascii.Error:
        raise FeedError("The kept cursor is damaged. Start again from the first line.") from None


KIND: Final = Kind(
    name="staydown",
    title="Another staydown",
    about="The signed feed of another install: every line is verified, and withdrawals arrive within a second.",
    address="https://takedown.example",
    address_help="The address of its portal.",
    asks=(
        Asked("key", "Key", "It stands in the file that their `staydown feed key` made."),
        Asked("verifier", "Verifier key", "It stands there too, and their `staydown doctor` says it.", secret=False),
    ),
    listens=False,
    open=Client,
    waits=True,
)
