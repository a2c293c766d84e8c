"""Merkle trees as RFC 6962 hashes them, with the proofs of RFC 9162.

Everything here speaks of *leaf hashes*: 32 bytes made by `leaf_hash`. A tree over n leaves is written down in at most
log2(n) hashes, the `Frontier`, which is all that is needed to add a leaf or to know the root.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Self

from staydown.errors import ProofError

HASH_SIZE: Final = 32
LARGEST: Final = 2**63 - 1  # the size fits a signed 64-bit column everywhere


def leaf_hash(data: bytes) -> bytes:
    """The hash of one leaf's data."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node. Its prefix differs from a leaf's, so that a node can never pass for a leaf."""
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Frontier:
    """A tree: its size and the roots of its full subtrees, the widest first. `Frontier()` is the empty tree."""

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.size <= LARGEST:
            raise ProofError("A tree's size is a whole number from 0 to 2^63 - 1.")
        if len(self.hashes) != self.size.bit_count() or any(len(each) != HASH_SIZE for each in self.hashes):
            raise ProofError("A tree's frontier holds one 32-byte hash for each bit set in its size.")

    def append(self, leaf: bytes) -> Frontier:
        """The tree with one more leaf hash at its end."""
        if len(leaf) != HASH_SIZE:
            raise ProofError("A leaf hash has 32 bytes.")
        full = self.size
        kept = len(self.hashes)
        while full & 1:  # two full subtrees of one width become one of twice the width
            kept -= 1
            leaf = node_hash(self.hashes[kept], leaf)
            full >>= 1
        return Frontier(self.size + 1, (*self.hashes[:kept], leaf))

    def extend(self, leaves: Iterable[bytes]) -> Frontier:
        """The tree with these leaf hashes at its end, in their order."""
        tree = self
        for leaf in leaves:
            tree = tree.append(leaf)
        return tree

    def root(self) -> bytes:
        """The root hash."""
        if not self.hashes:
            return hashlib.sha256(b"").digest()
        root = self.hashes[-1]
        for left in reversed(self.hashes[:-1]):
            root = node_hash(left, root)
        return root

    def to_bytes(self) -> bytes:
        """Size as eight bytes, big end first, then the hashes."""
        return self.size.to_bytes(8, "big") + b"".join(self.hashes)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """The tree that `to_bytes` wrote; raises `ProofError` for anything else."""
        if len(data) < 8 or (len(data) - 8) % HASH_SIZE:
            raise ProofError("These bytes are not a tree's frontier.")
        hashes = tuple(data[at : at + HASH_SIZE] for at in range(8, len(data), HASH_SIZE))
        return cls(int.from_bytes(data[:8], "big"), hashes)


def root_of(leaves: Iterable[bytes]) -> bytes:
    """The root over these leaf hashes."""
    return Frontier().extend(leaves).root()


def inclusion_proof(leaves: Sequence[bytes], index: int, size: int | None = None) -> list[bytes]:
    """The hashes that lead from the leaf at ``index`` (from 0) to the root over the first ``size`` leaves."""
    size = len(leaves) if size is None else size
    if not 0 <= index < size <= len(leaves):
        raise ProofError("There is no such leaf in a tree of this size.")
    path: list[bytes] = []
    low, high = 0, size
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            path.append(root_of(leaves[middle:high]))
            high = middle
        else:
            path.append(root_of(leaves[low:middle]))
            low = middle
    return path[::-1]


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Raise `ProofError` unless ``proof`` shows the leaf hash at ``index`` of the tree with this size and root."""
    if not 0 <= index < size:
        raise ProofError("The proof speaks of a leaf outside the tree.")
    at, last, found = index, size - 1, leaf
    for step in proof:
        if last == 0:
            raise ProofError("The proof is too long for the tree.")
        if at & 1 or at == last:
            found = node_hash(step, found)
            while not at & 1 and at:  # a right edge without a sibling rises unchanged
                at, last = at >> 1, last >> 1
        else:
            found = node_hash(found, step)
        at, last = at >> 1, last >> 1
    if last or found != root:
        raise ProofError("The proof does not lead from this leaf to the root.")


def consistency_proof(leaves: Sequence[bytes], old: int, size: int | None = None) -> list[bytes]:
    """The hashes that show the tree over the first ``size`` leaves to begin with the tree over the first ``old``."""
    size = len(leaves) if size is None else size
    if not 0 <= old <= size <= len(leaves):
        raise ProofError("There is no such pair of trees.")
    path: list[bytes] = []
    low, high, whole = 0, size, True  # whole: the subtree is the old tree itself, whose root the verifier has
    while 0 < old < high:
        middle = low + _split(high - low)
        if old <= middle:
            path.append(root_of(leaves[middle:high]))
            high = middle
        else:
            path.append(root_of(leaves[low:middle]))
            low, whole = middle, False
    if old and not whole:
        path.append(root_of(leaves[low:high]))
    return path[::-1]


def verify_consistency(old_size: int, old_root: bytes, size: int, root: bytes, proof: Sequence[bytes]) -> None:
    """Raise `ProofError` unless ``proof`` shows that the larger tree begins with the whole of the smaller one."""
    if not 0 <= old_size <= size:
        raise ProofError("The log has become shorter.")
    if old_size in (0, size):
        same = old_root == (root if old_size == size else root_of(()))
        if proof or not same:
            raise ProofError(
                "Two trees of one size differ." if old_size == size else "The empty tree has another root."
            )
        return
    path = list(proof)
    if old_size & (old_size - 1) == 0:
        path.insert(0, old_root)
    if not path:
        raise ProofError("The proof is empty.")
    at, last = old_size - 1, size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    old_found = found = path[0]
    for step in path[1:]:
        if last == 0:
            raise ProofError("The proof is too long for the trees.")
        if at & 1 or at == last:
            old_found, found = node_hash(step, old_found), node_hash(step, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = node_hash(found, step)
        at, last = at >> 1, last >> 1
    if last or old_found != old_root or found != root:
        raise ProofError("The larger tree does not begin with the smaller one.")


def _split(width: int) -> int:
    """The largest power of two below ``width``, where RFC 6962 parts a tree of that many leaves."""
    return 1 << (width - 1).bit_length() - 1
