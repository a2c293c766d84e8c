"""An index as one file: documented, checksummed, little-endian, ready to be mapped into memory; never pickle.

The format is in ``docs/reference/snapshot-format.md``. The file holds every hash of the index in the clear, so it is
readable by its owner only. A checksum finds damage, not forgery: a follower can always rebuild from the signed feed.
"""

from __future__ import annotations

import hashlib
import json
import mmap
import os
import struct
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from staydown.core.bank import Action
from staydown.core.hashing.algorithm import SINGLE, Algorithm
from staydown.core.matching.checksum import checksums
from staydown.core.matching.multi_index import MultiIndex
from staydown.core.matching.plan import Chunk, Plan, is_sound
from staydown.core.matching.shelf import Chunked, Shelf, Tables, are_of
from staydown.core.matching.table import WORDS, Kind, Kinds, Table, halves
from staydown.core.matching.video import HASHES_OF_A_FRAME, Banked, VideoIndex
from staydown.errors import SnapshotError

MAGIC: Final = b"SDNINDEX"
VERSION: Final = 3
ALIGNMENT: Final = 64
TABLES: Final = ("bases", "ends", "slots", "long_groups", "long_ends")
_HEADER: Final = struct.Struct("<8s I I Q Q 32s")  # magic, version, zero, file length, directory length, its SHA-256
_START: Final = _HEADER.size + 32  # then the SHA-256 of all that, then the directory
_TYPES: Final = {"u8": np.dtype("<u1"), "u16": np.dtype("<u2"), "u32": np.dtype("<u4"), "u64": np.dtype("<u8")}
_NAMES: Final = {kind: name for name, kind in _TYPES.items()}

Array = NDArray[Any]


class Known(NamedTuple):
    """What a snapshot holds: pictures and digests, and videos."""

    pictures: MultiIndex
    videos: VideoIndex


def save(index: MultiIndex, path: Path, videos: VideoIndex | None = None) -> None:
    """Writes ``index`` to ``path``, whole or not at all: an earlier file there stays until the new one is complete.

    With ``videos``, those too.
    """
    with replaced(path) as file:
        write(index, file, videos)


