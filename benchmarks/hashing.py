"""Hashing against the reference's own binding and the library that platforms use today, on the same pixels."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from statistics import median

import numpy as np
import pdqhash
from numpy.typing import NDArray
from PIL import Image
from threatexchange.signal_type.pdq.signal import PdqSignal

from staydown.core.hashing.algorithm import Algorithm, Hash
from staydown.core.hashing.operator import single_rows
from staydown.core.hashing.pdq import _COSINES, _quality, compiled, pdq
from staydown.core.hashing.picture import hash_picture
from staydown.core.hashing.pool import HashingPool
from tests import pictures

Row = dict[str, object]


def rows(*, quick: bool) -> list[Row]:
    """The measured rows; each pair of figures comes from turns taken in the same run."""
    rounds = 5 if quick else 21
    return [*_from_bytes(rounds), *_from_arrays(rounds), *_all_eight(rounds), _agreement(8 if quick else 40)]


def _from_bytes(rounds: int) -> list[Row]:
    """A 12-megapixel JPEG, from the bytes of the file to the hash."""
    data = pictures.encoded(
        pictures.photograph("coffee.png").resize((4000, 3000), Image.Resampling.LANCZOS), quality=90
    )
    peer = f"threatexchange {version('threatexchange')}"

    def decoded() -> None:
        image = Image.open(io.BytesIO(data))
        image.draft("L", (500, 375))
        image.load()

    with HashingPool(workers=1) as pool:
        ours, pooled, theirs = _turns(
            rounds // 2,
            lambda: hash_picture(data),
            lambda: pool.hash(data),
            lambda: PdqSignal.hash_from_bytes(data),
        )
    full, bare = _turns(rounds, lambda: hash_picture(data), decoded)
    work = "12-megapixel JPEG to all 8 hashes and SHA-256"
    decode = "its scaled grey decode alone"
    return [
        _row(work, peer, ours, theirs, at_least=30, limit=bare, limited_by=decode),
        _row(f"{work}, in a worker process", peer, pooled, theirs, at_least=20, limit=bare, limited_by=decode),
        _row(work, decode, full, bare, at_most=1.25),
    ]


def _from_arrays(rounds: int) -> list[Row]:
    """Pixels in memory."""
    compiled()
    peer = f"pdqhash {version('pdqhash')}"
    made = []
    for size in ((512, 512), (1008, 756)):
        array = np.asarray(pictures.photograph("astronaut.png").resize(size, Image.Resampling.LANCZOS))
        ours, theirs, read = _turns(rounds, partial(pdq, array), partial(pdqhash.compute, array), array.max, repeats=20)
        work = f"RGB array of {size[0]} x {size[1]} to a hash"
        made.append(_row(work, peer, ours, theirs, at_least=20, limit=read, limited_by="reading every byte of it once"))
    return made


def _all_eight(rounds: int) -> list[Row]:
    """All rotations and mirrors, against the reference's and against one hash alone."""
    array = np.asarray(pictures.photograph("astronaut.png"))
    ours, theirs, alone, read = _turns(
        rounds,
        partial(pdq, array),
        partial(pdqhash.compute_dihedral, array),
        partial(_one_hash, array),
        array.max,
        repeats=20,
    )
    work = "RGB array of 512 x 512 to all 8 hashes"
    limit, by = read, "reading every byte of it once"
    return [
        _row(work, f"pdqhash {version('pdqhash')}", ours, theirs, at_least=20, limit=limit, limited_by=by),
        _row(work, "our own way to the first hash alone", ours, alone, at_most=1.3),
    ]


def _one_hash(array: NDArray[np.uint8]) -> tuple[Hash, int]:
    """What `pdq` does for the first of its eight hashes and the quality, and nothing for the others."""
    small = compiled().decimated(array, *map(single_rows, array.shape[:2]))
    coefficients = (_COSINES @ small.astype(np.float64) @ _COSINES.T).ravel()
    above = coefficients > np.partition(coefficients, 127)[127]
    return Hash(Algorithm.PDQ, np.packbits(above[::-1]).tobytes()), _quality(small)


def _agreement(count: int) -> Row:
    """How far the hash of a scaled decode is from the reference's hash of the whole picture."""
    rng = np.random.default_rng(7)
    bits = []
    for turn in range(count):
        whole = pictures.photograph(pictures.PHOTOGRAPHS[turn % len(pictures.PHOTOGRAPHS)])
        width, height = (min(whole.size) * rng.uniform(0.6, 1, 2)).astype(int)
        crop = whole.crop((0, 0, int(width), int(height))).resize((2700, 2600), Image.Resampling.BICUBIC)
        data = pictures.encoded(crop, quality=85)
        vector, _ = pdqhash.compute(np.asarray(Image.open(io.BytesIO(data)).convert("RGB")))
        bits.append(hash_picture(data).pdq.distance(Hash(Algorithm.PDQ, np.packbits(vector).tobytes())))
    worst = float(np.percentile(bits, 99))
    return {
        "work": f"{count} 7-megapixel JPEGs: bits from the hash of the whole, 99th percentile",
        "peer": f"pdqhash {version('pdqhash')}",
        "ours": worst,
        "theirs": 0.0,
        "unit": "bits",
        "ratio": None,
        "target": "at most 2",
        "holds": worst <= 2,
    }


def _turns(rounds: int, *works: Callable[[], object], repeats: int = 1) -> list[float]:
    """The median milliseconds of each, taking turns so that all meet the same machine; the first turn is practice.

    ``repeats``: calls in a turn, for work so short that another's leavings in the caches would be what is measured.
    """
    taken: list[list[float]] = [[] for _ in works]
    for _ in range(max(rounds, 3) + 1):
        for work, times in zip(works, taken, strict=True):
            start = time.perf_counter()
            for _ in range(repeats):
                work()
            times.append((time.perf_counter() - start) * 1000 / repeats)
    return [median(times[1:]) for times in taken]


def _row(
    work: str,
    peer: str,
    ours: float,
    theirs: float,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    **limit: object,
) -> Row:
    """A row of milliseconds: ``at_least`` so many times faster than the peer, or ``at_most`` so many times its time."""
    if at_most is not None:
        target, holds = f"at most {at_most:g} times its time", ours <= at_most * theirs
    else:
        assert at_least is not None
        target, holds = f"at least {at_least:g} times faster", theirs >= at_least * ours
    figures = {"ours": round(ours, 3), "theirs": round(theirs, 3), "unit": "ms", "ratio": round(theirs / ours, 2)}
    rounded = {name: round(value, 3) if isinstance(value, float) else value for name, value in limit.items()}
    why = {} if holds else _why(theirs, at_least, limit.get("limit"))
    return {"work": work, "peer": peer, **figures, "target": target, "holds": holds, **rounded, **why}


def _why(theirs: float, at_least: float | None, limit: object) -> Row:
    """Why a target is missed, where the limit alone misses it."""
    if at_least is None or not isinstance(limit, float) or theirs >= at_least * limit:
        return {}
    return {"why": f"The limit itself is only {theirs / limit:.1f} times faster than the peer on this machine."}
