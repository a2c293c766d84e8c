"""The names, numbers and values of Hasher-Matcher-Actioner's HTTP API, for whoever answers its clients.

Its banks are UPPER_SNAKE, its contents have whole numbers, its distances are text. Ours are told in those words, and
found again by them, without a table in between.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final
from uuid import UUID

from staydown.core.hashing import bag
from staydown.core.hashing.algorithm import MOST_IN_A_VIDEO, Algorithm, Hash
from staydown.core.matching.index import Match
from staydown.core.matching.video import VideoMatch
from staydown.errors import HashError, InvalidError

PREFIXES: Final = ("/h/", "/m/", "/c/")
STATUS_PATHS: Final = ("/status", "/status/live")
CURATION: Final = "/api/hma/c/"
"""Where the web process answers what an HMA client asks below /c/."""

SIGNAL_TYPES: Final = {
    "pdq": Algorithm.PDQ,
    "sha256": Algorithm.SHA256,
    "video_md5": Algorithm.MD5,
    "vpdq": Algorithm.VPDQ,
}
"""HMA's word for each algorithm. It has MD5 for videos alone; ours is of the bytes, whatever they are."""
SIGNAL_TYPE: Final = {algorithm: name for name, algorithm in SIGNAL_TYPES.items()}

METADATA: Final = frozenset({"content_id", "content_uri", "json"})
"""What HMA keeps beside a content."""
LARGEST_ID: Final = 2**53 - 1  # the largest whole number that every JSON reader takes as it is
_NAME: Final = re.compile(r"[A-Z0-9][A-Z0-9_]{0,63}")
_TRUE: Final = frozenset({"true", "1", "1.0", "yes", "y", "on"})


def bank_name(name: str) -> str:
    """Our bank's name as HMA writes it: ``my-bank`` is ``MY_BANK``."""
    return name.upper().replace("-", "_")


def our_name(name: object) -> str:
    """Our name of the bank that HMA calls ``name``; raises `InvalidError`."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise InvalidError("Bank names are made of capital letters, digits and underscores, at most 64 of them.")
    return name.lower().replace("_", "-")


def content_id(entry_id: UUID) -> int:
    """The number under which HMA's clients know an entry: 53 of the random bits of its id, in their order."""
    return (entry_id.int >> 80) << 5 | (entry_id.int >> 71) & 0x1F


def entry_ids(number: int) -> tuple[UUID, UUID]:
    """The first and the last entry id of this number; raises `InvalidError` for none of ours."""
    if not 0 <= number <= LARGEST_ID:
        raise InvalidError("This is no number of a content.")
    first = (number >> 5) << 80 | 4 << 76 | (number & 0x1F) << 71  # ids are random ones: version 4
    return UUID(int=first), UUID(int=first + (1 << 71) - 1)


def signal(signal_type: str, value: object) -> Hash:
    """The hash that HMA calls a signal; raises `InvalidError`, which quotes no value."""
    algorithm = SIGNAL_TYPES.get(signal_type)
    if algorithm is None:
        raise InvalidError(f"No such SignalType '{signal_type[:40]}'")
    try:
        if algorithm is Algorithm.VPDQ:
            kept = [hashes for _, hashes in frames(value) if hashes]
            return bag.packed(kept[:: 1 + len(kept) // (MOST_IN_A_VIDEO + 1)])  # one content is one hash
        return Hash.from_hex(algorithm, value if isinstance(value, str) else "")
    except HashError:
        raise InvalidError(f"invalid signal: invalid {algorithm.value.upper()} hash") from None


def frames(value: object) -> list[tuple[float, tuple[Hash, ...]]]:
    """When each frame of a vPDQ signal is shown, and its hash if it has detail; raises `InvalidError`."""
    try:
        listed = json.loads(value) if isinstance(value, str) else None
        if not isinstance(listed, list):
            raise TypeError
        return [(_seconds(str(each).rsplit(",", 1)[1]), bag.read_frame(each)) for each in listed]
    except (HashError, ValueError, LookupError, TypeError, RecursionError):
        raise InvalidError("invalid signal: invalid VPDQ hash") from None


def _seconds(text: str) -> float:
    found = float(text)
    if not 0 <= found < math.inf:  # also what is no number
        raise ValueError
    return found


def vpdq(features: Iterable[tuple[float, int, Hash]]) -> str:
    """A vPDQ signal as HMA writes it: a JSON list of "hash,quality,seconds"."""
    return json.dumps([f"{hash_.hex()},{quality},{time:.3f}" for time, quality, hash_ in features])


def signal_text(hash_: Hash) -> str:
    """The hash as HMA writes the signal. Of a banked video nobody knows the times any more: a second a frame."""
    if hash_.algorithm is not Algorithm.VPDQ:
        return hash_.hex()
    return vpdq((at, bag.BEST_QUALITY, each) for at, frame in enumerate(bag.frames_of(hash_)) for each in frame)


def is_true(text: str) -> bool:
    """Whether a query parameter says yes."""
    return text.strip().lower() in _TRUE


def by_bank(matches: Iterable[tuple[str, Match | VideoMatch]]) -> dict[str, list[dict[str, Any]]]:
    """The answer of ``/m/lookup``: matches under the names of their banks, with their distance as text."""
    found: dict[str, list[dict[str, Any]]] = {}
    for bank, match in matches:
        found.setdefault(bank, []).append(told(match))
    return found


def told(match: Match | VideoMatch) -> dict[str, Any]:
    """One match. The distance of a video is how much of the query, and of the entry, is in the other."""
    far = str(match.distance)
    if isinstance(match, VideoMatch):
        far = f"{match.query_percent:.0f}%[{match.entry_percent:.0f}%]"
    return {"bank_content_id": content_id(match.entry.id), "distance": far}


def compared(pairs: Mapping[str, object], radius: int) -> dict[str, list[Any]]:
    """The answer of ``/m/compare``: for each pair of signals whether they match, and their distance as a number."""
    found: dict[str, list[Any]] = {}
    for signal_type, pair in pairs.items():
        if not isinstance(pair, list) or len(pair) != 2:
            raise InvalidError("For each signal type give a list of two signals.")
        one, other = (signal(signal_type, each) for each in pair)
        distance = one.distance(other)
        found[signal_type] = [distance <= min(radius, one.algorithm.widest), {"distance": distance}]
    return found
