"""The feed: whatever is done to it on the way, the follower notices; whatever is withheld, it still verifies."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from staydown.core import feed, merkle
from staydown.core.bank import Action, Entry
from staydown.core.feed import AddLine, CheckpointLine, Cursor, Line, OpaqueLine, RemoveLine
from staydown.core.hashing import bag
from staydown.core.hashing.algorithm import Algorithm, Hash
from staydown.core.merkle import Frontier
from staydown.core.note import Signer, Verifier
from staydown.errors import FeedError

GOLDEN = json.loads((Path(__file__).parents[1] / "golden/feed/feed.json").read_text(encoding="utf-8"))
SIGNER = Signer("feed.example", b"s" * 32)
STRANGER = Signer("feed.example", b"t" * 32)
OTHER_LOG = Signer("feed.example/audit", b"s" * 32)

uuids = st.uuids(version=4)
banks = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    algorithm = draw(st.sampled_from(Algorithm))
    radius = draw(st.integers(0, algorithm.widest))
    value = st.binary(min_size=algorithm.size, max_size=algorithm.size)
    if algorithm is Algorithm.VPDQ:
        frames = st.integers(1, 3).flatmap(lambda hashes: st.binary(min_size=32 * hashes, max_size=32 * hashes))
        hash_ = bag.of_values(draw(st.lists(frames, min_size=1, max_size=3)))
    else:
        hash_ = Hash(algorithm, draw(value))
    return Entry(draw(uuids), draw(banks), hash_, radius, draw(st.sampled_from(Action)))


def lines_at(seq: int) -> st.SearchStrategy[Line]:
    return st.one_of(
        st.builds(AddLine, st.just(seq), entries(), st.binary(min_size=16, max_size=16)),
        st.builds(RemoveLine, st.just(seq), uuids),
        st.builds(OpaqueLine, st.just(seq), st.binary(min_size=32, max_size=32)),
    )


feeds = st.integers(1, 5).flatmap(lambda size: st.tuples(*(lines_at(seq) for seq in range(1, size + 1)))).map(list)
sized = settings(max_examples=12, deadline=None)


def tree(lines: list[Line]) -> Frontier:
    return Frontier().extend(map(feed.leaf, lines))


def note_for(lines: list[Line], signer: Signer = SIGNER) -> str:
    frontier = tree(lines)
    return feed.checkpoint(frontier.size, frontier.root(), signer).note


@sized
@given(feeds, st.data())
def test_a_true_feed_verifies_whole_and_page_by_page(lines: list[Line], data: st.DataObject) -> None:
    whole = feed.verify(Cursor(), lines, note_for(lines), SIGNER.verifier)
    assert whole == Cursor(len(lines), tree(lines))

    cut = data.draw(st.integers(0, len(lines)))
    middle = feed.verify(Cursor(), lines[:cut], note_for(lines[:cut]), SIGNER.verifier)
    resumed = Cursor.from_bytes(middle.to_bytes())
    assert feed.verify(resumed, lines[cut:], note_for(lines), SIGNER.verifier) == whole
    assert feed.verify(whole, [], note_for(lines), SIGNER.verifier) == whole


@sized
@given(feeds, st.data())
def test_withheld_lines_leave_the_root_as_it_is(lines: list[Line], data: st.DataObject) -> None:
    withheld = [feed.opaque(line) if data.draw(st.booleans()) else line for line in lines]
    assert [feed.leaf(each) for each in withheld] == [feed.leaf(each) for each in lines]
    assert feed.verify(Cursor(), withheld, note_for(lines), SIGNER.verifier).frontier == tree(lines)


@pytest.mark.parametrize(
    ("words", "read"),
    [
        ("", {Algorithm.PDQ, Algorithm.SHA256}),
        ("pdq,sha256,vpdq", {Algorithm.PDQ, Algorithm.SHA256, Algorithm.VPDQ}),
        ("pdq, md5,sha1", {Algorithm.PDQ, Algorithm.MD5}),
    ],
)
def test_a_follower_gets_what_it_reads_and_the_leaves_of_the_rest(words: str, read: set[Algorithm]) -> None:
    assert feed.algorithms_read(words) == read
    for each in (Hash(Algorithm.PDQ, bytes(32)), Hash(Algorithm.MD5, bytes(16)), Hash(Algorithm.SHA256, bytes(32))):
        line = AddLine(1, Entry(UUID(int=1), "b", each, 0, Action.BLOCK), bytes(16))
        shown = feed.readable(line, feed.algorithms_read(words))
        assert shown == (line if each.algorithm in read else feed.opaque(line))


def change(line: Line, data: st.DataObject) -> Line:
    """Another line of the same number: one field of it differs."""
    if isinstance(line, OpaqueLine):
        return replace(line, leaf=merkle.leaf_hash(line.leaf))
    if isinstance(line, RemoveLine):
        return replace(line, entry_id=UUID(int=line.entry_id.int ^ 1))
    entry = line.entry
    flipped = Action.REVIEW if entry.action is Action.BLOCK else Action.BLOCK
    changes = [
        replace(entry, id=UUID(int=entry.id.int ^ 1)),
        replace(entry, bank=entry.bank + "x"),
        replace(entry, hash=Hash(entry.hash.algorithm, entry.hash.value[:-1] + bytes([entry.hash.value[-1] ^ 1]))),
        replace(entry, action=flipped),
    ]
    if entry.hash.algorithm is Algorithm.PDQ:
        changes.append(replace(entry, radius=(entry.radius + 1) % 64))
    salted = replace(line, salt=bytes([line.salt[0] ^ 1]) + line.salt[1:])
    return data.draw(st.sampled_from([*(replace(line, entry=each) for each in changes), salted]))


@settings(max_examples=20, deadline=None)
@given(feeds, st.data())
def test_a_changed_line_is_found(lines: list[Line], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(lines) - 1))
    bent = [*lines[:at], change(lines[at], data), *lines[at + 1 :]]
    with pytest.raises(FeedError, match="not those that were signed"):
        feed.verify(Cursor(), bent, note_for(lines), SIGNER.verifier)


@sized
@given(feeds, st.data())
def test_a_missing_repeated_inserted_or_moved_line_is_found(lines: list[Line], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(lines) - 1))
    bent = [
        [*lines[:at], *lines[at + 1 :]],  # missing
        [*lines[: at + 1], *lines[at:]],  # repeated
        [*lines[:at], data.draw(lines_at(at + 1)), *lines[at:]],  # inserted
        [*lines, data.draw(lines_at(len(lines) + 1))],  # added at the end
    ]
    if at:
        bent.append([*lines[: at - 1], lines[at], lines[at - 1], *lines[at + 1 :]])  # moved
    # And the same with numbers made to look right, which only the root can tell.
    bent += [[replace(line, seq=seq) for seq, line in enumerate(each, 1)] for each in bent]
    for each in bent:
        with pytest.raises(FeedError):
            feed.verify(Cursor(), each, note_for(lines), SIGNER.verifier)


@sized
@given(feeds)
def test_another_signer_is_found(lines: list[Line]) -> None:
    for signer in (STRANGER, OTHER_LOG):
        with pytest.raises(FeedError, match="not signed by"):
            feed.verify(Cursor(), lines, note_for(lines, signer), SIGNER.verifier)


@sized
@given(feeds, st.data())
def test_a_feed_that_goes_back_or_was_rewritten_is_found(lines: list[Line], data: st.DataObject) -> None:
    cursor = feed.verify(Cursor(), lines, note_for(lines), SIGNER.verifier)
    shorter = lines[: data.draw(st.integers(0, len(lines) - 1))]
    with pytest.raises(FeedError, match="went back"):
        feed.verify(cursor, [], note_for(shorter), SIGNER.verifier)

    at = data.draw(st.integers(0, len(lines) - 1))
    rewritten: list[Line] = [*lines[:at], change(lines[at], data), *lines[at + 1 :]]
    with pytest.raises(FeedError, match="history was rewritten"):
        feed.verify(cursor, [], note_for(rewritten), SIGNER.verifier)
    more = RemoveLine(len(lines) + 1, UUID(int=7))
    with pytest.raises(FeedError, match="history was rewritten"):
        feed.verify(cursor, [more], note_for([*rewritten, more]), SIGNER.verifier)


def test_a_checkpoint_that_promises_more_than_was_sent_is_refused() -> None:
    lines: list[Line] = [RemoveLine(1, UUID(int=1)), RemoveLine(2, UUID(int=2))]
    with pytest.raises(FeedError, match="end at 1"):
        feed.verify(Cursor(), lines[:1], note_for(lines), SIGNER.verifier)


def test_an_empty_feed_verifies() -> None:
    assert feed.verify(Cursor(), [], note_for([]), SIGNER.verifier) == Cursor()


def test_a_damaged_cursor_is_refused() -> None:
    with pytest.raises(FeedError, match="Start again"):
        Cursor.from_bytes(b"x")
    with pytest.raises(FeedError, match="Start again"):
        Cursor(1, Frontier())


# The wire.


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 2**63 - 1).flatmap(lines_at))
def test_a_line_survives_the_wire_and_travels_canonical(line: Line) -> None:
    text = feed.encode(line)
    assert "\n" not in text
    assert feed.decode(text) == line
    if line.seq < 2**53:  # beyond it RFC 8785 has no integers
        assert text.encode() == rfc8785.dumps(json.loads(text))
    shuffled = json.dumps(dict(reversed(list(json.loads(text).items()))), indent=1)
    assert feed.leaf(feed.decode(shuffled)) == feed.leaf(line)  # type: ignore[arg-type]


def test_a_name_that_is_no_unicode_is_never_written() -> None:
    entry = Entry(UUID(int=1), "bank\ud800", Hash(Algorithm.PDQ, bytes(32)), 31, Action.BLOCK)
    with pytest.raises(FeedError, match="Unicode"):
        feed.encode(AddLine(1, entry, bytes(16)))


def test_a_checkpoint_line_survives_the_wire() -> None:
    line = CheckpointLine(note_for([]))
    assert feed.decode(feed.encode(line)) == line


ADD = {
    "seq": 7,
    "op": "add",
    "entry": "5b2cbd4a-55a6-4b0a-8f5f-0f54bd6cc1b0",
    "bank": "intimate",
    "algorithm": "pdq",
    "value": "ab" * 32,
    "radius": 31,
    "action": "block",
    "salt": "cd" * 16,
}
REMOVE = {"seq": 8, "op": "remove", "entry": ADD["entry"]}
OPAQUE = {"seq": 9, "op": "opaque", "leaf": "ef" * 32}
CHECKPOINT = {"op": "checkpoint", "note": "text\n"}


@pytest.mark.parametrize("fields", [ADD, REMOVE, OPAQUE, CHECKPOINT], ids=lambda each: each["op"])
def test_every_field_is_needed_and_no_other_is_known(fields: dict[str, object]) -> None:
    feed.decode(json.dumps(fields))
    for name in fields:
        with pytest.raises(FeedError):
            feed.decode(json.dumps({each: value for each, value in fields.items() if each != name}))
    with pytest.raises(FeedError, match="does not know"):
        feed.decode(json.dumps({**fields, "extra": 1}))


@pytest.mark.parametrize("fields", [ADD, REMOVE, OPAQUE, CHECKPOINT], ids=lambda each: each["op"])
@pytest.mark.parametrize("value", [None, True, 1.0, "", [], {}, -1, 2**63, "\ud800", "AB" * 32])
def test_no_field_takes_another_type_or_spelling(fields: dict[str, object], value: object) -> None:
    for name in fields:
        if name in ("bank", "note") and isinstance(value, str) and value != "\ud800":
            continue  # free text
        with pytest.raises(FeedError):
            feed.decode(json.dumps({**fields, name: value}))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("seq", 0),
        ("op", "ADD"),
        ("entry", "5B2CBD4A-55A6-4B0A-8F5F-0F54BD6CC1B0"),
        ("entry", "{5b2cbd4a-55a6-4b0a-8f5f-0f54bd6cc1b0}"),
        ("entry", "5b2cbd4a55a64b0a8f5f0f54bd6cc1b0"),
        ("algorithm", "sha1"),
        ("value", "ab" * 31),
        ("value", "ab " * 32),
        ("value", "AB" * 32),
        ("radius", 64),
        ("radius", -1),
        ("action", "allow"),
        ("salt", "cd" * 15),
        ("salt", "zz" * 16),
    ],
)
def test_one_wrong_value_is_refused_by_name_and_never_shown(name: str, value: object) -> None:
    with pytest.raises(FeedError) as caught:
        feed.decode(json.dumps({**ADD, name: value}))
    message = str(caught.value)
    assert message.startswith("Feed line 7:" if name != "seq" else "A feed line:")
    assert name in message
    if name != "seq":
        assert str(value) not in message
    assert "ab" * 4 not in message


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nothing",
        "[]",
        "1",
        '"text"',
        "{" * 60_000,
        "[" * 60_000,
        '{"seq":1,"seq":1,"op":"remove","entry":"5b2cbd4a-55a6-4b0a-8f5f-0f54bd6cc1b0"}',
        '{"seq":' + "9" * 5000 + ',"op":"remove","entry":"5b2cbd4a-55a6-4b0a-8f5f-0f54bd6cc1b0"}',
        '{"seq":NaN,"op":"remove","entry":"5b2cbd4a-55a6-4b0a-8f5f-0f54bd6cc1b0"}',
        json.dumps({**ADD, "bank": "x" * 70_000}),
    ],
    ids=lambda each: each[:20],
)
def test_what_is_no_line_is_refused(text: str) -> None:
    with pytest.raises(FeedError):
        feed.decode(text)


@settings(max_examples=25, deadline=None)
@given(st.text() | st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists).map(json.dumps))
def test_nothing_but_a_feed_error_comes_of_any_text(text: str) -> None:
    with pytest.raises(FeedError):
        feed.decode(text)


def test_a_page_is_lines_and_one_checkpoint_at_its_end() -> None:
    remove, note = feed.encode(RemoveLine(1, UUID(int=1))), feed.encode(CheckpointLine("n"))
    assert feed.decode_page([remove, note]) == ([RemoveLine(1, UUID(int=1))], "n")
    for bad in ([], [remove], [note, remove], [note, note]):
        with pytest.raises(FeedError):
            feed.decode_page(bad)


def test_repr_shows_no_hash_and_no_salt() -> None:
    line = feed.decode(json.dumps(ADD))
    assert "ab" * 4 not in repr(line)
    assert "cd" * 4 not in repr(line)
    assert repr(b"\xcd" * 16) not in repr(line)


# The vectors that other languages can use too; docs/reference/feed.md explains them.


def test_the_golden_feed_verifies_and_is_what_we_write() -> None:
    verifier = Verifier.parse(GOLDEN["verifier_key"])
    lines, note = feed.decode_page(GOLDEN["page"])
    assert [feed.encode(line) for line in lines] == GOLDEN["page"][:-1]
    assert [feed.leaf(line).hex() for line in lines] == GOLDEN["leaves"]
    cursor = feed.verify(Cursor(), lines, note, verifier)
    assert cursor.to_bytes().hex() == GOLDEN["cursor"]
    assert cursor.frontier.root().hex() == GOLDEN["root"]

    scoped, note = feed.decode_page(GOLDEN["scoped_page"])
    assert feed.verify(Cursor(), scoped, note, verifier) == cursor
    more, note = feed.decode_page(GOLDEN["next_page"])
    assert feed.verify(cursor, more, note, verifier).seq == GOLDEN["next_seq"]


@pytest.mark.parametrize("fault", GOLDEN["faults"], ids=lambda each: each["what"])
def test_the_golden_faults_are_found(fault: dict[str, Any]) -> None:
    cursor = Cursor.from_bytes(bytes.fromhex(fault["cursor"]))
    with pytest.raises(FeedError):
        follow(cursor, fault["page"])


def follow(cursor: Cursor, page: list[str]) -> Cursor:
    lines, note = feed.decode_page(page)
    return feed.verify(cursor, lines, note, Verifier.parse(GOLDEN["verifier_key"]))


def test_the_examples_of_the_reference_page_are_lines_of_the_golden_feed() -> None:
    page = (Path(__file__).parents[2] / "docs/reference/feed.md").read_text(encoding="utf-8")
    examples = [line for line in page.splitlines() if line.startswith("{")]
    assert len(examples) == 3
    assert set(examples) <= {*GOLDEN["page"], *GOLDEN["scoped_page"]}


def video(*values: bytes) -> Entry:
    return Entry(UUID(int=1), "house", bag.of_values(values), 31, Action.BLOCK)


def test_a_line_of_a_video_lists_its_frames_and_the_longest_fits() -> None:
    line = AddLine(1, video(bytes(32), bytes(64)), bytes(16))
    assert json.loads(feed.encode(line))["frames"] == ["00" * 32, "00" * 64]
    assert "value" not in json.loads(feed.encode(line))
    longest = AddLine(1 << 60, video(*[bytes(32)] * 900), bytes(16))
    assert len(feed.encode(longest)) < feed.LONGEST_LINE
    assert feed.decode(feed.encode(longest)) == longest


@pytest.mark.parametrize(
    "frames",
    [[], ["00"], ["AB" * 32], ["00" * 128], [1], "00" * 32, ["00" * 32] * 901, ["00" * 96] * 301, ["  " * 32]],
    ids=["none", "short", "capitals", "four hashes", "a number", "no list", "too many", "too many hashes", "blanks"],
)
def test_frames_that_are_not_in_their_one_spelling_are_a_fault(frames: object) -> None:
    fields = json.loads(feed.encode(AddLine(1, video(bytes(32)), bytes(16))))
    with pytest.raises(FeedError, match="frame"):
        feed.decode(json.dumps({**fields, "frames": frames}))


def test_a_follower_that_does_not_read_videos_is_given_the_leaf_and_verifies_the_same_log() -> None:
    lines: list[Line] = [AddLine(1, video(bytes(32)), bytes(16)), RemoveLine(2, UUID(int=1))]
    told = [feed.readable(line, feed.algorithms_read("")) for line in lines]
    assert told == [feed.opaque(lines[0]), lines[1]]
    assert [feed.readable(line, feed.algorithms_read("pdq,vpdq,later")) for line in lines] == lines
    assert feed.verify(Cursor(), told, note_for(lines), SIGNER.verifier).seq == 2
