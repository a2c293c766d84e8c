"""Checksums of large arrays, as fast as memory can be read: SHA-256 of a gigabyte would take half a second.

Every block of bytes is reduced to one number by a sum of products; SHA-256 is then over these numbers. One changed word
in a block is always found, because its factor is odd; of any other damage one in 2^64 cases passes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

BLOCK: Final = 1024  # words of 8 bytes
_AT_A_TIME: Final = 2048  # blocks that a thread takes

Bytes = NDArray[np.uint8]


@cache
def factors() -> NDArray[np.uint64]:
    """The factor of each word of a block: the first eight bytes of the SHA-256 of its number, made odd."""
    digests = b"".join(hashlib.sha256(number.to_bytes(4, "little")).digest()[:8] for number in range(BLOCK))
    return np.frombuffer(digests, "<u8").astype(np.uint64) | np.uint64(1)


def checksums(arrays: Iterable[NDArray[Any]], threads: int = 2) -> list[str]:
    """The checksum of each array, of whatever type, as 64 hexadecimal digits; of the bytes as they lie in memory."""
    pieces = [_pieces(array.reshape(-1).view(np.uint8)) for array in arrays]
    with ThreadPoolExecutor(threads) as pool:
        sums = pool.map(_sums, [piece for some in pieces for piece in some])
        return [hashlib.sha256(b"".join(next(sums) for _ in some)).hexdigest() for some in pieces]


def _pieces(data: Bytes) -> list[Bytes]:
    """The bytes of an array in order, in parts that end with a block; the last is filled up with zeros."""
    size, whole = 8 * BLOCK, len(data) // (8 * BLOCK) * (8 * BLOCK)
    pieces = [data[at : min(at + _AT_A_TIME * size, whole)] for at in range(0, whole, _AT_A_TIME * size)]
    if whole < len(data):
        pieces.append(np.append(data[whole:], np.zeros(whole + size - len(data), np.uint8)))
    return pieces


def _sums(data: Bytes) -> bytes:
    """The number of each block, as eight bytes, least significant first."""
    sums: NDArray[np.uint64] = data.view("<u8").reshape(-1, BLOCK) @ factors()
    return sums.astype("<u8").tobytes()
