"""Writing the log, signing it, verifying it, taking it out."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from django.db import models, transaction
from django.utils import timezone

from staydown.apps.audit import querysets
from staydown.apps.audit.actor import Actor
from staydown.apps.audit.facts import checked, reference
from staydown.apps.audit.models import Checkpoint, Head, Line, Mention
from staydown.apps.vault import erasing, keyring
from staydown.core import audit, note
from staydown.core.merkle import Frontier
from staydown.errors import MissingError, ProofError, StateError

NAME: Final = "staydown-audit"


class Record(NamedTuple):
    """What a line is to say; see `record`."""

    verb: str
    by: Actor
    about: models.Model | str
    facts: Mapping[str, Any] | None = None
    also: Sequence[models.Model | str] = ()


def record(
    verb: str,
    *,
    by: Actor,
    about: models.Model | str,
    facts: Mapping[str, Any] | None = None,
    also: Sequence[models.Model | str] = (),
) -> Line:
    """Append one line, in the transaction of the change that it tells of; raises `StateError` outside of one.

    The head is locked until that transaction ends, so lines stand in the order in which changes became visible. Four
    queries.
    """
    return record_all([Record(verb, by, about, facts, also)])[0]


def record_proven(said: Record) -> tuple[Line, str]:
    """Append one line as `record` does, and the proof file of its place: what the person concerned may take home.

    The checkpoint in it ends with this line. It must leave this process only once the transaction has committed: a
    log that took the line back would have been signed otherwise.
    """
    before = Frontier.from_bytes(bytes(_locked_head().frontier))
    (line,) = record_all([said])
    return line, audit.prove_newest(querysets.log_line(line), before, _sign(before.append(bytes(line.leaf))))


def record_all(records: Sequence[Record]) -> list[Line]:
    """Append one line for each of these, in their order, as `record` does; a few queries for hundreds of them."""
    if not transaction.get_connection().in_atomic_block:
        raise StateError("A line of the log is written in the transaction of the change that it tells of.")
    head = _locked_head()
    tree = Frontier.from_bytes(bytes(head.frontier))
    lines = []
    for each in records:
        line = _line(each, tree.size + 1)
        tree = tree.append(line.leaf)
        line.root = tree.root()
        lines.append(line)
    Line.objects.bulk_create(lines)
    Mention.objects.bulk_create(
        Mention(line=line, ref=ref) for line in lines for ref in sorted({line.about, *line.also})
    )
    head.frontier = tree.to_bytes()
    head.save(update_fields=["frontier"])
    return lines


def _line(said: Record, seq: int) -> Line:
    """The line with its leaf, not saved and without its root."""
    line = Line(
        seq=seq,
        at=timezone.now().replace(microsecond=0),
        verb=said.verb,
        actor_kind=said.by.kind,
        actor_id=said.by.id,
        actor_label=said.by.label,
        about=reference(said.about),
        also=[reference(each) for each in said.also],
        facts=checked(said.facts),
        row_key=os.urandom(audit.ROW_KEY_SIZE),
    )
    line.leaf = audit.leaf(line.row_key, querysets.payload(line))
    return line


def erase(first: int, last: int, *, by: Actor) -> int:
    """How many of the lines from ``first`` to ``last`` were erased: their facts and row keys are forgotten, for good.

    Only those that hold a reason in somebody's own words: the others say what was done, and some are read back. That it
    happened, when, by whom and to what stays. Raises `StateError` when there is none, `MissingError` behind the end.
    """
    with transaction.atomic():
        _locked_head()
        require_reason(first, last)
        done = Line.objects.filter(pk__in=querysets.with_reason(first, last).values("pk")).forget()
        record("audit.erased", by=by, about=span(first, last), facts={"lines": done})
        erasing.leave_no_trace()
    return done


def require_reason(first: int, last: int) -> None:
    """Raise `StateError` unless one of these lines holds a reason, `MissingError` unless each of them is there."""
    size = querysets.frontier().size
    if last > size:
        raise MissingError(f"The log has {size:,} lines, and no line {last:,}. Name some of them.")
    if not querysets.with_reason(first, last).exists():
        raise StateError("None of these lines holds a reason that is still there to be erased.")


def span(first: int, last: int) -> str:
    """What the log calls its own lines from ``first`` to ``last``."""
    return f"line:{first}-{last}"


def signer() -> note.Signer:
    """Signs checkpoints of this install's log."""
    return note.Signer(NAME, keyring.current().secret("audit"))


