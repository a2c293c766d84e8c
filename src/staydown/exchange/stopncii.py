"""The partner API of StopNCII.org, version 1: its records as they travel, for whoever answers its clients.

Its clients have faults that no server can mend, and some that it can: numbers are whole, ``caseNumbers`` is always an
object, ``nextSetTimestamp`` never goes back, and both spellings of a signal type are read.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple
from uuid import UUID

from staydown.core.hashing.algorithm import Algorithm, Hash
from staydown.errors import HashError, InvalidError

USUAL_PAGE: Final = 800
MOST: Final = 1000  # records of a page, and of a call that gives some
TYPES: Final = {Algorithm.PDQ: "ImagePDQ"}
_PREFIX: Final = "StopNCIISignalType."  # how a client that has written its own enum as text sends it
VALUES: Final = {"confirmed": "Blocked", "disputed": "NotBlocked", "reviewing": "PendingReview"}
OPINIONS: Final = {value: opinion for opinion, value in VALUES.items()}
_NO_OPINION: Final = frozenset({"Unknown", "None", "QualityUnknown"})
TAKEN_BACK: Final = frozenset({"Withdrawn", "Deleted"})


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
        kind = str(record.get("signalType", "")).removeprefix(_PREFIX)
        if kind not in TYPES.values():
            raise InvalidError(f"hashRecords[{at}].signalType: only ImagePDQ is banked here.")
        feedback = record.get("CSPFeedbacks") or [{}]
        if not isinstance(feedback, list) or not isinstance(feedback[0], Mapping):
            raise InvalidError(f"hashRecords[{at}].CSPFeedbacks: a list of objects is expected.")
        where = f"hashRecords[{at}]"
        found.append(Given(_hash(record, where), _opinion(feedback[0].get("feedbackValue", "None"), where)))
    return found


def given_feedback(body: bytes) -> list[Given]:
    """What ``SubmitFeedback`` carries. Raises `InvalidError`, which names the record and quotes no value."""
    return [
        Given(_hash(record, f"hashFeedbacks[{at}]"), _opinion(record.get("feedbackValue"), f"hashFeedbacks[{at}]"))
        for at, record in enumerate(_records(body, "hashFeedbacks"))
    ]


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


def _hash(record: Mapping[str, Any], where: str) -> Hash:
    value = record.get("hashValue")
    try:
        return Hash.from_hex(Algorithm.PDQ, value if isinstance(value, str) else "")
    except HashError:
        raise InvalidError(f"{where}.hashValue: 64 hexadecimal characters are expected.") from None


def _opinion(value: object, where: str) -> str | None:
    if isinstance(value, str) and value in OPINIONS:
        return OPINIONS[value]
    if isinstance(value, str) and value in TAKEN_BACK:
        return None
    if isinstance(value, str) and value in _NO_OPINION:
        return ""
    raise InvalidError(f"{where}.feedbackValue: this is none of StopNCII's.")
