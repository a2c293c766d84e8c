"""Follows a list in a file: hexadecimal lines, CSV with or without a header, JSON lines.

A file does not say what is gone. It is read whole now and then, and what is no longer in it is gone; a line that cannot
be read is counted, and a record that is called what it holds is the same record in every file.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from staydown.core.hashing.algorithm import Algorithm
from staydown.core.matching import hash_list
from staydown.core.matching.hash_list import Bad, Listed
from staydown.errors import CursorError, HashError, NotBankedError, SettingError, SourceAnswerError, UnreachableError
from staydown.exchange.source import Asked, Collected, Given, Kind, Page, Signal, read_place, watched, written

PAGE: Final = 1000  # lines that hold something
LONGEST_LINE: Final = 1 << 20  # characters; a video is one line
_WORDS: Final = {"hash_pdq": "pdq", "imagepdq": "pdq", "hash_sha256": "sha256", "sha_256": "sha256"}
_MD5: Final = re.compile(r"[0-9a-fA-F]{32}|[0-9a-fA-F]{40}")  # or SHA-1
_OTHERS: Final = frozenset({"md5", "sha1", "photodna", "pdna", "tmk", "video_md5", "videomd5", "videotmk"})
_SHAPE: Final = {"file": str, "line": int}


class ListFile:
    """One file. It may be replaced at any time: what is read then begins with its first line again."""

    def __init__(self, given: Given) -> None:
        self._path = Path(given.address)
        if not self._path.is_absolute():
            raise SettingError("address: give the whole path of the file, from the root on.")
        said = given.credentials.get("algorithm") or Algorithm.PDQ.value
        if said not in list(Algorithm):
            raise SettingError(f"algorithm: use one of {', '.join(Algorithm)}.")
        self._algorithm = Algorithm(said)

    def pages(self, cursor: str | None) -> Iterator[Page]:
        """The pages after ``cursor``."""
        return watched(self._pages(read_place(cursor, _SHAPE)))

    def _pages(self, place: Mapping[str, Any]) -> Iterator[Page]:
        try:
            with self._path.open(encoding="utf-8", newline="\n") as file:
                now = self._identity()
                line = place.get("line", 0) if place.get("file") == now else 0
                if not 0 <= line < 2**53:
                    raise CursorError
                rest = hash_list.records(_short(file), self._algorithm, after=line, translate=_translated)
                while True:
                    taken = list(itertools.islice(rest, PAGE))
                    line = taken[-1].line if taken else line
                    more = len(taken) == PAGE
                    yield _page(taken, written({"file": now, "line": line}), more=more)
                    if not more:
                        return
        except HashError as error:
            raise SourceAnswerError(error.message) from None
        except OSError:
            raise UnreachableError(
                "The file of this list cannot be read. Check its path and who may read it."
            ) from None

    def _identity(self) -> str:
        """What is another when the file was replaced or written."""
        found = self._path.stat()
        return f"{found.st_ino:x}-{found.st_size:x}-{found.st_mtime_ns:x}"

    def close(self) -> None:
        """Nothing is open between two pages' readings."""


def _short(lines: Iterable[str]) -> Iterator[str]:
    """``lines``, as long as each is one."""
    for line in lines:
        if len(line) > LONGEST_LINE:
            raise SourceAnswerError("A line of the list is too long to be one. Give a text file.")
        yield line


def _page(taken: Iterable[Listed | Bad], cursor: str, *, more: bool) -> Page:
    found = Collected()
    for each in taken:
        if isinstance(each, Bad):
            found.skip(each.error, f"line {each.line}")
        elif each.hash is not None:
            found.add(Signal(f"{each.hash.algorithm}:{each.hash.hex()}", each.hash, each.quality))
        else:
            found.skip(NotBankedError(), f"line {each.line}")  # a video, or a file that could not be hashed
    return found.page(cursor, more=more)


def _translated(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """The fields as our own lists have them: other people's words for an algorithm, and lines with no header."""
    named = {str(key).lower(): value for key, value in fields.items()}
    value = next((named[name] for name in hash_list.HASH_FIELDS if named.get(name)), "")
    kind = next((named[name] for name in hash_list.KIND_FIELDS if named.get(name)), "")
    if isinstance(value, str) and "algorithm" in named and not kind:
        kind, value = _bare(value)
    word = str(kind).strip().lower().replace("-", "_")
    if word in _OTHERS or (isinstance(value, str) and _MD5.fullmatch(value.strip())):
        raise NotBankedError
    if not value and named.get("md5") and not any(named.get(each) for each in Algorithm):
        raise NotBankedError
    return {**named, "algorithm": _WORDS.get(word, word), "hash": value}


def _bare(text: str) -> tuple[str, str]:
    """The algorithm and the value of a line without a header: alone, or behind a word and a comma or blank."""
    cells = [cell.strip().strip('"') for cell in re.split(r"[,\s]+", text.strip(), maxsplit=2)]
    word = cells[0].lower().replace("-", "_")
    if len(cells) > 1 and (word in _WORDS or word in _OTHERS or word in list(Algorithm)):
        return word, cells[1]
    return "", cells[0]


KIND: Final = Kind(
    name="file",
    title="A list in a file",
    about="Lines of hexadecimal, CSV or JSON, with PDQ or SHA-256. What is no longer in the file is gone here.",
    address="",
    address_help="The whole path of the file on this machine.",
    asks=(
        Asked(
            "algorithm",
            "Algorithm of lines that name none",
            "pdq or sha256; pdq if left empty.",
            required=False,
            secret=False,
        ),
    ),
    open=ListFile,
    whole_every=timedelta(hours=1),
)
