"""`staydown match`: which pictures are near copies of the hashes in a list or a snapshot, with no server."""

from __future__ import annotations

import json
import os
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import click
from rich.console import Console
from rich.progress import track

from staydown.core.bank import Action, Entry
from staydown.core.hashing.algorithm import USUAL_RADIUS, WIDEST_PDQ, Algorithm, Hash
from staydown.core.hashing.image import Limits
from staydown.core.hashing.pool import HashingPool
from staydown.core.matching import hash_list, snapshot
from staydown.core.matching.hash_list import Listed
from staydown.core.matching.index import Match
from staydown.core.matching.multi_index import MultiIndex
from staydown.errors import HashError, MediaError, NotAnImageError, StaydownError, TooLargeError

LIMITS = Limits()
WORKERS = os.cpu_count() or 2


@dataclass(frozen=True, slots=True)
class Known:
    """What is matched against. ``listed`` says where in the list an entry stands; a snapshot has none."""

    index: MultiIndex
    listed: Mapping[UUID, Listed] | None = None


@dataclass(slots=True)
class Tally:
    """How many pictures ended how."""

    matched: int = 0
    free: int = 0
    failed: int = 0
    passed_over: int = 0


@dataclass(frozen=True, slots=True)
class Asked:
    """A picture to look for: a file, or a hash given by hand. ``found_in_folder``: nobody said that it is a picture."""

    name: str
    path: Path | None = None
    hash: Hash | None = None
    found_in_folder: bool = field(default=False, kw_only=True)


@click.command()
@click.option(
    "--against",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A hash list (hex lines, CSV with a header, JSON lines of `staydown hash --json`) or a snapshot.",
)
@click.argument("files", nargs=-1, type=click.Path(exists=True, path_type=Path), metavar="[FILE]...")
@click.option("--hash", "hashes", multiple=True, metavar="HEX", help="A hash to look for, in place of files.")
@click.option(
    "--radius", type=click.IntRange(0, WIDEST_PDQ), help=f"Bits that a copy may differ in, for a list [{USUAL_RADIUS}]."
)
@click.option(
    "--algorithm",
    type=click.Choice([each.value for each in Algorithm]),
    default=Algorithm.PDQ.value,
    show_default=True,
    help="Of --hash, and of lines in the list that name none.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a picture.")
@click.option("--fail-on-match", is_flag=True, help="Exit with status 1 when anything matches.")
def command(
    against: Path,
    files: tuple[Path, ...],
    hashes: tuple[str, ...],
    radius: int | None,
    algorithm: str,
    as_json: bool,
    fail_on_match: bool,
) -> None:
    """Match pictures against a list of hashes, offline.

    Folders are walked. Every rotation and mirror image of a picture is looked for. Exit status 0 whether or not
    anything matched, 1 when a picture could not be hashed, 2 for a wrong call.
    """
    if bool(files) == bool(hashes):
        raise click.UsageError("Give files or folders, or --hash, and not both.")
    known = _known(against, radius, Algorithm(algorithm))
    if hashes:
        asked = [_by_hand(number, text, Algorithm(algorithm)) for number, text in enumerate(hashes, start=1)]
    else:
        asked = list(_walked(files))
    tally = Tally()
    with HashingPool(WORKERS, LIMITS) if files else nullcontext() as pool:
        for each, answer in _answers(asked, known, pool):
            _print(each, answer, known, tally, as_json=as_json)
    if not as_json:
        _summarise(tally)
    sys.exit(1 if tally.failed or (fail_on_match and tally.matched) else 0)


def _known(path: Path, radius: int | None, algorithm: Algorithm) -> Known:
    """What the file holds, ready to be searched."""
    if snapshot.is_snapshot(path):
        if radius is not None:
            raise click.UsageError("--radius is for lists: each entry of a snapshot has its own radius.")
        return Known(snapshot.load(path))
    with path.open(encoding="utf-8") as file:
        listed = hash_list.read(file, algorithm)
    usable = {UUID(int=each.line): each for each in listed if each.is_usable}
    if unhashed := sum(each.hash is None for each in listed):
        told = _count(unhashed, "file of the list was", "files of the list were")
        click.echo(f"{told} never hashed and cannot match.", err=True)
    if featureless := len(listed) - len(usable) - unhashed:
        click.echo(f"{featureless} hashes have too little detail and are left out.", err=True)
    wanted = USUAL_RADIUS if radius is None else radius
    entries = (
        Entry(key, path.name, each.hash, min(wanted, each.hash.algorithm.widest), Action.BLOCK)
        for key, each in usable.items()
        if each.hash is not None
    )
    return Known(MultiIndex(entries), usable)


def _by_hand(number: int, text: str, algorithm: Algorithm) -> Asked:
    try:
        return Asked(f"hash {number}", hash=Hash.from_hex(algorithm, text))
    except HashError as error:
        raise click.BadParameter(f"number {number}: {error.message}", param_hint="--hash") from None


