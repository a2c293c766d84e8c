"""The process that decodes: ``python -m staydown.core.hashing.worker``, started and fed by `pool.HashingPool`.

Reads question frames on standard input, writes answer frames on standard output, and ends when its input does.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
import warnings
from typing import Final

from PIL import AvifImagePlugin, Image

from staydown.core.hashing.frames import QUESTION, READY, pack, pack_error
from staydown.core.hashing.image import Limits, register_heif
from staydown.core.hashing.picture import examine
from staydown.core.hashing.sandbox import allow_processor_seconds, give_up_rights
from staydown.errors import MediaError, TooLargeError

#: Every module that a decoder may want later, when no file can be opened any more.
_DECODERS: Final = (
    *(f"{name}ImagePlugin" for name in ("Avif", "Bmp", "Gif", "Jpeg", "Mpo", "Png", "Tiff", "WebP")),
    *("ImageCms", "ImageOps", "ImagePalette", "ImageSequence"),
)
_PROCESSES_WITH_HEIC: Final = 1024  # its decoder insists on threads of its own


def main(arguments: list[str]) -> None:
    """Answer questions until the input ends."""
    max_bytes, max_pixels, max_memory, seconds = map(int, arguments)
    limits = Limits(max_bytes, max_pixels, max_memory)
    answers = os.dup(1)
    os.dup2(2, 1)  # whatever a decoder prints must not land among the answers
    heic = _load_decoders()
    give_up_rights(max_memory=max_memory, descriptors=answers + 1, processes=_PROCESSES_WITH_HEIC if heic else 0)
    os.write(answers, READY)
    while head := sys.stdin.buffer.read(QUESTION.size):
        data = sys.stdin.buffer.read(*QUESTION.unpack(head))
        allow_processor_seconds(seconds)
        os.write(answers, _answer(data, limits))


def _load_decoders() -> bool:
    """Imports what the decoders need and tells them to start no threads; returns whether HEIC is among them."""
    for name in _DECODERS:
        importlib.import_module(f"PIL.{name}")
    Image.preinit()
    Image.MAX_IMAGE_PIXELS = None  # `Limits` decides
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    warnings.simplefilter("ignore")
    heic = importlib.util.find_spec("pillow_heif") is not None
    if heic:
        register_heif()
    return heic


def _answer(data: bytes, limits: Limits) -> bytes:
    try:
        return pack(examine(data, limits))
    except MediaError as error:
        return pack_error(error)
    except MemoryError:
        return pack_error(TooLargeError())


if __name__ == "__main__":
    main(sys.argv[1:])
