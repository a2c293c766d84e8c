"""The audit log: a Merkle log of commitments, and what it takes to verify it without trusting who keeps it.

What a line says (its payload) is committed to with a random key of its own: HMAC-SHA256(row key, RFC 8785 JSON). The
log holds only the leaf hash of that commitment. So the log can be published, and a line can be erased for good by
forgetting its key and its payload, while the log and every proof still verify.
"""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

import rfc8785

from staydown.core import merkle
from staydown.core.merkle import Frontier
from staydown.core.note import Checkpoint, Verifier, open_checkpoint
from staydown.errors import ProofError

ROW_KEY_SIZE: Final = 32
PROOF_HEADER: Final = "c2sp.org/tlog-proof@v1"
LONGEST_LINE: Final = 1_000_000  # characters

Payload = dict[str, Any]


def payload(
    *,
    seq: int,
    at: datetime,
    verb: str,
    actor_kind: str,
    actor_id: str,
    actor_label: str = "",
    about: str,
    also: Sequence[str] = (),
    facts: Mapping[str, Any] | None = None,
) -> Payload:
    """What a line says, as it is committed to. The time is kept in whole seconds of UTC; ``at`` must know its zone."""
    if at.tzinfo is None:
        raise ProofError("The time of a log line needs a time zone.")
    return {
        "seq": seq,
        "at": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "verb": verb,
        "actor": {"kind": actor_kind, "id": actor_id, "label": actor_label},
        "about": about,
        "also": list(also),
        "facts": dict(facts or {}),
    }


def commitment(row_key: bytes, payload: Mapping[str, Any]) -> bytes:
    """HMAC-SHA256 of the payload's canonical JSON under the row's own key. Without the key it tells nothing."""
    if len(row_key) != ROW_KEY_SIZE:
        raise ProofError("A row key has 32 bytes.")
    return hmac.digest(row_key, _canonical(payload), "sha256")


def leaf(row_key: bytes, payload: Mapping[str, Any]) -> bytes:
    """The leaf hash that stands in the log for this payload."""
    return merkle.leaf_hash(commitment(row_key, payload))


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line as it is kept: its leaf, the root of the log up to it, and, until it is erased, payload and key."""

    seq: int
    leaf: bytes
    root: bytes
    payload: Mapping[str, Any] | None = field(default=None, repr=False)
    row_key: bytes | None = field(default=None, repr=False)

    @property
    def erased(self) -> bool:
        """Whether only the leaf is left."""
        return self.payload is None and self.row_key is None

    def without_content(self) -> LogLine:
        """The line as it may be published: leaf and root."""
        return LogLine(self.seq, self.leaf, self.root)


@dataclass(frozen=True, slots=True)
class LogReport:
    """What was verified: so many lines, of which so many are erased, up to this root."""

    size: int
    erased: int
    root: bytes
    signed: int  # how many of the lines a signed checkpoint vouches for


def verify_log(lines: Iterable[LogLine], head: Checkpoint | None = None) -> LogReport:
    """Walk the whole log; raises `ProofError`, which says which line is wrong and why.

    Without ``head``, someone who can rewrite every line could still make a log that holds; with a checkpoint that was
    kept elsewhere they cannot. Lines younger than the checkpoint are allowed, for the log goes on.
    """
    tree = Frontier()
    erased = 0
    _check_head(head, tree)
    for line in lines:
        if line.seq != tree.size + 1:
            raise ProofError(
                f"After line {tree.size} comes line {line.seq}: a line was taken out, put in, repeated or moved."
            )
        _check_content(line)
        tree = tree.append(line.leaf)
        if line.root != tree.root():
            raise ProofError(f"Line {line.seq}: its leaf or its root was changed after it was written.")
        erased += line.erased
        _check_head(head, tree)
    if head is not None and head.size > tree.size:
        raise ProofError(f"The log ends at line {tree.size}, but line {head.size} was signed: lines were cut off.")
    return LogReport(tree.size, erased, tree.root(), head.size if head else 0)


def _check_head(head: Checkpoint | None, tree: Frontier) -> None:
    if head is not None and head.size == tree.size and head.root != tree.root():
        raise ProofError(f"Lines 1 to {tree.size} are not the log that was signed: it was rewritten as a whole.")


def _check_content(line: LogLine) -> None:
    if line.erased:
        return
    if line.payload is None or line.row_key is None:
        raise ProofError(f"Line {line.seq}: it has a payload without its key, or a key without its payload.")
    if line.payload.get("seq") != line.seq:
        raise ProofError(f"Line {line.seq}: its payload belongs to another line.")
    if leaf(line.row_key, line.payload) != line.leaf:
        raise ProofError(f"Line {line.seq}: what it says was changed after it was written.")


# The log as a file: one JSON object a line, and last the signed checkpoint.


def encode_line(line: LogLine) -> str:
    """One line of an export, without a newline."""
    fields: dict[str, Any] = {"seq": line.seq, "leaf": line.leaf.hex(), "root": line.root.hex()}
    if line.payload is not None and line.row_key is not None:
        fields |= {"payload": dict(line.payload), "row_key": line.row_key.hex()}
    return _canonical(fields).decode()


def encode_checkpoint(note: str) -> str:
    """The last line of an export."""
    return _canonical({"checkpoint": note}).decode()


def verify_export(texts: Iterable[str], verifier: Verifier) -> LogReport:
    """Verify a whole exported log against the checkpoint at its end; raises `ProofError`. Needs no database."""
    notes: list[str] = []
    report = verify_log(_export_lines(texts, notes))
    if not notes:
        raise ProofError("The file has no checkpoint at its end: it was cut off.")
    head = open_checkpoint(notes[0], verifier)
    if head.size != report.size:
        raise ProofError(f"The file has {report.size} lines, but its checkpoint is of {head.size}.")
    if head.root != report.root:
        raise ProofError(f"Lines 1 to {report.size} are not the log that was signed: it was rewritten as a whole.")
    return replace(report, signed=head.size)


def _export_lines(texts: Iterable[str], notes: list[str]) -> Iterator[LogLine]:
    """The lines of an export as they are read; the note of the checkpoint is put into ``notes``."""
    for number, text in enumerate(texts, 1):
        where = f"Line {number} of the file"
        if notes:
            raise ProofError(f"{where} follows the checkpoint, which must be the last.")
        fields = _parse(text, where)
        if fields.keys() == {"checkpoint"}:
            notes.append(_text(fields, "checkpoint", where))
        else:
            yield _log_line(fields, where)


# One line and its place in the log, for someone who has nothing else (C2SP tlog-proof).


@dataclass(frozen=True, slots=True)
class ProvenLine:
    """A line whose place in a signed log was shown; ``payload`` is None when it was erased or withheld."""

    seq: int
    leaf: bytes
    payload: Mapping[str, Any] | None
    checkpoint: Checkpoint


def prove(line: LogLine, leaves: Sequence[bytes], note: str, size: int) -> str:
    """The proof file of a line under a checkpoint ``note`` over the first ``size`` of the log's ``leaves``."""
    return _proof_file(line, merkle.inclusion_proof(leaves, line.seq - 1, size), note)


