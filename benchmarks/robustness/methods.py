"""The ways of hashing that are compared: plain PDQ, ours, and what `imagehash` offers."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Final

import imagehash
import numpy as np
import pdqhash
from numpy.typing import NDArray
from PIL import Image

from staydown.core.hashing.algorithm import Algorithm
from staydown.core.hashing.picture import hash_picture

#: Bits of each method's hash. 31 of 256 is the published radius of PDQ; the others get the same share of their bits.
METHODS: Final = {"staydown": 256, "PDQ": 256, "pHash": 64, "dHash": 64, "wHash": 64}
USUAL_RADIUS: Final = 31
Words = NDArray[np.uint64]  # a row a hash


def usual_radius(method: str) -> int:
    """The radius that is the same share of the bits as 31 of 256."""
    return USUAL_RADIUS * METHODS[method] // 256


def asked(data: bytes) -> dict[str, Words]:
    """What a file is looked up by, for each method."""
    return {"staydown": _words(each.value for each in _pdqs(hash_picture(data).asked)), **_peers(data)}


def banked(data: bytes) -> dict[str, Words]:
    """What a file is banked under, for each method."""
    return {"staydown": _words(each.value for each in _pdqs(hash_picture(data).banked)), **_peers(data)}


def distance(one: dict[str, Words], other: dict[str, Words], method: str) -> int:
    """Bits between the nearest hashes of two files; as many as there are when one of them has no hash."""
    if not len(one[method]) or not len(other[method]):
        return METHODS[method]
    return int(np.bitwise_count(one[method][:, None] ^ other[method][None]).sum(axis=2).min())


def _pdqs(hashes: Sequence) -> list:
    return [each for each in hashes if each.algorithm is Algorithm.PDQ]


def _peers(data: bytes) -> dict[str, Words]:
    """The hashes of the libraries as they come: of the whole picture, one each."""
    image = Image.open(io.BytesIO(data)).convert("RGB")
    bits, _quality = pdqhash.compute(np.asarray(image))
    return {
        "PDQ": _words([np.packbits(bits).tobytes()]),
        "pHash": _bits(imagehash.phash(image)),
        "dHash": _bits(imagehash.dhash(image)),
        "wHash": _bits(imagehash.whash(image)),
    }


def _bits(found: imagehash.ImageHash) -> Words:
    return _words([np.packbits(found.hash).tobytes()])


def _words(values: object) -> Words:
    """Hashes as rows of 64-bit words."""
    rows = [np.frombuffer(value, np.uint64) for value in values]  # type: ignore[attr-defined]
    return np.stack(rows) if rows else np.empty((0, 1), np.uint64)
