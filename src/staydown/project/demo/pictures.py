"""The photographs of the demo, their licences, and the copies that people make of them."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from PIL import Image

#: The picture that is reported: a cat.
REPORTED: Final = "chelsea.png"

#: Ten photographs that nobody reported, with what scikit-image says of their licence.
OTHERS: Final = {
    "coffee.png": "CC0, Rachel Michetti",
    "rocket.jpg": "public domain, SpaceX",
    "hubble_deep_field.jpg": "public domain, NASA",
    "retina.jpg": "CC0, Mikael Häggström",
    "camera.png": "CC0, Lav Varshney",
    "brick.png": "CC0, CC0Textures",
    "grass.png": "CC0, scikit-image's data",
    "gravel.png": "CC0, CC0Textures",
    "coins.png": "no known restrictions, Brooklyn Museum",
    "clock_motion.png": "public domain, Stefan van der Walt",
}
#: Reported after the story, for whoever explores.
WAITING: Final = ("coffee.png", "rocket.jpg")
LICENCES: Final = {REPORTED: "CC0, Stefan van der Walt", **OTHERS}


def folder() -> Path:
    """Where scikit-image keeps its photographs. Raises ModuleNotFoundError where it is not installed."""
    import skimage

    return Path(skimage.__file__).parent / "data"


def read(name: str) -> bytes:
    """The bytes of the photograph ``name``."""
    return (folder() / name).read_bytes()


def written(image: Image.Image, kind: str = "JPEG", quality: int = 90) -> bytes:
    """``image`` as a file of ``kind``."""
    out = io.BytesIO()
    image.save(out, kind, quality=quality)
    return out.getvalue()


def copies(original: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield (what was done, file) for the ways in which people post a picture again."""
    with Image.open(io.BytesIO(original)) as opened:
        image = opened.convert("RGB")
    width, height = image.size
    yield "the same file", original
    yield "saved again as JPEG, quality 40", written(image, quality=40)
    yield "made half as large", written(image.resize((width // 2, height // 2), Image.Resampling.LANCZOS))
    yield (
        "made twice as large, as WebP",
        written(image.resize((width * 2, height * 2), Image.Resampling.BICUBIC), "WEBP"),
    )
    yield "turned by 90 degrees", written(image.transpose(Image.Transpose.ROTATE_90))
    yield "turned upside down", written(image.transpose(Image.Transpose.ROTATE_180))
    yield "mirrored", written(image.transpose(Image.Transpose.FLIP_LEFT_RIGHT))
    yield (
        "at the size of a phone screenshot",
        written(image.resize((1080, 1080 * height // width), Image.Resampling.BILINEAR), "PNG"),
    )
    yield "in black and white", written(image.convert("L"))
