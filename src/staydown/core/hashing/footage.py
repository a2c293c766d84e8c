"""Videos to the hashes of their frames: one a second, the first and the last, each hashed as a picture is.

FFmpeg (through PyAV) reads
the containers and decodes; each file gets the one demuxer that its first bytes name, nothing but the file can be
opened, and one thread decodes. Videos from strangers belong in `video_pool.VideoPool`, where a process of its own
does this for each of them.
"""

from __future__ import annotations

import contextlib
import io
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, BinaryIO, Final

import av
import numpy as np
from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.sidedata.sidedata import Type
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray
from PIL import Image

from staydown.core.hashing.containers import DRAWN, SNIFFED, Container, container_of, display_orientation, ends_early
from staydown.core.hashing.digest import sha256
from staydown.core.hashing.formats import declared_size
from staydown.core.hashing.pdq import LEAST_SIDE, Pdq, Raster, decimated, pdq_of, pdq_of_lines
from staydown.core.hashing.variants import View, views_of
from staydown.core.hashing.video import DEFAULT_LIMITS, Frame, Summary, Video, VideoLimits, fault
from staydown.errors import (
    CorruptError,
    EmptyPictureError,
    MediaError,
    NotAVideoError,
    NoVideoStreamError,
    TooLargeError,
    TooLongError,
    TruncatedError,
    UnsupportedFormatError,
)

#: The decoders that may run: what phones, browsers and messengers write, and what platforms store.
DECODERS: Final = frozenset(
    {"h264", "hevc", "vp8", "vp9", "libdav1d", "av1", "mpeg4", "mpeg2video", "h263", "mjpeg", "prores", "gif"}
)
_LIMITED: Final = (16, 235)  # black and white of video, where they are not 0 and 255
_FULL_RANGE: Final = 2  # FFmpeg's number for the latter
_SLACK: Final = 0.002  # seconds; some containers round to milliseconds
_LONGEST_SIDE: Final = 16_384  # pixels
_MOST_ODD: Final = 1000  # packets that cannot be decoded, after which it is not worth going on
_USUAL_RATE: Final = 25  # frames a second, where a file tells neither times nor a rate
_SHORTEST: Final = 0.01  # seconds: a picture that moves faster is slowed down by every browser, to the next figure
_SHOWN_INSTEAD: Final = 0.1


def hash_video(data: bytes, limits: VideoLimits = DEFAULT_LIMITS, *, every: float = 1.0, quick: bool = False) -> Video:
    """The hashes of a video file, decoded in this process. Raises a `MediaError`.

    ``every``: seconds from one hashed frame to the next. ``quick``: only key frames are decoded, so the times are
    those of the key frames, which may lie further apart. For bytes from strangers use `video_pool.VideoPool`.
    """
    frames: list[Frame] = []
    found = examine(io.BytesIO(data), limits, frames.append, every=every, quick=quick)
    return Video(tuple(frames), found.duration, found.width, found.height, sha256(data), found.is_whole)


def examine(
    file: BinaryIO, limits: VideoLimits, take: Callable[[Frame], None], *, every: float = 1.0, quick: bool = False
) -> Summary:
    """Hand each hashed frame of a video file to ``take``, in order, and return the rest. Raises a `MediaError`."""
    size = file.seek(0, io.SEEK_END)
    if size > limits.max_bytes:
        raise fault(TooLargeError)
    file.seek(0)
    start = file.read(SNIFFED)
    container = container_of(start)
    if declared := declared_size(start, container.name):
        _check_size(*declared, limits)
    file.seek(0)
    sampling = _Sampling(take, limits, every)
    notes = _Notes()
    with _named_faults(file, container):
        if container in DRAWN:
            shown = _drawn(file, container, limits)
        else:
            shown = _decoded(file, container, limits, notes, spacing=every if quick else 0)
        for picture in shown:
            sampling.see(picture)
        sampling.end()
        if not sampling.pictures:
            raise NoVideoStreamError
    is_whole = not notes.faults and not ends_early(file, container)
    return Summary(max(sampling.duration, notes.lasts), *sampling.size, is_whole)


