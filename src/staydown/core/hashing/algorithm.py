"""What a hash is. The one place where an algorithm is named."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final, Self

from staydown.errors import HashError


class Algorithm(enum.StrEnum):
    """The hash algorithms that a bank can hold. The value is the word used on every wire."""

    PDQ = "pdq"
    SHA256 = "sha256"

    @property
    def size(self) -> int:
        """Length of a value in bytes."""
        return 32

    @property
    def widest(self) -> int:
        """The largest radius that an entry of this algorithm may have, in bits. 0: only equality counts."""
        return WIDEST_PDQ if self is Algorithm.PDQ else 0


WIDEST_PDQ: Final = 63
USUAL_RADIUS: Final = 31  # bits; the published confident-match radius of PDQ
LEAST_QUALITY: Final = 50  # below it a picture is too featureless for PDQ to tell it from others


@dataclass(frozen=True, slots=True, repr=False)
class Hash:
    """One hash: an algorithm and its bytes. Hexadecimal exists only at the edges; ``repr`` shows no value."""

    algorithm: Algorithm
    value: bytes

    def __post_init__(self) -> None:
        if len(self.value) != self.algorithm.size:
            raise HashError(f"A {self.algorithm} hash has {self.algorithm.size} bytes, this has {len(self.value)}.")

    @classmethod
    def from_hex(cls, algorithm: Algorithm | str, text: str) -> Self:
        """The hash written as ``text``; raises `HashError` for another length, another alphabet or algorithm."""
        try:
            return cls(Algorithm(algorithm), bytes.fromhex(text.strip()))
        except ValueError:
            raise HashError from None

    def hex(self) -> str:
        """Lower-case hexadecimal, for an edge that needs text."""
        return self.value.hex()

    def distance(self, other: Hash) -> int:
        """Bits in which the two differ (Hamming distance). Raises `HashError` across algorithms."""
        if self.algorithm is not other.algorithm:
            raise HashError("Hashes of two algorithms have no distance.")
        return (int.from_bytes(self.value) ^ int.from_bytes(other.value)).bit_count()

    def __repr__(self) -> str:
        return f"<Hash {self.algorithm}>"
