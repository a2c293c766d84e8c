"""The file of an index: the same after reading it, and named errors for every kind of damage."""

from __future__ import annotations

import hashlib
import json
import random
import stat
import struct
from dataclasses import replace
from uuid import UUID

import numpy as np
import pytest

from staydown.core.bank import Action, Entry
from staydown.core.hashing.algorithm import Algorithm
from staydown.core.matching import snapshot, table
from staydown.core.matching.checksum import checksums
from staydown.core.matching.multi_index import MultiIndex
from staydown.core.matching.shelf import Chunked, Shelf
from staydown.errors import SnapshotError
from tests.core.matching.samples import entries, flipped, pdq

pytestmark = pytest.mark.proof  # needs the compiled loops, which a fresh machine compiles first

HEADER = struct.Struct("<8sIIQQ32s")
HELD = entries(11, 60, "scattered")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "index.snapshot"


@pytest.fixture
def data(path):
    """The bytes of a snapshot with several shelves, with tables of chunks."""
    snapshot.save(MultiIndex(HELD, chunks=11), path)
    return bytearray(path.read_bytes())


def directory_of(data: bytes) -> dict:
    size = HEADER.unpack_from(data)[4]
    return json.loads(bytes(data[96 : 96 + size]))


def checksum(raw: bytes) -> str:
    """The checksum of a section, by its description."""
    keys = [int.from_bytes(hashlib.sha256(struct.pack("<I", n)).digest()[:8], "little") | 1 for n in range(1024)]
    raw += bytes(-len(raw) % 8192)
    sums = b""
    for at in range(0, len(raw), 8192):
        words = struct.unpack_from("<1024Q", raw, at)
        sums += struct.pack("<Q", sum(word * key for word, key in zip(words, keys, strict=True)) % (1 << 64))
    return hashlib.sha256(sums).hexdigest()


