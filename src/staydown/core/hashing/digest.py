"""SHA-256 and MD5 of a file: the hashes that find only the very same bytes."""

from __future__ import annotations

import hashlib

from staydown.core.hashing.algorithm import Algorithm, Hash


def sha256(data: bytes) -> Hash:
    """The SHA-256 of ``data``. Lets other threads run meanwhile."""
    return Hash(Algorithm.SHA256, hashlib.sha256(data).digest())


def md5(data: bytes) -> Hash:
    """The MD5 of ``data``, to look it up among what lists of others brought. Lets other threads run meanwhile."""
    return Hash(Algorithm.MD5, hashlib.md5(data, usedforsecurity=False).digest())


def exact(data: bytes, *, with_md5: bool) -> tuple[Hash, ...]:
    """What finds only the very same bytes: the SHA-256, and the MD5 where it is wanted, for it costs as much again."""
    return (sha256(data), md5(data)) if with_md5 else (sha256(data),)
