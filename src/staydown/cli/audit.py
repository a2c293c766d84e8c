"""`staydown audit`: verify the log in the database, in an exported file or line by line; export, prove, erase lines."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource
from rich import progress
from rich.console import Console

from staydown.cli import private_file
from staydown.cli.serve import INSTALL
from staydown.core import audit
from staydown.core.note import Verifier
from staydown.errors import ProofError, SettingError

READABLE_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
NEW_FILE = click.Path(dir_okay=False, path_type=Path)


@click.group()
def command() -> None:
    """Verify, export and prove the audit log; erase what names a person."""


@command.command()
@INSTALL
@click.option("--file", type=READABLE_FILE, help="An exported log; needs no database.")
@click.option("--proof", type=READABLE_FILE, help="The proof of one line; needs no database.")
@click.option("--key", help="The log's verifier key (name+id+base64), for --file and --proof.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def verify(data: Path, file: Path | None, proof: Path | None, key: str | None, as_json: bool) -> None:
    """Verify the log of an install, an exported log, or the proof of one line.

    Exit status 1 when anything does not hold; the message says which line, and why.
    """
    is_named = click.get_current_context().get_parameter_source("data") is ParameterSource.COMMANDLINE
    if sum((is_named, file is not None, proof is not None)) > 1:
        raise click.UsageError("Give one of --data, --file and --proof.")
    offline = file is not None or proof is not None
    if offline != (key is not None):
        raise click.UsageError("--key goes with --file or --proof: take it from somebody you trust, not from the file.")
    try:
        told = _proof(proof, key) if proof else _file(file, key) if file else _database(data)
    except ProofError as error:
        if not as_json:
            raise
        click.echo(json.dumps({"verified": False, "code": error.code, "error": error.message}))
        raise SystemExit(1) from None
    click.echo(json.dumps(told, ensure_ascii=False) if as_json else _words(told))


@command.command()
@INSTALL
@click.option("--out", required=True, type=NEW_FILE, help="Where to write the log; must not exist.")
def export(data: Path, out: Path) -> None:
    """Write the whole log to a file that `audit verify --file` verifies without a database.

    The file holds every line in clear, and keeps what is erased here later: guard it, and delete it in time.
    """
    actions = _actions(data)
    with progress.Progress(console=Console(stderr=True), transient=True) as bar:
        written = _write(out, (f"{line}\n" for line in bar.track(actions.export(), description="Lines")))
    click.echo(f"{out}: {written - 1:,} lines and a signed checkpoint.")
    click.echo(f"Verify it with: staydown audit verify --file {out} --key '{actions.verifier()}'")


@command.command()
@INSTALL
@click.argument("number", type=click.IntRange(min=1))
@click.option("--out", required=True, type=NEW_FILE, help="Where to write the proof; must not exist.")
def prove(data: Path, number: int, out: Path) -> None:
    """Write the proof that line NUMBER stands in the log, which anyone can verify offline with the log's key."""
    actions = _actions(data)
    _write(out, [actions.prove(number)])
    click.echo(f"{out}: line {number:,} and its place in the log.")
    click.echo(f"Verify it with: staydown audit verify --proof {out} --key '{actions.verifier()}'")


@command.command()
@INSTALL
@click.argument("first", type=click.IntRange(min=1))
@click.argument("last", type=click.IntRange(min=1), required=False)
@click.option("--yes", is_flag=True, help="Yes, erase it for good. Without it the lines are only shown.")
@click.option("--reason", default="", help="Why, for the lead who approves it. Name no person.")
def erase(data: Path, first: int, last: int | None, yes: bool, reason: str) -> None:
    """Erase the reason that somebody gave in line FIRST, or those in the lines from FIRST to LAST.

    For one that names a person after all. What else such a line states goes with it: counts, numbers of lines of the
    feed. When it was, and who did what to which thing, stays, and the log still verifies. Lines that hold no reason
    stay as they are. Backups and exported logs keep what they have.

    It takes two people unless STAYDOWN_TWO_PEOPLE says otherwise: this proposes it with --reason, a lead approves it in
    the console, which erases it.
    """
    actions = _actions(data)
    from staydown.apps.audit import querysets
    from staydown.apps.audit.actor import Actor
    from staydown.apps.cases.actions import erasing_lines

    last = first if last is None else last
    if not yes:
        actions.require_reason(first, last)
        for line in querysets.with_reason(first, last).iterator(chunk_size=querysets.CHUNK):
            click.echo(json.dumps(querysets.payload(line), ensure_ascii=False, sort_keys=True))
        click.echo("Nothing is erased yet: add --yes to erase the facts of what is shown here.", err=True)
        return
    done = erasing_lines.erase_lines_or_propose(first, last, reason=reason, by=Actor.system())
    if isinstance(done, int):
        click.echo(f"Lines erased: {done:,}. On PostgreSQL run `staydown vacuum` next.")
    else:
        click.echo("Proposed. It is erased once a lead has approved it in the console (/staff/proposals/).")


def _actions(data: Path) -> Any:
    """The database's side of the log, loaded only when it is asked for."""
    from staydown.project import django

    django.open_install(data)
    from staydown.apps.audit import actions
    from staydown.project import install

    install.require_migrated()
    return actions


def _database(data: Path) -> dict[str, Any]:
    with Console(stderr=True).status("Walking the log"):
        return _told(_actions(data).verify())


def _file(file: Path, key: str | None) -> dict[str, Any]:
    verifier = _verifier(key)
    console = Console(stderr=True)
    with progress.open(file, encoding="utf-8", errors="surrogateescape", console=console, transient=True) as lines:
        return _told(audit.verify_export((line.rstrip("\n") for line in lines), verifier))


def _proof(file: Path, key: str | None) -> dict[str, Any]:
    proven = audit.verify_proof(file.read_text(encoding="utf-8", errors="surrogateescape"), _verifier(key))
    return {
        "verified": True,
        "line": proven.seq,
        "log": proven.checkpoint.origin,
        "lines": proven.checkpoint.size,
        "payload": proven.payload,
    }


def _told(report: audit.LogReport) -> dict[str, Any]:
    return {
        "verified": True,
        "lines": report.size,
        "erased": report.erased,
        "signed": report.signed,
        "root": base64.b64encode(report.root).decode(),
    }


def _words(told: dict[str, Any]) -> str:
    """The result in sentences."""
    if "line" in told:
        said = json.dumps(told["payload"], ensure_ascii=False, indent=2) if told["payload"] else "It has been erased."
        return f"Verified: line {told['line']:,} of the log {told['log']}, which had {told['lines']:,} lines.\n{said}"
    sentence = f"Verified: {told['lines']:,} lines, of which {told['erased']:,} are erased. Root {told['root']}."
    if told["signed"] == told["lines"]:
        return f"{sentence}\nA signed checkpoint vouches for all of them."
    return f"{sentence}\nA kept checkpoint vouches for the first {told['signed']:,} of them."


def _verifier(key: str | None) -> Verifier:
    try:
        return Verifier.parse(key or "")
    except ProofError as error:
        raise SettingError(f"The verifier key is not valid. {error.message}") from None


def _write(path: Path, texts: Iterable[str]) -> int:
    """Write to a new file that nobody else can read, and say how many texts; no half file stays behind."""
    count = 0
    with private_file.new(path) as file:
        for count, text in enumerate(texts, 1):  # noqa: B007 - the count is the result
            file.write(text)
    return count
