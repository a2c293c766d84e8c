"""Reading lists of hashes: what `staydown hash --json` prints, CSV with a header, or one hexadecimal hash a line."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from staydown.core.hashing.algorithm import LEAST_QUALITY, Algorithm, Hash
from staydown.errors import HashError, InvalidError

HASH_COLUMNS: Final = ("hash", "value")


@dataclass(frozen=True, slots=True, repr=False)
class Listed:
    """One hash of a list. ``hash`` is None where the list says that there is none: a file that could not be hashed."""

    hash: Hash | None
    quality: int | None = None

    @property
    def is_usable(self) -> bool:
        """Whether it can become an entry: there is a hash, and PDQ found enough detail."""
        if self.hash is None:
            return False
        return self.hash.algorithm is not Algorithm.PDQ or self.quality is None or self.quality >= LEAST_QUALITY

    def __repr__(self) -> str:
        return "<Listed>"


def read(lines: Iterable[str], algorithm: Algorithm = Algorithm.PDQ) -> Iterator[Listed]:
    """Yield the hashes of a list, whose form its first line tells; ``algorithm`` is for lines that name none.

    Raises `InvalidError`, which names the line and shows nothing of it.
    """
    form = None
    columns: list[str] = []
    for number, line in enumerate(lines, start=1):
        text = line.strip().removeprefix("\ufeff")
        if not text or text.startswith("#"):
            continue
        if form is None:
            form = _json if text.startswith("{") else _csv if _is_header(text) else _plain
            if form is _csv:
                columns = _cells(text.lower())
                continue
        try:
            yield form(text, columns, algorithm)
        except (HashError, ValueError, TypeError, KeyError):
            raise InvalidError(f"Line {number} of the list holds no valid hash. Nothing was imported.") from None


def _json(text: str, columns: list[str], algorithm: Algorithm) -> Listed:
    fields = json.loads(text)
    if not isinstance(fields, dict):
        raise TypeError
    if "error" in fields and not any(name in fields for name in HASH_COLUMNS):
        return Listed(None)
    return _listed(fields, algorithm)


def _csv(text: str, columns: list[str], algorithm: Algorithm) -> Listed:
    return _listed({name: cell for name, cell in zip(columns, _cells(text), strict=True) if cell}, algorithm)


def _plain(text: str, columns: list[str], algorithm: Algorithm) -> Listed:
    name, sign, value = text.rpartition(":")
    return Listed(Hash.from_hex(name if sign else algorithm, value))


def _listed(fields: Mapping[str, Any], algorithm: Algorithm) -> Listed:
    """The hash under ``hash`` or ``value``, else under the name of its algorithm."""
    named = [(fields.get("algorithm", algorithm), fields.get(name)) for name in HASH_COLUMNS]
    named += [(each, fields.get(each.value)) for each in Algorithm]
    found = [(kind, value) for kind, value in named if value is not None]
    if not found:
        raise KeyError
    kind, value = found[0]
    quality = fields.get("quality")
    return Listed(Hash.from_hex(str(kind).lower(), str(value)), None if quality is None else int(quality))


def _is_header(text: str) -> bool:
    names = {cell.lower() for cell in _cells(text)}
    return bool(names & {*HASH_COLUMNS, *(each.value for each in Algorithm)})


def _cells(text: str) -> list[str]:
    return [cell.strip() for cell in next(csv.reader([text]))]