@dataclass(slots=True)
class _Notes:
    """What is noticed while a file is read: how much could not be decoded, and until when frames are shown."""

    faults: int = 0
    lasts: float = 0.0


@dataclass(frozen=True, slots=True)
class _Picture:
    """A decoded frame that may be hashed: when it is shown, for how long, its size as people see it, its pixels."""

    time: float
    lasts: float
    width: int
    height: int
    raster: Callable[[], Raster]


class _Sampling:
    """Chooses the frames to hash: the first, the first of each further interval, the last."""

    def __init__(self, take: Callable[[Frame], None], limits: VideoLimits, every: float) -> None:
        self._take = take
        self._limits = limits
        self._every = every
        self._most = limits.max_seconds / every + 2
        self._due = -math.inf
        self._waiting: _Picture | None = None
        self._last_time = 0.0
        self._taken = 0
        self.pictures = 0
        self.size = (0, 0)
        self.duration = 0.0

    def see(self, picture: _Picture) -> None:
        """Hash a frame if it is its turn."""
        self.pictures += 1
        time = picture.time
        if self.pictures > self._limits.max_frames or time > self._limits.max_seconds:
            raise TooLongError
        self.duration = max(self.duration, time + picture.lasts)
        if time + _SLACK >= self._due or time < self._last_time - self._every:  # the latter: times that run backwards
            self._hash(picture)
            self._due = (math.floor((time + _SLACK) / self._every) + 1) * self._every
            self._last_time = time
        else:
            self._waiting = picture

    def end(self) -> None:
        """Hash the last frame, if it was not."""
        if self._waiting is not None:
            self._hash(self._waiting)

    def _hash(self, picture: _Picture) -> None:
        self._waiting = None
        if not self._taken:
            self.size = (picture.width, picture.height)
        self._taken += 1
        if self._taken > self._most:
            raise TooLongError
        self._take(Frame(round(max(picture.time, 0.0), 3), *_seen(picture.raster())))


def _seen(raster: Raster) -> tuple[Pdq, tuple[View, ...]]:
    """The hashes of a frame, and of the inside of its borders if it has any."""
    if min(raster.width, raster.height) < LEAST_SIDE:
        return pdq_of(raster), ()
    reduced = decimated(raster)
    return pdq_of_lines(reduced), views_of(raster, reduced)


def _decoded(
    file: BinaryIO, container: Container, limits: VideoLimits, notes: _Notes, *, spacing: float
) -> Iterator[_Picture]:
    """The frames of the video that FFmpeg calls the best in a file.

    With ``spacing`` only key frames, those that are so many seconds apart.
    """
    with _opened(file, container, limits) as opened:
        stream = _admitted(opened, limits)
        stream.codec_context.thread_count = 1
        stream.codec_context.thread_type = "NONE"
        if container is Container.GIF:  # whose frames build on each other, whatever they say
            spacing = 0
        if spacing:
            stream.codec_context.skip_frame = "NONKEY"
        rate = float(stream.average_rate or stream.guessed_rate or _USUAL_RATE)
        begin: float | None = None
        time, orientation = -1 / rate, 1
        for frame in _frames(opened, stream, notes, spacing):
            shown = frame.time
            if begin is None:
                begin, orientation = shown or 0.0, _orientation(frame)
            time = time + 1 / rate if shown is None else shown - begin
            _check_size(frame.width, frame.height, limits)
            yield _picture(frame, time, 1 / rate, orientation)
        notes.lasts -= begin or 0.0


