"""A feed in a file: every line as it was sent, the checkpoint last, and nothing kept that was withdrawn.

The file is NDJSON, mode 0600, and `verify` needs only it and the publisher's verifier key. Beside it lies
``FILE.state``: how far it has come, so that bringing it up to date does not verify everything again. What was pulled is
on disk before the state says so; after a crash the tail that the state does not know is cut off.
"""

from __future__ import annotations

import base64
import itertools
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple
from uuid import UUID

from staydown.core import feed
from staydown.core.feed import AddLine, CheckpointLine, Cursor, Line, RemoveLine
from staydown.core.note import Verifier
from staydown.errors import FeedError, SettingError
from staydown.exchange.later import patiently
from staydown.exchange.peer import FeedClient, Pull

PAGE: Final = 5000


class Done(NamedTuple):
    """What an update did."""

    lines: int
    new: int
    erased: int


@dataclass(slots=True)
class Found:
    """What is in a mirror that verifies."""

    lines: int = 0
    withheld: int = 0
    live: set[UUID] = field(default_factory=set, repr=False)

    @property
    def entries(self) -> int:
        """How many entries are matched after the last line."""
        return len(self.live)


class _State(NamedTuple):
    cursor: Cursor
    must_erase: bool  # a removal was written whose entry may still be in the file


def update(
    client: FeedClient,
    path: Path,
    *,
    told: Callable[[int], None] = lambda _seq: None,
    sleep: Callable[[float], None] = time.sleep,
) -> Done:
    """Bring the mirror at ``path`` up to date, or begin it; ``told`` hears how far it is. Raises `FeedError`.

    Where the publisher wants to be asked later, it waits and goes on.
    """
    state = _read_state(path)
    first = state.cursor.seq
    confirmed = 0 if state.must_erase else first
    _write_state(path, state)  # before the file, which without one would look like somebody else's
    with _opened(path, state) as file:
        while True:
            pull = patiently(partial(client.pull, state.cursor, limit=PAGE, confirmed=confirmed), sleep=sleep)
            _append(file, pull)
            removes = any(isinstance(line, RemoveLine) for line in pull.lines)
            state = _State(pull.cursor, state.must_erase or removes)
            _write_state(path, state)
            told(state.cursor.seq)
            if not pull.lines:
                break
    erased = 0
    if state.must_erase:
        erased = _erase_removed(path)
        _write_state(path, _State(state.cursor, must_erase=False))
    if state.cursor.seq > confirmed:
        client.pull(state.cursor, limit=1)  # confirms it, now that nothing in the file was withdrawn
    return Done(state.cursor.seq, state.cursor.seq - first, erased)


def verify(path: Path, verifier: Verifier) -> Found:
    """What is in the mirror at ``path``; raises `FeedError` when it is not exactly what ``verifier``'s owner signed."""
    found = Found()

    def counted() -> Iterator[Line]:
        for line in _lines(path):
            if isinstance(line, AddLine):
                found.live.add(line.entry.id)
            elif isinstance(line, RemoveLine):
                found.live.discard(line.entry_id)
            else:
                found.withheld += 1
            yield line

    found.lines = feed.verify(Cursor(), counted(), _note(path), verifier).seq
    return found


def _lines(path: Path) -> Iterator[Line]:
    """The numbered lines of the mirror, one at a time."""
    is_over = False
    with path.open("rb") as file:
        for text in file:
            line = _decoded(text)
            if is_over:
                raise FeedError("Something follows the mirror's checkpoint.")
            if isinstance(line, CheckpointLine):
                is_over = True
            else:
                yield line


def _note(path: Path) -> str:
    """The note of the checkpoint at the end of the mirror."""
    with path.open("rb") as file:
        end = file.seek(0, os.SEEK_END)
        file.seek(max(0, end - 4 * feed.LONGEST_LINE))
        last = file.read().rstrip(b"\n").rpartition(b"\n")[2]
    line = _decoded(last) if last else None
    if not isinstance(line, CheckpointLine):
        raise FeedError("The mirror is not complete: its checkpoint is missing. Run `staydown feed mirror` again.")
    return line.note


def _decoded(text: bytes) -> Line | CheckpointLine:
    try:
        return feed.decode(text.decode())
    except UnicodeDecodeError:
        raise FeedError("A line of the mirror is not UTF-8.") from None


def _opened(path: Path, state: _State) -> BinaryIO:
    """The file, at the end of the lines that the state knows."""
    file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b")
    sizes = [len(text) for text in itertools.islice(file, state.cursor.seq)]
    if len(sizes) < state.cursor.seq:
        file.close()
        raise FeedError("The mirror has fewer lines than its state says. Delete both and begin again.")
    file.seek(sum(sizes))
    return file


def _append(file: BinaryIO, pull: Pull) -> None:
    """Put a page in place of the last checkpoint, and its own behind it: the mirror is whole after every page."""
    file.truncate()
    file.writelines(_text(line) for line in pull.lines)
    end = file.tell()
    file.write(_text(CheckpointLine(pull.note)))
    file.flush()
    os.fsync(file.fileno())
    file.seek(end)


def _text(line: Line | CheckpointLine) -> bytes:
    return feed.encode(line).encode() + b"\n"


def _erase_removed(path: Path) -> int:
    """Leave only the leaf of each line whose entry was removed later; how many lines those were."""
    removed = {line.entry_id: line.seq for line in _lines(path) if isinstance(line, RemoveLine)}
    note, erased = _note(path), 0
    scratch = path.with_name(path.name + ".new")
    with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        for line in _lines(path):
            kept: Line = line
            if isinstance(line, AddLine) and line.seq < removed.get(line.entry.id, 0):
                kept, erased = feed.opaque(line), erased + 1
            file.write(_text(kept))
        file.write(_text(CheckpointLine(note)))
        file.flush()
        os.fsync(file.fileno())
    scratch.replace(path)
    return erased


def _state_path(path: Path) -> Path:
    return path.with_name(path.name + ".state")


def _read_state(path: Path) -> _State:
    """How far the mirror at ``path`` has come; raises `SettingError` when something else lies there."""
    try:
        text = _state_path(path).read_text("utf-8")
    except FileNotFoundError:
        if path.exists():
            raise SettingError(
                "The file exists and is no mirror, or its state is missing. Name another file."
            ) from None
        return _State(Cursor(), must_erase=False)
    try:
        given = json.loads(text)
        cursor = Cursor.from_bytes(base64.b64decode(given["cursor"], validate=True))
        return _State(cursor, must_erase=bool(given["must_erase"]))
    except (ValueError, KeyError, TypeError):
        raise FeedError("The state of the mirror is damaged. Delete it and the mirror, and begin again.") from None


def _write_state(path: Path, state: _State) -> None:
    given = {"cursor": base64.b64encode(state.cursor.to_bytes()).decode(), "must_erase": state.must_erase}
    scratch = path.with_name(path.name + ".state.new")
    scratch.write_text(json.dumps(given), "utf-8")
    scratch.replace(_state_path(path))
