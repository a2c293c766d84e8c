"""`staydown ask`: may these be published? Pictures and videos are hashed here, and only their hashes leave."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click

from staydown.client import Answer, Client, Policy, Upload, Verdict
from staydown.errors import SettingError

COLOURS: Final = {Verdict.ALLOW: "green", Verdict.REVIEW: "yellow", Verdict.BLOCK: "red"}


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--node", required=True, envvar="STAYDOWN_ASK_NODE", help="Address of a screening node.")
@click.option(
    "--key-file",
    required=True,
    envvar="STAYDOWN_ASK_KEY_FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File that holds a key of the scope screen, and nothing else.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.option("--seconds", default=20.0, show_default=True, help="For one call, tries and pauses together.")
def command(files: tuple[Path, ...], node: str, key_file: Path, as_json: bool, seconds: float) -> None:
    """Ask a screening node whether pictures and videos may be published.

    The exit status is 0 when all of them may, and 1 when one is to be blocked or looked at, or could not be hashed. A
    match is reported to the node's publisher as that of any other upload.
    """
    with Client(node, _key(key_file), policy=Policy(seconds=seconds)) as client:
        answers = client.screen_many(Upload(file.read_bytes()) for file in files)
    for line in _lines(files, answers, as_json=as_json):
        click.echo(line)
    sys.exit(any(answer.action is not Verdict.ALLOW for answer in answers))


def _key(path: Path) -> str:
    try:
        return path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise SettingError("The key file cannot be read. Check its path and its permissions.") from None


def _lines(files: tuple[Path, ...], answers: list[Answer], *, as_json: bool) -> Iterator[str]:
    for file, answer in zip(files, answers, strict=True):
        if as_json:
            yield json.dumps(
                {
                    "file": str(file),
                    "action": answer.action.value,
                    "hashable": answer.hashable,
                    "hit_id": answer.hit_id,
                    "fault": answer.fault,
                }
            )
        else:
            why = f"  ({answer.fault})" if answer.fault else "" if answer.hashable else "  (too little detail)"
            yield f"{click.style(f'{answer.action.value:<6}', fg=COLOURS[answer.action])}  {file}{why}"
