"""A list of hashes in a file on this machine, read in parts: hexadecimal lines, CSV with a header, or JSON lines."""

from __future__ import annotations

import functools
import itertools
import json
import os
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from staydown.core.hashing.algorithm import SINGLE, Algorithm, Hash
from staydown.core.matching import hash_list
from staydown.core.matching.hash_list import Listed
from staydown.errors import HashError, ReplyRefusedError, SettingError, UnreachableError
from staydown.exchange.source import Asked, Kind, Page, Read, Signal, Wire, gather, place

PAGE: Final = 1000  # lines
LONGEST_LINE: Final = 1 << 20  # characters; a longer one is read in pieces, none of which is a record
WHOLE_EVERY: Final = timedelta(hours=1)  # such a list does not say what was taken out of it


class List:
    """Reads the file from its start, and again when it is another one. The cursor is its identity, and lines read.

    Whoever names a list need not be who runs the machine, so it lies in the folder for lists, and no link leads out.
    """

    def __init__(self, address: str, given: Mapping[str, str], wire: Wire) -> None:
        self._path = Path(address)
        if not self._path.is_absolute():
            raise SettingError("A list is named by its whole path, such as /var/lib/staydown/lists/hashes.csv.")
        if not _is_inside(self._path, wire.lists):
            raise SettingError("Lists are read from one folder alone, that of STAYDOWN_LISTS_DIR. Put the file there.")
        algorithm = given.get("algorithm") or Algorithm.PDQ
        if algorithm not in SINGLE:
            raise SettingError(f"The algorithm of a list is one of {', '.join(SINGLE)}.")
        self._algorithm = Algorithm(algorithm)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        return

    def pages(self, cursor: str | None) -> Iterator[Page]:
        """Part after part. Raises `UnreachableError`, and `HashError` when there is no hash to bank in it."""
        known, done = place(cursor, ["", 0])
        try:
            with self._path.open(encoding="utf-8") as file:
                identity = _identity(file.fileno())
                done = done if known == identity else 0
                lines = iter(functools.partial(file.readline, LONGEST_LINE), "")
                # The first line tells the form of all others, so lines that were read are passed over, not jumped.
                rows = itertools.dropwhile(lambda row: row[0] <= done, hash_list.each(lines, self._algorithm))
                while True:
                    part = list(itertools.islice(rows, PAGE))
                    if done == 0 and part and not any(found for _, found in part):
                        raise HashError("No line of this list has a hash that is banked here: PDQ, SHA-256 or MD5.")
                    done = part[-1][0] if part else done
                    more = len(part) == PAGE
                    yield gather((_read(found) for _, found in part), json.dumps([identity, done]), more=more)
                    if not more:
                        return
        except OSError:
            raise UnreachableError("The list cannot be read. Check its path and who may read it.") from None

    def say(self, id: str, hash: Hash, opinion: str) -> None:  # noqa: A002, ARG002 - the words of the protocol
        """Raise `ReplyRefusedError`: nobody listens."""
        raise ReplyRefusedError("A list in a file takes no opinions. Tell its people in another way.")


def _is_inside(path: Path, folder: Path | None) -> bool:
    try:
        return folder is not None and path.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError, ValueError):  # links in a circle, or a name that no file has
        return False


def _identity(handle: int) -> str:
    """What changes when somebody writes the file, or puts another one in its place."""
    about = os.fstat(handle)
    return f"{about.st_ino}:{about.st_size}:{about.st_mtime_ns}"


def _read(found: Listed | None) -> Read:
    if found is None or found.hash is None or not found.is_usable:
        return None
    id_ = f"{found.hash.algorithm}:{found.hash.hex()}"
    return id_, Signal(id_, found.hash, found.quality)


KIND: Final = Kind(
    name="list",
    title="A list in a file",
    about="Hexadecimal lines, CSV or JSON lines, as HMA, ThreatExchange and “staydown hash --json” write them.",
    address="/var/lib/staydown/lists/hashes.csv",
    address_help="The whole path of a file in the folder of STAYDOWN_LISTS_DIR. It is read again when it changes.",
    asks=(
        Asked("algorithm", "Algorithm", "Of lines that name none: pdq, sha256 or md5.", required=False, secret=False),
    ),
    listens=False,
    open=List,
    whole_every=WHOLE_EVERY,
)
