"""`staydown feed`: a key for a follower, who has confirmed what, an offline mirror, and its verification."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from staydown.cli import private_file
from staydown.cli.serve import INSTALL
from staydown.core.note import Verifier
from staydown.errors import InvalidError, ProofError, SettingError
from staydown.exchange import mirror as mirroring
from staydown.exchange.peer import FeedClient
from staydown.screening.settings import KeyFile

READABLE_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
NEW_FILE = click.Path(dir_okay=False, path_type=Path)


@click.group()
def command() -> None:
    """Make a follower's key, see what followers confirmed; mirror and verify a feed."""


@command.command()
@INSTALL
@click.option("--name", required=True, help="What the key is for, such as the name of the partner or the node.")
@click.option("--bank", "banks", multiple=True, help="Only this bank; may be given again. [default: every bank]")
@click.option("--node", is_flag=True, help="For a screening node of ours: it also learns which client keys to let in.")
@click.option("--out", required=True, type=NEW_FILE, help="Where to write the key file; must not exist.")
def key(data: Path, name: str, banks: tuple[str, ...], node: bool, out: Path) -> None:
    """Make a key that may follow the feed and report hits, and write its key file.

    `staydown feed mirror` reads that file, and with --node so does `staydown screen`. Such a key made in the console
    takes two people. Whoever may run this holds the database anyway, so here it takes one; the log keeps it.
    """
    _start(data)
    from staydown.apps.accounts.actions import create_key
    from staydown.apps.audit.actor import Actor
    from staydown.apps.banks import feed_key
    from staydown.apps.banks.models import Bank

    known = set(Bank.objects.values_list("name", flat=True))
    if unknown := sorted(set(banks) - known):
        raise InvalidError(f"There is no bank {unknown[0]}. Banks: {', '.join(sorted(known)) or 'none yet'}.")
    scopes = ["feed:read", "hit:write", *(["key:list"] if node else [])]
    with private_file.new(out) as file:  # first, so that no key is made which nobody then has
        _, text = create_key(name, scopes, banks, by=Actor.system())
        file.write(KeyFile(text, feed_key.signer().verifier_key).text())
    click.echo(f"Key file written: {out}. Keep it secret; who has it can read the hashes.")


@command.command()
@INSTALL
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def followers(data: Path, as_json: bool) -> None:
    """Say how far each follower has confirmed the feed, and what it owes.

    Exit status 1 when a follower has not confirmed a removal although the time for it is over.
    """
    _start(data)
    from django.utils import timezone

    from staydown.apps.banks import querysets

    size, found = querysets.feed_size(), querysets.followers(timezone.now())
    if not found and not as_json:
        click.echo("Nobody has asked for the feed yet. `staydown feed key` makes a follower's key.")
    for each in found:
        told = {"key": str(each.key.public_id), "name": each.key.name, "cursor": each.cursor, "of": size}
        told |= {"heard_at": each.heard_at.isoformat(timespec="seconds"), "overdue": each.overdue}
        owed = f", {each.overdue:,} removals overdue" if each.overdue else ""
        line = f"{each.key.name}: line {each.cursor:,} of {size:,}, heard {told['heard_at']}{owed}"
        click.echo(json.dumps(told) if as_json else line)
    sys.exit(any(each.overdue for each in found))


@command.command()
@click.option("--feed", "feed_url", required=True, envvar="STAYDOWN_SCREEN_FEED", help="Address of the publisher.")
@click.option("--key-file", required=True, envvar="STAYDOWN_SCREEN_KEY_FILE", type=READABLE_FILE, help="Its key file.")
@click.option("--out", required=True, type=NEW_FILE, help="The mirror; continued when it exists.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def mirror(feed_url: str, key_file: Path, out: Path, as_json: bool) -> None:
    """Copy a feed to a file, each line verified; run it again to bring the file up to date.

    An entry that was withdrawn since the last time is erased from the file.
    """
    follow = KeyFile.read(key_file)
    columns = (SpinnerColumn(), TextColumn("{task.completed:,} lines"), TimeElapsedColumn())
    with (
        FeedClient(feed_url, follow.key, follow.verifier) as client,
        Progress(*columns, console=Console(stderr=True)) as progress,
    ):
        bar = progress.add_task("", total=None)
        done = mirroring.update(client, out, told=lambda seq: progress.update(bar, completed=seq))
    if as_json:
        click.echo(json.dumps({"file": str(out), "lines": done.lines, "new": done.new, "erased": done.erased}))
    else:
        click.echo(f"{out}: {done.lines:,} lines, {done.new:,} new, {done.erased:,} withdrawn hashes erased.")


@command.command()
@click.argument("file", type=READABLE_FILE)
@click.option("--verifier", help="The publisher's verifier key, name+id+base64.")
@click.option("--key-file", type=READABLE_FILE, help="Take the verifier key from this key file.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def verify(file: Path, verifier: str | None, key_file: Path | None, as_json: bool) -> None:
    """Verify a mirrored feed offline: nothing is missing, changed or repeated, and the publisher signed it.

    Exit status 1 when it does not verify.
    """
    if (verifier is None) == (key_file is None):
        raise click.UsageError("Give either --verifier or --key-file.")
    text = verifier if key_file is None else KeyFile.read(key_file).verifier
    try:
        found = mirroring.verify(file, Verifier.parse(text or ""))
    except ProofError as error:
        raise SettingError(f"The verifier key is not valid. {error.message}") from None
    if as_json:
        told = {"file": str(file), "lines": found.lines, "entries": found.entries, "withheld": found.withheld}
        click.echo(json.dumps(told))
    else:
        click.echo(f"Verified: {found.lines:,} lines, {found.entries:,} entries, {found.withheld:,} lines withheld.")


def _start(data: Path) -> None:
    from staydown.project import django

    django.open_install(data)
    from staydown.project import install

    install.require_migrated()
