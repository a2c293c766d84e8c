"""The ways of hashing that are compared: plain PDQ, ours, and what `imagehash` and `perception` offer."""

from __future__ import annotations

import io
from collections.abc import Callable, Collection, Sequence
from typing import Final

import imagehash
import numpy as np
import pdqhash
from numpy.typing import NDArray
from PIL import Image

from benchmarks.robustness import apart
from staydown.core.hashing.algorithm import Algorithm
from staydown.core.hashing.picture import hash_picture

#: Bits of each method's hash. 31 of 256 is the published radius of PDQ; the others get the same share of their bits.
METHODS: Final = {"staydown": 256, "PDQ": 256, "pHash": 64, "dHash": 64, "wHash": 64, **apart.BITS}
USUAL_RADIUS: Final = 31
Words = NDArray[np.uint64]  # a row a hash


def usual_radius(method: str) -> int:
    """The radius that is the same share of the bits as 31 of 256."""
    return USUAL_RADIUS * METHODS[method] // 256


def asked(data: bytes, methods: Collection[str]) -> dict[str, Words]:
    """What a file is looked up by, for each of these methods."""
    ours = {"staydown": _pdqs(hash_picture(data).asked)} if "staydown" in methods else {}
    return {**ours, **_peers(data, methods)}


def banked(data: bytes, methods: Collection[str]) -> dict[str, Words]:
    """What a file is banked under, for each of these methods."""
    ours = {"staydown": _pdqs(hash_picture(data).banked)} if "staydown" in methods else {}
    return {**ours, **_peers(data, methods)}


def distance(one: dict[str, Words], other: dict[str, Words], method: str) -> int:
    """Bits between the nearest hashes of two files; as many as there are when one of them has no hash."""
    if not len(one[method]) or not len(other[method]):
        return METHODS[method]
    return int(np.bitwise_count(one[method][:, None] ^ other[method][None]).sum(axis=2).min())


def _pdqs(hashes: Sequence) -> Words:
    return _words(each.value for each in hashes if each.algorithm is Algorithm.PDQ)


def _peers(data: bytes, methods: Collection[str]) -> dict[str, Words]:
    """The hashes of the libraries as they come: of the whole picture, one each."""
    image = Image.open(io.BytesIO(data)).convert("RGB")
    found = {method: _bits(hashed(image)) for method, hashed in _HERE.items() if method in methods}
    if apart.BITS.keys() & set(methods):
        found |= apart.hashes(np.asarray(image)[None])
    return found


#: The peers that hash in this process, each to an array of bits.
_HERE: Final[dict[str, Callable[[Image.Image], NDArray]]] = {
    "PDQ": lambda image: pdqhash.compute(np.asarray(image))[0],
    "pHash": lambda image: imagehash.phash(image).hash,
    "dHash": lambda image: imagehash.dhash(image).hash,
    "wHash": lambda image: imagehash.whash(image).hash,
}


def _bits(found: NDArray) -> Words:
    return _words([np.packbits(found).tobytes()])


def _words(values: object) -> Words:
    """Hashes as rows of 64-bit words."""
    rows = [np.frombuffer(value, np.uint64) for value in values]  # type: ignore[attr-defined]
    return np.stack(rows) if rows else np.empty((0, 1), np.uint64)