def _opened(file: BinaryIO, container: Container, limits: VideoLimits) -> InputContainer:
    """The file in the hands of one demuxer that can open nothing else and look only so far ahead."""
    options = {
        "max_streams": str(limits.max_streams + 1),
        "max_pixels": str(limits.max_pixels),
        "codec_whitelist": ",".join(DECODERS),
        "format_whitelist": container.value if container is Container.GIF else _WHITELIST[container],
        "protocol_whitelist": "none",
        "probesize": "5000000",
        "analyzeduration": "2000000",
        "enable_drefs": "0",
        "use_absolute_path": "0",
        "threads": "1",
    }
    return av.open(
        file, mode="r", format=container.value, options=options, io_open=_open_nothing, metadata_errors="ignore"
    )


_WHITELIST: Final = {Container.ISO: "mov,mp4,m4a,3gp,3g2,mj2", Container.MATROSKA: "matroska,webm"}


def _open_nothing(url: str, flags: int, options: dict[str, str]) -> Any:  # noqa: ARG001 - PyAV's signature
    """What a demuxer gets that wants another file."""
    raise PermissionError


def _admitted(opened: InputContainer, limits: VideoLimits) -> VideoStream:
    """The stream to decode, if what it declares of itself is within the limits."""
    if len(opened.streams) > limits.max_streams:
        raise fault(TooLargeError)
    best = opened.streams.best("video")
    if not isinstance(best, VideoStream):
        raise NoVideoStreamError
    if best.codec_context is None or best.codec_context.name not in DECODERS:
        raise fault(UnsupportedFormatError)
    if best.codec_context.width:  # where it is not told beforehand, the frames will tell
        _check_size(best.codec_context.width, best.codec_context.height, limits)
    declared = (opened.duration or 0) / av.time_base
    if declared > limits.max_seconds or best.frames > limits.max_frames:
        raise TooLongError
    return best


def _frames(opened: InputContainer, stream: VideoStream, notes: _Notes, spacing: float) -> Iterator[VideoFrame]:
    """Every frame that can be decoded. One damaged packet does not hide what comes after it."""
    packets = _packets(opened, stream, notes, spacing)
    while notes.faults < _MOST_ODD:
        try:
            packet = next(packets, None)
            if packet is None:
                return
            frames = packet.decode()
        except (FFmpegError, EOFError) as error:
            if isinstance(error, MemoryError):
                raise
            notes.faults += 1
            continue
        for frame in frames:
            if isinstance(frame, VideoFrame):
                notes.faults += frame.is_corrupt
                yield frame


def _packets(
    opened: InputContainer, stream: VideoStream, notes: _Notes, spacing: float
) -> Iterator[Packet[VideoStream]]:
    """The packets of a stream; with ``spacing``, of the key frames only some, and the last."""
    if not spacing:
        yield from opened.demux(stream)
        return
    unit = float(stream.time_base or 0)
    last, left_out = -math.inf, None
    for packet in opened.demux(stream):
        if packet.pts is None:  # the end, mostly
            if left_out is not None:
                yield left_out
            yield packet
            continue
        time = packet.pts * unit
        notes.lasts = max(notes.lasts, time + (packet.duration or 0) * unit)
        if packet.is_keyframe and 0 <= time - last < spacing:
            left_out = packet
            continue
        if packet.is_keyframe:
            last, left_out = time, None
        yield packet


def _check_size(width: int, height: int, limits: VideoLimits) -> None:
    if not width or not height:
        raise EmptyPictureError("This video has no pixels. Choose another copy of it.")
    if width * height > limits.max_pixels or max(width, height) > _LONGEST_SIDE:
        raise fault(TooLargeError)


def _orientation(frame: VideoFrame) -> int:
    """How a frame is to be turned. Asked of one frame: to ask keeps it in memory until the next collection."""
    side_data: Any = frame.side_data  # typed as a mapping of names; it is one of types
    matrix = side_data.get(Type.DISPLAYMATRIX)
    return display_orientation(bytes(matrix)) if matrix is not None else 1


def _picture(frame: VideoFrame, time: float, lasts: float, orientation: int) -> _Picture:
    width, height = (frame.height, frame.width) if orientation > 4 else (frame.width, frame.height)
    return _Picture(time, lasts, width, height, partial(_raster, frame, width, height, orientation))