@contextmanager
def replaced(path: Path) -> Iterator[BinaryIO]:
    """A file that becomes ``path`` when the block ends well, and otherwise never was. Readable by its owner only.

    Raises `SnapshotError` when it cannot be written.
    """
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # readable by its owner only
        try:
            with os.fdopen(handle, "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(path)
        except BaseException:
            with suppress(OSError):
                Path(name).unlink()
            raise
        _sync_folder(path.parent)
    except OSError as error:
        raise SnapshotError(f"The snapshot cannot be written: {error.strerror}. Check its folder.") from None


def load(path: Path) -> MultiIndex:
    """The pictures in a file; see `load_all`."""
    return load_all(path).pictures


def load_all(path: Path) -> Known:
    """The indexes in a file, mapped into memory: nothing is copied, and processes that load it share the memory.

    Raises `SnapshotError` for a file that is not whole. Nobody may change a file in place that is loaded; `save` never
    does.
    """
    try:
        with path.open("rb") as file:
            if not os.fstat(file.fileno()).st_size:
                raise SnapshotError("This snapshot is empty. Rebuild it from the feed.")
            return read_all(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    except OSError as error:
        raise SnapshotError(f"The snapshot cannot be read: {error.strerror}. Check its path.") from None


def write(index: MultiIndex, file: BinaryIO, videos: VideoIndex | None = None) -> None:
    """Writes ``index`` to an open file, and ``videos``."""
    arrays: list[Array] = []
    shelves = [_described(shelf, arrays) for shelf in index.shelves]
    films = _described_videos(videos, arrays) if videos else None
    places = list(_places(arrays))
    sections = [
        {"at": at, "type": _NAMES[array.dtype], "shape": array.shape, "checksum": checksum}
        for at, array, checksum in zip(places, arrays, checksums(arrays), strict=True)
    ]
    told = {"shelves": shelves, "videos": films, "sections": sections}
    directory = json.dumps(told, separators=(",", ":")).encode()
    data = _aligned(_START + len(directory))
    length = data + (places[-1] + arrays[-1].nbytes if arrays else 0)
    header = _HEADER.pack(MAGIC, VERSION, 0, length, len(directory), hashlib.sha256(directory).digest())
    file.write(header + hashlib.sha256(header).digest() + directory)
    written = _START + len(directory)
    for at, array in zip(places, arrays, strict=True):
        file.write(bytes(data + at - written))
        file.write(_bytes(array))
        written = data + at + array.nbytes
    file.write(bytes(length - written))


def read(data: bytes | mmap.mmap) -> MultiIndex:
    """The pictures in the bytes of a file; see `read_all`."""
    return read_all(data).pictures


def read_all(data: bytes | memoryview | mmap.mmap) -> Known:
    """The indexes in the bytes of a file, which must stay as they are: the indexes lie in them."""
    directory, start = _directory(memoryview(data))
    try:
        arrays = _sections(memoryview(data)[start:], directory["sections"])
        shelves = [_shelf(description, arrays, np.uint64) for description in directory["shelves"]]
        return Known(MultiIndex.of_shelves(shelves), _videos(directory["videos"], arrays))
    except (AttributeError, IndexError, KeyError, OverflowError, TypeError, ValueError):
        raise SnapshotError("This snapshot contradicts itself. Rebuild it from the feed.") from None


def is_snapshot(path: Path) -> bool:
    """Whether a file begins like a snapshot."""
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def _described(shelf: Shelf, arrays: list[Array]) -> dict[str, Any]:
    """A shelf for the directory; its columns and tables go to ``arrays``."""
    table, chunked = shelf.table, shelf.chunked
    columns: dict[str, Array] = {"values": table.values, "high": table.high, "low": table.low, "kind": table.kind}
    if chunked is not None:
        columns |= {name: getattr(chunked.tables, name) for name in TABLES}
    named = {name: len(arrays) + number for number, name in enumerate(columns)}
    arrays += [np.ascontiguousarray(array, array.dtype.newbyteorder("<")) for array in columns.values()]
    plan = asdict(chunked.plan) if chunked is not None else None
    return {"rows": len(shelf), "kinds": [kind._asdict() for kind in table.kinds.listed], "plan": plan, **named}


def _places(arrays: list[Array]) -> Iterator[int]:
    """Where each section begins, counted from the first."""
    at = 0
    for array in arrays:
        yield at
        at = _aligned(at + array.nbytes)


def _directory(data: memoryview) -> tuple[dict[str, Any], int]:
    """The directory, and where the sections begin; raises `SnapshotError` if any byte up to there differs."""
    if len(data) < _START or bytes(data[: len(MAGIC)]) != MAGIC:
        raise SnapshotError("This is not a snapshot, or it ends too early. Rebuild it from the feed.")
    _, version, _, length, size, digest = _HEADER.unpack_from(data)
    if hashlib.sha256(data[: _HEADER.size]).digest() != data[_HEADER.size : _START]:
        raise SnapshotError("The beginning of this snapshot is damaged. Rebuild it from the feed.")
    if version != VERSION:
        raise SnapshotError(f"This snapshot has version {version}, this staydown reads {VERSION}. Rebuild it.")
    if length != len(data):
        raise SnapshotError(f"This snapshot should have {length} bytes and has {len(data)}. Rebuild it from the feed.")
    text = data[_START : _START + size]
    if hashlib.sha256(text).digest() != digest:
        raise SnapshotError("The directory of this snapshot is damaged. Rebuild it from the feed.")
    directory: dict[str, Any] = json.loads(bytes(text))
    return directory, _aligned(_START + size)


def _sections(data: memoryview, listed: list[dict[str, Any]]) -> list[Array]:
    """The arrays, each as it was written; raises `SnapshotError` if one is not."""
    arrays = []
    for section in listed:
        kind: Any = _TYPES[section["type"]]
        count = int(np.prod(section["shape"], dtype=object))
        arrays.append(np.frombuffer(data, kind, count, section["at"]).reshape(section["shape"]))
    if checksums(arrays) != [section["checksum"] for section in listed]:
        raise SnapshotError("This snapshot is damaged. Rebuild it from the feed.")
    return [array.astype(array.dtype.newbyteorder("="), copy=False) for array in arrays]


def _shelf(description: dict[str, Any], arrays: list[Array], ids: type[np.uint32 | np.uint64]) -> Shelf:
    """A shelf of the directory, whose ids are numbers of this type; raises `ValueError` where it contradicts itself."""
    rows = description["rows"]
    values, high, low, kind = (arrays[description[name]] for name in ("values", "high", "low", "kind"))
    _must(values.shape == (rows, WORDS) and values.dtype == np.uint64 and high.dtype == low.dtype == ids)
    _must(high.shape == low.shape == kind.shape == (rows,) and kind.dtype in (np.uint16, np.uint32))
    kinds = [
        Kind(Algorithm(k["algorithm"]), str(k["bank"]), int(k["radius"]), Action(k["action"]))
        for k in description["kinds"]
    ]
    _must(all(k.algorithm in SINGLE and 0 <= k.radius <= k.algorithm.widest for k in kinds))
    _must(rows > 0 and int(kind.max()) < len(kinds))
    table = Table(values, high, low, kind, Kinds(kinds))
    _must(table.is_sorted() and table.is_padded())
    if description["plan"] is None:
        return Shelf(table)
    plan = _plan(description["plan"])
    tables = Tables(*(arrays[description[name]] for name in TABLES))
    _must(
        plan.rows == rows and plan.radius >= max(table.kinds.widest.values()) and len({k.algorithm for k in kinds}) == 1
    )
    _must(are_of(plan, tables))
    return Shelf(table, Chunked(plan, tables))


def _described_videos(videos: VideoIndex, arrays: list[Array]) -> dict[str, Any]:
    """Videos for the directory; their columns and the shelves of their frames go to ``arrays``."""
    shelves = [_described(shelf, arrays) for shelf in videos.frames.shelves]
    numbers: dict[tuple[str, Action], int] = {}
    kind = [numbers.setdefault((each.bank, each.action), len(numbers)) for each in videos.banked]
    high, low = halves(each.id for each in videos.banked)
    columns: dict[str, Array] = {"high": high, "low": low, "kind": np.array(kind, np.uint32)}
    columns["frames"] = np.array([each.frames for each in videos.banked], np.uint32)
    named = {name: len(arrays) + number for number, name in enumerate(columns)}
    arrays += [np.ascontiguousarray(array, array.dtype.newbyteorder("<")) for array in columns.values()]
    kinds = [{"bank": bank, "action": action} for bank, action in numbers]
    return {"rows": len(videos), "kinds": kinds, "shelves": shelves, **named}


def _videos(description: dict[str, Any] | None, arrays: list[Array]) -> VideoIndex:
    """The videos of the directory; raises `ValueError` where they contradict themselves or their frames."""
    if description is None:
        return VideoIndex()
    rows = description["rows"]
    high, low, kind, frames = (arrays[description[name]] for name in ("high", "low", "kind", "frames"))
    _must(rows > 0 and high.shape == low.shape == kind.shape == frames.shape == (rows,))
    _must(high.dtype == low.dtype == np.uint64 and kind.dtype == frames.dtype == np.uint32)
    kinds = [(str(each["bank"]), Action(each["action"])) for each in description["kinds"]]
    _must(int(kind.max()) < len(kinds))
    ids = [UUID(int=first << 64 | second) for first, second in zip(high.tolist(), low.tolist(), strict=True)]
    _must(len(set(ids)) == rows)
    shelves = [_shelf(each, arrays, np.uint32) for each in description["shelves"]]
    _must(np.array_equal(_frames_of([shelf.table for shelf in shelves], rows), frames))
    told = zip(ids, kind.tolist(), frames.tolist(), strict=True)
    banked = [Banked(id_, kinds[of][0], kinds[of][1], count) for id_, of, count in told]
    return VideoIndex.of(MultiIndex.of_shelves(shelves), banked)


def _frames_of(tables: list[Table], rows: int) -> Array:
    """How many frames each video has rows of; raises `ValueError` unless they are its first ones, in PDQ."""
    found: list[Array] = [np.empty(0, np.uint64)]
    for table in tables:
        _must(all(kind.algorithm is Algorithm.PDQ for kind in table.kinds.listed))
        found.append(_once(table.high.astype(np.uint64) << np.uint64(32) | table.low // HASHES_OF_A_FRAME))
    frames = _once(np.sort(np.concatenate(found)))
    videos, places = (frames >> np.uint64(32)).astype(np.int64), frames & np.uint64((1 << 32) - 1)
    _must(len(frames) > 0 and int(videos[-1]) < rows)
    counts = np.bincount(videos, minlength=rows)
    _must((places < counts[videos].astype(np.uint64)).all())
    return counts


def _once(ascending: Array) -> Array:
    """Numbers that ascend, each once."""
    return ascending[np.append(True, np.diff(ascending) != 0)] if len(ascending) else ascending


def _plan(description: dict[str, Any]) -> Plan:
    """A plan of the directory; raises `ValueError` for one that would not find everything."""
    chunks = tuple(Chunk(**chunk) for chunk in description["chunks"])
    plan = Plan(**{**description, "chunks": chunks})
    _must(is_sound(plan))
    return plan


def _must(holds: object) -> None:
    if not holds:
        raise ValueError


def _bytes(array: Array) -> memoryview:
    """The bytes of an array, which may be empty."""
    return array.reshape(-1).view(np.uint8).data


def _aligned(place: int) -> int:
    """The first multiple of the alignment at or after a place."""
    return -(-place // ALIGNMENT) * ALIGNMENT


def _sync_folder(folder: Path) -> None:
    """Makes a new name in a folder survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
