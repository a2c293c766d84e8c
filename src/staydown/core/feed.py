"""The signed feed: numbered lines, each change of the banks one line, and a checkpoint that vouches for all of them.

A line is a JSON object; its leaf is the RFC 6962 leaf hash of its canonical form (RFC 8785). A follower keeps a
`Cursor`, and `verify` moves it over new lines only when the checkpoint signs exactly the log that they lead to. A line
that may not be shown, or whose hash has been erased, is sent as its leaf alone, and the log still verifies.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any, Final, Self
from uuid import UUID

from staydown.core import merkle
from staydown.core.bank import Action, Entry
from staydown.core.hashing import bag
from staydown.core.hashing.algorithm import FIRST, MOST_IN_A_FRAME, MOST_IN_A_VIDEO, Algorithm, Hash
from staydown.core.merkle import Frontier
from staydown.core.note import Checkpoint, Signer, Verifier, open_checkpoint, sign_checkpoint
from staydown.errors import FeedError, ProofError

SALT_SIZE: Final = 16
LONGEST_LINE: Final = 65_536  # characters
LINE_ROOM: Final = 1024
"""Bytes that the lines of a page have on average at most, the last not counted. Those of pictures need less than half;
a page with videos ends early."""
_ALGORITHMS: Final = {each.value: each for each in Algorithm}
_HEXADECIMAL: Final = frozenset("0123456789abcdef")
_ACTIONS: Final = {each.value: each for each in Action}


@dataclass(frozen=True, slots=True)
class AddLine:
    """An entry is matched from now on, in place of an earlier one of its id. The salt makes its leaf unguessable."""

    seq: int
    entry: Entry
    salt: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class RemoveLine:
    """An entry is matched no more, and by ``delete_by`` (seconds since 1970) nobody may hold its hash any longer."""

    seq: int
    entry_id: UUID
    delete_by: int | None = None  # lines that were written before there was such a time have none


@dataclass(frozen=True, slots=True)
class OpaqueLine:
    """A line that this follower may not see, or whose hash has been erased: only its leaf."""

    seq: int
    leaf: bytes


@dataclass(frozen=True, slots=True)
class CheckpointLine:
    """The last line of a page: the signed note over every line up to here."""

    note: str


Line = AddLine | RemoveLine | OpaqueLine


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a follower has come: the number of the last line, and the tree up to it. `Cursor()` is the start."""

    seq: int = 0
    frontier: Frontier = field(default_factory=Frontier)

    def __post_init__(self) -> None:
        if self.seq != self.frontier.size:
            raise FeedError("A cursor's number and its tree disagree. Start again from the first line.")

    def to_bytes(self) -> bytes:
        """The cursor for keeping; it holds no hash of a picture."""
        return self.frontier.to_bytes()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """The cursor that `to_bytes` wrote; raises `FeedError` for anything else."""
        try:
            frontier = Frontier.from_bytes(data)
        except ProofError:
            raise FeedError("The kept cursor is damaged. Start again from the first line.") from None
        return cls(frontier.size, frontier)


def leaf(line: Line) -> bytes:
    """The leaf hash of a line."""
    return line.leaf if isinstance(line, OpaqueLine) else merkle.leaf_hash(_canonical(_fields(line)))


def opaque(line: Line) -> OpaqueLine:
    """The same line with its content withheld."""
    return OpaqueLine(line.seq, leaf(line))


def readable(line: Line, algorithms: Collection[Algorithm]) -> Line:
    """The line for a follower that reads these algorithms: withheld when it adds an entry of another one.

    A follower that was made before an algorithm existed takes a line that names it for a fault of the whole page.
    """
    is_new = isinstance(line, AddLine) and line.entry.hash.algorithm not in algorithms
    return opaque(line) if is_new else line


def algorithms_read(words: str) -> frozenset[Algorithm]:
    """The algorithms that a follower says it reads, with commas between; those of `FIRST` when it says nothing.

    Words that this version does not know are of a later one, and passed over.
    """
    named = {each.strip() for each in words.split(",")} if words else set(FIRST)
    return frozenset(each for each in Algorithm if each.value in named)


