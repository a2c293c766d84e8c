"""`staydown hash`: the hashes of picture files, with no server and no configuration."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click

from staydown.cli.files import Bar, File, Hashed, Hasher, walked
from staydown.core.hashing.pdq import VARIANTS
from staydown.core.hashing.picture import Picture
from staydown.core.hashing.variants import View, parts
from staydown.core.hashing.video import Video
from staydown.errors import MediaError

LOW: Final = "low quality: too little detail to tell it from other pictures"
PARTLY: Final = "damaged: hashed as far as it can be played"


@dataclass(slots=True)
class Tally:
    """How many files ended how."""

    hashed: int = 0
    failed: int = 0
    passed_over: int = 0


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path), metavar="FILE...")
@click.option(
    "--json", "as_json", is_flag=True, help="Print JSON lines: one a file, another for the inside of its borders."
)
@click.option("--variants", is_flag=True, help="Also print the hashes of all eight rotations and mirrors.")
@click.option("--md5", is_flag=True, help="Also print the MD5, by which lists of others may know the file.")
@click.option(
    "--every",
    type=click.FloatRange(0.04, 60),
    default=1.0,
    show_default=True,
    help="Seconds from one hashed frame of a video to the next.",
)
@click.option("--quick", is_flag=True, help="Decode key frames of videos only: ten times faster, fewer frames.")
@click.option(
    "--jobs", type=click.IntRange(1, 64), default=None, help="Worker processes that decode.  [default: one a processor]"
)
def command(
    files: tuple[Path, ...], as_json: bool, variants: bool, md5: bool, every: float, quick: bool, jobs: int | None
) -> None:
    """Hash pictures and videos: PDQ, its quality from 0 to 100, and the size as it is seen.

    A video has a hash for one frame a second, the first and the last, as in vPDQ. Folders are walked; what is neither
    picture nor video in them is passed over. Files are decoded in worker processes with limits on memory and time. Exit
    status 0 when every file was hashed, 1 when one could not be, 2 for a wrong call.
    """
    found = list(walked(files))
    workers = min(jobs or os.cpu_count() or 2, max(len(found), 1))
    tally = Tally()
    options = {"quick": quick, "with_md5": md5}
    with Bar("Hashing", len(found)) as bar, Hasher(workers, bar, every=every, **options) as hasher:
        for file, outcome in hasher.each(found):
            _print(file, outcome, tally, as_json=as_json, variants=variants)
            bar.advance()
    if tally.passed_over:
        click.echo(f"Passed over {tally.passed_over} that are no pictures and no videos.", err=True)
    if not found or tally.passed_over == len(found):
        click.echo("There are no pictures and no videos here.", err=True)
    sys.exit(1 if tally.failed else 0)


def _print(file: File, outcome: Hashed, tally: Tally, *, as_json: bool, variants: bool) -> None:
    """One file, counted and printed: hashes on the standard output, faults on the other."""
    name = click.format_filename(file.path)
    if file.is_none_of_ours(outcome):
        tally.passed_over += 1
    elif isinstance(outcome, MediaError):
        tally.failed += 1
        click.secho(f"{name}: {outcome.message} ({outcome.code})", fg="red", err=True)
        if as_json:
            click.echo(json.dumps({"file": name, "error": outcome.code, "message": outcome.message}))
    elif isinstance(outcome, Video):
        tally.hashed += 1
        click.echo(_video_json(name, outcome) if as_json else _video_text(name, outcome))
    else:
        tally.hashed += 1
        click.echo(_json(name, outcome, variants=variants) if as_json else _text(name, outcome, variants=variants))
        if as_json:
            _print_views(name, outcome)
    if isinstance(outcome, Picture | Video) and outcome.md5 is not None:
        told = {"file": name, "algorithm": outcome.md5.algorithm, "hash": outcome.md5.hex()}
        click.echo(json.dumps(told, ensure_ascii=False) if as_json else f"{outcome.md5.hex()}  md5")


def _video_json(name: str, video: Video) -> str:
    """A line for a video. A frame's ``parts`` are what copies can be found by too, such as the inside of borders."""
    frames = []
    for frame in video.frames:
        fields: dict[str, Any] = {"time": frame.time, "hash": frame.hash.hex(), "quality": frame.quality}
        if found := parts(frame.views):
            fields["parts"] = [_part(view) for view in found]
        frames.append(fields)
    about = {"width": video.width, "height": video.height, "duration": round(video.duration, 3)}
    whole = {} if video.is_whole else {"damaged": True}
    return json.dumps({"file": name, "algorithm": "vpdq", **about, **whole, "frames": frames}, ensure_ascii=False)


def _part(view: View) -> dict[str, Any]:
    return {"part": view.tier, "hash": view.pdq.hash.hex(), "quality": view.pdq.quality}


def _video_text(name: str, video: Video) -> str:
    """A line for a video and one for each frame."""
    minutes, seconds = divmod(video.duration, 60)
    marks = ("" if video.is_whole else f"  ({PARTLY})") + ("" if video.is_hashable else f"  ({LOW})")
    size = f"{video.width}x{video.height}"
    lines = [f"video of {int(minutes)}:{seconds:04.1f}, {len(video.frames)} frames  {size:>11}  {name}{marks}"]
    lines += [f"{each.hash.hex()}  quality {each.quality:>3}  at {each.time:.3f} s" for each in video.frames]
    return "\n".join(lines)


def _print_views(name: str, picture: Picture) -> None:
    """A line for each part of a picture that copies can be found by too, such as the inside of its borders."""
    for view in parts(picture.views):
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