def _walked(files: Iterable[Path]) -> Iterator[Asked]:
    """The files, and those in the folders, each folder in order."""
    for path in files:
        if not path.is_dir():
            yield Asked(str(path), path)
            continue
        for folder, subfolders, names in os.walk(path):
            subfolders.sort()
            inside = (Path(folder, name) for name in sorted(names))
            yield from (Asked(str(each), each, found_in_folder=True) for each in inside)


Answer = tuple[list[Match], bool] | StaydownError


def _answers(asked: list[Asked], known: Known, pool: HashingPool | None) -> Iterator[tuple[Asked, Answer]]:
    """Each picture with what it matched, in order; a few are hashed at once, ahead of the one that is answered."""
    shown = Console(stderr=True)
    waiting: deque[tuple[Asked, Future[Answer]]] = deque()
    ahead = WORKERS * 4
    bar = track(asked, "Matching", console=shown, disable=not shown.is_terminal or len(asked) < 2, transient=True)
    with ThreadPoolExecutor(WORKERS) as threads:
        for each in bar:
            waiting.append((each, threads.submit(partial(_answer, each, known, pool))))
            if len(waiting) > ahead:
                first, future = waiting.popleft()
                yield first, future.result()
        for each, future in waiting:
            yield each, future.result()


def _answer(asked: Asked, known: Known, pool: HashingPool | None) -> Answer:
    """What a picture matches and whether it had enough detail, or why it could not be hashed."""
    if asked.path is None or pool is None:
        return known.index.query([asked.hash] if asked.hash else []), True
    try:
        picture = pool.hash(_bytes(asked.path))
    except StaydownError as error:
        return error
    return known.index.query(picture.asked), picture.is_hashable


def _bytes(path: Path) -> bytes:
    """The bytes of a file, unless there are more than a picture may have."""
    try:
        if path.stat().st_size > LIMITS.max_bytes:
            raise TooLargeError
        return path.read_bytes()
    except OSError as error:
        raise MediaError(f"The file cannot be read: {error.strerror}.") from None


def _print(asked: Asked, answer: Answer, known: Known, tally: Tally, *, as_json: bool) -> None:
    """One picture, counted and printed: matches to the standard output, faults to the other."""
    if isinstance(answer, NotAnImageError) and asked.found_in_folder:
        tally.passed_over += 1
        return
    if isinstance(answer, StaydownError):
        tally.failed += 1
        if as_json:
            _print_json({"file": asked.name, "error": answer.code, "message": answer.message})
        else:
            click.secho(f"{asked.name}: {answer.message}", fg="red", err=True)
        return
    matches, detailed = answer
    tally.matched += bool(matches)
    tally.free += not matches
    if as_json:
        named = {"file": asked.name} if asked.path else {"hash": int(asked.name.rpartition(" ")[2])}
        _print_json({**named, "hashable": detailed, "matches": [_fields(match, known) for match in matches]})
        return
    note = "" if detailed else " (too little detail: looked for exact copies only)"
    click.echo(f"{asked.name}: {_count(len(matches), 'match', 'matches') if matches else 'no match'}{note}")
    for match in matches:
        click.echo(f"    {_words(match, known)}")


def _fields(match: Match, known: Known) -> dict[str, Any]:
    """A match for machines."""
    entry = match.entry
    what = {"algorithm": entry.hash.algorithm, "distance": match.distance}
    if known.listed is None:
        return {"entry": str(entry.id), "bank": entry.bank, "action": entry.action, **what}
    listed = known.listed[entry.id]
    return {"line": listed.line, "label": listed.label, **what}


def _words(match: Match, known: Known) -> str:
    """A match for people."""
    entry, far = match.entry, f"{match.distance} bits away" if match.distance else "the same"
    if known.listed is None:
        return f"{entry.bank}, entry {entry.id} ({entry.action}): {entry.hash.algorithm}, {far}"
    listed = known.listed[entry.id]
    label = f" ({listed.label})" if listed.label else ""
    return f"{entry.bank}, line {listed.line}{label}: {entry.hash.algorithm}, {far}"


def _summarise(tally: Tally) -> None:
    """The last line, beside the output."""
    parts = [f"{_count(tally.matched, 'matches', 'match')}", f"{_count(tally.free, 'does', 'do')} not"]
    if tally.failed:
        parts.append(f"{tally.failed} could not be hashed")
    if tally.passed_over:
        parts.append(f"{_count(tally.passed_over, 'file is not a picture', 'files are not pictures')}")
    click.echo(", ".join(parts) + ".", err=True)


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def _print_json(fields: Mapping[str, Any]) -> None:
    click.echo(json.dumps(fields, ensure_ascii=False))
