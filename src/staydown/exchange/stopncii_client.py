"""Follows StopNCII.org, or whoever serves its partner API: a hash that is withdrawn there goes here at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, Final

from staydown.core.hashing.algorithm import Algorithm, Hash
from staydown.errors import (
    HashError,
    NotBankedError,
    RecordError,
    SourceAnswerError,
    SourceWentBackError,
    StaydownError,
)
from staydown.exchange import stopncii
from staydown.exchange.asking import Asker, RefusedError
from staydown.exchange.source import (
    LONGEST_ID,
    Asked,
    Collected,
    Given,
    Kind,
    Opinion,
    Page,
    Signal,
    read_place,
    watched,
    written,
)

_START: Final = 10  # the first time that its own clients ask for
_NOT_YET: Final = "Received"
_SHAPE: Final = {"since": int, "token": str, "reached": int}


class StopNCII:
    """A partner of the list. A record has no name of its own: its type and hash are the name."""

    def __init__(self, given: Given) -> None:
        keys = given.credentials
        self._feedback_key = keys.get("feedback_key") or keys["fetch_key"]
        self._asker = Asker(
            given,
            headers={"x-functions-key": keys["fetch_key"], "ocp-apim-subscription-key": keys["subscription_key"]},
        )

    def pages(self, cursor: str | None) -> Iterator[Page]:
        """The pages after ``cursor``."""
        return watched(self._pages(read_place(cursor, _SHAPE)))

    def _pages(self, place: Mapping[str, Any]) -> Iterator[Page]:
        since, token = place.get("since", _START), place.get("token", "")
        reached = max(since, place.get("reached", since))
        is_kept = bool(token)  # such a token may have run out
        while True:
            query = {"startTimestamp": since, "pageSize": stopncii.USUAL_PAGE}
            try:
                answer = self._asker.get_json("/FetchHashes", {**query, "nextPageToken": token} if token else query)
            except RefusedError:
                if not is_kept:
                    raise
                token, is_kept = "", False
                continue
            is_kept = False
            told = _time(answer)
            if 0 < told < since or -1 < _newest(answer) < since:  # asked from a time on, it has only what was before
                raise SourceWentBackError
            reached, token = max(reached, told), _token(answer)
            found = _collected(answer)
            if not token:
                yield found.page(written({"since": reached}), more=False)
                return
            yield found.page(written({"since": since, "token": token, "reached": reached}), more=True)

    def say(self, id: str, hash: Hash, opinion: Opinion) -> None:  # noqa: A002, ARG002 - the words of `Listener`
        """Tell what became of matches on the hash."""
        said = {"tags": [], "feedbackValue": stopncii.VALUES[opinion], "hashValue": hash.hex()}
        body = {"count": 1, "hashFeedbacks": [said]}
        self._asker.post_json("/SubmitFeedback", body, headers={"x-functions-key": self._feedback_key})

    def close(self) -> None:
        """Close the connections."""
        self._asker.close()


def _time(answer: Mapping[str, Any]) -> int:
    """Up to when the answer has everything; 0 where it does not say so."""
    told = answer.get("nextSetTimestamp")
    if told is None:
        return 0
    if type(told) is not int or not 0 <= told < 2**53:
        raise SourceAnswerError("nextSetTimestamp: the source sent no whole number. Tell its people.")
    return told


def _newest(answer: Mapping[str, Any]) -> int:
    """When the newest record of the page changed; -1 where none says so."""
    records = answer.get("hashRecords")
    times = (
        [each.get("lastModtimestamp") for each in records if isinstance(each, dict)]
        if isinstance(records, list)
        else []
    )
    return max((time for time in times if type(time) is int), default=-1)


def _token(answer: Mapping[str, Any]) -> str:
    """The token of the next page, empty after the last one."""
    token = answer.get("nextPageToken")
    if not answer.get("hasMoreRecords"):
        return ""
    if not isinstance(token, str) or not token:
        raise SourceAnswerError("The source says that there is more, and not where. Tell its people.")
    return token


def _collected(answer: Mapping[str, Any]) -> Collected:
    """The records of a page in the order of their times, so that the newest of two counts; if equal, the withdrawal."""
    records = answer.get("hashRecords")
    if not isinstance(records, list):
        raise SourceAnswerError("hashRecords: the source sent no list. Check its kind and address.")
    found = Collected()
    read: list[tuple[int, bool, Signal]] = []
    for at, record in enumerate(records):
        try:
            read.extend(_read(record))
        except StaydownError as error:
            found.skip(error, f"hashRecords[{at}]")
    for _, is_gone, signal in sorted(read, key=lambda each: each[:2]):
        if is_gone:
            found.remove(signal.id)
        else:
            found.add(signal)
    return found


def _read(record: object) -> list[tuple[int, bool, Signal]]:
    """When the record changed, whether it is gone, and the record; nothing for one that does not count yet."""
    if not isinstance(record, dict):
        raise RecordError
    status, changed = record.get("hashStatus"), record.get("lastModtimestamp")
    cases = record.get("caseNumbers") or {}
    if status not in {"Active", _NOT_YET, *stopncii.TAKEN_BACK} or type(changed) is not int:
        raise RecordError
    if not isinstance(cases, dict):
        raise RecordError
    if record.get("signalType") != stopncii.TYPES[Algorithm.PDQ]:
        raise NotBankedError
    try:
        value = Hash.from_hex(Algorithm.PDQ, str(record.get("hashValue")))
    except HashError:
        raise RecordError from None
    if status == _NOT_YET:
        return []
    # A hash that several people reported is gone only when the last of them took it back.
    is_gone = status in stopncii.TAKEN_BACK or (
        bool(cases) and all(each in stopncii.TAKEN_BACK for each in cases.values() if isinstance(each, str))
    )
    return [(changed, is_gone, Signal(value.hex(), value, opinions=_opinions(record)))]


def _opinions(record: Mapping[str, Any]) -> list[tuple[str, Opinion]]:
    """What partners say, those that can be read."""
    given = record.get("CSPFeedbacks")
    said = [each for each in given if isinstance(each, dict)] if isinstance(given, list) else []
    return [
        (str(each.get("source", ""))[:LONGEST_ID], Opinion(opinion))
        for each in said
        if (opinion := stopncii.OPINIONS.get(str(each.get("feedbackValue")))) is not None
    ]


KIND: Final = Kind(
    name="stopncii",
    title="StopNCII.org, partner API 1",
    about="Hashes that adults made of their own pictures, and their withdrawals. Also any helpline that runs staydown.",
    address="https://api.stopncii.org/v1",
    address_help="The base address of the API. For another staydown: https://its.name/stopncii/v1.",
    asks=(
        Asked("fetch_key", "Function key", "The key for FetchHashes."),
        Asked("subscription_key", "Subscription key", "The same for every call."),
        Asked("feedback_key", "Feedback key", "The key for SubmitFeedback, if it has one of its own.", required=False),
    ),
    open=StopNCII,
    opinions=frozenset(Opinion),
    # A house that erases what is withdrawn cannot send its hash once more to say so; it is only no longer in the list.
    whole_every=timedelta(hours=6),
)