def encode(line: Line | CheckpointLine) -> str:
    """The line as it travels: canonical JSON, without a newline."""
    if isinstance(line, CheckpointLine):
        return _canonical({"op": "checkpoint", "note": line.note}).decode()
    if isinstance(line, OpaqueLine):
        return _canonical({"seq": line.seq, "op": "opaque", "leaf": line.leaf.hex()}).decode()
    return _canonical(_fields(line)).decode()


def checkpoint(size: int, root: bytes, signer: Signer) -> CheckpointLine:
    """The checkpoint line that a publisher signs over its first ``size`` lines, whose root is ``root``."""
    return CheckpointLine(sign_checkpoint(Checkpoint(signer.name, size, root), signer))


def verify(cursor: Cursor, lines: Iterable[Line], note: str, verifier: Verifier) -> Cursor:
    """The cursor after ``lines``; raises `FeedError` when a line is missing, repeated, changed, or not signed for.

    Nothing of ``lines`` may be used before this returns.
    """
    seq, tree = cursor.seq, cursor.frontier
    for line in lines:
        if line.seq != seq + 1:
            raise FeedError(
                f"After feed line {seq} comes line {line.seq}: a line is missing, repeated or out of order."
            )
        seq, tree = line.seq, tree.append(leaf(line))
    try:
        signed = open_checkpoint(note, verifier)
    except ProofError as error:
        raise FeedError(f"The feed's checkpoint does not verify. {error.message}") from None
    if signed.size < seq:
        raise FeedError(f"The feed went back: its checkpoint is of line {signed.size}, after line {seq} was sent.")
    if signed.size > seq:
        raise FeedError(f"The checkpoint is of feed line {signed.size}, but the lines end at {seq}.")
    if signed.root != tree.root():
        raise FeedError(
            f"Feed lines {cursor.seq + 1} to {seq} are not those that were signed, or history was rewritten."
        )
    return Cursor(seq, tree)


def decode_page(texts: Iterable[str]) -> tuple[list[Line], str]:
    """The lines of one page and the note of its checkpoint, which must be its last line."""
    lines: list[Line] = []
    note: str | None = None
    for text in texts:
        line = decode(text)
        if note is not None:
            raise FeedError("Something follows the feed's checkpoint.")
        if isinstance(line, CheckpointLine):
            note = line.note
        else:
            lines.append(line)
    if note is None:
        raise FeedError("The feed was cut off: its checkpoint is missing. Ask again.")
    return lines, note


def decode(text: str) -> Line | CheckpointLine:
    """The line that ``text`` writes; raises `FeedError`, which names the line and never shows a value of it."""
    fields = _Fields(_parse(text))
    op = fields.text("op")
    if op == "checkpoint":
        note = fields.text("note")
        fields.end()
        return CheckpointLine(note)
    seq = fields.number("seq", 1, merkle.LARGEST)
    line: Line
    if op == "add":
        line = AddLine(seq, _entry(fields), fields.octets("salt", SALT_SIZE))
    elif op == "remove":
        entry_id = fields.uuid("entry")
        line = RemoveLine(
            seq, entry_id, fields.number("delete_by", 1, merkle.LARGEST) if "delete_by" in fields else None
        )
    elif op == "opaque":
        line = OpaqueLine(seq, fields.octets("leaf", merkle.HASH_SIZE))
    else:
        raise fields.fault("op is none of those this version knows")
    fields.end()
    return line


def _entry(fields: _Fields) -> Entry:
    kind, action = _ALGORITHMS.get(fields.text("algorithm")), _ACTIONS.get(fields.text("action"))
    if kind is None:
        raise fields.fault("algorithm is none of those this version knows")
    if action is None:
        raise fields.fault("action is none of those this version knows")
    return Entry(
        id=fields.uuid("entry"),
        bank=fields.text("bank"),
        hash=fields.frames() if kind is Algorithm.VPDQ else Hash(kind, fields.octets("value", kind.size)),
        radius=fields.number("radius", 0, kind.widest),
        action=action,
    )


def _fields(line: AddLine | RemoveLine) -> dict[str, object]:
    if isinstance(line, RemoveLine):
        told: dict[str, object] = {"seq": line.seq, "op": "remove", "entry": str(line.entry_id)}
        return told if line.delete_by is None else {**told, "delete_by": line.delete_by}
    entry = line.entry
    if entry.hash.algorithm is Algorithm.VPDQ:
        value: dict[str, object] = {"frames": [each.hex() for each in bag.values_of(entry.hash)]}
    else:
        value = {"value": entry.hash.hex()}
    return {
        "seq": line.seq,
        "op": "add",
        "entry": str(entry.id),
        "bank": entry.bank,
        "algorithm": entry.hash.algorithm.value,
        **value,
        "radius": entry.radius,
        "action": entry.action.value,
        "salt": line.salt.hex(),
    }


