"""The files that `staydown hash` and `staydown match` are given: found in folders, and hashed as what they are."""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from rich.console import Console
from rich.progress import Progress, TaskID

from staydown.core.hashing.containers import PICTURES, SNIFFED, container_of, is_video
from staydown.core.hashing.formats import sniff
from staydown.core.hashing.image import Limits
from staydown.core.hashing.picture import Picture
from staydown.core.hashing.pool import HashingPool
from staydown.core.hashing.video import Video
from staydown.core.hashing.video_pool import VideoPool
from staydown.errors import (
    MediaError,
    NotAnImageError,
    NotAVideoError,
    NoVideoStreamError,
    TooLargeError,
    UnsupportedFormatError,
)

LIMITS: Final = Limits()
MANY: Final = 10  # files, from which on a progress bar is of use

Hashed = Picture | Video | MediaError


@dataclass(frozen=True, slots=True)
class File:
    """A file to hash. ``named``: someone says that it can be hashed; those found in a folder need not be."""

    path: Path
    named: bool = field(kw_only=True)

    def is_none_of_ours(self, outcome: object) -> bool:
        """Whether this is a file of a folder that turned out to be no picture and no video."""
        return not self.named and isinstance(outcome, NotAnImageError | NotAVideoError | NoVideoStreamError)


def walked(paths: Iterable[Path]) -> Iterator[File]:
    """The files, and the regular files in the folders, each folder in order of names."""
    for path in paths:
        if not path.is_dir():
            yield File(path, named=True)
            continue
        for folder, subfolders, names in os.walk(path):
            subfolders.sort()
            inside = (Path(folder, name) for name in sorted(names))
            yield from (File(each, named=False) for each in inside if each.is_file())


class Bar:
    """A progress bar for files, and one for each video in work. A context manager; nothing shows without a terminal.

    Many files have a bar where no lines show the progress already. A video always has one: it may take minutes.
    """

    def __init__(self, what: str, total: int) -> None:
        console = Console(stderr=True)
        self._progress = Progress(console=console, transient=True, redirect_stdout=sys.stdout.isatty())
        self._task = self._progress.add_task(what, total=total)
        self._is_terminal = console.is_terminal
        self._starts_now = total >= MANY and not sys.stdout.isatty()

    def __enter__(self) -> Self:
        if self._starts_now and self._is_terminal:
            self._progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._progress.live.is_started:
            self._progress.stop()

    def advance(self) -> None:
        """One more file is done."""
        self._progress.advance(self._task)

    def video(self, path: Path) -> tuple[Callable[[float], None], Callable[[], None]]:
        """A function that takes the time of the frame that was hashed last, and one for the end."""
        if not self._is_terminal:
            return (lambda _: None), (lambda: None)
        task: TaskID = self._progress.add_task(path.name, total=None)
        self._progress.start()

        def tell(seconds: float) -> None:
            minutes, rest = divmod(int(seconds), 60)
            self._progress.update(task, description=f"{path.name} {minutes}:{rest:02}")

        return tell, lambda: self._progress.remove_task(task)


class Hasher:
    """Hashes files in worker processes, pictures as pictures and videos as videos. A context manager."""

    def __init__(self, workers: int, bar: Bar, *, every: float, quick: bool, with_md5: bool) -> None:
        self._workers = workers
        self._bar = bar
        self._every = every
        self._quick = quick
        self._with_md5 = with_md5
        self._pictures = HashingPool(workers, LIMITS)
        self._videos = VideoPool(workers, seconds=24 * 3600)  # who hashes their own files may wait, and can break off

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._videos.close()
        self._pictures.close()

    def each(self, files: Iterable[File]) -> Iterator[tuple[File, Hashed]]:
        """Each file with its hashes or its fault, in order; only a few files are in memory at a time."""
        waiting: deque[tuple[File, Future[Hashed]]] = deque()
        with ThreadPoolExecutor(self._workers + 1) as threads:  # one reads while the others wait for workers
            try:
                for file in files:
                    waiting.append((file, threads.submit(self._hashed, file.path)))
                    if len(waiting) > 2 * self._workers:
                        first, future = waiting.popleft()
                        yield first, future.result()
                for first, future in waiting:
                    yield first, future.result()
            except BaseException:
                self._videos.close()  # or whoever breaks off would wait for its end
                threads.shutdown(wait=False, cancel_futures=True)
                raise

    def _hashed(self, path: Path) -> Hashed:
        try:
            kind, data = _read(path)
            return self._video(path, data) if kind == "video" else self._pictures.hash(data, with_md5=self._with_md5)
        except MediaError as error:
            return error

    def _video(self, path: Path, data: bytes) -> Video:
        """A video: of ``data`` when it was read already, as pictures that move are."""
        tell, done = self._bar.video(path)
        try:
            options = {"quick": self._quick, "with_md5": self._with_md5}
            return self._videos.hash(data or path, every=self._every, **options, progress=tell)
        finally:
            done()


def _read(path: Path) -> tuple[str, bytes]:
    """Whether a file is a picture or a video, and its bytes; none for a video, which its worker reads."""
    try:
        with path.open("rb") as file:
            start = file.read(SNIFFED)
            if _is_film(start):
                return "video", b""
            if path.stat().st_size > LIMITS.max_bytes:
                sniff(start)  # what is no picture is called that, however large it is
                raise TooLargeError
            data = start + file.read()
    except OSError as error:
        raise MediaError(f"This file cannot be read ({error.strerror}). Check its permissions.") from None
    return ("video" if is_video(data) else "picture"), data


def _is_film(start: bytes) -> bool:
    """Whether the first bytes alone say that this is a video."""
    try:
        return container_of(start) not in PICTURES
    except UnsupportedFormatError:
        return True
    except NotAVideoError:
        return False
