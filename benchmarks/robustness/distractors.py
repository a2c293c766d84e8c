"""A million pictures that are no copies: small windows of photographs, perturbed, blended, and patterns.

Each is a picture of 64 x 64 pixels, to which PDQ reduces every picture anyway, so hashing one is a product of matrices
and hashing a million takes minutes. What `imagehash` does to such a picture is done here for many at once; `check`
compares with the library's own answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import imagehash
import numpy as np
import scipy.fftpack
from numpy.typing import NDArray
from PIL import Image

from staydown.core.hashing.algorithm import LEAST_QUALITY
from staydown.core.hashing.pdq import pdq

SIDE: Final = 64
BATCH: Final = 2000
MOST_SHARE: Final = 0.04  # of a photograph's area that a window shows: far too little to be a copy of it
#: What the set is made of, as shares of a batch.
MIXTURE: Final = {"windows of photographs": 0.55, "two windows blended": 0.3, "patterns": 0.15}
Batch = NDArray[np.float32]  # pictures x rows x columns, 0 to 255


class Photographs:
    """Grey photographs at several scales and tilts, from which windows are cut without any further work."""

    def __init__(self, images: Sequence[Image.Image]) -> None:
        self._layers: list[NDArray[np.uint8]] = []
        for image in images:
            grey = image.convert("L")
            for scale in (0.7, 1.0, 1.5, 2.2):
                size = round(grey.width * scale), round(grey.height * scale)
                if MOST_SHARE * size[0] * size[1] < SIDE * SIDE:
                    continue
                scaled = grey.resize(size, Image.Resampling.BICUBIC)
                self._layers.append(np.asarray(scaled))
                self._layers += [np.asarray(_inner(scaled, degrees)) for degrees in (17, 45)]

    def windows(self, count: int, rng: np.random.Generator) -> Batch:
        """Windows at chance places, a tenth of them turned or mirrored, brighter or darker, harder or softer."""
        found = np.empty((count, SIDE, SIDE), np.float32)
        which = rng.integers(0, len(self._layers), count)
        places = rng.random((count, 2))
        for into, layer, (down, across) in zip(found, (self._layers[at] for at in which), places, strict=True):
            top, left = int(down * (layer.shape[0] - SIDE)), int(across * (layer.shape[1] - SIDE))
            into[...] = layer[top : top + SIDE, left : left + SIDE]
        found[::3] = found[::3, :, ::-1]
        found[::5] = found[::5].transpose(0, 2, 1)
        gain, lift = rng.uniform(0.6, 2.5, (count, 1, 1)), rng.uniform(-30, 30, (count, 1, 1))
        middle = found.mean(axis=(1, 2), keepdims=True)
        return (found - middle) * gain + middle + lift


def _inner(image: Image.Image, degrees: float) -> Image.Image:
    """The middle of a tilted picture, without its corners."""
    side = int(min(image.size) * 0.7)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    return image.rotate(degrees, Image.Resampling.BICUBIC).crop((left, top, left + side, top + side))


def batches(images: Sequence[Image.Image], count: int, seed: int) -> Iterator[NDArray[np.uint8]]:
    """``count`` pictures with enough detail for PDQ, some thousand at a time."""
    photographs, rng, made = Photographs(images), np.random.default_rng(seed), 0
    while made < count:
        sizes = [round(share * BATCH) for share in MIXTURE.values()]
        mask = _smooth(sizes[1], rng, 3)
        mask = (mask > mask.mean(axis=(1, 2), keepdims=True)).astype(np.float32)
        blended = photographs.windows(sizes[1], rng) * mask + photographs.windows(sizes[1], rng) * (1 - mask)
        patterns = sum(_smooth(sizes[2], rng, side) * 2 ** -(n / 2) for n, side in enumerate((3, 6, 12, 24))) * 90 + 128
        whole = np.concatenate([photographs.windows(sizes[0], rng), blended, patterns])
        pictures = np.clip(whole, 0, 255).astype(np.uint8)
        pictures = pictures[_qualities(pictures) >= LEAST_QUALITY][: count - made]
        made += len(pictures)
        yield pictures


def _smooth(count: int, rng: np.random.Generator, side: int) -> Batch:
    """Noise with ``side`` bumps along an axis."""
    place = np.linspace(0, side - 1, SIDE)
    hat = np.maximum(0, 1 - np.abs(place[:, None] - np.arange(side)[None])).astype(np.float32)
    coarse = rng.standard_normal((count, side, side)).astype(np.float32)
    return hat @ coarse @ hat.T


def _qualities(pictures: NDArray[np.uint8]) -> NDArray[np.int64]:
    """PDQ's quality of each, which at this size looks at the pixels themselves."""
    total = np.zeros(len(pictures), np.int64)
    for axis in (1, 2):
        steps = np.diff(pictures.astype(np.float32), axis=axis) * np.float32(100) / np.float32(255)
        total += np.abs(np.trunc(steps)).sum(axis=(1, 2)).astype(np.int64)
    return np.minimum(total // 90, 100)


def hashed(pictures: NDArray[np.uint8]) -> dict[str, NDArray[np.uint64]]:
    """The hash of each picture by each method, as rows of 64-bit words."""
    eighths = pictures.reshape(-1, 8, 8, 8, 8).sum(axis=(2, 4), dtype=np.int64).reshape(-1, 64)
    grey = [Image.fromarray(each) for each in pictures]
    lanczos = Image.Resampling.LANCZOS
    for_phash = np.stack([np.asarray(each.resize((32, 32), lanczos)) for each in grey])
    for_dhash = np.stack([np.asarray(each.resize((9, 8), lanczos)) for each in grey])
    waves = scipy.fftpack.dct(scipy.fftpack.dct(for_phash, axis=1), axis=2)[:, :8, :8].reshape(-1, 64)
    return {
        "PDQ": _pdq(pictures),
        "pHash": _packed(waves > np.median(waves, axis=1, keepdims=True)),
        "dHash": _packed((for_dhash[:, :, 1:] > for_dhash[:, :, :-1]).reshape(-1, 64)),
        "wHash": _packed(eighths > np.median(eighths, axis=1, keepdims=True)),
    }


def _pdq(pictures: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """PDQ of pictures of 64 x 64: its blur is one pixel wide there."""
    place = np.arange(SIDE)
    cosines = np.cos(np.pi / 2 / SIDE * np.arange(1, 17)[:, None] * (2 * place[None] + 1)) * np.sqrt(2 / SIDE)
    cosines = cosines.astype(np.float32).astype(np.float64)
    waves = (cosines @ pictures @ cosines.T).reshape(-1, 256)
    middle = np.partition(waves, 127, axis=1)[:, 127:128]
    return _packed((waves > middle)[:, ::-1])


def _packed(bits: NDArray[np.bool_]) -> NDArray[np.uint64]:
    return np.packbits(bits, axis=1).view(np.uint64)


def check(images: Sequence[Image.Image], count: int = 300) -> dict[str, float]:
    """The share of pictures whose hash here is the library's own, bit for bit."""
    pictures = next(batches(images, count, seed=99))
    ours, same = hashed(pictures), dict.fromkeys(("PDQ", "pHash", "dHash", "wHash"), 0)
    for number, picture in enumerate(pictures):
        image = Image.fromarray(picture)
        true = {
            "PDQ": np.frombuffer(pdq(picture).hash.value, np.uint64),
            "pHash": _packed(imagehash.phash(image).hash.reshape(1, 64))[0],
            "dHash": _packed(imagehash.dhash(image).hash.reshape(1, 64))[0],
            "wHash": _packed(imagehash.whash(image).hash.reshape(1, 64))[0],
        }
        for method, value in true.items():
            same[method] += int(np.array_equal(ours[method][number], value))
    return {method: hits / len(pictures) for method, hits in same.items()}
