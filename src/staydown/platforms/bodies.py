"""The files in the body of a request, one at a time, read from a body that was put aside."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Final, NamedTuple

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from staydown.core.hashing.containers import SNIFFED
from staydown.errors import UploadError

CHUNK: Final = 64 << 10
IN_MEMORY: Final = 1 << 20  # bytes of a body that are kept in memory; what is longer goes to a temporary file
LONGEST_BODY: Final = 200 << 20
METHODS: Final = frozenset({"POST", "PUT", "PATCH"})
_FORM: Final = "multipart/form-data"
_MEDIA: Final = ("image/", "video/")
_PLAIN: Final = frozenset({"", "7bit", "8bit", "binary"})


class File(NamedTuple):
    """A file of a body: its first bytes, and all of them, or None when they are too many to be looked at."""

    start: bytes
    data: bytes | None


def carries_files(method: str, content_type: str) -> bool:
    """Whether a request may bring a file: a form, or a picture or a video as its whole body."""
    kind = _kind(content_type)
    return method in METHODS and (kind == _FORM or kind.startswith(_MEDIA))


def files(body: BinaryIO, content_type: str, *, longest: int) -> Iterator[File]:
    """Each file of a body, read from the body's start; no more than one of at most ``longest`` bytes is in memory.

    Raises `UploadError` for a form that is not well formed.
    """
    body.seek(0)
    if _kind(content_type) != _FORM:
        data = body.read(longest + 1)
        if data:
            yield File(data[:SNIFFED], data if len(data) <= longest else None)
        return
    boundary = parse_options_header(content_type)[1].get(b"boundary")
    if not boundary:
        raise UploadError
    form = _Form(boundary, longest)
    while chunk := body.read(CHUNK):
        form.write(chunk)
        yield from form.take()
    if not form.is_whole:
        raise UploadError("This upload ended too early. Send it again.")


class _Form:
    """A form as it is read. A part is a file when it has a file's name, or says that it is something else than text."""

    def __init__(self, boundary: bytes, longest: int) -> None:
        self._longest = longest
        self._headers: list[tuple[bytearray, bytearray]] = []
        self._into: bytearray | None = None
        self._is_too_long = False
        self._found: list[File] = []
        self.is_whole = False
        callbacks = {
            "on_part_begin": self._headers.clear,
            "on_header_begin": lambda: self._headers.append((bytearray(), bytearray())),
            "on_header_field": lambda data, start, end: self._headers[-1][0].extend(data[start:end]),
            "on_header_value": lambda data, start, end: self._headers[-1][1].extend(data[start:end]),
            "on_headers_finished": self._open,
            "on_part_data": self._write,
            "on_part_end": self._close,
            "on_end": self._end,
        }
        try:
            self._parser = MultipartParser(boundary, callbacks)  # type: ignore[arg-type]
        except FormParserError:
            raise UploadError from None

    def write(self, chunk: bytes) -> None:
        """Take the next piece."""
        try:
            self._parser.write(chunk)
        except FormParserError:
            raise UploadError from None

    def take(self) -> list[File]:
        """The files that came to their end since the last call."""
        found, self._found = self._found, []
        return found

    def _open(self) -> None:
        given = {bytes(name).strip().lower(): bytes(value) for name, value in self._headers}
        encoding = given.get(b"content-transfer-encoding", b"").strip().lower().decode("latin-1")
        if encoding not in _PLAIN:  # no browser sends one, and a reader that decodes would see another file than this
            raise UploadError
        kind = _kind(given.get(b"content-type", b"text/plain").decode("latin-1"))
        has_name = b"filename" in given.get(b"content-disposition", b"").lower()  # in any of its spellings
        is_file = has_name or not kind.startswith("text/")
        self._into = bytearray() if is_file else None
        self._is_too_long = False

    def _write(self, data: bytes, start: int, end: int) -> None:
        if self._into is None or self._is_too_long:
            return
        if len(self._into) + end - start > self._longest:
            self._is_too_long = True
            self._into = (self._into + data[start:end])[:SNIFFED]
        else:
            self._into += memoryview(data)[start:end]

    def _close(self) -> None:
        if self._into:
            data = None if self._is_too_long else bytes(self._into)
            self._found.append(File(bytes(self._into[:SNIFFED]), data))
        self._into = None

    def _end(self) -> None:
        self.is_whole = True


def _kind(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()
