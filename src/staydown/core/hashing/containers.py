"""What the first bytes of a file say about moving pictures, before any demuxer touches it."""

from __future__ import annotations

import enum
import struct
from typing import BinaryIO, Final

from staydown.core.hashing.formats import AVIF_BRANDS, HEIF_BRANDS, sniff
from staydown.errors import NotAnImageError, NotAVideoError, UnsupportedFormatError

SNIFFED: Final = 1024  # bytes of a file that are enough to tell


class Container(enum.StrEnum):
    """The containers that are read. The value is FFmpeg's name of the one demuxer that may run."""

    ISO = "mov"  # MP4, MOV, M4V, 3GP
    MATROSKA = "matroska"  # MKV, WebM
    GIF = "gif"
    WEBP = "webp"  # this and the next two are read by Pillow: it draws each frame on the canvas that people see
    PNG = "png"
    AVIF = "avif"


#: Containers that hold a picture most of the time: only the whole file tells whether it moves.
PICTURES: Final = frozenset({Container.GIF, Container.WEBP, Container.PNG, Container.AVIF})
DRAWN: Final = PICTURES - {Container.GIF}


#: First boxes of files that are ISO media without saying so: QuickTime before 2001, and cameras since.
_OLD_QUICKTIME: Final = frozenset({b"moov", b"mdat", b"wide", b"skip", b"free", b"pnot"})

#: Videos that we know of and do not read.
_OTHERS: Final = (
    b"FLV\x01",
    b"\0\0\x01\xba",  # MPEG program stream
    b"\0\0\x01\xb3",  # MPEG video
    b"0&\xb2u\x8ef\xcf\x11",  # ASF, WMV
    b"OggS",
    b".RMF",
)
_TRANSPORT_PACKET: Final = 188  # bytes between the sync bytes of an MPEG transport stream
_MOST_RUNS: Final = 100_000  # of data in a GIF that are stepped over in search of its second frame
_MOST_BOXES: Final = 100_000
_NEEDED_BOXES: Final = frozenset({b"moov", b"mdat", b"moof"})


def is_media(start: bytes) -> bool:
    """Whether a file with these first bytes is a picture or a video, also of a kind that nobody here can decode."""
    for tell in (sniff, container_of):
        try:
            tell(start)
        except UnsupportedFormatError:
            return True
        except (NotAnImageError, NotAVideoError):
            continue
        return True
    return False


def container_of(start: bytes) -> Container:
    """The container of a file with these first bytes (`SNIFFED` of them, or all).

    Raises `NotAVideoError`, or `UnsupportedFormatError` for a video of a kind that is not read.
    """
    if start[4:8] == b"ftyp":
        brands = _brands(start)
        if b"avis" in brands:
            return Container.AVIF
        if brands & (AVIF_BRANDS | HEIF_BRANDS):
            raise NotAVideoError
        return Container.ISO
    if start[4:8] in _OLD_QUICKTIME:
        return Container.ISO
    if start.startswith(b"\x1a\x45\xdf\xa3"):
        return Container.MATROSKA
    if start.startswith((b"GIF87a", b"GIF89a")):
        return Container.GIF
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return Container.WEBP
    if start.startswith(b"\x89PNG\r\n\x1a\n") and not _png_is_still(start):
        return Container.PNG
    if start.startswith(_OTHERS) or (start[:4] == b"RIFF" and start[8:12] == b"AVI ") or _is_transport_stream(start):
        raise UnsupportedFormatError("This video format is not supported. Save it as MP4 or WebM and try again.")
    raise NotAVideoError


def is_video(data: bytes) -> bool:
    """Whether a file is to be hashed as a video: its container says so, or it is a picture that moves.

    True as well for a video of a kind that is not read, so that whoever hashes it says so.
    """
    try:
        container = container_of(data[:SNIFFED])
    except UnsupportedFormatError:
        return True
    except NotAVideoError:
        return False
    if container is Container.WEBP:
        return data[12:16] == b"VP8X" and len(data) > 20 and bool(data[20] & 0x02)
    if container is Container.PNG:
        return _png_moves(data)
    return container is not Container.GIF or _gif_moves(data)


def ends_early(file: BinaryIO, container: Container) -> bool:
    """Whether the file lacks the end that its container promises."""
    size = file.seek(0, 2)
    if container in (Container.ISO, Container.AVIF):
        return _lacks_boxes(file, size)
    if container is Container.PNG:
        return b"IEND" not in _at(file, max(size - SNIFFED, 0), SNIFFED)
    if container is Container.MATROSKA:
        return _segment_overruns(file, size)
    if container is Container.WEBP:
        return int.from_bytes(_at(file, 4, 4), "little") + 8 > size
    return not _at(file, max(size - SNIFFED, 0), SNIFFED).rstrip(b"\0").endswith(b";")


