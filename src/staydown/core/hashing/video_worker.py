"""The process that decodes videos: ``python -m staydown.core.hashing.video_worker``, started by `video_pool`.

Its standard input is a file, which is the one video that it hashes; or a pipe with questions, each followed by a video.
Records (`video_records`) are its output.
"""

from __future__ import annotations

import importlib
import io
import os
import pkgutil
import sys
import warnings
from typing import BinaryIO, Final

import av
from PIL import AvifImagePlugin, Image

from staydown.core.hashing.footage import examine
from staydown.core.hashing.sandbox import allow_processor_seconds, give_up_rights
from staydown.core.hashing.video import Frame, VideoLimits, fault
from staydown.core.hashing.video_records import QUESTION, pack, pack_end, pack_error
from staydown.errors import MediaError, TooLargeError

_UNUSED: Final = frozenset({"av.__main__", "av.datasets"})


def main(arguments: list[str]) -> None:
    """Hash what is on standard input, until it ends."""
    *figures, seconds, every, quick = arguments
    limits = VideoLimits(*map(int, figures))
    answers = os.dup(1)
    os.dup2(2, 1)  # whatever a decoder prints must not land among the answers
    av.logging.set_level(None)
    _load_decoders()
    Image.MAX_IMAGE_PIXELS = None  # `VideoLimits` decides
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1  # it may start none
    warnings.simplefilter("ignore")
    give_up_rights(max_memory=limits.max_memory, descriptors=answers + 1, processes=0)
    given = open(0, "rb", closefd=False)  # noqa: SIM115 - a descriptor, and it lives as long as the process
    if given.seekable():
        allow_processor_seconds(int(seconds))
        _answer(given, limits, answers, every=float(every), quick=bool(int(quick)))
        return
    while len(question := given.read(QUESTION.size)) == QUESTION.size:
        length, spacing, is_quick = QUESTION.unpack(question)
        allow_processor_seconds(int(seconds))
        try:
            video = io.BytesIO(given.read(length))
        except MemoryError:
            os.write(answers, pack_error(fault(TooLargeError)))
            return  # where the next question begins is not known any more
        _answer(video, limits, answers, every=spacing, quick=is_quick)


def _answer(video: BinaryIO, limits: VideoLimits, answers: int, *, every: float, quick: bool) -> None:
    """Write the records of one video."""

    def tell(record: bytes) -> None:
        while record:
            record = record[os.write(answers, record) :]

    def take(frame: Frame) -> None:
        tell(pack(frame))

    try:
        tell(pack_end(examine(video, limits, take, every=every, quick=quick)))
    except MediaError as error:
        tell(pack_error(error))
    except MemoryError:
        tell(pack_error(fault(TooLargeError)))


def _load_decoders() -> None:
    """Imports what PyAV and Pillow would import later, when no file can be opened any more."""
    for found in pkgutil.walk_packages(av.__path__, "av."):
        if found.name not in _UNUSED:
            importlib.import_module(found.name)
    for name in ("Avif", "Png", "WebP"):
        importlib.import_module(f"PIL.{name}ImagePlugin")
    Image.preinit()


if __name__ == "__main__":
    main(sys.argv[1:])
