"""The photographs of the tests: the free-licence ones that scikit-image ships, and generated patterns."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import skimage
from PIL import Image

FOLDER = Path(skimage.__file__).parent / "data"

#: Photographs with enough detail for PDQ (quality 50 or more).
PHOTOGRAPHS = ("astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg", "camera.png", "brick.png", "coins.png")


def path(name: str) -> Path:
    """Where the photograph ``name`` lies."""
    found = FOLDER / name
    assert found.exists(), f"scikit-image ships no {name}"
    return found


def photograph(name: str) -> Image.Image:
    """The photograph ``name`` as RGB."""
    with Image.open(path(name)) as image:
        return image.convert("RGB")


def encoded(image: Image.Image, kind: str = "JPEG", **options: object) -> bytes:
    """``image`` as the bytes of a file."""
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def pattern(seed: int, width: int = 640, height: int = 480) -> Image.Image:
    """A generated picture with structure at every scale, another one for each seed."""
    rng = np.random.default_rng(seed)
    layers = [
        np.asarray(
            Image.fromarray(rng.integers(0, 256, (side, side, 3), dtype=np.uint8)).resize(
                (width, height), Image.Resampling.BICUBIC
            ),
            dtype=np.float32,
        )
        for side in (4, 8, 16, 32)
    ]
    return Image.fromarray(np.clip(sum(layers) / len(layers) * 1.6 - 76, 0, 255).astype(np.uint8))