def _canonical(fields: dict[str, object]) -> bytes:
    """RFC 8785 for the objects of a feed: ASCII names, text, lists of text, and whole numbers.

    A test holds it to the RFC's own library, which a node that reads ten million lines at its start would feel.
    """
    try:
        return _WRITER.encode(fields).encode()
    except UnicodeEncodeError:
        raise FeedError("A feed line holds text that is not valid Unicode.") from None


class _Fields:
    """Takes the fields of one line out, each once and each of its exact type, until none is left."""

    __slots__ = ("_left", "_where")

    def __init__(self, left: dict[str, Any]) -> None:
        seq = left.get("seq")
        self._left = left
        self._where = f"Feed line {seq}" if type(seq) is int and 0 < seq <= merkle.LARGEST else "A feed line"

    def __contains__(self, name: str) -> bool:
        return name in self._left

    def fault(self, what: str) -> FeedError:
        return FeedError(f"{self._where}: {what}.")

    def _take(self, name: str, kind: type) -> Any:
        if name not in self._left:
            raise self.fault(f"the field {name} is missing")
        value = self._left.pop(name)
        if type(value) is not kind:  # not isinstance: True is no number
            raise self.fault(f"the field {name} is of another type")
        return value

    def text(self, name: str) -> str:
        value: str = self._take(name, str)
        if not value.isascii() and any("\ud800" <= each <= "\udfff" for each in value):
            raise self.fault(f"the field {name} is not valid Unicode")
        return value

    def number(self, name: str, least: int, most: int) -> int:
        value: int = self._take(name, int)
        if not least <= value <= most:
            raise self.fault(f"the field {name} is out of range")
        return value

    def octets(self, name: str, size: int) -> bytes:
        value = self.text(name)
        try:
            octets = bytes.fromhex(value)
        except ValueError:
            octets = b""
        if len(octets) != size or octets.hex() != value:  # lower case, no spaces: one spelling, one leaf
            raise self.fault(f"the field {name} is not {size} bytes in lower-case hexadecimal")
        return octets

    def frames(self) -> Hash:
        """The hash of a video: a list, of each frame the one to three hashes that it has, one after the other."""
        given: list[object] = self._take("frames", list)
        if not 0 < len(given) <= MOST_IN_A_VIDEO:
            raise self.fault(f"frames is not a list of 1 to {MOST_IN_A_VIDEO}")
        sizes = {2 * Algorithm.PDQ.size * count for count in range(1, MOST_IN_A_FRAME + 1)}
        values = []
        for each in given:
            if not isinstance(each, str) or len(each) not in sizes or not _HEXADECIMAL.issuperset(each):
                raise self.fault("a frame is not one to three hashes in lower-case hexadecimal")
            values.append(bytes.fromhex(each))
        if sum(map(len, values)) > MOST_IN_A_VIDEO * Algorithm.PDQ.size:
            raise self.fault(f"frames holds more than {MOST_IN_A_VIDEO} hashes")
        return bag.of_values(values)

    def uuid(self, name: str) -> UUID:
        value = self.text(name)
        try:
            uuid = UUID(value)
        except ValueError:
            uuid = None
        if uuid is None or str(uuid) != value:
            raise self.fault(f"the field {name} is not a UUID in its usual spelling")
        return uuid

    def end(self) -> None:
        if self._left:
            raise self.fault("there are fields that this version does not know")


def _parse(text: str) -> dict[str, Any]:
    if len(text) > LONGEST_LINE:
        raise FeedError("A feed line is too long.")
    try:
        fields = _READER.decode(text)
    except (ValueError, RecursionError):
        raise FeedError("A feed line is not valid JSON.") from None
    if not isinstance(fields, dict):
        raise FeedError("A feed line is not a JSON object.")
    return fields


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise FeedError("A feed line names a field twice.")
    return fields


_READER: Final = json.JSONDecoder(object_pairs_hook=_unique)
_WRITER: Final = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))