def _raster(frame: VideoFrame, width: int, height: int, orientation: int) -> Raster:
    """The brightness of a frame, as the reference's luma would see it after a way through RGB.

    For video as cameras store it that is the first plane, stretched from 16-235 to 0-255: the same formula, and far
    less work. Other frames go through RGB.
    """
    frame, is_plane = _readable(frame)
    if not is_plane:
        pixels = _over_white(frame)
        return Raster(lambda top, bottom: pixels[top:bottom], width, height, orientation=orientation)
    plane = frame.planes[0]
    luma = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[: frame.height, : frame.width]
    if frame.color_range == _FULL_RANGE or frame.format.name.startswith(("yuvj", "gray")):
        return Raster(lambda top, bottom: luma[top:bottom], width, height, orientation=orientation)
    black, white = _LIMITED

    def rows(top: int, bottom: int) -> NDArray[Any]:
        stretched: NDArray[np.float32] = np.clip(luma[top:bottom], black, white) - np.float32(black)
        stretched *= np.float32(255 / (white - black))
        return stretched

    return Raster(rows, width, height, orientation=orientation)


def _readable(frame: VideoFrame) -> tuple[VideoFrame, bool]:
    """The frame in a form that can be read here, and whether its first plane is its brightness in bytes."""
    form = frame.format
    first = form.components[0]
    if not first.is_luma or form.has_palette or any(each.is_alpha for each in form.components):
        return frame.reformat(format="rgba", threads=1), False
    if first.bits == 8 and (form.is_planar or form.name == "gray"):
        return frame, True
    return frame.reformat(format="yuv444p", threads=1), True


def _over_white(frame: VideoFrame) -> NDArray[np.uint8]:
    """RGB of a frame that may be transparent."""
    pixels = frame.to_ndarray()
    rgb, alpha = pixels[..., :3], pixels[..., 3:]
    if bool((alpha == 255).all()):
        return np.ascontiguousarray(rgb)
    opaque = alpha.astype(np.float32) / np.float32(255)
    over: NDArray[np.uint8] = np.rint(rgb * opaque + 255 * (1 - opaque)).astype(np.uint8)
    return over


def _drawn(file: BinaryIO, container: Container, limits: VideoLimits) -> Iterator[_Picture]:
    """The frames of a picture that moves."""
    image = Image.open(file, formats=[container.value.upper()])
    _check_size(*image.size, limits)
    count = getattr(image, "n_frames", 1)
    if count == 1 and container is Container.PNG:  # the others say in their first bytes that they move
        raise NotAVideoError
    if count > limits.max_frames:
        raise TooLongError
    time = 0.0
    for number in range(count):
        image.seek(number)
        image.load()
        lasts = float(image.info.get("duration", 0)) / 1000
        lasts = lasts if lasts > _SHORTEST else _SHOWN_INSTEAD
        drawn = image.convert("RGBA") if image.has_transparency_data else image.convert("RGB")
        yield _Picture(time, lasts, *image.size, partial(_drawn_raster, drawn))
        time = round(time + lasts, 6)


def _drawn_raster(drawn: Image.Image) -> Raster:
    if drawn.mode == "RGBA":
        drawn = Image.alpha_composite(Image.new("RGBA", drawn.size, "white"), drawn).convert("RGB")
    pixels = np.asarray(drawn)
    return Raster(lambda top, bottom: pixels[top:bottom], drawn.width, drawn.height)


@contextlib.contextmanager
def _named_faults(file: BinaryIO, container: Container) -> Iterator[None]:
    """Turns whatever a decoder raises on a damaged or hostile file into the `MediaError` that describes the file."""
    try:
        yield
    except MediaError as error:
        if isinstance(error, NoVideoStreamError) and ends_early(file, container):
            raise fault(TruncatedError) from None
        raise
    except (MemoryError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise fault(TooLargeError) from None
    except Exception:  # noqa: BLE001 - decoders raise anything
        raise fault(TruncatedError if ends_early(file, container) else CorruptError) from None
