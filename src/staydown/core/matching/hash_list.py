"""Reads lists of hashes: one hexadecimal hash a line, CSV with a header, or what ``staydown hash --json`` prints.

Lines of ``md5sum`` are read too, and those of ``sha256sum`` where SHA-256 is what lines have that name no algorithm.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from staydown.core.hashing import bag
from staydown.core.hashing.algorithm import EXACT, LEAST_QUALITY, SINGLE, Algorithm, Hash
from staydown.errors import HashError

HASH_FIELDS: Final = ("hash", "value", "indicator", "signal", "signal_value", "hashvalue", "hash_value", "hash_digest")
ALGORITHM_FIELDS: Final = ("algorithm", "type", "signal_type", "signaltype", "hash_type")
_OTHER_NAMES: Final = {
    **dict.fromkeys(("hash_pdq", "imagepdq"), Algorithm.PDQ.value),
    **dict.fromkeys(("hash_sha256", "sha-256"), Algorithm.SHA256.value),
    **dict.fromkeys(("hash_md5", "hash_video_md5", "videomd5", "video_md5"), Algorithm.MD5.value),
}
LABEL_FIELDS: Final = ("file", "name", "label")
BEST_QUALITY: Final = 100
VIDEO: Final = Algorithm.VPDQ.value
"""What stands for an algorithm in a line about a video."""
_BETWEEN: Final = re.compile(r"[:,\s]+")
_OF_A_FILE: Final = re.compile(r"\\?([0-9a-fA-F]{32}|[0-9a-fA-F]{64}) [ *](.+)")
"""What ``md5sum`` and its like write: the hash, two characters, the name. After a backslash the name is spelt oddly."""
_BYTE_ORDER_MARK: Final = "\ufeff"

Read = Callable[[str], Mapping[str, Any]]


@dataclass(frozen=True, slots=True, repr=False)
class Listed:
    """A hash of a list: where it stands, what the list calls it (often nothing), and its quality if the list says.

    ``hash`` is None where the list itself says that there is none: a file that could not be hashed; and for a video,
    which has ``frames``: for each frame with detail the hashes that it has.
    """

    line: int
    hash: Hash | None
    label: str = ""
    quality: int | None = None
    frames: tuple[tuple[Hash, ...], ...] | None = None

    @property
    def is_video(self) -> bool:
        """Whether this is a video, banked by its frames."""
        return self.frames is not None

    @property
    def is_usable(self) -> bool:
        """Whether there is a hash, and its picture has enough detail to be told from others by it."""
        if self.hash is None:
            return False
        return self.hash.algorithm is not Algorithm.PDQ or self.quality is None or self.quality >= LEAST_QUALITY

    def __repr__(self) -> str:
        return f"<Listed, line {self.line}>"


def read(lines: Iterable[str], algorithm: Algorithm = Algorithm.PDQ) -> list[Listed]:
    """The hashes of a list, whose form its first line tells; ``algorithm`` is for lines that name none.

    Blank lines and lines that begin with # are passed over. Raises `HashError` that names the lines with no valid hash,
    and shows nothing of them: a list that is read in part would miss, so it is read whole or not at all.
    """
    listed: list[Listed] = []
    bad: list[int] = []
    for number, found in each(lines, algorithm):
        if found is None:
            bad.append(number)
        else:
            listed.append(found)
    if bad:
        shown = ", ".join(map(str, bad[:10])) + (", …" if len(bad) > 10 else "")
        raise HashError(f"No valid hash on line {shown} of the list. Correct or remove it.")
    return listed


def each(lines: Iterable[str], algorithm: Algorithm = Algorithm.PDQ) -> Iterator[tuple[int, Listed | None]]:
    """What `read` reads, one line at a time with its number, and None for a line that is not valid."""
    try:
        for number, fields in _rows(lines, algorithm):
            try:
                yield number, _listed(number, fields or {}, algorithm)
            except (HashError, LookupError, ValueError, TypeError, AttributeError, OverflowError):
                yield number, None
    except UnicodeDecodeError:
        raise HashError("The list is not text in UTF-8. Give hexadecimal lines, CSV or JSON lines.") from None


def _rows(lines: Iterable[str], algorithm: Algorithm) -> Iterator[tuple[int, Mapping[str, Any] | None]]:
    """Each line that matters as named fields; ``None`` where it cannot be read."""
    form: Read | None = None
    for number, line in enumerate(lines, start=1):
        text = line.strip().removeprefix(_BYTE_ORDER_MARK)
        if not text or text.startswith("#"):
            continue
        if form is None:
            header = [cell.lower() for cell in _cells(text)]
            plain = partial(_plain, algorithm)
            form = json.loads if text.startswith("{") else _in_columns(header) if _names_a_hash(header) else plain
            if _names_a_hash(header):
                continue
        try:
            yield number, form(text)
        except (ValueError, RecursionError, csv.Error):
            yield number, None


def _listed(line: int, fields: Mapping[str, Any], algorithm: Algorithm) -> Listed:
    """The hash that the fields of a line name, or none where they name an error instead; raises for any other line."""
    label, quality = str(_named(fields, LABEL_FIELDS) or ""), _quality(fields.get("quality"))
    kind, value = _named(fields, ALGORITHM_FIELDS), _named(fields, HASH_FIELDS)
    kind = _OTHER_NAMES.get(str(kind).lower(), kind) or _unnamed(str(value), algorithm)
    if str(kind).lower() == VIDEO:
        frames = (bag.read_frame(each) for each in fields["frames"])
        return Listed(line, None, label, frames=tuple(frame for frame in frames if frame))
    if value is None:  # a field that is named after the algorithm
        kind, value = next(((name, fields[name]) for name in SINGLE if fields.get(name)), (kind, None))
    if value is None and fields.get("error"):
        return Listed(line, None, label, quality)
    return Listed(line, Hash.from_hex(str(kind).lower(), str(value or "")), label, quality)


def _unnamed(value: str, algorithm: Algorithm) -> Algorithm:
    """The algorithm of a hash that comes without its name: only an MD5 is so short."""
    return Algorithm.MD5 if len(value) == 2 * Algorithm.MD5.size else algorithm


def _quality(given: Any) -> int | None:
    """The quality that a line states, if it does; raises for one that is no number from 0 to 100."""
    if given in (None, ""):
        return None
    quality = int(given)
    if not 0 <= quality <= BEST_QUALITY:
        raise ValueError
    return quality


def _named(fields: Mapping[str, Any], names: Iterable[str]) -> Any:
    """The first of the fields that is there and not empty."""
    return next((fields[name] for name in names if fields.get(name)), None)


def _plain(algorithm: Algorithm, text: str) -> Mapping[str, Any]:
    """A hash alone, after the name of its algorithm and a colon, a comma or a blank, or before the name of its file."""
    found = _OF_A_FILE.fullmatch(text)
    if found and (kind := _unnamed(found[1], algorithm)) in EXACT:
        return {"algorithm": kind, "hash": found[1], "label": found[2]}
    first, value = [*_BETWEEN.split(text, maxsplit=2), ""][:2]
    return {"algorithm": first, "hash": value} if value else {"hash": first}


def _in_columns(header: list[str]) -> Read:
    """Reads a line of CSV under a header."""
    return lambda text: dict(zip(header, _cells(text), strict=True))


def _names_a_hash(header: list[str]) -> bool:
    """Whether a line of CSV is a header: one of its cells names a hash column."""
    return not {*HASH_FIELDS, *SINGLE}.isdisjoint(header)


def _cells(text: str) -> list[str]:
    return [cell.strip() for cell in next(csv.reader([text]))]
