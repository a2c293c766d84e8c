"""Reads lists of hashes: one hexadecimal hash a line, CSV with a header, or what ``staydown hash --json`` prints."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from staydown.core.hashing import bag
from staydown.core.hashing.algorithm import LEAST_QUALITY, PICTURES, Algorithm, Hash
from staydown.errors import HashError, StaydownError

HASH_FIELDS: Final = ("hash", "value", "signal", "signal_value", "indicator", "hash_value", "hash_digest")
KIND_FIELDS: Final = ("algorithm", "signal_type", "hash_type", "type")
LABEL_FIELDS: Final = ("file", "name", "label")
BEST_QUALITY: Final = 100
VIDEO: Final = Algorithm.VPDQ.value
"""What stands for an algorithm in a line about a video."""
_BYTE_ORDER_MARK: Final = "\ufeff"

Read = Callable[[str], Mapping[str, Any]]
Translate = Callable[[Mapping[str, Any]], Mapping[str, Any]]


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


class Bad(NamedTuple):
    """A line with no valid hash, and what is wrong with it."""

    line: int
    error: StaydownError


def read(lines: Iterable[str], algorithm: Algorithm = Algorithm.PDQ) -> list[Listed]:
    """The hashes of a list, whose form its first line tells; ``algorithm`` is for lines that name none.

    Blank lines and lines that begin with # are passed over. Raises `HashError` that names the lines with no valid hash,
    and shows nothing of them: a list that is read in part would miss, so it is read whole or not at all.
    """
    listed: list[Listed] = []
    bad: list[int] = []
    for each in records(lines, algorithm):
        if isinstance(each, Bad):
            bad.append(each.line)
        else:
            listed.append(each)
    if bad:
        shown = ", ".join(map(str, bad[:10])) + (", …" if len(bad) > 10 else "")
        raise HashError(f"No valid hash on line {shown} of the list. Correct or remove it.")
    return listed


def records(
    lines: Iterable[str], algorithm: Algorithm = Algorithm.PDQ, *, after: int = 0, translate: Translate = dict
) -> Iterator[Listed | Bad]:
    """The lines of a list one at a time, those after line ``after``, for a list too long to hold or not quite in order.

    ``translate`` turns the fields of a line into those of this module; an `ExchangeError` or `HashError` that it raises
    is the line's. Raises `HashError` when the list is no text.
    """
    try:
        for number, fields in _rows(lines, after):
            try:
                yield _listed(number, translate(fields or {}), algorithm)
            except StaydownError as error:
                yield Bad(number, error)
            except (LookupError, ValueError, TypeError, AttributeError, OverflowError):
                yield Bad(number, HashError())
    except UnicodeDecodeError:
        raise HashError("The list is not text in UTF-8. Give hexadecimal lines, CSV or JSON lines.") from None


def _rows(lines: Iterable[str], after: int) -> Iterator[tuple[int, Mapping[str, Any] | None]]:
    """Each line that matters as named fields; ``None`` where it cannot be read."""
    form: Read | None = None
    for number, line in enumerate(lines, start=1):
        text = line.strip().removeprefix(_BYTE_ORDER_MARK)
        if not text or text.startswith("#"):
            continue
        if form is None:
            header = [cell.lower() for cell in _cells(text)]
            form = json.loads if text.startswith("{") else _in_columns(header) if _names_a_hash(header) else _plain
            if _names_a_hash(header):
                continue
        if number <= after:
            continue
        try:
            yield number, form(text)
        except (ValueError, RecursionError, csv.Error):
            yield number, None


def _listed(line: int, fields: Mapping[str, Any], algorithm: Algorithm) -> Listed:
    """The hash that the fields of a line name, or none where they name an error instead; raises for any other line."""
    label, quality = str(_named(fields, LABEL_FIELDS) or ""), _quality(fields.get("quality"))
    kind, value = _named(fields, KIND_FIELDS) or algorithm, _named(fields, HASH_FIELDS)
    if str(kind).lower() == VIDEO:
        frames = (bag.read_frame(each) for each in fields["frames"])
        return Listed(line, None, label, frames=tuple(frame for frame in frames if frame))
    if value is None:  # a field that is named after the algorithm
        kind, value = next(((name, fields[name]) for name in PICTURES if fields.get(name)), (kind, None))
    if value is None and fields.get("error"):
        return Listed(line, None, label, quality)
    return Listed(line, Hash.from_hex(str(kind).lower(), str(value or "")), label, quality)


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


def _plain(text: str) -> Mapping[str, Any]:
    """A hash alone, or after the name of its algorithm and a colon."""
    algorithm, _, value = text.rpartition(":")
    return {"algorithm": algorithm, "hash": value}


def _in_columns(header: list[str]) -> Read:
    """Reads a line of CSV under a header."""
    return lambda text: dict(zip(header, _cells(text), strict=True))


def _names_a_hash(header: list[str]) -> bool:
    """Whether a line of CSV is a header: one of its cells names a hash column."""
    return not {*HASH_FIELDS, *PICTURES}.isdisjoint(header)


def _cells(text: str) -> list[str]:
    return [cell.strip() for cell in next(csv.reader([text]))]
