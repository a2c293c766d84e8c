"""Made-up entries and queries: scattered, clustered, all equal, and queries on the very edge of a radius."""

from __future__ import annotations

import random
from uuid import UUID

from staydown.core.bank import Action, Entry
from staydown.core.hashing.algorithm import Algorithm, Hash

SHAPES = ("scattered", "clustered", "equal", "twins")


def pdq(value: bytes) -> Hash:
    return Hash(Algorithm.PDQ, value)


def flipped(hash_: Hash, bits: int, rng: random.Random) -> Hash:
    """The hash with so many bits changed: anywhere, or spread as evenly as can be, which is hardest for chunks."""
    size = 8 * len(hash_.value)
    offset = rng.randrange(size)
    spread = [(offset + i * size // bits) % size for i in range(bits)]
    places = spread if rng.random() < 0.5 else rng.sample(range(size), bits)
    value = int.from_bytes(hash_.value)
    for place in places:
        value ^= 1 << place
    return Hash(hash_.algorithm, value.to_bytes(len(hash_.value)))


def lookalike(hash_: Hash) -> Hash:
    """The hash of another algorithm whose row in a table would hold the same bytes."""
    if hash_.algorithm is Algorithm.MD5:
        return Hash(Algorithm.SHA256, hash_.value.ljust(32, b"\0"))
    return Hash(Algorithm.SHA256 if hash_.algorithm is Algorithm.PDQ else Algorithm.PDQ, hash_.value)


def new_id(rng: random.Random) -> UUID:
    """An id; now and then one that shares its first half with others."""
    return UUID(int=rng.getrandbits(128) if rng.random() < 0.7 else rng.getrandbits(60))


def entries(seed: int, size: int, shape: str) -> list[Entry]:
    """Entries of mixed radius, bank, action and algorithm, each with its own id."""
    rng = random.Random(seed)
    centre = pdq(rng.randbytes(32))
    made: list[Entry] = []
    for number in range(size):
        if shape == "scattered" or (shape == "twins" and (number % 2 == 0 or not made)):
            hash_ = pdq(rng.randbytes(32))
        elif shape == "twins":
            hash_ = made[-1].hash
        else:
            hash_ = centre if shape == "equal" else flipped(centre, rng.randrange(40), rng)
        hash_ = rng.choice([_sha256, _md5, _md5_in_sha256])(hash_) if rng.random() < 0.25 else hash_
        radius = rng.choice([31, 31, 31, rng.randrange(64)]) if hash_.algorithm is Algorithm.PDQ else 0
        bank, action = rng.choice("ab"), rng.choice([Action.BLOCK, Action.REVIEW, Action.REVIEW])
        made.append(Entry(new_id(rng), bank, hash_, radius, action))
    return made


def _sha256(hash_: Hash) -> Hash:
    return Hash(Algorithm.SHA256, hash_.value.ljust(32, b"\0"))


def _md5(hash_: Hash) -> Hash:
    return Hash(Algorithm.MD5, hash_.value[:16])


def _md5_in_sha256(hash_: Hash) -> Hash:
    return lookalike(_md5(hash_))


def queries(seed: int, held: list[Entry], count: int) -> list[list[Hash]]:
    """Lists of hashes to ask for, most of them at, or one beyond, the radius of an entry."""
    rng = random.Random(seed + 1)
    asked: list[list[Hash]] = []
    for _ in range(count):
        views = [pdq(rng.randbytes(32)) for _ in range(rng.randrange(3))]
        for entry in rng.sample(held, min(len(held), rng.randrange(1, 3))):
            bits = rng.choice([0, entry.radius, entry.radius + 1, rng.randrange(70)])
            views.append(flipped(entry.hash, bits, rng))
            if rng.random() < 0.3:
                views.append(lookalike(entry.hash))
        asked.append(views)
    return asked
