"""What comes over the wire and goes back: requests parsed by hand, and errors as RFC 9457 problem documents."""

from __future__ import annotations

import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import parse_qsl

from staydown.core.hashing import bag
from staydown.core.hashing.algorithm import LEAST_QUALITY, SINGLE, Algorithm, Hash
from staydown.errors import (
    BusyError,
    DeniedError,
    HashError,
    InvalidError,
    MediaError,
    MissingError,
    NotReadyError,
    StaydownError,
    TooLargeError,
)
from staydown.screening.settings import Settings

LONGEST_REF: Final = 500  # characters; as long as the API takes
LONGEST_URL: Final = 2000
LONGEST_VIDEO: Final = 1e6  # seconds

Frames = tuple[tuple[float, tuple[Hash, ...]], ...]

_ALGORITHMS: Final = {each.value: each for each in SINGLE}
_QUESTION: Final = frozenset({"hashes", "content_ref", "preview_url"})
_HASH: Final = frozenset({"algorithm", "value", "quality"})
_VIDEO: Final = frozenset({"algorithm", "frames"})
MOST_OF_A_FRAME: Final = 32  # hashes: eight turns of the whole, and of the insides of its borders
_STATUS: Final[dict[type[StaydownError], int]] = {
    DeniedError: 403,
    MissingError: 404,
    InvalidError: 422,
    HashError: 422,
    TooLargeError: 413,
    BusyError: 503,
    NotReadyError: 503,
    MediaError: 422,
}


@dataclass(frozen=True, slots=True, repr=False)
class Question:
    """May this picture be published? Its hashes, whether PDQ can tell it from others, and the platform's name of it.

    Of a video also ``frames``: those with detail, each with the second at which it is shown.
    """

    hashes: tuple[Hash, ...]
    hashable: bool = True
    content_ref: str = ""
    preview_url: str = ""
    frames: Frames = ()


@dataclass(frozen=True, slots=True)
class Options:
    """What the query string asks for."""

    status: bool = False  # say the action by the status code too
    explain: bool = False  # say which entries, and how near


NO_OPTIONS: Final = Options()


def options(query: bytes) -> Options:
    """The options in a query string; raises `InvalidError` for one that is misspelt or neither 0 nor 1."""
    if not query:
        return NO_OPTIONS
    try:
        given = dict(parse_qsl(query.decode("ascii"), keep_blank_values=True, max_num_fields=8))
    except ValueError:
        raise InvalidError("The query string is not readable.") from None
    for name, value in given.items():
        if name not in ("status", "explain") or value not in ("0", "1"):
            raise InvalidError("The query string knows ?status=1 and ?explain=1, and nothing else.")
    return Options(status=given.get("status") == "1", explain=given.get("explain") == "1")


def question(body: bytes, settings: Settings) -> Question:
    """The question in a JSON body; raises `InvalidError` or `HashError`, which never quote it."""
    return _question(_object(body), settings, "")


def questions(body: bytes, settings: Settings) -> list[Question]:
    """The questions of a batch, in their order."""
    fields = _object(body)
    items = fields.get("items")
    if len(fields) != 1 or not isinstance(items, list):
        raise InvalidError('items: a batch is {"items": [...]}, each like the body of /v1/screen.')
    if len(items) > settings.most_items:
        raise InvalidError(f"items: at most {settings.most_items} in a batch.")
    return [_question(item, settings, f"items[{at}].") for at, item in enumerate(items)]


def text(value: object, where: str, longest: int) -> str:
    """A short printable text; empty when it is not given."""
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > longest or not value.isprintable():
        raise InvalidError(f"{where}: a text of at most {longest} printable characters is expected.")
    return value


def address(value: object, where: str) -> str:
    """A web address; empty when it is not given."""
    found = text(value, where, LONGEST_URL)
    if found and not found.lower().startswith(("https://", "http://")):
        raise InvalidError(f"{where}: an address that starts with https:// is expected.")
    return found


def problem(error: StaydownError, status: int | None = None, code: str | None = None) -> tuple[int, bytes]:
    """The status of ``error`` and its problem document; ``code`` where HTTP itself is what is wrong."""
    if status is None:
        status = next((code for kind, code in _STATUS.items() if isinstance(error, kind)), 500)
    code = code or error.code
    document = {
        "type": f"urn:staydown:error:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": error.message,
        "code": code,
    }
    return status, json.dumps(document).encode()


