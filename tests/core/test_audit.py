"""The audit log: whatever is done to a line is found and named, and what is erased leaves everything else provable."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from staydown.core import audit, merkle
from staydown.core.audit import LogLine
from staydown.core.merkle import Frontier
from staydown.core.note import Checkpoint, Signer, Verifier, open_checkpoint, sign_checkpoint
from staydown.errors import ProofError

GOLDEN = Path(__file__).parents[1] / "golden/audit"
SIGNER = Signer("log.example/audit", b"a" * 32)
STRANGER = Signer("log.example/audit", b"b" * 32)
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
sized = settings(max_examples=12, deadline=None)


def written(size: int) -> list[LogLine]:
    """A log of so many lines."""
    tree, lines = Frontier(), []
    for seq in range(1, size + 1):
        row_key = bytes([seq]) * 32
        payload = audit.payload(
            seq=seq,
            at=NOON + timedelta(seconds=seq),
            verb="case.opened",
            actor_kind="system",
            actor_id="",
            about=f"case:{seq}",
            facts={"items": seq},
        )
        leaf = audit.leaf(row_key, payload)
        tree = tree.append(leaf)
        lines.append(LogLine(seq, leaf, tree.root(), payload, row_key))
    return lines


def signed(lines: list[LogLine], signer: Signer = SIGNER) -> str:
    root = lines[-1].root if lines else Frontier().root()
    return sign_checkpoint(Checkpoint(signer.name, len(lines), root), signer)


def head_of(lines: list[LogLine]) -> Checkpoint:
    return open_checkpoint(signed(lines), SIGNER.verifier)


def rebuilt(lines: list[LogLine]) -> list[LogLine]:
    """The same payloads written again from the first line: what someone with the whole database could do."""
    tree, again = Frontier(), []
    for seq, line in enumerate(lines, 1):
        assert line.payload is not None
        assert line.row_key is not None
        payload = {**line.payload, "seq": seq}
        leaf = audit.leaf(line.row_key, payload)
        tree = tree.append(leaf)
        again.append(LogLine(seq, leaf, tree.root(), payload, line.row_key))
    return again


logs = st.integers(1, 12).map(written)


@sized
@given(logs, st.data())
def test_a_true_log_verifies_and_so_does_one_with_lines_erased(lines: list[LogLine], data: st.DataObject) -> None:
    kept = [line.without_content() if data.draw(st.booleans()) else line for line in lines]
    report = audit.verify_log(kept, head_of(lines))
    assert report.size == report.signed == len(lines)
    assert report.erased == sum(line.erased for line in kept)
    assert report.root == lines[-1].root


Bend = Callable[[LogLine], LogLine]
BENDS: dict[str, Bend] = {
    "facts": lambda line: replace(line, payload={**(line.payload or {}), "facts": {"items": 0}}),
    "verb": lambda line: replace(line, payload={**(line.payload or {}), "verb": "case.closed"}),
    "time": lambda line: replace(line, payload={**(line.payload or {}), "at": "2026-11-22T00:00:00Z"}),
    "actor": lambda line: replace(line, payload={**(line.payload or {}), "actor": {"kind": "staff", "id": "u"}}),
    "about": lambda line: replace(line, payload={**(line.payload or {}), "about": "case:0"}),
    "added field": lambda line: replace(line, payload={**(line.payload or {}), "more": 1}),
    "row key": lambda line: replace(line, row_key=bytes(32)),
    "key without payload": lambda line: replace(line, payload=None),
    "payload without key": lambda line: replace(line, row_key=None),
    "leaf": lambda line: replace(line, leaf=bytes(32)),
    "leaf of an erased line": lambda line: replace(line.without_content(), leaf=bytes(32)),
    "root": lambda line: replace(line, root=bytes(32)),
}


@pytest.mark.parametrize("bend", BENDS.values(), ids=BENDS)
def test_a_changed_line_is_found_and_named(bend: Bend) -> None:
    lines = written(6)
    for at, line in enumerate(lines):
        with pytest.raises(ProofError, match=rf"^Line {at + 1}:"):
            audit.verify_log([*lines[:at], bend(line), *lines[at + 1 :]], head_of(lines))


@sized
@given(logs, st.data())
def test_a_dropped_repeated_inserted_or_swapped_line_is_found(lines: list[LogLine], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(lines) - 1))
    bent = [
        [*lines[:at], *lines[at + 1 :]],
        [*lines[: at + 1], *lines[at:]],
        [*lines[:at], written(13)[12], *lines[at:]],
    ]
    if at:
        bent.append([*lines[: at - 1], lines[at], lines[at - 1], *lines[at + 1 :]])
    for each in bent:
        with pytest.raises(ProofError):
            audit.verify_log(each, head_of(lines))
        with pytest.raises(ProofError):  # and with the numbers put right
            audit.verify_log([replace(line, seq=seq) for seq, line in enumerate(each, 1)], head_of(lines))


@sized
@given(st.integers(2, 12).map(written), st.data())
def test_a_log_rewritten_as_a_whole_is_found_by_the_signed_head(lines: list[LogLine], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(lines) - 1))
    bent = rebuilt([*lines[:at], BENDS["facts"](lines[at]), *lines[at + 1 :]])
    audit.verify_log(bent)  # nothing inside it is wrong
    with pytest.raises(ProofError, match="rewritten as a whole"):
        audit.verify_log(bent, head_of(lines))
    with pytest.raises(ProofError, match="rewritten as a whole"):
        audit.verify_log([*bent, *rebuilt([*bent, written(1)[0]])[len(bent) :]], head_of(lines))


def test_lines_cut_off_at_the_end_are_found_by_the_signed_head() -> None:
    lines = written(5)
    audit.verify_log(lines[:4])
    with pytest.raises(ProofError, match="ends at line 4, but line 5 was signed"):
        audit.verify_log(lines[:4], head_of(lines))


def test_a_log_may_be_younger_than_its_head() -> None:
    lines = written(5)
    assert audit.verify_log(lines, head_of(lines[:3])).signed == 3
    assert audit.verify_log(lines, head_of([])).signed == 0


def test_the_empty_log_verifies_and_not_under_another_root() -> None:
    assert audit.verify_log([], head_of([])).size == 0
    with pytest.raises(ProofError):
        audit.verify_log([], Checkpoint("log.example/audit", 0, bytes(32)))


def test_a_payload_moved_to_another_line_is_found() -> None:
    lines = written(2)
    moved = replace(lines[1], payload=lines[0].payload, row_key=lines[0].row_key, leaf=lines[0].leaf)
    with pytest.raises(ProofError, match=r"^Line 2: its payload belongs to another line"):
        audit.verify_log([lines[0], moved])


# What is committed to.


def test_the_payload_has_whole_seconds_of_utc() -> None:
    at = datetime(2026, 11, 22, 13, 30, 15, 999_999, tzinfo=timezone(timedelta(hours=1, minutes=30)))
    said = audit.payload(seq=1, at=at, verb="v", actor_kind="staff", actor_id="u", about="case:1", also=["item:2"])
    assert said == {
        "seq": 1,
        "at": "2026-11-22T12:00:15Z",
        "verb": "v",
        "actor": {"kind": "staff", "id": "u", "label": ""},
        "about": "case:1",
        "also": ["item:2"],
        "facts": {},
    }


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ProofError, match="time zone"):
        audit.payload(seq=1, at=NOON.replace(tzinfo=None), verb="v", actor_kind="staff", actor_id="u", about="case:1")


def test_one_payload_under_two_keys_gives_unrelated_leaves() -> None:
    payload = written(1)[0].payload
    assert payload is not None
    assert audit.leaf(b"k" * 32, payload) != audit.leaf(b"l" * 32, payload)
    assert audit.leaf(b"k" * 32, payload) == merkle.leaf_hash(audit.commitment(b"k" * 32, payload))
    with pytest.raises(ProofError):
        audit.commitment(b"short", payload)


def test_the_order_of_fields_does_not_matter() -> None:
    payload = dict(written(1)[0].payload or {})
    assert audit.commitment(b"k" * 32, dict(reversed(payload.items()))) == audit.commitment(b"k" * 32, payload)


@pytest.mark.parametrize("value", [2**60, float("nan"), "\ud800", object(), {1: 2}])
def test_what_json_cannot_say_is_not_committed_to(value: object) -> None:
    with pytest.raises(ProofError):
        audit.commitment(b"k" * 32, {"facts": value})


def test_repr_shows_neither_payload_nor_key() -> None:
    assert "case:1" not in repr(written(1)[0])
    assert repr(b"\x01" * 32) not in repr(written(1)[0])


# The log as a file.


def exported(lines: list[LogLine], note: str | None = None) -> list[str]:
    return [*map(audit.encode_line, lines), audit.encode_checkpoint(note or signed(lines))]


@sized
@given(logs, st.data())
def test_an_export_verifies_without_a_database(lines: list[LogLine], data: st.DataObject) -> None:
    kept = [line.without_content() if data.draw(st.booleans()) else line for line in lines]
    report = audit.verify_export(exported(kept, signed(lines)), SIGNER.verifier)
    assert report == audit.verify_log(kept, head_of(lines))


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_no_changed_character_of_an_export_passes(data: st.DataObject) -> None:
    texts = exported(written(3))
    number = data.draw(st.integers(0, len(texts) - 1))
    at = data.draw(st.integers(0, len(texts[number]) - 1))
    other = data.draw(st.sampled_from('0aZ"{}:, ').filter(lambda each: each != texts[number][at]))
    texts[number] = texts[number][:at] + other + texts[number][at + 1 :]
    with pytest.raises(ProofError):
        audit.verify_export(texts, SIGNER.verifier)


def _canonical(fields: dict[str, object]) -> str:
    return json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def bad_exports() -> dict[str, list[str]]:
    """Exports with one fault each."""
    lines = written(3)
    good = exported(lines)
    line = json.loads(good[0])
    return {
        "cut off": good[:-1],
        "empty": [],
        "a line dropped": [good[0], *good[2:]],
        "two lines swapped": [good[1], good[0], *good[2:]],
        "something after the checkpoint": [*good, good[0]],
        "two checkpoints": [*good, good[-1]],
        "another signer": exported(lines, signed(lines, STRANGER)),
        "an older checkpoint": exported(lines, signed(lines[:2])),
        "a newer checkpoint": exported(lines[:2], signed(lines)),
        "rewritten": exported(rebuilt([BENDS["facts"](lines[0]), *lines[1:]]), signed(lines)),
        "a field twice": [good[0].replace('"seq":1}', '"seq":1,"seq":1}'), *good[1:]],
        "spaces": [good[0].replace(",", ", "), *good[1:]],
        "not JSON": ["nothing", *good[1:]],
        "not an object": ["[]", *good[1:]],
        "too long": ["x" * 1_000_001, *good[1:]],
        "nested without end": ["[" * 60_000, *good[1:]],
        "seq of another type": [_canonical({**line, "seq": "1"}), *good[1:]],
        "leaf of another type": [_canonical({**line, "leaf": 1}), *good[1:]],
        "leaf of another length": [_canonical({**line, "leaf": "00"}), *good[1:]],
        "leaf no hexadecimal": [_canonical({**line, "leaf": "z" * 64}), *good[1:]],
        "payload of another type": [_canonical({**line, "payload": 1}), *good[1:]],
        "no leaf": [_canonical({each: line[each] for each in line if each != "leaf"}), *good[1:]],
        "row key alone": [_canonical({each: line[each] for each in line if each != "payload"}), *good[1:]],
        "one more field": [_canonical({**line, "more": 1}), *good[1:]],
        "checkpoint no text": [*good[:-1], '{"checkpoint":1}'],
        "checkpoint no note": [*good[:-1], '{"checkpoint":"x"}'],
    }


@pytest.mark.parametrize("texts", bad_exports().values(), ids=bad_exports())
def test_a_bad_export_is_refused(texts: list[str]) -> None:
    with pytest.raises(ProofError):
        audit.verify_export(texts, SIGNER.verifier)


def test_the_export_that_was_bent_was_good() -> None:
    assert audit.verify_export(exported(written(3)), SIGNER.verifier).signed == 3


# One line and its place.


@pytest.mark.parametrize("size", range(1, 18))
def test_the_newest_line_is_proved_from_the_frontier_before_it_alone(size: int) -> None:
    lines = written(size)
    leaves = [each.leaf for each in lines]
    before = Frontier().extend(leaves[:-1])
    text = audit.prove_newest(lines[-1], before, signed(lines))
    assert text == audit.prove(lines[-1], leaves, signed(lines), size)
    assert audit.verify_proof(text, SIGNER.verifier).seq == size


@sized
@given(logs, st.data())
def test_each_line_is_proved_by_a_file_of_its_own(lines: list[LogLine], data: st.DataObject) -> None:
    size = data.draw(st.integers(1, len(lines)))
    line = lines[data.draw(st.integers(0, size - 1))]
    leaves = [each.leaf for each in lines]
    proven = audit.verify_proof(audit.prove(line, leaves, signed(lines[:size]), size), SIGNER.verifier)
    assert (proven.seq, proven.leaf, proven.payload) == (line.seq, line.leaf, line.payload)
    assert proven.checkpoint.size == size

    withheld = audit.prove(line.without_content(), leaves, signed(lines[:size]), size)
    assert audit.verify_proof(withheld, SIGNER.verifier) == replace(proven, payload=None)


def test_no_other_character_and_no_second_spelling_of_a_proof_passes() -> None:
    lines = written(5)
    text = audit.prove(lines[2], [each.leaf for each in lines], signed(lines), 5)
    extra = text.split("\n")[1].removeprefix("extra ")
    shown = base64.b64decode(extra)
    capitals = shown.replace(shown.split(b'"')[3], shown.split(b'"')[3].upper())
    bent = [text.replace(extra, base64.b64encode(capitals).decode())]
    for at, known in enumerate(text):
        bent += [text[:at] + other + text[at + 1 :] for other in {chr(ord(known) ^ 1), "0", "=", "\n"} - {known}]
    for each in bent:
        with pytest.raises(ProofError):
            audit.verify_proof(each, SIGNER.verifier)


def test_bad_proofs_are_refused() -> None:
    lines = written(5)
    leaves = [each.leaf for each in lines]
    text = audit.prove(lines[2], leaves, signed(lines), 5)
    head, _, note = text.partition("\n\n")
    rows = head.split("\n")
    bad = [
        "",
        head,
        note,
        text.replace("tlog-proof@v1", "tlog-proof@v2"),
        text.replace("index 2", "index 1"),
        text.replace("index 2", "index 02"),
        text.replace("index 2", "index " + "9" * 5000),
        text.replace("index 2", "index -2"),
        text.replace("index 2", "place 2"),
        text.replace("extra ", "other "),
        "\n".join([*rows[:2], *rows[3:]]) + "\n\n" + note,
        "\n".join(rows[:-1]) + "\n\n" + note,
        "\n".join([*rows, rows[-1]]) + "\n\n" + note,
        "\n".join([*rows[:-1], "AAAA"]) + "\n\n" + note,
        "\n".join([rows[0], "extra !", *rows[2:]]) + "\n\n" + note,
        "\n".join([rows[0], "extra e30=", *rows[2:]]) + "\n\n" + note,
        head + "\n\n" + signed(lines, STRANGER),
        head + "\n\n" + signed(written(5)[:4]),
        audit.prove(BENDS["facts"](lines[2]), leaves, signed(lines), 5),
    ]
    for each in bad:
        with pytest.raises(ProofError):
            audit.verify_proof(each, SIGNER.verifier)


def test_there_is_no_proof_of_a_line_that_the_checkpoint_does_not_reach() -> None:
    lines = written(5)
    with pytest.raises(ProofError):
        audit.prove(lines[4], [each.leaf for each in lines], signed(lines[:4]), 4)


# The files that other languages can try themselves on; docs/reference/audit-log.md explains them.


def test_the_golden_log_and_its_proofs_verify() -> None:
    verifier = Verifier.parse((GOLDEN / "verifier-key.txt").read_text(encoding="utf-8"))
    report = audit.verify_export((GOLDEN / "log.ndjson").read_text(encoding="utf-8").splitlines(), verifier)
    assert (report.size, report.erased) == (7, 1)
    proven = audit.verify_proof((GOLDEN / "line-3.tlog-proof").read_text(encoding="utf-8"), verifier)
    assert proven.seq == 3
    assert proven.payload is not None
    assert proven.payload["verb"] == "case.decided"
    erased = audit.verify_proof((GOLDEN / "line-2-erased.tlog-proof").read_text(encoding="utf-8"), verifier)
    assert (erased.seq, erased.payload) == (2, None)


def test_the_golden_log_is_what_we_write() -> None:
    texts = (GOLDEN / "log.ndjson").read_text(encoding="utf-8").splitlines()
    for text in texts[:-1]:
        fields = json.loads(text)
        if "payload" in fields:
            row_key = bytes.fromhex(fields["row_key"])
            assert audit.leaf(row_key, fields["payload"]).hex() == fields["leaf"]
            again = LogLine(
                fields["seq"], bytes.fromhex(fields["leaf"]), bytes.fromhex(fields["root"]), fields["payload"], row_key
            )
            assert audit.encode_line(again) == text
