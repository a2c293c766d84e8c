"""The partner API of StopNCII.org, version 1: its records as they travel, for both of its ends.

Its clients have faults that no server can mend, and some that it can: numbers are whole, ``caseNumbers`` is always an
object, ``nextSetTimestamp`` never goes back, and both spellings of a signal type are read.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from staydown.core.hashing.algorithm import Algorithm, Hash
from staydown.errors import (
    HashError,
    InvalidError,
    SettingError,
    SourceAnswerError,
    SourceWentBackError,
)
from staydown.exchange.source import (
    Asked,
    HttpSource,
    Kind,
    Page,
    Read,
    RefusedError,
    Signal,
    Wire,
    begun_again,
    by_time,
    gather,
    json_object,
    objects,
)
from staydown.exchange.source import place as kept_place

WHOLE_EVERY: Final = timedelta(hours=6)  # a staydown erases what is withdrawn, and cannot name it in this protocol
USUAL_PAGE: Final = 800
MOST: Final = 1000  # records of a page, and of a call that gives some
TYPES: Final = {Algorithm.PDQ: "ImagePDQ", Algorithm.MD5: "VideoMD5"}
_ALGORITHMS: Final = {name: algorithm for algorithm, name in TYPES.items()}
_PREFIX: Final = "StopNCIISignalType."  # how a client that has written its own enum as text sends it
VALUES: Final = {"confirmed": "Blocked", "disputed": "NotBlocked", "reviewing": "PendingReview"}
_OPINIONS: Final = {value: opinion for opinion, value in VALUES.items()}
_NO_OPINION: Final = frozenset({"Unknown", "None", "QualityUnknown"})
_TAKEN_BACK: Final = frozenset({"Withdrawn", "Deleted"})


@dataclass(frozen=True, slots=True, repr=False)
class Record:
    """A hash that people of this house confirmed; ``feedback`` is what partners say of it, by who says so."""

    case: UUID
    hash: Hash
    modified: int  # seconds since 1970
    feedback: Sequence[tuple[str, str]] = ()


class Given(NamedTuple):
    """A hash that a partner sends, and its opinion of it: a key of `VALUES`, None: taken back, "": none."""

    hash: Hash
    opinion: str | None


def page(records: Sequence[Record], *, since: int, token: str | None) -> dict[str, Any]:
    """The answer of ``FetchHashes``; ``token`` leads to the next page, None: this was the last."""
    return {
        "count": len(records),
        "nextPageToken": token,
        "nextSetTimestamp": max([since, *(record.modified for record in records)]),
        "hasMoreRecords": token is not None,
        "hashRecords": [_told(record) for record in records],
    }


def _told(record: Record) -> dict[str, Any]:
    return {
        "lastModtimestamp": record.modified,
        "signalType": TYPES[record.hash.algorithm],
        "hashValue": record.hash.hex(),
        "hashStatus": "Active",
        "caseNumbers": {str(record.case): "Active"},
        "hashRegions": [],
        "CSPFeedbacks": [
            {"source": source, "feedbackValue": VALUES[opinion], "tags": []} for source, opinion in record.feedback
        ],
    }


def given_hashes(body: bytes) -> list[Given]:
    """What ``SubmitHashes`` carries. Raises `InvalidError`, which names the record and quotes no value."""
    found = []
    for at, record in enumerate(_records(body, "hashRecords")):
        algorithm = _ALGORITHMS.get(str(record.get("signalType", "")).removeprefix(_PREFIX))
        if algorithm is None:
            raise InvalidError(f"hashRecords[{at}].signalType: only {' and '.join(_ALGORITHMS)} are banked here.")
        feedback = record.get("CSPFeedbacks") or [{}]
        if not isinstance(feedback, list) or not isinstance(feedback[0], Mapping):
            raise InvalidError(f"hashRecords[{at}].CSPFeedbacks: a list of objects is expected.")
        where = f"hashRecords[{at}]"
        found.append(Given(_hash(record, where, algorithm), _opinion(feedback[0].get("feedbackValue", "None"), where)))
    return found


def given_feedback(body: bytes) -> list[Given]:
    """What ``SubmitFeedback`` carries. Raises `InvalidError`, which names the record and quotes no value."""
    found = []
    for at, record in enumerate(_records(body, "hashFeedbacks")):  # clients say no type here: only an MD5 is so short
        is_short = len(str(record.get("hashValue"))) == 2 * Algorithm.MD5.size
        hash_ = _hash(record, f"hashFeedbacks[{at}]", Algorithm.MD5 if is_short else Algorithm.PDQ)
        found.append(Given(hash_, _opinion(record.get("feedbackValue"), f"hashFeedbacks[{at}]")))
    return found


def page_token(place: Iterable[int]) -> str:
    """The text that leads back to a place in the records."""
    return base64.urlsafe_b64encode(json.dumps(list(place)).encode()).decode()


def place(token: str) -> tuple[int, int]:
    """The place that a token leads to; raises `InvalidError`."""
    try:
        found = json.loads(base64.urlsafe_b64decode(token.encode("ascii")))
        time, number = found
        if type(time) is not int or type(number) is not int or min(time, number) < 0 or max(time, number) >= 2**62:
            raise ValueError
    except (ValueError, TypeError, RecursionError):
        raise InvalidError("nextPageToken: this is no token of ours. Begin again without one.") from None
    return time, number


def whole(text: str | None, name: str, usual: int, most: int) -> int:
    """A whole number of the query; raises `InvalidError`."""
    if text is None or text == "":
        return usual
    if not (text.isascii() and text.isdigit() and len(text) <= 12):
        raise InvalidError(f"{name}: a whole number is expected.")
    return min(int(text), most)


def _records(body: bytes, name: str) -> list[Mapping[str, Any]]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise InvalidError("The body is not valid JSON.") from None
    records = found.get(name) if isinstance(found, dict) else None
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise InvalidError(f"{name}: a list of objects is expected.")
    if len(records) > MOST:
        raise InvalidError(f"{name}: at most {MOST} in one call.")
    return records


def _hash(record: Mapping[str, Any], where: str, algorithm: Algorithm) -> Hash:
    value = record.get("hashValue")
    try:
        return Hash.from_hex(algorithm, value if isinstance(value, str) else "")
    except HashError:
        digits = 2 * algorithm.size
        raise InvalidError(f"{where}.hashValue: {digits} hexadecimal characters are expected.") from None


def _opinion(value: object, where: str) -> str | None:
    if isinstance(value, str) and value in _OPINIONS:
        return _OPINIONS[value]
    if isinstance(value, str) and value in _TAKEN_BACK:
        return None
    if isinstance(value, str) and value in _NO_OPINION:
        return ""
    raise InvalidError(f"{where}.feedbackValue: this is none of StopNCII's.")


class Client(HttpSource):
    """Follows a list of this protocol, and honours what was taken back, which the stock client does not.

    The cursor is the time up to which everything was read, that of the reading that goes on, and its next page's token.
    """

    def __init__(self, address: str, keys: Mapping[str, str], wire: Wire) -> None:
        subscription = {"ocp-apim-subscription-key": keys["subscription_key"]}
        super().__init__(address, wire.client(subscription))
        self._keys = keys

    def pages(self, cursor: str | None) -> Iterator[Page]:
        """Page after page; raises `SourceWentBackError` beside what `ask` raises."""
        since, reached, token = kept_place(cursor, [0, 0, None])
        while True:
            try:
                found = self._fetch(since, token)
            except RefusedError:
                if token is None:
                    raise
                token = None  # tokens grow old; the time does not
                yield begun_again(json.dumps([since, since, None]))
                continue
            told, token = _goes_on(found)
            read = [_read(record) for record in objects(found, "hashRecords")]
            if told < since or (read and -1 < max(at for at, _ in read) < since):  # or it has only what was before
                raise SourceWentBackError
            reached = max(since, reached, told)
            where = [reached, reached, None] if token is None else [since, reached, token]
            yield gather(by_time(read), json.dumps(where), more=token is not None)
            if token is None:
                return

    def _fetch(self, since: int, token: str | None) -> dict[str, Any]:
        query = {"startTimestamp": str(since), "pageSize": str(MOST)} | ({"nextPageToken": token} if token else {})
        key = {"x-functions-key": self._keys["fetch_key"]}
        return json_object(self.ask("GET", "/FetchHashes", params=query, headers=key))

    def say(self, id: str, hash: Hash, opinion: str) -> None:  # noqa: A002, ARG002 - the words of the protocol
        """Give feedback on a hash; raises `SettingError` without the key for it."""
        key = self._keys.get("feedback_key", "")
        if not key:
            raise SettingError("The key for SubmitFeedback is missing. Ask the people of the source for one.")
        said = {
            "signalType": TYPES[hash.algorithm],
            "hashValue": hash.hex(),
            "feedbackValue": VALUES[opinion],
            "tags": [],
        }
        body = {"count": 1, "hashFeedbacks": [said]}
        self.ask("POST", "/SubmitFeedback", json=body, headers={"x-functions-key": key})


def _goes_on(found: Mapping[str, Any]) -> tuple[int, str | None]:
    """The time up to which the answer goes, and the token of the next page, None: this was the last."""
    told, token, more = found.get("nextSetTimestamp"), found.get("nextPageToken"), found.get("hasMoreRecords")
    if type(told) is not int or not 0 <= told < 2**53 or (more is True and not (isinstance(token, str) and token)):
        raise SourceAnswerError("The source does not say where its list goes on. Its protocol may have changed.")
    return told, str(token) if more is True else None


def _read(record: Any) -> tuple[int, Read]:
    """When a record changed, -1: it does not say so, and what it says of its hash.

    One that is only received, or not of a kind that is banked here, says nothing. A hash with several cases is gone
    when the last of them was taken back, whatever its own status says.
    """
    if not isinstance(record, dict):
        return -1, None
    at = record.get("lastModtimestamp")
    at = at if type(at) is int else -1
    algorithm = _ALGORITHMS.get(str(record.get("signalType")))
    if algorithm is None:
        return at, None
    try:
        found = Hash.from_hex(algorithm, str(record.get("hashValue")))
    except HashError:
        return at, None
    cases = record.get("caseNumbers")
    statuses = list(cases.values()) if isinstance(cases, dict) else []
    status, id_ = record.get("hashStatus"), f"{record['signalType']}:{found.hex()}"
    if status in _TAKEN_BACK or (statuses and all(each in _TAKEN_BACK for each in statuses)):
        return at, (id_, None)
    return at, (id_, Signal(id_, found)) if status == "Active" else None


KIND: Final = Kind(
    name="stopncii",
    title="StopNCII.org",
    about="Hashes of intimate images that adults do not want shared, from StopNCII.org or any server of its protocol.",
    address="https://api.stopncii.org/v1",
    address_help="Keep it for StopNCII.org itself; another server says its own.",
    asks=(
        Asked("fetch_key", "Key for FetchHashes", "StopNCII.org gives one for each call."),
        Asked("subscription_key", "Subscription key", "The same for all calls."),
        Asked("feedback_key", "Key for SubmitFeedback", "Only to say what came of a match.", required=False),
    ),
    listens=True,
    open=Client,
    whole_every=WHOLE_EVERY,
)