def _object(body: bytes) -> dict[str, Any]:
    try:
        fields = json.loads(str(body, "utf-8"))
    except (ValueError, RecursionError):
        raise InvalidError("The body is not valid JSON.") from None
    if not isinstance(fields, dict):
        raise InvalidError("The body is not a JSON object.")
    return fields


def _question(fields: object, settings: Settings, where: str) -> Question:
    if not isinstance(fields, dict) or not fields.keys() <= _QUESTION:
        raise InvalidError(
            f"{where}: an object with hashes, content_ref and preview_url is expected, and nothing else."
        )
    given = fields.get("hashes")
    if not isinstance(given, list) or not 0 < len(given) <= settings.most_hashes:
        raise InvalidError(f"{where}hashes: a list of 1 to {settings.most_hashes} hashes is expected.")
    hashes: list[Hash] = []
    frames: Frames = ()
    hashable = True
    for at, each in enumerate(given):
        if isinstance(each, dict) and each.get("algorithm") == Algorithm.VPDQ:
            frames = _frames(each, settings, f"{where}hashes[{at}]", has_one=bool(frames))
            hashable = hashable and bool(frames)
            continue
        found, has_detail = _hash(each, where, at)
        if has_detail:
            hashes.append(found)
        else:
            hashable = False
    content_ref = text(fields.get("content_ref"), f"{where}content_ref", LONGEST_REF)
    preview_url = address(fields.get("preview_url"), f"{where}preview_url")
    return Question(tuple(hashes), hashable, content_ref, preview_url, frames)


def _frames(fields: dict[str, Any], settings: Settings, where: str, *, has_one: bool) -> Frames:
    """The frames of a video that have detail. A frame that does not say when it is shown is one of one a second."""
    given = fields.get("frames")
    if has_one or not fields.keys() <= _VIDEO:
        raise InvalidError(f"{where}: one video is expected, an object with algorithm and frames.")
    if not isinstance(given, list) or not 0 < len(given) <= settings.most_frames:
        raise InvalidError(f"{where}.frames: a list of 1 to {settings.most_frames} frames is expected.")
    found = []
    for at, each in enumerate(given):
        try:
            time, hashes = _time(each, at), bag.read_frame(each)
            if len(hashes) > MOST_OF_A_FRAME:
                raise ValueError
        except (ValueError, TypeError, HashError):
            raise HashError(f"{where}.frames[{at}]: a frame as `staydown hash --json` prints it is expected.") from None
        if hashes:
            found.append((time, hashes))
    return tuple(found)


def _time(given: object, at: int) -> float:
    """When a frame is shown, in seconds."""
    text = given if isinstance(given, str) and "," in given else ""
    told = given.get("time") if isinstance(given, dict) else text.rpartition(",")[2] or None
    time = float(at if told is None else told)
    if not 0 <= time < LONGEST_VIDEO:
        raise ValueError
    return time


def _hash(fields: object, where: str, at: int) -> tuple[Hash, bool]:
    """A hash, and whether its picture has the detail that it takes to be looked for by it."""
    if not isinstance(fields, dict) or not fields.keys() <= _HASH:
        raise InvalidError(f"{where}hashes[{at}]: an object with algorithm, value and perhaps quality is expected.")
    name, value, quality = fields.get("algorithm"), fields.get("value"), fields.get("quality", 100)
    algorithm = _ALGORITHMS.get(name) if isinstance(name, str) else None
    if algorithm is None:
        raise HashError(f"{where}hashes[{at}].algorithm: one of {', '.join(Algorithm)} is expected.")
    if type(quality) is not int or not 0 <= quality <= 100:
        raise InvalidError(f"{where}hashes[{at}].quality: a whole number from 0 to 100 is expected.")
    try:
        if not isinstance(value, str) or len(value) != 2 * algorithm.size:
            raise ValueError
        raw = bytes.fromhex(value)
        found = Hash(algorithm, raw)
    except (ValueError, HashError):
        size = 2 * algorithm.size
        raise HashError(f"{where}hashes[{at}].value: {size} hexadecimal characters are expected.") from None
    return found, algorithm is not Algorithm.PDQ or quality >= LEAST_QUALITY
