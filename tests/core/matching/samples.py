"""Made-up entries and queries: scattered, clustered, all equal, and queries on the very edge of a radius."""

from __future__ import annotations

import random
from uuid import UUID

from staydown.core.bank import Action, Entry
from staydown.core.hashing.algorithm import Algorithm, Hash

SHAPES = ("scattered", "clustered", "equal", "twins")
BITS = 256


def pdq(value: bytes) -> Hash:
    return Hash(Algorithm.PDQ, value)


def flipped(hash_: Hash, bits: int, rng: random.Random) -> Hash:
    """The hash with so many bits changed: anywhere, or spread as evenly as can be, which is hardest for chunks."""
    offset = rng.randrange(BITS)
    spread = [(offset + i * BITS // bits) % BITS for i in range(bits)]
    places = spread if rng.random() < 0.5 else rng.sample(range(BITS), bits)
    value = int.from_bytes(hash_.value)
    for place in places:
        value ^= 1 << place
    return Hash(hash_.algorithm, value.to_bytes(32))


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
        if rng.random() < 0.1:
            hash_ = Hash(Algorithm.SHA256, hash_.value)
        radius = rng.choice([31, 31, 31, rng.randrange(64)]) if hash_.algorithm is Algorithm.PDQ else 0
        bank, action = rng.choice("ab"), rng.choice([Action.BLOCK, Action.REVIEW, Action.REVIEW])
        made.append(Entry(new_id(rng), bank, hash_, radius, action))
    return made


def queries(seed: int, held: list[Entry], count: int) -> list[list[Hash]]:
    """Lists of hashes to ask for, most of them at, or one beyond, the radius of an entry."""
    rng = random.Random(seed + 1)
    asked: list[list[Hash]] = []
    for _ in range(count):
        views = [pdq(rng.randbytes(32)) for _ in range(rng.randrange(3))]
        for entry in rng.sample(held, min(len(held), rng.randrange(1, 3))):
            bits = rng.choice([0, entry.radius, entry.radius + 1, rng.randrange(70)])
            views.append(flipped(entry.hash, bits, rng))
        asked.append(views)
    return asked
