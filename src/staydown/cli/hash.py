"""`staydown hash`: the hashes of picture files, with no server and no configuration."""

from __future__ import annotations

import json
import os
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import click
from rich.console import Console
from rich.progress import Progress

from staydown.core.hashing.formats import sniff
from staydown.core.hashing.image import Limits
from staydown.core.hashing.pdq import VARIANTS
from staydown.core.hashing.picture import Picture
from staydown.core.hashing.pool import HashingPool
from staydown.errors import MediaError, NotAnImageError, TooLargeError

LIMITS: Final = Limits()
LOW: Final = "low quality: too little detail to tell it from other pictures"
MANY: Final = 10  # files, from which on a progress bar is of use


@dataclass(frozen=True, slots=True)
class File:
    """A file to hash. ``named``: someone says that it is a picture; those found in a folder need not be."""

    path: Path
    named: bool = field(kw_only=True)


@dataclass(slots=True)
class Tally:
    """How many files ended how."""

    hashed: int = 0
    failed: int = 0
    passed_over: int = 0


Outcome = tuple[File, Picture | MediaError]


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path), metavar="FILE...")
@click.option(
    "--json", "as_json", is_flag=True, help="Print JSON lines: one a file, another for the inside of its borders."
)
@click.option("--variants", is_flag=True, help="Also print the hashes of all eight rotations and mirrors.")
@click.option(
    "--jobs", type=click.IntRange(1, 64), default=None, help="Worker processes that decode.  [default: one a processor]"
)
def command(files: tuple[Path, ...], as_json: bool, variants: bool, jobs: int | None) -> None:
    """Hash pictures: PDQ, its quality from 0 to 100, and the size of the upright picture.

    Folders are walked; what is no picture in them is passed over. Files are decoded in worker processes with limits on
    memory and time. Exit status 0 when every picture was hashed, 1 when one could not be, 2 for a wrong call.
    """
    found = list(walked(files))
    workers = min(jobs or os.cpu_count() or 2, max(len(found), 1))
    tally = Tally()
    with HashingPool(workers, LIMITS) as pool, _progress(len(found)) as advance:
        for file, outcome in hashed(found, pool, workers):
            _print(file, outcome, tally, as_json=as_json, variants=variants)
            advance()
    if tally.passed_over:
        click.echo(f"Passed over {tally.passed_over} that are no pictures.", err=True)
    if not found or tally.passed_over == len(found):
        click.echo("There are no pictures here.", err=True)
    sys.exit(1 if tally.failed else 0)


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


def hashed(files: Iterable[File], pool: HashingPool, workers: int) -> Iterator[Outcome]:
    """Each file with its hashes or its fault, in order; only a few files are in memory at a time."""
    waiting: deque[tuple[File, Future[Picture | MediaError]]] = deque()
    with ThreadPoolExecutor(workers + 1) as threads:  # one reads while the others wait for workers
        for file in files:
            waiting.append((file, threads.submit(_outcome, file.path, pool)))
            if len(waiting) > 2 * workers:
                first, future = waiting.popleft()
                yield first, future.result()
        for first, future in waiting:
            yield first, future.result()


def _outcome(path: Path, pool: HashingPool) -> Picture | MediaError:
    try:
        return pool.hash(read(path))
    except MediaError as error:
        return error


def read(path: Path) -> bytes:
    """The bytes of a picture file, unless there are more than a picture may have."""
    try:
        with path.open("rb") as file:
            start = file.read(1024)
            if path.stat().st_size > LIMITS.max_bytes:
                sniff(start)  # a long video in a folder is no picture, rather than one too large
                raise TooLargeError
            return start + file.read()
    except OSError as error:
        raise MediaError(f"This file cannot be read ({error.strerror}). Check its permissions.") from None


@contextmanager
def _progress(total: int) -> Iterator[Callable[[], None]]:
    """Gives a function that moves a bar by one file. There is a bar where no lines show the progress already."""
    console = Console(stderr=True)
    if not console.is_terminal or sys.stdout.isatty() or total < MANY:
        yield lambda: None
        return
    with Progress(console=console, transient=True, redirect_stdout=False) as progress:
        task = progress.add_task("Hashing", total=total)
        yield lambda: progress.advance(task)


def _print(file: File, outcome: Picture | MediaError, tally: Tally, *, as_json: bool, variants: bool) -> None:
    """One file, counted and printed: hashes on the standard output, faults on the other."""
    name = click.format_filename(file.path)
    if isinstance(outcome, Picture):
        tally.hashed += 1
        click.echo(_json(name, outcome, variants=variants) if as_json else _text(name, outcome, variants=variants))
        if as_json:
            _print_views(name, outcome)
    elif isinstance(outcome, NotAnImageError) and not file.named:
        tally.passed_over += 1
    else:
        tally.failed += 1
        click.secho(f"{name}: {outcome.message} ({outcome.code})", fg="red", err=True)
        if as_json:
            click.echo(json.dumps({"file": name, "error": outcome.code, "message": outcome.message}))


def _print_views(name: str, picture: Picture) -> None:
    """A line for each part of a picture that copies can be found by too, such as the inside of its borders."""
    for view in picture.views:
        fields = {"file": name, "part": view.tier, "algorithm": view.pdq.hash.algorithm}
        click.echo(json.dumps({**fields, "hash": view.pdq.hash.hex(), "quality": view.pdq.quality}, ensure_ascii=False))


def _json(name: str, picture: Picture, *, variants: bool) -> str:
    fields: dict[str, Any] = {
        "file": name,
        "algorithm": picture.pdq.algorithm,
        "hash": picture.pdq.hex(),
        "quality": picture.quality,
        "width": picture.width,
        "height": picture.height,
    }
    if variants:
        fields["variants"] = {turn: each.hex() for turn, each in zip(VARIANTS, picture.variants, strict=True)}
    return json.dumps(fields, ensure_ascii=False)


def _text(name: str, picture: Picture, *, variants: bool) -> str:
    size = f"{picture.width}x{picture.height}"
    mark = "" if picture.is_hashable else f"  ({LOW})"
    lines = [f"{picture.pdq.hex()}  quality {picture.quality:>3}  {size:>11}  {name}{mark}"]
    if variants:
        lines += [f"{each.hex()}  {turn}" for turn, each in zip(VARIANTS, picture.variants, strict=True)][1:]
    return "\n".join(lines)
