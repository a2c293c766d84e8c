"""Request bodies, read from the connection into memory under limits: a picture never touches a disk."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect
from starlette.types import Receive

from staydown.errors import BusyError, InvalidError, TooLargeError

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

ROOM_FOR_THE_REST: Final = 65_536  # bytes of a multipart body that are not the file
MOST_PARTS: Final = 8
TEXT_PARTS: Final = ("content_ref", "preview_url")
LONGEST_TEXT_PART: Final = 8192  # bytes

# The parser warns of each malformed body and quotes it: strangers could fill the log, and write into it what they like.
logging.getLogger("python_multipart").setLevel(logging.CRITICAL + 1)


class Gate:
    """Lets a bounded number of uploads in, and counts the bytes they hold together. Used in the event loop only."""

    def __init__(self, *, most: int, most_bytes: int) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self.inside = 0
        self.held = 0

    def __enter__(self) -> Gate:
        if self.inside >= self._most:
            raise BusyError
        self.inside += 1
        return self

    def __exit__(self, *_: object) -> None:
        self.inside -= 1

    def hold(self, size: int) -> None:
        """Count ``size`` more bytes; raises `BusyError` when all uploads together hold too many."""
        if self.held + size > self._most_bytes:
            raise BusyError
        self.held += size

    def release(self, size: int) -> None:
        """Count ``size`` bytes less."""
        self.held -= size


class _Parts:
    """The parts of a multipart body, as a parser tells them.

    It knows no parser: were there a circle of the two, each picture would stay in memory until Python looks for
    circles, which is after thousands of pictures.
    """

    def __init__(self, *, longest: int, files: tuple[str, ...], texts: tuple[str, ...]) -> None:
        self._longest = longest
        self._files = files
        self._texts = texts
        self.held: dict[str, bytearray] = {}
        self.is_whole = False
        self._headers: list[tuple[bytearray, bytearray]] = []
        self._into: bytearray | None = None
        self._room = 0

    def callbacks(self) -> MultipartCallbacks:
        """What a parser calls."""
        return {
            "on_part_begin": self._begin,
            "on_header_begin": self._begin_header,
            "on_header_field": lambda data, start, end: self._headers[-1][0].extend(data[start:end]),
            "on_header_value": lambda data, start, end: self._headers[-1][1].extend(data[start:end]),
            "on_headers_finished": self._open,
            "on_part_data": self._write,
            "on_end": self._end,
        }

    def _begin(self) -> None:
        if len(self.held) >= MOST_PARTS:
            raise InvalidError("The multipart body has too many parts.")
        self._headers = []

    def _begin_header(self) -> None:
        self._headers.append((bytearray(), bytearray()))

    def _open(self) -> None:
        """Begin the part that the headers tell of."""
        given = {bytes(name).lower(): bytes(value) for name, value in self._headers}
        name = (
            parse_options_header(given.get(b"content-disposition", b""))[1].get(b"name", b"").decode("ascii", "replace")
        )
        is_file = name in self._files
        if (is_file and not self.held.keys().isdisjoint(self._files)) or name in self.held:
            raise InvalidError("Each part comes once, and there is one file.")
        if not is_file and name not in self._texts:
            raise InvalidError(f"A part is named {', '.join((*self._files, *self._texts))}, and each comes once.")
        self._into = self.held[name] = bytearray()
        self._room = self._longest if is_file else LONGEST_TEXT_PART

    def _write(self, data: bytes, start: int, end: int) -> None:
        assert self._into is not None  # noqa: S101 - the parser tells the headers first
        if len(self._into) + end - start > self._room:
            raise TooLargeError
        self._into += memoryview(data)[start:end]

    def _end(self) -> None:
        self.is_whole = True


class Upload:
    """A multipart body as it arrives: one file, by one of ``files`` as the part's name, and perhaps some ``texts``."""

    def __init__(
        self,
        content_type: bytes,
        *,
        longest: int,
        files: tuple[str, ...] = ("file",),
        texts: tuple[str, ...] = TEXT_PARTS,
    ) -> None:
        boundary = parse_options_header(content_type)[1].get(b"boundary")
        if not boundary:
            raise InvalidError("The multipart body names no boundary in its content type.")
        self._files = files
        self._parts = _Parts(longest=longest, files=files, texts=texts)
        try:
            self._parser = MultipartParser(boundary, self._parts.callbacks())
        except FormParserError:
            raise InvalidError("The boundary of the multipart body is too long.") from None

    def write(self, data: bytes) -> None:
        """Take the next piece of the body."""
        try:
            self._parser.write(data)
        except FormParserError:
            raise InvalidError("The multipart body is not well formed.") from None

    @property
    def file(self) -> bytes:
        """The picture. Raises `InvalidError` when the body ended early or had none."""
        if not self._parts.is_whole:
            raise InvalidError("The multipart body ended too early.")
        found = next((self._parts.held[name] for name in self._files if self.has(name)), None)
        if found is None:
            raise InvalidError(f"{self._files[0]}: a part of this name is expected.")
        return bytes(found)

    def has(self, name: str) -> bool:
        """Whether a part of this name came."""
        return name in self._parts.held

    def text(self, name: str) -> str | None:
        """The text of a part, or None."""
        part = self._parts.held.get(name)
        try:
            return None if part is None else part.decode()
        except UnicodeDecodeError:
            raise InvalidError(f"{name}: UTF-8 is expected.") from None


async def read(receive: Receive, longest: int) -> bytes:
    """A whole small body; raises `TooLargeError` beyond ``longest`` bytes, `ClientDisconnect` when the client goes."""
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body", False):
        body: bytes = message.get("body", b"")
        if len(body) > longest:
            raise TooLargeError
        return body
    parts: list[bytes] = []
    size = 0
    while True:
        if message["type"] != "http.request":
            raise ClientDisconnect
        part = message.get("body", b"")
        size += len(part)
        if size > longest:
            raise TooLargeError
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)
        message = await receive()


async def stream(receive: Receive, take: Callable[[bytes], None], longest: int) -> None:
    """Hand each piece of a body to ``take`` as it comes; raises as `read` does."""
    seen = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise ClientDisconnect
        part = message.get("body", b"")
        seen += len(part)
        if seen > longest:
            raise TooLargeError
        if part:
            take(part)
        if not message.get("more_body", False):
            return
