"""The process that decodes one video: ``python -m staydown.core.hashing.video_worker``, started by `video_pool`.

The video is its standard input, a file or a pipe; records (`video_records`) are its output.
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
from PIL import Image

from staydown.core.hashing.footage import examine
from staydown.core.hashing.sandbox import allow_processor_seconds, give_up_rights
from staydown.core.hashing.video import Frame, VideoLimits, fault
from staydown.core.hashing.video_records import pack, pack_end, pack_error
from staydown.errors import MediaError, TooLargeError

_UNUSED: Final = frozenset({"av.__main__", "av.datasets"})


def main(arguments: list[str]) -> None:
    """Hash the video on standard input."""
    *figures, seconds, quick, every = arguments
    limits = VideoLimits(*map(int, figures))
    answers = os.dup(1)
    os.dup2(2, 1)  # whatever a decoder prints must not land among the answers
    av.logging.set_level(None)
    _load_decoders()
    Image.MAX_IMAGE_PIXELS = None  # `VideoLimits` decides
    warnings.simplefilter("ignore")
    give_up_rights(max_memory=limits.max_memory, descriptors=answers + 1, processes=0)
    allow_processor_seconds(int(seconds))

    def tell(record: bytes) -> None:
        while record:
            record = record[os.write(answers, record) :]

    def take(frame: Frame) -> None:
        tell(pack(frame))

    try:
        tell(pack_end(examine(_input(), limits, take, every=float(every), quick=bool(int(quick)))))
    except MediaError as error:
        tell(pack_error(error))
    except MemoryError:
        tell(pack_error(fault(TooLargeError)))


def _load_decoders() -> None:
    """Imports what PyAV and Pillow would import later, when no file can be opened any more."""
    for found in pkgutil.walk_packages(av.__path__, "av."):
        if found.name not in _UNUSED:
            importlib.import_module(found.name)
    importlib.import_module("PIL.WebPImagePlugin")
    Image.preinit()


def _input() -> BinaryIO:
    """The standard input, which has to be whole in memory where one cannot go back in it."""
    file = open(0, "rb", closefd=False)  # noqa: SIM115 - a descriptor, and it lives as long as the process
    if file.seekable():
        return file
    return io.BytesIO(file.read())  # as long as the pool let it be


if __name__ == "__main__":
    main(sys.argv[1:])