def verifier() -> note.Verifier:
    """What anyone checks those checkpoints with; its text is public."""
    return signer().verifier


def signed_head() -> str:
    """A signed checkpoint over the whole log as it is now."""
    return _sign(querysets.frontier())


def keep_checkpoint() -> Checkpoint | None:
    """Sign the log as it is now and keep that, unless this very size is kept already; then None."""
    with transaction.atomic():
        tree = Frontier.from_bytes(bytes(_locked_head().frontier))
        if tree.size == 0 or Checkpoint.objects.filter(size=tree.size).exists():
            return None
        return Checkpoint.objects.create(size=tree.size, at=timezone.now(), note=_sign(tree))


def verify() -> audit.LogReport:
    """Walk the whole log and hold it against every checkpoint kept; raises `ProofError`, which says what is wrong.

    Streams, and blocks no one: what is appended meanwhile is left for the next time.
    """
    who = verifier()
    head = querysets.frontier()
    kept = {each.size: note.open_checkpoint(each.note, who) for each in Checkpoint.objects.all()}
    if any(size != each.size for size, each in kept.items()):
        raise ProofError("A kept checkpoint stands in the place of another.")
    newest = kept[max(kept)] if kept else None
    if newest is not None and newest.size > head.size:
        raise ProofError(f"The log ends at line {head.size}, but line {newest.size} was signed: lines were cut off.")
    report = audit.verify_log(_checked(head.size, kept), newest)
    if (report.size, report.root) != (head.size, head.root()):
        raise ProofError(f"The log ends at line {report.size}, but its head is at {head.size}: one was changed.")
    if Line.objects.filter(seq__gt=querysets.frontier().size).exists():
        raise ProofError("There are lines behind the end of the log: they were put in by hand.")
    return report


def export() -> Iterator[str]:
    """The whole log as JSON lines with a signed checkpoint as the last: what `staydown audit verify FILE` reads."""
    tree = querysets.frontier()
    for line in querysets.lines(tree.size):
        yield audit.encode_line(querysets.log_line(line))
    yield audit.encode_checkpoint(_sign(tree))


def prove(seq: int) -> str:
    """The proof file of one line under the log as it is now: what stays true when the database is gone."""
    tree = querysets.frontier()
    line = Line.objects.filter(seq=seq).first()
    if line is None or seq > tree.size:
        raise MissingError(f"The log has {tree.size:,} lines, and no line {seq:,}. Name one of them.")
    leaves = Line.objects.filter(seq__lte=tree.size).order_by("seq").values_list("leaf", flat=True)
    return audit.prove(querysets.log_line(line), [bytes(leaf) for leaf in leaves.iterator()], _sign(tree), tree.size)


def _locked_head() -> Head:
    """The head, which no one else can move until this transaction ends.

    PostgreSQL locks the row. SQLite needs no lock of its own: our transactions there begin with the write lock.
    """
    head = Head.objects.select_for_update().filter(pk=1).first()
    if head is None:
        Head.objects.get_or_create(pk=1, defaults={"frontier": Frontier().to_bytes()})
        head = Head.objects.select_for_update().get(pk=1)
    return head


def _sign(tree: Frontier) -> str:
    who = signer()
    return note.sign_checkpoint(note.Checkpoint(who.name, tree.size, tree.root()), who)


def _checked(size: int, kept: Mapping[int, note.Checkpoint]) -> Iterator[audit.LogLine]:
    """The lines, each held against its mentions and the checkpoint kept at its place."""
    for line in querysets.lines(size):
        if {each.ref for each in line.mentions.all()} != {line.about, *line.also}:
            raise ProofError(f"Line {line.seq}: what it is about was changed, so that it is missing in a history.")
        signed = kept.get(line.seq)
        if signed is not None and signed.root != bytes(line.root):
            raise ProofError(f"Line {line.seq}: the log up to here is not the one that was signed.")
        yield querysets.log_line(line)
