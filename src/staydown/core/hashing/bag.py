"""A video as one hash: the PDQ of its frames, packed into the value of an algorithm of its own, and taken out again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from staydown.core.hashing.algorithm import LEAST_QUALITY, MOST_IN_A_FRAME, MOST_IN_A_VIDEO, Algorithm, Hash
from staydown.errors import HashError

BEST_QUALITY: Final = 100
SHARED: Final = 5  # a part has one frame in so many in common with the next: three minutes of fifteen
_DIGITS: Final = 2 * Algorithm.PDQ.size
Frames = tuple[tuple[Hash, ...], ...]
"""For each frame of a video the hashes that it has: the whole, and the insides of its borders."""


def packed(frames: Iterable[Sequence[Hash]]) -> Hash:
    """The hash of a video with these frames; raises `HashError` unless they are PDQ, and neither none nor too many.

    Frames without a hash have too little detail and are left out.
    """
    parts: list[bytes] = []
    for frame in frames:
        if any(each.algorithm is not Algorithm.PDQ for each in frame) or len(frame) > MOST_IN_A_FRAME:
            raise HashError(f"A frame of a video has PDQ hashes, at most {MOST_IN_A_FRAME} of them.")
        if frame:
            parts += (bytes([len(frame)]), *(each.value for each in frame))
    return Hash(Algorithm.VPDQ, b"".join(parts))


def frames_of(hash: Hash) -> Frames:  # noqa: A002 - the word of the glossary
    """The frames that were packed; raises `HashError` for a hash that is no video's."""
    size = Algorithm.PDQ.size
    return tuple(
        tuple(Hash(Algorithm.PDQ, value[at : at + size]) for at in range(0, len(value), size))
        for value in values_of(hash)
    )


def values_of(hash: Hash) -> list[bytes]:  # noqa: A002 - the word of the glossary
    """The same as bytes: for each frame its hashes, one after the other."""
    if hash.algorithm is not Algorithm.VPDQ:
        raise HashError("Only the hash of a video has frames.")
    value, at, found = hash.value, 0, []
    while at < len(value):
        end = at + 1 + value[at] * Algorithm.PDQ.size
        found.append(value[at + 1 : end])
        at = end
    return found


def of_values(values: Iterable[bytes]) -> Hash:
    """The hash of a video whose frames `values_of` gave; raises `HashError`."""
    parts: list[bytes] = []
    for value in values:
        count, rest = divmod(len(value), Algorithm.PDQ.size)
        if rest or not 1 <= count <= MOST_IN_A_FRAME:
            raise HashError("A frame of a video has one to three hashes of 32 bytes.")
        parts += (bytes([count]), value)
    return Hash(Algorithm.VPDQ, b"".join(parts))


def parts(frames: Iterable[Sequence[Hash]]) -> list[Hash]:
    """A video with these frames as the hashes to bank it under: several where it has more frames than one may hold.

    Each part begins within the one before, so that a clip of some minutes lies in one of them whole, wherever it was
    cut. None where no frame has detail.
    """
    kept = [frame for frame in frames if frame]
    found: list[Hash] = []
    start = 0
    while start < len(kept):
        end, hashes = start, 0
        while end < len(kept) and (hashes := hashes + len(kept[end])) <= MOST_IN_A_VIDEO:
            end += 1
        found.append(packed(kept[start:end]))
        start = end if end == len(kept) else end - (end - start) // SHARED
    return list(dict.fromkeys(found))  # of a picture that stands still for an hour, one part and the rest


def read_frame(given: Any) -> tuple[Hash, ...]:
    """The hashes of a frame that have detail, from what was given in text; raises `HashError`, which quotes nothing.

    An object as `staydown hash --json` prints it, one with the list ``hashes``, vPDQ's "hash,quality,time", or the one
    to three hashes of a frame in the feed, one after the other.
    """
    try:
        return tuple(dict.fromkeys(_hashes(given)))
    except (HashError, LookupError, ValueError, TypeError, AttributeError, OverflowError):
        raise HashError("This is no frame of a video, with its PDQ hashes and their quality.") from None


def _hashes(given: Any) -> list[Hash]:
    if isinstance(given, str) and "," not in given:
        parts = [given[at : at + _DIGITS] for at in range(0, len(given), _DIGITS)]
        return [Hash.from_hex(Algorithm.PDQ, each) for each in parts]
    if isinstance(given, str):
        value, quality, _ = given.split(",")
        given = {"hash": value, "quality": quality}
    if "hashes" in given:
        return [Hash.from_hex(Algorithm.PDQ, str(each)) for each in given["hashes"]]
    graded = [(Hash.from_hex(Algorithm.PDQ, str(each["hash"])), each["quality"]) for each in _seen(given)]
    return [hash_ for hash_, quality in graded if quality in (None, "") or _checked(quality) >= LEAST_QUALITY]


def _seen(given: dict[str, Any]) -> list[dict[str, Any]]:
    return [given, *given.get("parts", ())]


def _checked(quality: Any) -> int:
    number = int(quality)
    if not 0 <= number <= BEST_QUALITY:
        raise ValueError
    return number
