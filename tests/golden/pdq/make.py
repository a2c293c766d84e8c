"""Writes the golden vectors of PDQ anew, from the reference implementation: ``python -m tests.golden.pdq.make``.

`README.md` beside this file says what the vectors mean and how to rebuild the pixels in another language.
"""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pdqhash
from numpy.typing import NDArray
from PIL import Image, ImageOps

from tests import pictures

HERE = Path(__file__).parent

#: kind, seed, width, height
PATTERNS = (
    ("clouds", 1, 512, 512),
    ("clouds", 2, 1008, 756),
    ("clouds", 3, 37, 91),
    ("clouds", 4, 64, 64),
    ("clouds", 5, 128, 128),
    ("clouds", 6, 129, 127),
    ("clouds", 7, 640, 359),
    ("clouds", 8, 5, 7),
    ("clouds", 9, 877, 243),
    ("grey", 10, 333, 500),
    ("grey", 11, 64, 200),
    ("rings", 12, 400, 300),
    ("rings", 13, 301, 455),
    ("haze", 14, 480, 360),
    ("mist", 19, 300, 400),
    ("clouds", 15, 4, 100),
    ("clouds", 16, 100, 4),
    ("clouds", 17, 1, 1),
    ("flat", 18, 200, 150),
)

PHOTOGRAPHS = (*pictures.PHOTOGRAPHS, "retina.jpg", "hubble_deep_field.jpg")

#: How to turn an upright picture into the stored one that an EXIF orientation turns upright again.
STORED = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def pixels(kind: str, seed: int, width: int, height: int) -> NDArray[np.uint8]:
    """The RGB pixels (height, width, 3) of a pattern, by integer arithmetic alone."""
    x = np.arange(width, dtype=np.int64)[None, :]
    y = np.arange(height, dtype=np.int64)[:, None]
    channels = []
    for channel in range(3):
        tone = channel if kind in ("clouds", "rings") else 0
        if kind == "flat":
            value = np.full((height, width), 10 * seed)
        elif kind == "rings":
            value = ((2 * x - width) ** 2 * (seed + tone) + (2 * y - height) ** 2 * 9) // (8 * width) % 256
        else:
            value = sum(_layer(x, y, width, height, cells, 100 * seed + 7 * tone) for cells in (3, 7, 15, 31))
            value = {"haze": value // 40 + 100, "mist": value // 12 + 80}.get(
                kind, np.clip(value * 3 // 8 - 60, 0, 255)
            )
        channels.append(value)
    return np.stack(channels, axis=2).astype(np.uint8)


def _layer(x: Any, y: Any, width: int, height: int, cells: int, seed: int) -> NDArray[np.int64]:
    """Noise of ``cells`` cells along each side, interpolated between their corners; 0 to 250."""
    u, v = (x * cells * 256 // width)[0], (y * cells * 256 // height)[:, 0]
    corners = _corner(np.arange(cells + 1)[None, :], np.arange(cells + 1)[:, None], seed)
    i, f, j, g = u // 256, u % 256, v // 256, (v % 256)[:, None]
    across = corners[:, i] * (256 - f) + corners[:, i + 1] * f
    return (across[j] * (256 - g) + across[j + 1] * g) >> 16


def _corner(i: Any, j: Any, seed: int) -> Any:
    return (31 * i * i + 17 * i * j + 57 * j * j + 73 * i + 151 * j + 211 * seed) % 251


def stored(upright: Image.Image, orientation: int, quality: int) -> bytes:
    """A JPEG file that shows ``upright`` once its EXIF ``orientation`` is applied."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    turned = upright.transpose(STORED[orientation]) if orientation in STORED else upright
    return pictures.encoded(turned, "JPEG", quality=quality, exif=exif)


def reference(array: NDArray[np.uint8]) -> dict[str, Any]:
    """What the reference says of RGB pixels: eight hashes, quality."""
    bits, quality = pdqhash.compute_dihedral(np.ascontiguousarray(array))
    variants = [np.packbits(each).tobytes().hex() for each in bits]
    return {"hash": variants[0], "quality": int(quality), "variants": variants}


def patterns() -> list[dict[str, Any]]:
    """One vector for each pattern."""
    made = []
    for kind, seed, width, height in PATTERNS:
        found = reference(pixels(kind, seed, width, height))
        if kind == "flat":  # every coefficient is zero but for rounding: the bits mean nothing
            found |= {"hash": None, "variants": None}
        made.append({"kind": kind, "seed": seed, "width": width, "height": height} | found)
    return made


def photographs() -> list[dict[str, Any]]:
    """One vector for each photograph, and for each orientation of one of them."""
    made = [_of_file(pictures.path(name).read_bytes(), {"file": name}) for name in PHOTOGRAPHS]
    name = "chelsea.png"
    for orientation in range(1, 9):
        data = stored(pictures.photograph(name), orientation, 90)
        made.append(_of_file(data, {"file": name, "jpeg_quality": 90, "orientation": orientation}))
    return made


def files() -> list[dict[str, Any]]:
    """One vector for each picture file that lies beside this one."""
    return [_of_file(path.read_bytes(), {"file": path.name}) for path in sorted(HERE.glob("*.jpg"))]


def _of_file(data: bytes, about: dict[str, Any]) -> dict[str, Any]:
    with Image.open(io.BytesIO(data)) as image:
        upright = ImageOps.exif_transpose(image).convert("RGB")
    found = reference(np.asarray(upright))
    return about | {
        "width": upright.width,
        "height": upright.height,
        "hash": found["hash"],
        "quality": found["quality"],
    }


def build() -> dict[str, str]:
    """The text of each file of vectors, by its name."""
    made = {"patterns.json": patterns(), "photographs.json": photographs(), "files.json": files()}
    return {name: json.dumps(vectors, indent=1) + "\n" for name, vectors in made.items()}


def main() -> None:
    """Write everything."""
    upright = Image.fromarray(pixels("clouds", 20, 240, 160))
    for orientation in range(1, 9):
        (HERE / f"orientation-{orientation}.jpg").write_bytes(stored(upright, orientation, 80))
    for name, text in build().items():
        (HERE / name).write_text(text)


if __name__ == "__main__":
    main()
