"""A corpus of hostile files, made here: bombs, lying headers, files that break off, and no pictures at all."""

from __future__ import annotations

import struct
import zlib
from typing import Final

from PIL import Image

from staydown.errors import (
    CorruptError,
    EmptyPictureError,
    MediaError,
    NotAnImageError,
    TooLargeError,
    TruncatedError,
    UnsupportedFormatError,
)
from tests import pictures
from tests.core.hashing.cases import black_png, png, small, written


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def after_header(chunk_: bytes) -> bytes:
    """The small PNG with a chunk put in after its header."""
    return written("PNG")[:33] + chunk_ + written("PNG")[33:]


def patched(kind: str, at: int, by: bytes) -> bytes:
    data = written(kind)
    return data[:at] + by + data[at + len(by) :]


def frame_header_of_jpeg() -> int:
    return written("JPEG").index(b"\xff\xc0") + 5


def tiff(*entries: tuple[int, int, int, int]) -> bytes:
    """A TIFF file of one directory and nothing else."""
    packed = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + packed + bytes(4)


def lying_tiff(width: int, height: int, offset: int, length: int) -> bytes:
    return tiff(
        (256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1),
        (273, 4, 1, offset), (277, 3, 1, 1), (278, 4, 1, height), (279, 4, 1, length),
    )  # fmt: skip