def _brands(start: bytes) -> set[bytes]:
    """The brands in the first box of an ISO media file. Videos list many; pictures are told by theirs."""
    length = min(int.from_bytes(start[:4]), SNIFFED)
    return {start[at : at + 4] for at in (8, *range(16, length - 3, 4))}


def _is_transport_stream(start: bytes) -> bool:
    syncs = start[::_TRANSPORT_PACKET]
    return len(syncs) >= 3 and set(syncs[:3]) == {0x47}


def _gif_moves(data: bytes) -> bool:
    """Whether a GIF has a second frame. One with so many runs that it takes long to tell counts as moving."""
    at, frames, runs = 13 + _colour_table(data, 10), 0, 0
    while runs < _MOST_RUNS:
        kind = data[at : at + 1]
        if kind == b"\x2c":
            frames += 1
            if frames == 2:
                return True
            at += 11 + _colour_table(data, at + 9)
        elif kind == b"\x21":
            at += 2
        else:  # the end of the pictures, or of the file
            return False
        while at < len(data) and data[at] and runs < _MOST_RUNS:
            at += data[at] + 1
            runs += 1
        at += 1
        runs += 1
    return True


def _png_moves(data: bytes) -> bool:
    """Whether a PNG says before its pixels that more than one picture follows."""
    at = 8
    for _ in range(_MOST_BOXES):
        kind = data[at + 4 : at + 8]
        if kind == b"acTL":
            return int.from_bytes(data[at + 8 : at + 12]) > 1
        if kind in (b"IDAT", b"IEND", b""):
            return False
        at += 12 + int.from_bytes(data[at : at + 4])
    return True  # one with so many pieces before its pixels that it takes long to tell


def _png_is_still(start: bytes) -> bool:
    """Whether the first bytes of a PNG reach its pixels and say of no more than one picture before."""
    return not _png_moves(start) and b"IDAT" in start


def _colour_table(data: bytes, flags_at: int) -> int:
    """Bytes of the colour table that the flags announce."""
    flags = int.from_bytes(data[flags_at : flags_at + 1])
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _lacks_boxes(file: BinaryIO, size: int) -> bool:
    """Whether a box that matters reaches past the end of an ISO media file, or there is none that describes it.

    Whatever else stands behind the last of them, such as what some phones and editors leave there, is no concern.
    """
    at, is_described, name = 0, False, b""
    for _ in range(_MOST_BOXES):
        if at + 8 > size:
            break
        length, name = int.from_bytes(_at(file, at, 4)), _at(file, at + 4, 4)
        is_described = is_described or name == b"moov"
        if length == 1:
            length = int.from_bytes(_at(file, at + 8, 8))
        if length == 0:
            return not is_described
        at += max(length, 8)
    return (at > size and name in _NEEDED_BOXES) or not is_described


def _segment_overruns(file: BinaryIO, size: int) -> bool:
    """Whether the segment of a Matroska file is longer than the file. A stream may leave its length open."""
    at = 0
    for _ in range(8):  # the header, perhaps padding, the segment
        name, after = _number(_at(file, at, 12), keep_marker=True)
        length, used = _number(_at(file, at + after, 12), keep_marker=False)
        if not after or not used:
            return True
        if length == (1 << 7 * used) - 1:
            return False
        at += after + used + length
        if name == 0x18538067:
            return at > size
    return False


def _number(data: bytes, *, keep_marker: bool) -> tuple[int, int]:
    """A number of Matroska's variable length, and its length in bytes; 0 and 0 when there is none."""
    if not data or not data[0]:
        return 0, 0
    length = 9 - data[0].bit_length()
    if len(data) < length:
        return 0, 0
    number = int.from_bytes(data[:length])
    return (number if keep_marker else number & ((1 << 7 * length) - 1)), length


def _at(file: BinaryIO, place: int, size: int) -> bytes:
    file.seek(place)
    return file.read(size)


def display_orientation(matrix: bytes) -> int:
    """The EXIF orientation, 1 to 8, of an ISO display matrix (nine 32-bit numbers, as FFmpeg hands them on).

    A turn by another angle counts as the nearest right one.
    """
    if len(matrix) < 36:
        return 1
    a, b, _, c, d, *_ = struct.unpack_from("=9i", matrix)
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return {(False, False): 1, (True, False): 2, (True, True): 3, (False, True): 4}[a < 0, d < 0]
    return {(False, False): 5, (False, True): 6, (True, True): 7, (True, False): 8}[b < 0, c < 0]
