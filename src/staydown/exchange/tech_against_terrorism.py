"""The hash list of Tech Against Terrorism, version 2: what it adds and deletes, in the order of its changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from staydown.core.hashing.algorithm import Algorithm, Hash
from staydown.errors import HashError, SourceAnswerError, SourceDeniedError, SourceWentBackError
from staydown.exchange.source import Asked, HttpSource, Kind, Page, Read, Signal, Wire, gather, json_object, objects

ALGORITHMS: Final = {"PDQ": Algorithm.PDQ, "SHA256": Algorithm.SHA256, "MD5": Algorithm.MD5}


class Client(HttpSource):
    """Follows the list. The cursor is the list's own: the time of the last record, a comma and its number."""

    def __init__(self, address: str, credentials: Mapping[str, str], wire: Wire) -> None:
        super().__init__(address, wire.client({}))
        self._login = {"username": credentials["username"], "password": credentials["password"], "resend": "false"}

    def pages(self, cursor: str | None) -> Iterator[Page]:
        """Page after page; raises `SourceWentBackError` beside what `ask` raises."""
        after, token = cursor or "", self._token()
        while True:
            try:
                found = self._fetch(after, token)
            except SourceDeniedError:  # a token holds for minutes only, and a page may take long to be worked through
                token = self._token()
                found = self._fetch(after, token)
            records, more, reached = objects(found, "results"), bool(found.get("next")), found.get("checkpoint")
            reached = reached if isinstance(reached, str) and reached else after
            if _time(reached) < _time(after):
                raise SourceWentBackError
            after = reached
            yield gather(map(_read, records), after, more=more)
            if not more:
                return

    def _fetch(self, after: str, token: str) -> dict[str, Any]:
        query, headers = {"order": "asc", "after": after}, {"authorization": f"Bearer {token}"}
        return json_object(self.ask("GET", "/api/hash-list/v2/all", params=query, headers=headers))

    def _token(self) -> str:
        token = json_object(self.ask("POST", "/token-auth/tcap/", data=self._login)).get("token")
        if not isinstance(token, str) or not token.isascii() or not token.isprintable() or not token:
            raise SourceDeniedError
        return token


def _time(checkpoint: str) -> float:
    try:
        return float(checkpoint.partition(",")[0] or 0)
    except ValueError:
        raise SourceAnswerError("The source does not say where its list goes on.") from None


def _read(record: Any) -> Read:
    if not isinstance(record, dict) or not record.get("id"):
        return None
    id_, algorithm = str(record["id"]), ALGORITHMS.get(str(record.get("algorithm")))
    if record.get("deleted") is True:
        return id_, None
    try:
        return (id_, Signal(id_, Hash.from_hex(algorithm, str(record.get("hash_digest"))))) if algorithm else None
    except HashError:
        return None


KIND: Final = Kind(
    name="tech-against-terrorism",
    title="Tech Against Terrorism",
    about="Hashes of verified terrorist content; keep them in a bank of their own.",
    address="https://app.terrorismanalytics.org",
    address_help="Theirs, without a path.",
    asks=(Asked("username", "User name", secret=False), Asked("password", "Password")),
    listens=False,
    open=Client,
)
