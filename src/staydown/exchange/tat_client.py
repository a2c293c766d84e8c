"""Follows the hash list of Tech Against Terrorism."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from staydown.core.hashing.algorithm import Algorithm, Hash
from staydown.errors import (
    HashError,
    NotBankedError,
    RecordError,
    SourceAnswerError,
    SourceDeniedError,
    SourceEndlessError,
    SourceWentBackError,
    StaydownError,
)
from staydown.exchange.asking import Asker
from staydown.exchange.source import Asked, Collected, Given, Kind, Page, Signal, read_place, watched, written

_TYPES: Final = {"PDQ": Algorithm.PDQ, "SHA256": Algorithm.SHA256}
_SHAPE: Final = {"after": str}
_LONGEST: Final = 200  # characters of a checkpoint


class TechAgainstTerrorism:
    """A user of the list. Each page says a checkpoint, and the page after it is what was changed since."""

    def __init__(self, given: Given) -> None:
        self._user = {"username": given.credentials["username"], "password": given.credentials["password"]}
        self._asker = Asker(given)

    def pages(self, cursor: str | None) -> Iterator[Page]:
        """The pages after ``cursor``."""
        return watched(self._pages(read_place(cursor, _SHAPE).get("after", "")))

    def _pages(self, after: str) -> Iterator[Page]:
        pass_ = self._token()
        while True:
            answer = self._ask(after, pass_)
            if answer is None:  # it holds for minutes only, and a page may take long to be worked through
                pass_ = self._token()
                answer = self._ask(after, pass_)
            if answer is None:
                raise SourceDeniedError
            found, told = _collected(answer), answer.get("checkpoint") or after
            if not isinstance(told, str) or len(told) > _LONGEST:
                raise SourceAnswerError("checkpoint: the source sent no text of the usual length. Tell its people.")
            if after and _moment(told) < _moment(after):
                raise SourceWentBackError
            more = bool(answer.get("next"))
            if more and told == after:
                raise SourceEndlessError("The source sends the same page again and again. Ask its people.")
            after = told
            yield found.page(written({"after": after}), more=more)
            if not more:
                return

    def _token(self) -> str:
        """A pass for some minutes."""
        token = self._asker.post_form("/token-auth/tcap/", {**self._user, "resend": "false"}).get("token")
        if not isinstance(token, str) or not token.isascii() or not token.isprintable() or not token:
            raise SourceDeniedError
        return token

    def _ask(self, after: str, token: str) -> dict[str, Any] | None:
        """The page after a checkpoint; None when the pass is not taken."""
        try:
            return self._asker.get_json(
                "/api/hash-list/v2/all",
                {"order": "asc", "after": after},
                headers={"authorization": f"Bearer {token}"},
            )
        except SourceDeniedError:
            return None

    def close(self) -> None:
        """Close the connections."""
        self._asker.close()


def _moment(checkpoint: str) -> float:
    """The time that a checkpoint begins with."""
    try:
        moment = float(checkpoint.partition(",")[0])
    except ValueError:
        raise SourceAnswerError("checkpoint: it does not begin with a time. Tell the people of the source.") from None
    return moment


def _collected(answer: Mapping[str, Any]) -> Collected:
    records = answer.get("results")
    if not isinstance(records, list):
        raise SourceAnswerError
    found = Collected()
    for at, record in enumerate(records):
        try:
            _put(record, found)
        except StaydownError as error:
            found.skip(error, f"results[{at}]")
    return found


def _put(record: object, into: Collected) -> None:
    if not isinstance(record, dict) or type(record.get("id")) is not int or type(record.get("deleted")) is not bool:
        raise RecordError
    name = str(record["id"])
    if record["deleted"]:
        into.remove(name)
        return
    algorithm = _TYPES.get(str(record.get("algorithm")).upper().replace("-", ""))
    if algorithm is None:
        raise NotBankedError
    try:
        into.add(Signal(name, Hash.from_hex(algorithm, str(record.get("hash_digest")))))
    except HashError:
        raise RecordError from None


KIND: Final = Kind(
    name="tat",
    title="Tech Against Terrorism",
    about="The hash list of its archive. Deletions are told; it takes no opinions.",
    address="https://app.terrorismanalytics.org",
    address_help="The base address of the service.",
    asks=(Asked("username", "User name", secret=False), Asked("password", "Password")),
    open=TechAgainstTerrorism,
)