SEVEN = [struct.pack("<HHII", 258, 3, 1, bits) for bits in (8, 7)]
HUGE = struct.pack(">II", 100_000, 100_000)
HOSTILE = {
    "nothing": (b"", NotAnImageError),
    "text": (b"Dear moderator,\n", NotAnImageError),
    "zeros": (bytes(4096), NotAnImageError),
    "page": (b"<!DOCTYPE html><html><script>alert(1)</script>", NotAnImageError),
    "program": (b"\x7fELF\x02\x01\x01" + bytes(100), NotAnImageError),
    "archive": (b"PK\x03\x04" + bytes(100), NotAnImageError),
    "video": (b"\0\0\0\x18ftypisom\0\0\2\0isommp41", NotAnImageError),
    "postscript": (b"%!PS-Adobe-3.0 EPSF-3.0\n", NotAnImageError),
    "svg": (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', UnsupportedFormatError),
    "photoshop": (b"8BPS\0\1" + bytes(30), UnsupportedFormatError),
    "jpeg 2000": (b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(30), UnsupportedFormatError),
    "jpeg xl": (b"\xff\x0a" + bytes(30), UnsupportedFormatError),
    "svg alone": (b"<svg xmlns='http://www.w3.org/2000/svg'><image href='//x'/></svg>", UnsupportedFormatError),
    "jpeg xl in boxes": (b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(30), UnsupportedFormatError),
    "icon": (b"\0\0\1\0\1\0" + bytes(16), UnsupportedFormatError),
    "big tiff": (b"II+\0\x08\0\0\0" + bytes(16), UnsupportedFormatError),
    "png of 2^31 x 2^31": (patched("PNG", 16, struct.pack(">II", 1 << 31, 1 << 31)), TooLargeError),
    "png of 2^31 - 1 in a row": (patched("PNG", 16, struct.pack(">II", (1 << 31) - 1, 1)), TooLargeError),
    "bmp of -2^31 rows": (patched("BMP", 18, struct.pack("<ii", 1, -(1 << 31))), TooLargeError),
    "png of 10 gigapixels": (patched("PNG", 16, HUGE), TooLargeError),
    "gif of 4 gigapixels": (patched("GIF", 6, b"\xff\xff\xff\xff"), TooLargeError),
    "bmp of 10 gigapixels": (patched("BMP", 18, struct.pack("<ii", 100_000, -100_000)), TooLargeError),
    "webp of 268 megapixels": (
        b"RIFF\x16\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0" + b"\xff\x3f\0" * 2,
        TooLargeError,
    ),
    "tiff of 4 gigapixels": (lying_tiff(65_535, 65_535, 8, 100), TooLargeError),
    "png of one endless row": (png(200_000, 4, bytes(100)), TooLargeError),
    "png bomb": (black_png(1001), TooLargeError),
    "text bomb": (after_header(chunk(b"zTXt", b"x\0\0" + zlib.compress(bytes(3_000_000)))), TooLargeError),
    "png of no width": (patched("PNG", 16, bytes(4)), EmptyPictureError),
    "png of no height": (patched("PNG", 20, bytes(4)), EmptyPictureError),
    "gif of no size": (patched("GIF", 6, bytes(4)), EmptyPictureError),
    "bmp of no width": (patched("BMP", 18, bytes(4)), EmptyPictureError),
    "jpeg of no size": (patched("JPEG", frame_header_of_jpeg(), bytes(4)), CorruptError),
    "png with a wrong checksum": (patched("PNG", 29, b"\0\0\0\0"), CorruptError),
    "tiff whose pixels lie elsewhere": (lying_tiff(50, 50, 10**6, 2500), TruncatedError),
    "tiff whose directory lies elsewhere": (b"II*\0\xff\xff\0\0" + bytes(20), TruncatedError),
    "tiff of seven bits": (lying_tiff(50, 50, 8, 100).replace(SEVEN[0], SEVEN[1]), UnsupportedFormatError),
    "tiff without tags": (tiff(), UnsupportedFormatError),
    "gif that never ends": (b"GIF89a\x40\0\x40\0\0\0\0" + b"!\xff\x01\0\0" * 5000, TruncatedError),
    "jpeg of a header only": (b"\xff\xd8\xff\xe0", TruncatedError),
    "png of a header only": (b"\x89PNG\r\n\x1a\n", TruncatedError),
}  # fmt: skip


def jpeg_with(marker: int, data: bytes, times: int = 1) -> bytes:
    """The small JPEG with segments put in after its first two bytes."""
    segment = b"\xff" + bytes([marker]) + struct.pack(">H", len(data) + 2) + data
    return written("JPEG")[:2] + segment * times + written("JPEG")[2:]


def jpeg_of_many_scans(scans: int, side: int = 480) -> bytes:
    """A progressive JPEG of one colour that repeats its last scan: some bytes each, a whole pass over the picture."""
    data = pictures.encoded(Image.new("L", (side, side), 90), "JPEG", progressive=True)
    last = max(data.rindex(b"\xff\xc4", 0, data.rindex(b"\xff\xda")), data.rindex(b"\xff\xda", 0, -40))
    return data[:last] + data[last:-2] * scans + b"\xff\xd9"


def jpeg_of_many_plain_scans(scans: int, side: int = 480) -> bytes:
    """The same without being progressive: each colour is sent on its own, again and again, and holds nothing."""
    data = bytearray(pictures.encoded(Image.new("RGB", (64, 64), "teal"), "JPEG", subsampling=0))
    struct.pack_into(">HH", data, data.index(b"\xff\xc0") + 5, side, side)
    parts = (bytes([1, 0x00]), bytes([2, 0x11]), bytes([3, 0x11]))
    each = b"".join(b"\xff\xda\0\x08\x01" + part + b"\0\x3f\0" for part in parts)
    return bytes(data[: data.index(b"\xff\xda")]) + each * (scans // 3) + b"\xff\xd9"


def gif_bomb(side: int) -> bytes:
    """A GIF of one colour."""
    return pictures.encoded(Image.new("P", (side, side)), "GIF")


def tiff_that_chains_to_itself() -> bytes:
    """A sound directory whose next directory is itself."""
    data = bytearray(pictures.encoded(small(), "TIFF"))
    (at,) = struct.unpack_from("<I", data, 4)
    (entries,) = struct.unpack_from("<H", data, at)
    struct.pack_into("<I", data, at + 2 + 12 * entries, at)
    return bytes(data)


def deflated_tiff(side: int) -> bytes:
    """A TIFF of one colour, deflated."""
    return pictures.encoded(Image.new("L", (side, side)), "TIFF", compression="tiff_adobe_deflate")


def patched_jpeg_size(height: int, width: int) -> bytes:
    return patched("JPEG", frame_header_of_jpeg(), struct.pack(">HH", height, width))


def moving(kind: str) -> bytes:
    """The small picture and its mirror, one after the other."""
    mirrored = small().transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return pictures.encoded(small(), kind, save_all=True, append_images=[mirrored] * 3, duration=40)


def tiff_of_pages(count: int) -> bytes:
    """A TIFF of so many pages, of which people see the first."""
    return pictures.encoded(small(), "TIFF", save_all=True, append_images=[small()] * count)


def heif_of(width: int, height: int) -> bytes:
    """A HEIF file whose item says that it has this size."""
    data = written("HEIF")
    at = data.index(b"ispe") + 8
    return data[:at] + struct.pack(">II", width, height) + data[at + 8 :]


def box(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data) + 8) + name + data


#: More of them, each with the error that it ends as; or None, where what is shown can be hashed all the same.
STRANGE: Final[dict[str, tuple[bytes, type[MediaError] | None]]] = {
    "png of 65535 x 1": (png(65_535, 1, bytes(65_536)), None),
    "png of 1 x 65535": (png(1, 65_535, bytes(2 * 65_535)), None),
    "png of 65536 x 1": (png(65_536, 1, bytes(65_537)), TooLargeError),
    "png of 1 x 1": (png(1, 1, bytes(2)), None),
    "jpeg of 65535 x 65535": (patched_jpeg_size(65_535, 65_535), TooLargeError),
    "jpeg of 65535 x 1": (patched_jpeg_size(1, 65_535), CorruptError),
    "gif bomb": (gif_bomb(1001), TooLargeError),
    "deflated tiff bomb": (deflated_tiff(1001), TooLargeError),
    "tiff that chains to itself": (tiff_that_chains_to_itself(), None),
    "profile of nonsense": (jpeg_with(0xE2, b"ICC_PROFILE\0\x01\x01" + bytes(5000)), None),
    "profile in 200 parts of which most are missing": (jpeg_with(0xE2, b"ICC_PROFILE\0\x07\xc8x", 50), None),
    "metadata of nonsense": (jpeg_with(0xE1, b"Exif\0\0" + b"MM\0*\xff\xff\xff\xff" * 50), None),
    "a thousand comments": (jpeg_with(0xFE, b"<script>alert(1)</script>", 1000), None),
    "polyglot of page and jpeg": (jpeg_with(0xFE, b"--><html><script>fetch('//x')</script>"), None),
    "polyglot of archive and gif": (written("GIF") + b"PK\x03\x04" + bytes(30) + b"PK\x05\x06" + bytes(18), None),
    "polyglot of script and gif": (b"GIF89a=1;/*" + bytes(50) + b"*/alert(1)", TooLargeError),
    "polyglot of program and bmp": (b"BM\x7fELF" + bytes(200), EmptyPictureError),
    "jpeg of forty scans": (jpeg_of_many_scans(40), None),
    "jpeg of a thousand scans": (jpeg_of_many_scans(1000), TooLargeError),
    "jpeg of thirty plain scans": (jpeg_of_many_plain_scans(30), None),
    "jpeg of a thousand plain scans": (jpeg_of_many_plain_scans(1000), TooLargeError),
    "jpeg of plain scans over too much": (jpeg_of_many_plain_scans(9, 4000), TooLargeError),
    "webp that says it is longer": (written("WEBP")[:4] + b"\xff\xff\xff\x7f" + written("WEBP")[8:], TruncatedError),
    "avif of no items": (box(b"ftyp", b"avif\0\0\0\0avifmif1") + box(b"meta", bytes(4)), CorruptError),
    "avif whose box reaches past the end": (box(b"ftyp", b"avif\0\0\0\0avif") + b"\0\1\0\0meta", TruncatedError),
    "heic of one box": (box(b"ftyp", b"heic\0\0\0\0heic"), CorruptError),
    "bmp whose pixels lie elsewhere": (patched("BMP", 10, b"\xff\xff\xff\x7f"), CorruptError),
    "bmp with a palette of two thousand million": (patched("BMP", 46, b"\xff\xff\xff\x7f"), None),
    "webp that moves": (moving("WEBP"), None),
    "png that moves": (moving("PNG"), None),
    "avif that moves": (moving("AVIF"), None),
    "gif that moves": (moving("GIF"), None),
    "png that says it has 2^31 frames": (after_header(chunk(b"acTL", struct.pack(">II", 1 << 31, 0))), None),
    "tiff of a thousand pages": (tiff_of_pages(1000), None),
    "heif of 4 gigapixels": (heif_of(65_535, 65_535), TooLargeError),
    "heif of no size": (heif_of(0, 0), CorruptError),
    "zeros after a start of jpeg": (b"\xff\xd8\xff\xe0" + bytes(3000), TruncatedError),
}


def endless_animation(frames: int) -> bytes:
    """The small GIF with its frame repeated."""
    body, end = written("GIF")[:-1], written("GIF")[-1:]
    return body + body[body.index(b",") :] * frames + end


def everything() -> dict[str, bytes]:
    """The whole corpus, by name."""
    known = {name: data for corpus in (HOSTILE, STRANGE) for name, (data, _) in corpus.items()}
    return {**known, "endless animation": endless_animation(2000)}
