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
    VPDQ = "vpdq"  # a video: the PDQ of its frames; `bag` packs them
    MD5 = "md5"  # from lists of others alone: whoever makes two files can make them share it

    @property
    def size(self) -> int:
        """Length of a value in bytes; 0 where it differs from one to the next."""
        if self is Algorithm.VPDQ:
            return 0
        return 16 if self is Algorithm.MD5 else 32

    @property
    def widest(self) -> int:
        """The largest radius that an entry of this algorithm may have, in bits. 0: only equality counts."""
        return 0 if self in EXACT else WIDEST_PDQ

    def fits(self, value: bytes) -> bool:
        """Whether ``value`` is one of this algorithm."""
        return is_packed(value) if self is Algorithm.VPDQ else len(value) == self.size


EXACT: Final = (Algorithm.SHA256, Algorithm.MD5)
"""The algorithms that say only whether two files are the same."""
SINGLE: Final = (Algorithm.PDQ, *EXACT)
"""The algorithms of one hash each, where a video has many."""
FIRST: Final = (Algorithm.PDQ, Algorithm.SHA256)
"""What a reader of the feed knows that was made before there were others, and so does not say what it reads."""
WIDEST_PDQ: Final = 63
USUAL_RADIUS: Final = 31  # bits; the published confident-match radius of PDQ
LEAST_QUALITY: Final = 50  # below it a picture is too featureless for PDQ to tell it from others
MOST_IN_A_VIDEO: Final = 900  # hashes: 15 minutes at one a second, which fit into a line of the feed
MOST_IN_A_FRAME: Final = 3  # hashes: the whole, and the insides of its borders


@dataclass(frozen=True, slots=True, repr=False)
class Hash:
    """One hash: an algorithm and its bytes. Hexadecimal exists only at the edges; ``repr`` shows no value."""

    algorithm: Algorithm
    value: bytes

    def __post_init__(self) -> None:
        if not self.algorithm.fits(self.value):
            size = f"{self.algorithm.size} bytes" if self.algorithm.size else "the hashes of 1 to 900 frames"
            raise HashError(f"A {self.algorithm} hash has {size}, this has {len(self.value)} bytes.")

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
        """Bits in which the two differ (Hamming distance). Raises `HashError` across algorithms, and for videos."""
        if self.algorithm is not other.algorithm or not self.algorithm.size:
            raise HashError("Hashes of two algorithms have no distance, and videos have shares.")
        return (int.from_bytes(self.value) ^ int.from_bytes(other.value)).bit_count()

    def __repr__(self) -> str:
        return f"<Hash {self.algorithm}>"


def is_packed(value: bytes) -> bool:
    """Whether ``value`` is frames as a `VPDQ` value packs them: of each how many hashes it has, and these."""
    at = hashes = 0
    while at < len(value):
        count = value[at]
        if not 1 <= count <= MOST_IN_A_FRAME:
            return False
        at += 1 + count * Algorithm.PDQ.size
        hashes += count
    return at == len(value) and 0 < hashes <= MOST_IN_A_VIDEO
