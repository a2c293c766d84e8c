"""A mirrored feed: whole after every page, continued after a crash, verified offline, and rid of what was withdrawn."""

from __future__ import annotations

import json
import secrets
import stat
import uuid
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from staydown.core.bank import Action, Entry
from staydown.core.hashing.algorithm import Algorithm, Hash
from staydown.core.note import Verifier
from staydown.errors import FeedError, FeedUnreachableError, SettingError, TooOftenError
from staydown.exchange import mirror
from staydown.exchange.testing import Fault, Publisher


def entry() -> Entry:
    return Entry(uuid.uuid4(), "house", Hash(Algorithm.PDQ, secrets.token_bytes(32)), 31, Action.BLOCK)


@pytest.fixture
def publisher() -> Publisher:
    made = Publisher()
    for _ in range(5):
        made.add(entry())
    return made


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "feed.ndjson"


def verified(publisher: Publisher, file: Path) -> mirror.Found:
    return mirror.verify(file, Verifier.parse(publisher.verifier_key))


def test_a_mirror_holds_the_feed_and_verifies(publisher, file):
    told: list[int] = []
    assert mirror.update(publisher.client(), file, told=told.append) == (5, 5, 0)
    found = verified(publisher, file)
    assert (found.lines, found.entries, found.withheld) == (5, 5, 0)
    assert told[-1] == 5
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_an_empty_feed_is_a_mirror_too(file):
    publisher = Publisher()
    assert mirror.update(publisher.client(), file) == (0, 0, 0)
    assert verified(publisher, file).lines == 0


def test_it_is_continued_and_equals_one_that_was_made_at_once(publisher, file, tmp_path):
    mirror.update(publisher.client(), file)
    for _ in range(3):
        publisher.add(entry())
    assert mirror.update(publisher.client(), file) == (8, 3, 0)
    assert mirror.update(publisher.client(), file) == (8, 0, 0)
    mirror.update(publisher.client(), other := tmp_path / "other.ndjson")
    assert file.read_bytes() == other.read_bytes()


def test_pages(publisher, file, monkeypatch):
    monkeypatch.setattr(mirror, "PAGE", 2)
    assert mirror.update(publisher.client(), file) == (5, 5, 0)
    assert verified(publisher, file).lines == 5


def test_what_is_withdrawn_is_erased_and_the_rest_still_verifies(publisher, file):
    gone, kept = entry(), entry()
    publisher.add(gone)
    publisher.add(kept)
    mirror.update(publisher.client(), file)
    assert gone.hash.hex() in file.read_text()
    publisher.withdraw(gone.id)
    assert mirror.update(publisher.client(), file) == (8, 1, 1)
    assert gone.hash.hex() not in file.read_text()
    assert kept.hash.hex() in file.read_text()
    found = verified(publisher, file)
    assert (found.lines, found.entries, found.withheld) == (8, 6, 1)


def test_an_erasure_that_a_crash_prevented_is_made_up_for(publisher, file, monkeypatch):
    publisher.add(gone := entry())
    mirror.update(publisher.client(), file)
    publisher.withdraw(gone.id)

    def crash(_path: Path) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(mirror, "_erase_removed", crash)
        with pytest.raises(KeyboardInterrupt):
            mirror.update(publisher.client(), file)
    assert gone.hash.hex() in file.read_text()
    assert publisher.confirmed == 6  # and not the removal, of which the file still holds the hash
    assert mirror.update(publisher.client(), file).erased == 1
    assert gone.hash.hex() not in file.read_text()
    assert publisher.confirmed == 7


@pytest.mark.parametrize("torn", [b'{"seq":6,"op":"rem', b"\xff\xfe", b'{"seq":6}\n{"seq":7}\n'])
def test_a_tail_that_the_state_does_not_know_is_cut_off(publisher, file, torn):
    mirror.update(publisher.client(), file)
    whole = file.read_bytes()
    file.write_bytes(whole.rpartition(b'{"note"')[0] + torn)
    mirror.update(publisher.client(), file)
    assert file.read_bytes() == whole


@pytest.mark.parametrize("fault", [Fault.DOWN, Fault.CHANGED_LINE, Fault.ROLLED_BACK])
def test_a_feed_that_fails_or_lies_leaves_the_mirror_as_it_was(publisher, file, fault):
    mirror.update(publisher.client(), file)
    whole = file.read_bytes()
    publisher.add(entry())
    publisher.fault = fault
    with pytest.raises(FeedError):
        mirror.update(publisher.client(), file)
    assert file.read_bytes() == whole
    publisher.fault = None
    assert mirror.update(publisher.client(), file).new == 1


