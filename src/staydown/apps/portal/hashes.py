"""Hashes as they come from the page's own script, or pasted from what `staydown hash` printed.

Whatever else stands beside a hash, a file's name above all, is dropped here and goes no further.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any, Final

from django.utils.translation import gettext as _

from staydown.core.hashing.algorithm import Algorithm, Hash
from staydown.errors import HashError, InvalidError

MOST: Final = 50  # pictures in one report: anyone may send one, and everybody waits while it is stored
_PLAIN: Final = re.compile(r"^([0-9a-fA-F]{64})[\s,;]+(?:quality\s+)?(\d{1,3})\b")

#: what a text raises that is not hashes; RecursionError is JSON nested too deeply
_UNREADABLE: Final = (ValueError, TypeError, KeyError, AttributeError, HashError, RecursionError)

#: {"pdq": hexadecimal, "quality": 0 to 100, "sha256": hexadecimal or None}
Hashed = dict[str, Any]


def from_page(text: str) -> list[Hashed]:
    """The pictures that the page's script hashed: a JSON list. Raises `InvalidError`."""
    try:
        found = json.loads(text or "[]")
        return [_hashed(one["pdq"], one["quality"], one.get("sha256")) for one in found]
    except _UNREADABLE:
        raise InvalidError(_("The fingerprints did not arrive whole. Choose the pictures again.")) from None


def from_paste(text: str) -> list[Hashed]:
    """The pictures of lines that `staydown hash` printed, with or without ``--json``. Raises `InvalidError`."""
    found: list[Hashed] = []
    exact: dict[str, str] = {}
    for number, line in enumerate(filter(None, map(str.strip, text.splitlines())), start=1):
        try:
            _read_line(line, found, exact)
        except _UNREADABLE:
            raise InvalidError(
                _("Line {number} is not a fingerprint. Copy the whole line.").format(number=number)
            ) from None
    for one in found:
        file = one.pop("file")
        one["sha256"] = one["sha256"] or exact.get(file)
    return found


def merged(held: Iterable[Hashed], new: Iterable[Hashed]) -> list[Hashed]:
    """Both lists in order, each picture once. Raises `InvalidError` when there are too many."""
    pictures = {one["pdq"] + (one["sha256"] or ""): one for one in (*held, *new)}
    if len(pictures) > MOST:
        raise InvalidError(
            _("One report can hold {most} pictures. Send the others in a second report.").format(most=MOST)
        )
    return list(pictures.values())


def _read_line(line: str, found: list[Hashed], exact: dict[str, str]) -> None:
    if plain := _PLAIN.match(line):
        found.append({**_hashed(plain[1], int(plain[2]), None), "file": ""})
        return
    told = json.loads(line)
    if "error" in told:  # a file that the command could not hash
        return
    file = str(told.get("file", ""))
    if Algorithm(told["algorithm"]) is Algorithm.SHA256:
        exact[file] = Hash.from_hex(Algorithm.SHA256, told["hash"]).hex()
    else:
        found.append({**_hashed(told["hash"], told["quality"], told.get("sha256")), "file": file})


def _hashed(pdq: object, quality: object, sha256: object) -> Hashed:
    if not isinstance(quality, int) or not 0 <= quality <= 100:
        raise ValueError
    return {
        "pdq": Hash.from_hex(Algorithm.PDQ, str(pdq)).hex(),
        "quality": quality,
        "sha256": Hash.from_hex(Algorithm.SHA256, str(sha256)).hex() if sha256 else None,
    }
