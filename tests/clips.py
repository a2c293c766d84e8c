"""Short videos of the tests, made here from scikit-image's photographs and from patterns; every frame differs."""

from __future__ import annotations

import io
from functools import cache

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests import pictures

Pixels = NDArray[np.uint8]

CODECS = {"mp4": "libx264", "mov": "libx264", "matroska": "libx264", "webm": "libvpx"}


@cache
def scene(
    name: str = "coffee.png", seconds: float = 4, *, rate: int = 5, size: tuple[int, int] = (256, 192)
) -> tuple[Pixels, ...]:
    """Frames that move slowly over a photograph, the way a hand-held camera does. ``size`` is width and height."""
    width, height = size
    whole = np.asarray(pictures.photograph(name).resize((width * 5 // 3, height * 5 // 3), Image.Resampling.LANCZOS))
    room = np.array([whole.shape[0] - height, whole.shape[1] - width])
    frames = []
    for number in range(round(seconds * rate)):
        turn = 0.35 * number / rate
        top, left = (room * (0.5 + 0.5 * np.array([np.sin(turn), np.cos(1.3 * turn)]))).astype(int)
        frames.append(np.ascontiguousarray(whole[top : top + height, left : left + width]))
    return tuple(frames)


def film(
    frames: tuple[Pixels, ...] | list[Pixels],
    kind: str = "mp4",
    *,
    rate: int = 5,
    codec: str | None = None,
    pix_fmt: str = "yuv420p",
    quality: int = 20,
    every_key: int = 10,
    full_range: bool = False,
    container_options: dict[str, str] | None = None,
) -> bytes:
    """The frames as a video file. ``quality`` is x264's: larger is worse. ``every_key``: frames between key frames."""
    out = io.BytesIO()
    codec = codec or CODECS[kind]
    with av.open(out, "w", format=kind, options=container_options or {}) as container:
        stream = container.add_stream(codec, rate=rate)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = pix_fmt
        stream.codec_context.gop_size = every_key
        stream.codec_context.thread_count = 1
        if codec == "libx264":
            stream.options = {"preset": "veryfast", "crf": str(quality), "threads": "1"}
        elif codec.startswith("libvpx"):
            stream.bit_rate = 600_000
            stream.options = {"deadline": "realtime", "cpu-used": "8"}
        for number, pixels in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            if full_range:
                frame = frame.reformat(format=pix_fmt, dst_color_range="JPEG")
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return out.getvalue()


def drawn(frames: tuple[Pixels, ...] | list[Pixels], kind: str, *, rate: int = 5) -> bytes:
    """The frames as an animated GIF or WebP, written by Pillow."""
    images = [Image.fromarray(pixels) for pixels in frames]
    if kind == "GIF":  # Pillow's own way of finding colours takes ten times as long
        images = [image.quantize(method=Image.Quantize.FASTOCTREE) for image in images]
    first, *others = images
    out = io.BytesIO()
    first.save(out, kind, save_all=True, append_images=others, duration=1000 // rate, loop=0)
    return out.getvalue()


def turned(mp4: bytes, matrix: tuple[int, int, int, int]) -> bytes:
    """An MP4 whose track header says a, b, c, d of the display matrix."""
    changed = bytearray(mp4)
    at = mp4.index(b"tkhd") + 4 + 4 + 20 + 16  # version and flags, five numbers, reserved to volume
    for place, value in zip((0, 1, 3, 4), matrix, strict=True):
        changed[at + 4 * place : at + 4 * place + 4] = (value << 16).to_bytes(4, signed=True)
    return bytes(changed)