def test_a_first_run_without_a_feed_leaves_nothing_that_verifies(publisher, file):
    publisher.fault = Fault.DOWN
    with pytest.raises(FeedUnreachableError):
        mirror.update(publisher.client(), file)
    with pytest.raises(FeedError, match="not complete"):
        verified(publisher, file)
    publisher.fault = None
    assert mirror.update(publisher.client(), file).new == 5


def test_another_file_is_not_written_over(publisher, file):
    file.write_text("a thesis")
    with pytest.raises(SettingError, match="no mirror"):
        mirror.update(publisher.client(), file)
    assert file.read_text() == "a thesis"


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"cursor": "!", "must_erase": false}', '{"cursor": 1, "must_erase": 0}']
)
def test_a_damaged_state_is_named(publisher, file, text):
    mirror.update(publisher.client(), file)
    file.with_name(file.name + ".state").write_text(text)
    with pytest.raises(FeedError, match="state"):
        mirror.update(publisher.client(), file)


def test_a_state_that_is_ahead_of_its_file_is_named(publisher, file):
    mirror.update(publisher.client(), file)
    file.write_bytes(file.read_bytes().partition(b"\n")[2].partition(b"\n")[2])
    with pytest.raises(FeedError, match="fewer lines"):
        mirror.update(publisher.client(), file)


def test_another_publishers_mirror_does_not_verify(publisher, file):
    mirror.update(publisher.client(), file)
    with pytest.raises(FeedError):
        mirror.verify(file, Verifier.parse(Publisher().verifier_key))


@settings(deadline=None, max_examples=60)  # each writes a file through to the disk
@given(at=st.integers(min_value=0), flip=st.integers(min_value=1, max_value=255))
def test_no_byte_can_be_changed(tmp_path_factory, at, flip):
    publisher = Publisher()
    publisher.add(entry())
    publisher.withdraw(uuid.uuid4())
    file = tmp_path_factory.mktemp("mirror") / "feed.ndjson"
    mirror.update(publisher.client(), file)
    whole = bytearray(file.read_bytes())
    whole[at % len(whole)] ^= flip
    file.write_bytes(whole)
    try:
        found = verified(publisher, file)
    except FeedError:
        return
    # Only the writing may differ, as in escapes of JSON or a missing newline at the end: the lines are the signed ones.
    assert (found.lines, found.entries) == (2, 1)


@pytest.mark.parametrize("lines", [[0, 1, 2, 3, 5], [0, 1, 1, 2, 3, 4, 5], [1, 0, 2, 3, 4, 5], [0, 1, 2, 3, 4, 5, 0]])
def test_lines_can_be_neither_left_out_nor_repeated_nor_moved(publisher, file, lines):
    mirror.update(publisher.client(), file)
    whole = file.read_text().splitlines(keepends=True)
    file.write_text("".join(whole[number] for number in lines))
    with pytest.raises(FeedError):
        verified(publisher, file)


def test_the_checkpoint_in_the_middle_is_not_the_end(publisher, file):
    mirror.update(publisher.client(), file)
    whole = file.read_text().splitlines(keepends=True)
    file.write_text("".join([whole[-1], *whole]))
    with pytest.raises(FeedError, match="follows"):
        verified(publisher, file)


def test_the_state_holds_no_hash(publisher, file):
    publisher.add(one := entry())
    mirror.update(publisher.client(), file)
    state = file.with_name(file.name + ".state").read_text()
    assert one.hash.hex()[:16] not in state
    assert set(json.loads(state)) == {"cursor", "must_erase"}


def test_it_waits_while_the_publisher_wants_to_be_asked_later(publisher, file):
    publisher.fault, waits = Fault.BUSY, []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        publisher.fault = Fault.BUSY if len(waits) < 3 else None

    assert mirror.update(publisher.client(), file, sleep=sleep).lines == 5
    assert waits == [7, 7, 7]
    verified(publisher, file)


def test_it_does_not_wait_for_ever(publisher, file):
    publisher.fault, waits = Fault.BUSY, []
    with pytest.raises(TooOftenError):
        mirror.update(publisher.client(), file, sleep=waits.append)
    assert waits == [7] * 20