def prove_newest(line: LogLine, before: Frontier, note: str) -> str:
    """The proof file of the line that was just appended to the tree ``before``, under a checkpoint that ends with it.

    The way from the last leaf to the root goes by the full subtrees to its left, so no other leaf is needed.
    """
    return _proof_file(line, before.hashes[::-1], note)


def _proof_file(line: LogLine, path: Sequence[bytes], note: str) -> str:
    shown: dict[str, Any] = {"leaf": line.leaf.hex()}
    if line.payload is not None and line.row_key is not None:
        shown |= {"payload": dict(line.payload), "row_key": line.row_key.hex()}
    head = [PROOF_HEADER, f"extra {_encode(_canonical(shown))}", f"index {line.seq - 1}", *map(_encode, path)]
    return "\n".join(head) + "\n\n" + note


def verify_proof(text: str, verifier: Verifier) -> ProvenLine:
    """The line that a proof file shows; raises `ProofError` when any part of it does not hold."""
    head, blank, note = text.partition("\n\n")
    lines = head.split("\n")
    if not blank or len(lines) < 3 or lines[0] != PROOF_HEADER:
        raise ProofError("This is not a proof file.")
    where = "The proof file"
    shown = _parse(_decode(_after("extra ", lines[1])).decode(errors="replace"), where)
    index = _after("index ", lines[2])
    if not (index.isascii() and index.isdecimal() and len(index) <= 19 and str(int(index)) == index):
        raise ProofError("The proof file does not say the place of its line.")
    signed = open_checkpoint(note, verifier)
    seq = int(index) + 1
    line = _log_line({"seq": seq, "root": signed.root.hex()} | shown, where)
    _check_content(line)
    merkle.verify_inclusion(line.leaf, seq - 1, signed.size, [_hash(_decode(each)) for each in lines[3:]], signed.root)
    return ProvenLine(seq, line.leaf, line.payload, signed)


def _after(prefix: str, line: str) -> str:
    if not line.startswith(prefix):
        raise ProofError("This is not a proof file.")
    return line.removeprefix(prefix)


def _log_line(fields: dict[str, Any], where: str) -> LogLine:
    content = {"payload", "row_key"} & fields.keys()
    if fields.keys() - content != {"seq", "leaf", "root"} or len(content) == 1:
        raise ProofError(f"{where} lacks a field, or has one too many.")
    seq, payload = fields["seq"], fields.get("payload")
    if type(seq) is not int or not (payload is None or isinstance(payload, dict)):
        raise ProofError(f"{where} has a field of another type.")
    row_key = _octets(fields, "row_key", where) if content else None
    return LogLine(seq, _octets(fields, "leaf", where), _octets(fields, "root", where), payload, row_key)


def _parse(text: str, where: str) -> dict[str, Any]:
    if len(text) > LONGEST_LINE:
        raise ProofError(f"{where} is too long.")
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        raise ProofError(f"{where} is not valid JSON.") from None
    if not isinstance(fields, dict) or _canonical(fields).decode() != text:  # so no field stands there twice
        raise ProofError(f"{where} is not a JSON object in canonical form.")
    return fields


def _text(fields: dict[str, Any], name: str, where: str) -> str:
    value = fields[name]
    if not isinstance(value, str):
        raise ProofError(f"{where}: the field {name} is not text.")
    return value


def _octets(fields: dict[str, Any], name: str, where: str) -> bytes:
    text = _text(fields, name, where)
    try:
        data = bytes.fromhex(text)
    except ValueError:
        data = b""
    if data.hex() != text:  # also capitals and spaces: there is one way to write a line
        raise ProofError(f"{where}: the field {name} is not lower-case hexadecimal.")
    return _hash(data)


def _hash(data: bytes) -> bytes:
    if len(data) != merkle.HASH_SIZE:
        raise ProofError("A hash or a key has another length than 32 bytes.")
    return data


def _canonical(value: Mapping[str, Any]) -> bytes:
    try:
        return rfc8785.dumps(dict(value))
    except (rfc8785.CanonicalizationError, RecursionError):
        raise ProofError("A log line can only hold text, whole numbers, lists and objects.") from None


def _encode(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _decode(text: str) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        data = b""
    if _encode(data) != text:  # no second spelling of the same bytes
        raise ProofError("A part of the proof file is not base64.")
    return data
