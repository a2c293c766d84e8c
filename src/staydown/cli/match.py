"""`staydown match`: which pictures and videos are near copies of what a list or a snapshot holds, with no server."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import click

from staydown.cli.files import Bar, File, Hashed, Hasher, walked
from staydown.core.bank import Action, Entry
from staydown.core.hashing.algorithm import SINGLE, USUAL_RADIUS, WIDEST_PDQ, Algorithm, Hash
from staydown.core.hashing.picture import Picture
from staydown.core.hashing.video import Video
from staydown.core.matching import hash_list, snapshot
from staydown.core.matching.hash_list import Listed
from staydown.core.matching.index import Match
from staydown.core.matching.multi_index import MultiIndex
from staydown.core.matching.video import DENSE, Sighting, VideoEntry, VideoIndex, VideoMatch, pictures_in
from staydown.errors import HashError, MediaError

WORKERS = os.cpu_count() or 2


@dataclass(frozen=True, slots=True)
class Known:
    """What is matched against: pictures and videos. ``listed`` says where in the list an entry stands; a snapshot has
    none."""

    index: MultiIndex
    videos: VideoIndex
    listed: Mapping[UUID, Listed] | None = None


@dataclass(slots=True)
class Tally:
    """How many files ended how."""

    matched: int = 0
    free: int = 0
    failed: int = 0
    passed_over: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """What a file or a hash matches, and what hinders it from matching more."""

    matches: list[Match | Sighting | VideoMatch]
    hashable: bool = True
    whole: bool = True


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
    type=click.Choice([each.value for each in SINGLE]),
    default=Algorithm.PDQ.value,
    show_default=True,
    help="Of --hash, and of lines in the list that name none.",
)
@click.option("--quick", is_flag=True, help="Decode key frames of videos only: ten times faster, and may miss.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a file.")
@click.option("--fail-on-match", is_flag=True, help="Exit with status 1 when anything matches.")
def command(
    against: Path,
    files: tuple[Path, ...],
    hashes: tuple[str, ...],
    radius: int | None,
    algorithm: str,
    quick: bool,
    as_json: bool,
    fail_on_match: bool,
) -> None:
    """Match pictures and videos against a list of hashes, offline.

    Folders are walked. Every rotation and mirror image is looked for. A video matches a banked video when most of
    either is in the other, and a banked picture when one of its frames is near it; a picture matches the banked videos
    that it is a frame of. Exit status 0 whether or not anything matched, 1 when a file could not be hashed, 2 for a
    wrong call.
    """
    if bool(files) == bool(hashes):
        raise click.UsageError("Give files or folders, or --hash, and not both.")
    known = _known(against, radius, Algorithm(algorithm))
    by_hand = [_by_hand(number, text, Algorithm(algorithm)) for number, text in enumerate(hashes, start=1)]
    tally = Tally()
    for number, hash_ in enumerate(by_hand, start=1):
        _print(f"hash {number}", {"hash": number}, _of_hash(hash_, known), known, tally, as_json=as_json)
    for file, answer in _answers(list(walked(files)), known, quick=quick):
        _print_file(file, answer, known, tally, as_json=as_json)
    if not as_json:
        _summarise(tally)
    sys.exit(1 if tally.failed or (fail_on_match and tally.matched) else 0)


def _known(path: Path, radius: int | None, algorithm: Algorithm) -> Known:
    """What the file holds, ready to be searched."""
    if snapshot.is_snapshot(path):
        if radius is not None:
            raise click.UsageError("--radius is for lists: each entry of a snapshot has its own radius.")
        return Known(*snapshot.load_all(path))
    with path.open(encoding="utf-8") as file:
        listed = hash_list.read(file, algorithm)
    usable = {UUID(int=each.line): each for each in listed if each.is_usable or each.frames}
    if unhashed := sum(each.hash is None and not each.is_video for each in listed):
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
    videos = (VideoEntry(key, path.name, each.frames, radius=wanted) for key, each in usable.items() if each.frames)
    return Known(MultiIndex(entries), VideoIndex(videos), usable)


def _by_hand(number: int, text: str, algorithm: Algorithm) -> Hash:
    try:
        return Hash.from_hex(algorithm, text)
    except HashError as error:
        raise click.BadParameter(f"number {number}: {error.message}", param_hint="--hash") from None


def _answers(files: list[File], known: Known, *, quick: bool) -> Iterator[tuple[File, Answer | MediaError]]:
    """Each file with what it matched, in order."""
    if not files:
        return
    with_md5 = known.index.may_hold(Algorithm.MD5)  # only lists of others have any, and it costs a second reading
    options = {"quick": quick, "with_md5": with_md5}
    with Bar("Matching", len(files)) as bar, Hasher(WORKERS, bar, every=DENSE, **options) as hasher:
        for file, outcome in hasher.each(files):
            yield file, _answer(outcome, known)
            bar.advance()


def _answer(outcome: Hashed, known: Known) -> Answer | MediaError:
    """What a file matches, or why it could not be hashed."""
    if isinstance(outcome, Picture):
        stills = known.videos.query([[each for each in outcome.asked if each.algorithm is Algorithm.PDQ]])
        return Answer([*known.index.query(outcome.asked), *stills], outcome.is_hashable)
    if isinstance(outcome, Video):
        same, videos = known.index.query(outcome.exact), known.videos.query_video(outcome)
        return Answer([*same, *videos, *pictures_in(outcome, known.index)], outcome.is_hashable, outcome.is_whole)
    return outcome


def _of_hash(hash_: Hash, known: Known) -> Answer:
    """What a hash given by hand matches."""
    videos = known.videos.query([[hash_]] if hash_.algorithm is Algorithm.PDQ else [])
    return Answer([*known.index.query([hash_]), *videos])


def _print_file(file: File, answer: Answer | MediaError, known: Known, tally: Tally, *, as_json: bool) -> None:
    """One file, counted and printed: matches to the standard output, faults to the other."""
    name = click.format_filename(file.path)
    if file.is_none_of_ours(answer):
        tally.passed_over += 1
    elif isinstance(answer, Answer):
        _print(name, {"file": name}, answer, known, tally, as_json=as_json)
    else:
        tally.failed += 1
        if as_json:
            _print_json({"file": name, "error": answer.code, "message": answer.message})
        else:
            click.secho(f"{name}: {answer.message}", fg="red", err=True)


def _print(name: str, key: Mapping[str, Any], answer: Answer, known: Known, tally: Tally, *, as_json: bool) -> None:
    """One answer, counted and printed."""
    tally.matched += bool(answer.matches)
    tally.free += not answer.matches
    if as_json:
        damaged = {} if answer.whole else {"damaged": True}
        matches = [_fields(match, known) for match in answer.matches]
        _print_json({**key, "hashable": answer.hashable, **damaged, "matches": matches})
        return
    note = "" if answer.hashable else " (too little detail: looked for exact copies only)"
    note += "" if answer.whole else " (damaged: looked for as far as it can be played)"
    count = len(answer.matches)
    click.echo(f"{name}: {_count(count, 'match', 'matches') if count else 'no match'}{note}")
    for match in answer.matches:
        click.echo(f"    {_words(match, known)}")


def _fields(match: Match | Sighting | VideoMatch, known: Known) -> dict[str, Any]:
    """A match for machines."""
    what: dict[str, Any]
    if isinstance(match, VideoMatch):
        shares = {"query_percent": round(match.query_percent, 1), "entry_percent": round(match.entry_percent, 1)}
        what = {"algorithm": hash_list.VIDEO, "distance": match.distance, **shares}
    elif isinstance(match, Sighting):
        return {**_fields(match.match, known), "time": match.time}
    else:
        what = {"algorithm": match.entry.hash.algorithm, "distance": match.distance}
    if known.listed is None:
        return {"entry": str(match.entry.id), "bank": match.entry.bank, "action": match.entry.action, **what}
    listed = known.listed[match.entry.id]
    return {"line": listed.line, "label": listed.label, **what}


def _words(match: Match | Sighting | VideoMatch, known: Known) -> str:
    """A match for people."""
    if isinstance(match, Sighting):
        return f"{_words(match.match, known)}, at {match.time:.1f} s"
    entry, far = match.entry, f"{match.distance} bits away" if match.distance else "the same"
    if isinstance(match, VideoMatch):
        far = f"video, {match.query_percent:.0f} % of this and {match.entry_percent:.0f} % of that"
    else:
        far = f"{match.entry.hash.algorithm}, {far}"
    if known.listed is None:
        return f"{entry.bank}, entry {entry.id} ({entry.action}): {far}"
    listed = known.listed[entry.id]
    label = f" ({listed.label})" if listed.label else ""
    return f"{entry.bank}, line {listed.line}{label}: {far}"


def _summarise(tally: Tally) -> None:
    """The last line, beside the output."""
    parts = [f"{_count(tally.matched, 'matches', 'match')}", f"{_count(tally.free, 'does', 'do')} not"]
    if tally.failed:
        parts.append(f"{tally.failed} could not be hashed")
    if tally.passed_over:
        parts.append(
            f"{_count(tally.passed_over, 'file is no picture and no video', 'files are no pictures and no videos')}"
        )
    click.echo(", ".join(parts) + ".", err=True)


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def _print_json(fields: Mapping[str, Any]) -> None:
    click.echo(json.dumps(fields, ensure_ascii=False))
