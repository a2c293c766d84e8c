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
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from staydown.core.bank import Action
from staydown.core.hashing.algorithm import SINGLE, Algorithm
from staydown.core.matching.checksum import checksums
from staydown.core.matching.multi_index import MultiIndex
from staydown.core.matching.plan import Chunk, Plan, is_sound
from staydown.core.matching.shelf import Chunked, Shelf, Tables, are_of
from staydown.core.matching.table import WORDS, Kind, Kinds, Table
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


def save(index: MultiIndex, path: Path) -> None:
    """Writes ``index`` to ``path``, whole or not at all: an earlier file there stays until the new one is complete."""
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # readable by its owner only
        try:
            with os.fdopen(handle, "wb") as file:
                write(index, file)
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
    """The index in a file, mapped into memory: nothing is copied, and processes that load it share the memory.

    Raises `SnapshotError` for a file that is not whole. Nobody may change a file in place that is loaded; `save` never
    does.
    """
    try:
        with path.open("rb") as file:
            if not os.fstat(file.fileno()).st_size:
                raise SnapshotError("This snapshot is empty. Rebuild it from the feed.")
            return read(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    except OSError as error:
        raise SnapshotError(f"The snapshot cannot be read: {error.strerror}. Check its path.") from None


def write(index: MultiIndex, file: BinaryIO) -> None:
    """Writes ``index`` to an open file."""
    arrays: list[Array] = []
    shelves = [_described(shelf, arrays) for shelf in index.shelves]
    places = list(_places(arrays))
    sections = [
        {"at": at, "type": _NAMES[array.dtype], "shape": array.shape, "checksum": checksum}
        for at, array, checksum in zip(places, arrays, checksums(arrays), strict=True)
    ]
    directory = json.dumps({"shelves": shelves, "sections": sections}, separators=(",", ":")).encode()
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
    """The index in the bytes of a file, which must stay as they are: the index lies in them."""
    directory, start = _directory(memoryview(data))
    try:
        arrays = _sections(memoryview(data)[start:], directory["sections"])
        return MultiIndex.of_shelves(_shelf(description, arrays) for description in directory["shelves"])
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


def _shelf(description: dict[str, Any], arrays: list[Array]) -> Shelf:
    """A shelf of the directory; raises `ValueError` where it contradicts itself."""
    rows = description["rows"]
    values, high, low, kind = (arrays[description[name]] for name in ("values", "high", "low", "kind"))
    _must(values.shape == (rows, WORDS) and values.dtype == high.dtype == low.dtype == np.uint64)
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
