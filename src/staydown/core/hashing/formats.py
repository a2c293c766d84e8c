"""What the first and the last bytes of a file say about it, before any decoder touches it."""

from __future__ import annotations

import struct
from typing import Final

from staydown.errors import NotAnImageError, UnsupportedFormatError

#: The decoders that may run. The value is Pillow's name for the format.
_SIGNATURES: Final = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"BM", "BMP"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
)
AVIF_BRANDS: Final = frozenset({b"avif", b"avis"})
HEIF_BRANDS: Final = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})

_TIFF_PIECES: Final = frozenset({273, 279, 324, 325})  # where strips and tiles start, how long they are
_TIFF_NUMBERS: Final = {3: "H", 4: "I"}

_SCAN: Final = 0xDA  # markers of JPEG
_PROGRESSIVE: Final = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}

#: Pictures that we know of and have no decoder for.
_OTHERS: Final = (
    b"\0\0\0\x0cjP  \r\n\x87\n",  # JPEG 2000
    b"\xff\x4f\xff\x51",  # JPEG 2000 codestream
    b"\0\0\0\x0cJXL \r\n\x87\n",  # JPEG XL
    b"\xff\x0a",  # JPEG XL codestream
    b"8BPS",  # Photoshop
    b"\0\0\1\0",  # icon
    b"II+\0",  # BigTIFF
    b"MM\0+",
    b"v/1\x01",  # OpenEXR
    b"gimp xcf",
    b"DDS ",
    b"qoif",
    b"IIRO",  # camera raw
    b"FUJIFILMCCD-RAW",
)


def sniff(data: bytes) -> str:
    """The name of the one decoder that may read ``data``.

    Raises `NotAnImageError`, or `UnsupportedFormatError` for a picture of a kind that we do not decode.
    """
    for signature, name in _SIGNATURES:
        if data.startswith(signature):
            return name
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data[4:8] == b"ftyp":
        return _sniff_brands(data)
    if data.startswith(_OTHERS) or b"<svg" in data[:1024].lower():
        raise UnsupportedFormatError
    raise NotAnImageError


def _sniff_brands(data: bytes) -> str:
    """AVIF or HEIF by the brands of the first box of an ISO media file; videos share that box."""
    length = min(int.from_bytes(data[:4]), 1024)
    brands = {data[at : at + 4] for at in (8, *range(16, length - 3, 4))}
    if brands & AVIF_BRANDS:
        return "AVIF"
    if brands & HEIF_BRANDS:
        return "HEIF"
    raise NotAnImageError("This is a video or another media file, not a picture. Choose a picture file.")


def declared_size(data: bytes, name: str) -> tuple[int, int] | None:
    """Width and height that the header states, for formats whose decoders refuse or allocate before they tell."""
    at, shape = {"PNG": (16, ">II"), "GIF": (6, "<HH"), "BMP": (18, "<ii")}.get(name, (0, ""))
    if shape and len(data) >= at + struct.calcsize(shape):
        width, height = struct.unpack_from(shape, data, at)
        return width, abs(height)
    if name == "WEBP" and data[12:16] == b"VP8X" and len(data) >= 30:
        return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
    return None


def scans(data: bytes) -> int:
    """How many passes over the whole picture a JPEG asks for; 1 for the usual kind, which is decoded as it is read.

    Of a file whose segments cannot be followed, as many as there could be.
    """
    components, at = 0, 2
    while data[at : at + 1] == b"\xff" and at + 10 <= len(data):
        marker = data[at + 1]
        if marker in _FRAMES:
            components = data[at + 9]
            if marker in _PROGRESSIVE:
                break
        if marker == _SCAN:
            if 0 < components <= data[at + 4]:
                return 1
            break
        if marker == 0xFF:  # padding
            at += 1
        elif marker == 0x01 or 0xD0 <= marker <= 0xD7:  # these have no length
            at += 2
        else:
            at += 2 + int.from_bytes(data[at + 2 : at + 4])
    return max(2, data.count(b"\xff\xda"))


def ends_early(data: bytes, name: str) -> bool:
    """Whether the file lacks the end that its format promises. Asked only after decoding failed."""
    if name == "JPEG":
        return b"\xff\xd9" not in data[-1024:]
    if name == "PNG":
        return b"IEND" not in data[-1024:]
    if name == "GIF":
        return not data.rstrip(b"\0").endswith(b";")
    if name == "WEBP":
        return int.from_bytes(data[4:8], "little") + 8 > len(data)
    if name == "BMP":
        return int.from_bytes(data[2:6], "little") > len(data)
    if name == "TIFF":
        return _strip_overruns(data)
    return _box_overruns(data)


def _box_overruns(data: bytes) -> bool:
    """Whether a box at the top level of an ISO media file reaches past the end."""
    at = 0
    while at + 8 <= len(data):
        length = int.from_bytes(data[at : at + 4])
        if length == 1:
            length = int.from_bytes(data[at + 8 : at + 16])
        if length == 0:
            return False
        at += max(length, 8)
    return at > len(data)


def _strip_overruns(data: bytes) -> bool:
    """Whether the first directory of a TIFF file, or a strip or tile that it points at, reaches past the end."""
    order = "<" if data[:2] == b"II" else ">"
    pieces: dict[int, tuple[int, ...]] = {}
    try:
        (at,) = struct.unpack_from(order + "I", data, 4)
        (entries,) = struct.unpack_from(order + "H", data, at)
        for entry in range(at + 2, at + 2 + 12 * entries, 12):
            tag, kind, count = struct.unpack_from(order + "HHI", data, entry)
            if tag in _TIFF_PIECES and kind in _TIFF_NUMBERS:
                shape = f"{order}{min(count, len(data))}{_TIFF_NUMBERS[kind]}"
                if struct.calcsize(shape) > 4:
                    (value_at,) = struct.unpack_from(order + "I", data, entry + 8)
                else:
                    value_at = entry + 8
                pieces[tag] = struct.unpack_from(shape, data, value_at)
    except struct.error:
        return True
    starts = pieces.get(273, pieces.get(324, ()))
    lengths = pieces.get(279, pieces.get(325, ()))
    return any(start + length > len(data) for start, length in zip(starts, lengths, strict=False))
