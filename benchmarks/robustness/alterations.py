"""What people and programs do to a picture between two uploads. Each is a function of a picture and a seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps

Picture = Image.Image
Alter = Callable[[Picture, int], Picture]

USUAL_QUALITY: Final = 85  # every copy is saved as a JPEG of this quality, as a platform would


@dataclass(frozen=True, slots=True)
class Alteration:
    """``group`` and ``setting`` name it; ``strength`` orders the settings of a group in a plot."""

    group: str
    setting: str
    strength: float
    alter: Alter
    quality: int = USUAL_QUALITY


def _same(image: Picture, _seed: int) -> Picture:
    return image


def _scaled(across: float, down: float, image: Picture, _seed: int) -> Picture:
    size = max(8, round(image.width * across)), max(8, round(image.height * down))
    return image.resize(size, Image.Resampling.LANCZOS)


def _blurred(sigma: float, image: Picture, _seed: int) -> Picture:
    return image.filter(ImageFilter.GaussianBlur(sigma))


def _noisy(deviation: float, image: Picture, seed: int) -> Picture:
    pixels = np.asarray(image, np.float32)
    noise = np.random.default_rng(seed).normal(0, deviation, pixels.shape)
    return Image.fromarray(np.clip(pixels + noise, 0, 255).astype(np.uint8))


def _brighter(factor: float, image: Picture, _seed: int) -> Picture:
    return ImageEnhance.Brightness(image).enhance(factor)


def _contrasted(factor: float, image: Picture, _seed: int) -> Picture:
    return ImageEnhance.Contrast(image).enhance(factor)


def _grey(image: Picture, _seed: int) -> Picture:
    return image.convert("L").convert("RGB")


def _turned(how: Image.Transpose, image: Picture, _seed: int) -> Picture:
    return image.transpose(how)


def _tilted(degrees: float, image: Picture, _seed: int) -> Picture:
    return image.rotate(degrees, Image.Resampling.BICUBIC)


def _cropped(share: float, image: Picture, seed: int) -> Picture:
    """``share`` of the area is cut off, at chance from the sides; the shape stays."""
    side = (1 - share) ** 0.5
    width, height = round(image.width * side), round(image.height * side)
    rng = np.random.default_rng(seed)
    left, top = int(rng.integers(0, image.width - width + 1)), int(rng.integers(0, image.height - height + 1))
    return image.crop((left, top, left + width, top + height))


def _bordered(across: float, down: float, colour: str, image: Picture, _seed: int) -> Picture:
    border = round(image.width * across), round(image.height * down)
    ground = Image.new("RGB", (image.width + 2 * border[0], image.height + 2 * border[1]), colour)
    ground.paste(image, border)
    return ground


def _banner(share: float, image: Picture, _seed: int) -> Picture:
    """A bar with words laid over the lower end."""
    made, height = image.copy(), round(image.height * share)
    draw = ImageDraw.Draw(made)
    draw.rectangle((0, image.height - height, image.width, image.height), "black")
    size = max(8, round(height * 0.6))
    draw.text((10, image.height - height + height // 8), "posted by somebody", "white", font_size=size)
    return made


def _captioned(share: float, image: Picture, _seed: int) -> Picture:
    """White words with a black outline across the picture, as on a meme."""
    made = image.copy()
    size = round(image.height * share)
    place = (image.width // 20, image.height // 20)
    ImageDraw.Draw(made).text(
        place, "LOOK AT THIS", "white", font_size=size, stroke_width=max(1, size // 12), stroke_fill="black"
    )
    return made


def _stickered(share: float, image: Picture, seed: int) -> Picture:
    """A round sticker that hides ``share`` of the picture."""
    made = image.copy()
    radius = (image.width * image.height * share / np.pi) ** 0.5
    rng = np.random.default_rng(seed)
    x = rng.uniform(radius, max(radius + 1, image.width - radius))
    y = rng.uniform(radius, max(radius + 1, image.height - radius))
    draw = ImageDraw.Draw(made)
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), "gold", "black", width=3)
    for side in (-0.4, 0.4):
        draw.ellipse(
            (x + (side - 0.1) * radius, y - 0.4 * radius, x + (side + 0.1) * radius, y - 0.1 * radius), "black"
        )
    return made


def _posted(ground: str, image: Picture, seed: int) -> Picture:
    """A screenshot of a post on a phone: status bar, a name, the picture from side to side, words, a bar of icons."""
    width, height = 720, 1560
    ink = "black" if ground == "white" else "white"
    screen = Image.new("RGB", (width, height), ground)
    draw = ImageDraw.Draw(screen)
    draw.text((40, 16), "12:41", ink, font_size=30)
    draw.text((width - 160, 16), "5G  87 %", ink, font_size=30)
    draw.ellipse((24, 90, 104, 170), "grey")
    draw.text((124, 110), "somebody", ink, font_size=34)
    tall = min(round(width * image.height / image.width), 1000)
    screen.paste(image.resize((width, tall), Image.Resampling.LANCZOS), (0, 200))
    for line in range(4):
        words = "words that stand under the picture "[: 14 + (seed + 7 * line) % 20]
        draw.text((24, 230 + tall + 48 * line), words, ink, font_size=32)
    for icon in range(4):
        draw.rectangle((80 + 170 * icon, height - 80, 120 + 170 * icon, height - 40), "grey")
    return screen


def _viewed(image: Picture, _seed: int) -> Picture:
    """A screenshot of a phone's picture viewer: black above and below, the clock, a handle at the lower end."""
    width, height = 720, 1560
    screen = Image.new("RGB", (width, height), "black")
    draw = ImageDraw.Draw(screen)
    tall = min(round(width * image.height / image.width), height)
    screen.paste(image.resize((width, tall), Image.Resampling.LANCZOS), (0, (height - tall) // 2))
    draw.text((40, 16), "12:41", "white", font_size=30)
    draw.rounded_rectangle((width // 2 - 120, height - 24, width // 2 + 120, height - 16), 4, "white")
    return screen


def _on_a_page(image: Picture, _seed: int) -> Picture:
    """A screenshot of a desktop browser in which the picture takes a third of the width."""
    screen = Image.new("RGB", (1440, 900), "white")
    draw = ImageDraw.Draw(screen)
    draw.rectangle((0, 0, 1440, 70), "#dddddd")
    tall = min(480 * image.height // image.width, 760)
    screen.paste(image.resize((480, tall), Image.Resampling.LANCZOS), (420, 100))
    for line in range(22):
        draw.text((940, 110 + 34 * line), "words beside the picture, many of them", "black", font_size=22)
        draw.text((30, 110 + 34 * line), "a menu entry", "navy", font_size=22)
    return screen


def _collaged(columns: int, rows: int, image: Picture, seed: int) -> Picture:
    """One of several pictures in a grid; the others are patterns."""
    width, height = 400, 400 * image.height // image.width
    ground = Image.new("RGB", (columns * width, rows * height))
    rng = np.random.default_rng(seed)
    mine = int(rng.integers(columns * rows))
    for place in range(columns * rows):
        coarse = Image.fromarray(rng.integers(0, 256, (12, 12, 3), dtype=np.uint8))
        tile = image if place == mine else coarse
        at = (place % columns * width, place // columns * height)
        ground.paste(tile.resize((width, height), Image.Resampling.BICUBIC), at)
    return ground


def _mirrored_in_borders(image: Picture, seed: int) -> Picture:
    return _bordered(0, 0.15, "black", ImageOps.mirror(image), seed)


def _percent(values: tuple[float, ...], group: str, alter: Callable[..., Picture], *more: object) -> list[Alteration]:
    return [Alteration(group, f"{100 * v:g} %", v, partial(alter, v, *more)) for v in values]


def _borders(group: str, ways: tuple[int, int], colour: str) -> list[Alteration]:
    return [
        Alteration(group, f"{100 * v:g} %", v, partial(_bordered, ways[0] * v, ways[1] * v, colour))
        for v in (0.02, 0.05, 0.1, 0.2)
    ]


_TURNS: Final = {
    "90°": Image.Transpose.ROTATE_90,
    "180°": Image.Transpose.ROTATE_180,
    "270°": Image.Transpose.ROTATE_270,
    "mirrored": Image.Transpose.FLIP_LEFT_RIGHT,
    "upside down": Image.Transpose.FLIP_TOP_BOTTOM,
}

ALTERATIONS: Final[tuple[Alteration, ...]] = (
    *(Alteration("JPEG quality", str(q), -q, _same, quality=q) for q in (95, 70, 50, 30, 20, 10)),
    *(Alteration("resized to", f"{100 * s:g} %", -s, partial(_scaled, s, s)) for s in (2, 0.75, 0.5, 0.25, 0.15)),
    *(Alteration("squeezed in width by", f"{100 - 100 * s:g} %", -s, partial(_scaled, s, 1)) for s in (0.9, 0.75, 0.5)),
    *(Alteration("blurred, sigma", f"{s} px", s, partial(_blurred, s)) for s in (1, 2, 4, 8)),
    *(Alteration("noise, deviation", f"{d} of 255", d, partial(_noisy, d)) for d in (5, 15, 30, 60)),
    *_percent((0.5, 0.8, 1.2, 1.5), "brightness", _brighter),
    *_percent((0.5, 0.75, 1.25, 1.6), "contrast", _contrasted),
    Alteration("greyscale", "", 0, _grey),
    *(Alteration("turned", name, n, partial(_turned, how)) for n, (name, how) in enumerate(_TURNS.items())),
    *(Alteration("tilted by", f"{d}°", d, partial(_tilted, d)) for d in (1, 2, 3, 5, 10)),
    *_percent((0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3), "cropped by", _cropped),
    *_borders("letterbox, each bar", (0, 1), "black"),
    *_borders("pillarbox, each bar", (1, 0), "white"),
    *_borders("frame, each side", (1, 1), "#c03060"),
    *_percent((0.05, 0.1, 0.2), "banner over", _banner),
    *_percent((0.05, 0.1, 0.15), "caption, height of the letters", _captioned),
    *_percent((0.02, 0.05, 0.1, 0.2), "sticker over", _stickered),
    Alteration("screenshot", "a post, white", 0, partial(_posted, "white")),
    Alteration("screenshot", "a post, black", 1, partial(_posted, "black")),
    Alteration("screenshot", "a phone's viewer", 2, _viewed),
    Alteration("screenshot", "a desktop page", 3, _on_a_page),
    Alteration("collage", "1 of 2", 2, partial(_collaged, 2, 1)),
    Alteration("collage", "1 of 4", 4, partial(_collaged, 2, 2)),
    Alteration("several at once", "mirrored, letterbox, quality 40", 0, _mirrored_in_borders, quality=40),
)