def with_directory(data: bytes, directory: dict) -> bytes:
    """The same sections under another directory, with every checksum right: a forged file."""
    old = HEADER.unpack_from(data)
    sections = bytes(data[-(-(96 + old[4]) // 64) * 64 :])
    text = json.dumps(directory).encode()
    padding = bytes(-(96 + len(text)) % 64)
    length = 96 + len(text) + len(padding) + len(sections)
    header = HEADER.pack(old[0], old[1], 0, length, len(text), hashlib.sha256(text).digest())
    return header + hashlib.sha256(header).digest() + text + padding + sections


@pytest.mark.parametrize("chunks", [None, 11])
@pytest.mark.parametrize("size", [0, 1, 2, 60])
def test_what_is_read_is_what_was_written(path, size, chunks):
    index = MultiIndex(HELD[:size], chunks=chunks)
    snapshot.save(index, path)
    for again in (snapshot.load(path), snapshot.read(path.read_bytes())):
        assert list(again.entries()) == list(index.entries())
        assert [shelf.chunked is None for shelf in again.shelves] == [shelf.chunked is None for shelf in index.shelves]
        for entry in HELD[:size]:
            assert again.query([entry.hash]) == index.query([entry.hash]) != []


def test_it_can_be_read_by_its_description_alone(data):
    """A second reader, written from docs/reference/snapshot-format.md without NumPy."""
    magic, version, zero, length, size, digest = HEADER.unpack_from(data)
    assert (magic, version, zero, length) == (b"SDNINDEX", 3, 0, len(data))
    assert hashlib.sha256(data[:64]).digest() == data[64:96]
    assert hashlib.sha256(data[96 : 96 + size]).digest() == digest
    directory = json.loads(data[96 : 96 + size])
    start = -(-(96 + size) // 64) * 64
    widths = {"u8": 1, "u16": 2, "u32": 4, "u64": 8}

    def section(number: int) -> bytes:
        listed = directory["sections"][number]
        count = 1
        for side in listed["shape"]:
            count *= side
        raw = bytes(data[start + listed["at"] :][: count * widths[listed["type"]]])
        assert checksum(raw) == listed["checksum"]
        assert listed["at"] % 64 == 0
        return raw

    found = []
    for shelf in directory["shelves"]:
        values, high, low, kinds = (section(shelf[name]) for name in ("values", "high", "low", "kind"))
        for row in range(shelf["rows"]):
            first, second = struct.unpack_from("<Q", high, 8 * row)[0], struct.unpack_from("<Q", low, 8 * row)[0]
            kind = shelf["kinds"][struct.unpack_from("<H", kinds, 2 * row)[0]]
            found.append(
                (
                    UUID(int=first << 64 | second),
                    values[32 * row : 32 * row + (16 if kind["algorithm"] == "md5" else 32)],
                    *kind.values(),
                )
            )
    expected = [(e.id, e.hash.value, e.hash.algorithm, e.bank, e.radius, e.action) for e in HELD]
    assert sorted(found) == sorted(expected)


def test_only_its_owner_may_read_it(path):
    snapshot.save(MultiIndex(HELD), path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_same_entries_give_the_same_bytes(path, data):
    snapshot.save(MultiIndex(reversed(HELD), chunks=11), path)
    assert path.read_bytes() == bytes(data)


def test_a_failed_save_leaves_the_earlier_file_and_no_other(path, data, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(snapshot.os, "fsync", full)
    with pytest.raises(SnapshotError, match="No space left"):
        snapshot.save(MultiIndex(), path)
    assert path.read_bytes() == bytes(data)
    assert list(path.parent.iterdir()) == [path]


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(SnapshotError, match="cannot be written"):
        snapshot.save(MultiIndex(), tmp_path / "absent" / "index")
    with pytest.raises(SnapshotError, match="cannot be read"):
        snapshot.load(tmp_path / "absent")


def test_a_file_that_ends_too_early_or_too_late(path, data):
    for size in [0, 1, 7, 8, 63, 64, 95, 96, 97, len(data) // 2, len(data) - 1]:
        path.write_bytes(data[:size])
        with pytest.raises(SnapshotError):
            snapshot.load(path)
    path.write_bytes(bytes(data) + b"\0")
    with pytest.raises(SnapshotError, match="bytes"):
        snapshot.load(path)


def test_a_flipped_bit_anywhere(data):
    places = [*range(96), *random.Random(4).sample(range(96, len(data)), 150), *section_ends(data)]
    unseen = []
    for place in places:
        data[place] ^= 1
        try:
            snapshot.read(bytes(data))
        except SnapshotError:
            pass
        else:
            unseen.append(place)
        data[place] ^= 1
    assert all(is_padding(data, place) for place in unseen)


def section_ends(data):
    """The first and the last byte of every section."""
    start = -(-(96 + HEADER.unpack_from(data)[4]) // 64) * 64
    for section in directory_of(data)["sections"]:
        size = int(np.prod(section["shape"])) * int(section["type"][1:]) // 8
        if size:
            yield from (start + section["at"], start + section["at"] + size - 1)


def is_padding(data, place):
    size = HEADER.unpack_from(data)[4]
    start = -(-(96 + size) // 64) * 64
    if place < start:
        return place >= 96 + size
    ends = [*section_ends(data)]
    return not any(first <= place <= last for first, last in zip(ends[::2], ends[1::2], strict=True))


@pytest.mark.parametrize("version", [1, 2, 4])
def test_another_version_is_named(data, version):
    magic, _, *rest = HEADER.unpack_from(data)
    header = HEADER.pack(magic, version, *rest)
    data[:96] = header + hashlib.sha256(header).digest()
    with pytest.raises(SnapshotError, match=f"version {version}"):
        snapshot.read(bytes(data))


def test_something_else_is_not_a_snapshot(path):
    path.write_text("0" * 500)
    assert not snapshot.is_snapshot(path)
    with pytest.raises(SnapshotError, match="not a snapshot"):
        snapshot.load(path)


FORGERIES = {
    "no sections": lambda d: d.pop("sections"),
    "not a directory": lambda d: d.update(shelves=3),
    "a section beyond the end": lambda d: d["sections"][0].update(at=1 << 40),
    "a section before the start": lambda d: d["sections"][0].update(at=-64),
    "an unknown type": lambda d: d["sections"][0].update(type="f64"),
    "another type": lambda d: d["sections"][1].update(type="u32"),
    "another shape": lambda d: d["sections"][0].update(shape=[1, 1]),
    "a negative shape": lambda d: d["sections"][0].update(shape=[-1, 4]),
    "a shape that overflows": lambda d: d["sections"][0].update(shape=[1 << 62, 4]),
    "more rows": lambda d: d["shelves"][0].update(rows=9999),
    "no kinds": lambda d: d["shelves"][0].update(kinds=[]),
    "an unknown algorithm": lambda d: d["shelves"][0]["kinds"][0].update(algorithm="sha1"),
    "a video as one hash": lambda d: d["shelves"][0]["kinds"][0].update(algorithm="vpdq"),
    "an MD5 of thirty-two bytes": lambda d: [
        k.update(algorithm="md5") for k in d["shelves"][-2]["kinds"]
    ],  # of SHA-256
    "a radius too wide": lambda d: d["shelves"][0]["kinds"][0].update(radius=64),
    "a column in place of another": lambda d: d["shelves"][0].update(high=d["shelves"][0]["values"]),
    "ids out of order": lambda d: d["shelves"][0].update(high=d["shelves"][0]["low"]),
    "a plan that misses": lambda d: d["shelves"][0]["plan"]["chunks"][0].update(radius=0),
    "a plan with a gap": lambda d: d["shelves"][0]["plan"]["chunks"].pop(),
    "overlapping chunks": lambda d: d["shelves"][0]["plan"]["chunks"][1].update(start=0),
    "a chunk beyond the bits": lambda d: d["shelves"][0]["plan"]["chunks"][-1].update(start=250),
    "rows that do not fit a slot": lambda d: d["shelves"][0]["plan"].update(block_bits=1),
    "bounds of another size": lambda d: d["shelves"][0].update(ends=d["shelves"][-1]["ends"]),
    "bases in place of long groups": lambda d: d["shelves"][0].update(long_groups=d["shelves"][0]["bases"]),
    "long groups without their ends": lambda d: d["sections"][d["shelves"][0]["long_groups"]].update(shape=[1]),
    "tables of another size": lambda d: d["shelves"][0]["plan"].update(table_bits=3),
    "endless work": lambda d: d["shelves"][0]["plan"]["chunks"][0].update(radius=9),
    "half a number": lambda d: d["shelves"][0]["plan"].update(radius=31.5),
    "a field too many": lambda d: d["shelves"][0]["plan"].update(colour="red"),
    "slots of another shelf": lambda d: d["shelves"][0].update(slots=d["shelves"][-1]["slots"]),
    "an absent section": lambda d: d["shelves"][0].update(slots=999),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_directory_is_refused(data, forgery):
    directory = directory_of(data)
    assert list(snapshot.read(with_directory(data, directory)).entries())
    FORGERIES[forgery](directory)
    with pytest.raises(SnapshotError):
        snapshot.read(with_directory(data, directory))


def test_forged_tables_give_wrong_answers_at_most(data):
    """Numbers in the tables that point outside of them are not followed."""
    directory, rng = directory_of(data), np.random.default_rng(3)
    start = len(with_directory(data, directory)) - (len(data) - -(-(96 + HEADER.unpack_from(data)[4]) // 64) * 64)
    sections = bytearray(with_directory(data, directory)[start:])
    for shelf in directory["shelves"]:
        for name in ("bases", "ends", "slots"):
            listed = directory["sections"][shelf[name]]
            size = int(np.prod(listed["shape"])) * int(listed["type"][1:]) // 8
            forged = (
                rng.bytes(size) if name != "ends" else rng.choice([0, 9, 254, 255], size).astype(np.uint8).tobytes()
            )
            sections[listed["at"] : listed["at"] + size] = forged
            listed["checksum"] = checksum(forged)
    index = snapshot.read(with_directory(bytes(data[: -len(sections)]) + bytes(sections), directory))
    for entry in HELD:
        held = {match.entry.id for match in index.query([entry.hash, flipped(entry.hash, 3, random.Random(1))])}
        assert held <= {other.id for other in HELD}


def test_forged_long_groups_give_wrong_answers_at_most():
    """The same for the lists of groups that hold much: unsorted, of other chunks, with ends beyond the slots."""
    same = [Entry(UUID(int=n), "reports", pdq(bytes(32)), 31, Action.BLOCK) for n in range(900)]
    shelf, rng = MultiIndex(same, chunks=11).shelves[0], np.random.default_rng(4)
    tables = shelf.chunked.tables
    assert len(tables.long_groups)
    for highest in (50, 900, 1 << 32):
        groups = rng.integers(0, highest, len(tables.long_groups), np.uint32)
        groups[0] = tables.long_groups[0]
        long_ends = rng.integers(0, highest, tables.long_ends.shape, np.uint32)
        forged = Chunked(shelf.chunked.plan, replace(tables, long_groups=groups, long_ends=long_ends))
        found = MultiIndex.of_shelves([Shelf(shelf.table, forged)]).query([pdq(bytes(32))])
        assert {match.entry for match in found} <= set(same)


def test_a_changed_word_changes_the_checksum_whatever_the_place_and_the_length():
    rng = np.random.default_rng(5)
    for length in (1, 8, 8191, 8192, 8193, 40_000):
        data = rng.integers(0, 256, length, dtype=np.uint8)
        before = checksums([data])
        assert before == [checksum(data.tobytes())]
        for place in (0, length // 2, length - 1):
            data[place] ^= 1 << int(rng.integers(8))
            assert checksums([data]) != before
            before = checksums([data])
    assert checksums([]) == []
    assert checksums([np.empty((0, 64), np.uint32)]) == [hashlib.sha256().hexdigest()]


def test_two_bytes_for_the_kind_and_four_when_there_are_many(path, monkeypatch):
    monkeypatch.setattr(table, "MOST_KINDS_IN_TWO_BYTES", 3)
    many = [Entry(UUID(int=n), f"bank {n}", pdq(bytes([n] * 32)), 31, Action.BLOCK) for n in range(9)]
    snapshot.save(MultiIndex(many), path)
    again = snapshot.load(path)
    assert again.shelves[0].table.kind.dtype == np.uint32
    assert list(again.entries()) == many
    assert {entry.hash.algorithm for entry in again.entries()} == {Algorithm.PDQ}
