"""SHA-256 of a file: the hash that finds only the very same bytes."""

from __future__ import annotations

import hashlib

from staydown.core.hashing.algorithm import Algorithm, Hash


def sha256(data: bytes) -> Hash:
    """The SHA-256 of ``data``. Lets other threads run meanwhile."""
    return Hash(Algorithm.SHA256, hashlib.sha256(data).digest())
