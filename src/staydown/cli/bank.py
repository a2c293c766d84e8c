"""`staydown bank`: lists of hashes in and out, and what the banks hold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TextIO

import click

from staydown.cli import private_file
from staydown.cli.serve import INSTALL
from staydown.errors import InvalidError, MissingError

if TYPE_CHECKING:
    from rich.progress import Progress

    from staydown.apps.banks.models import Bank, Entry
    from staydown.core.bank import Action
    from staydown.core.hashing.algorithm import Hash
    from staydown.core.matching.hash_list import Listed

ALGORITHMS: Final = click.Choice(["pdq", "sha256", "md5"])
BANK = click.option("--bank", "name", default="house", show_default=True, help="Which bank.")


@click.group()
def command() -> None:
    """Import, export and list bank entries."""


@command.command("list")
@INSTALL
@click.option("--json", "as_json", is_flag=True, help="Print JSON, one bank a line.")
def list_banks(data: Path, as_json: bool) -> None:
    """Print each bank and how many entries it holds in which state. Never prints a hash."""
    _start(data)
    from staydown.apps.banks.querysets import counts

    for bank, states in counts():
        if as_json:
            click.echo(json.dumps({"bank": bank, "entries": states}))
        else:
            told = ", ".join(f"{count:,} {state}" for state, count in states.items()) or "empty"
            click.echo(f"{bank}: {told}")


@command.command("import")
@click.argument("file", type=click.File("r", encoding="utf-8"))
@INSTALL
@BANK
@click.option("--list", "listed_as", default="list", show_default=True, help="Name of the list: where they come from.")
@click.option("--algorithm", type=ALGORITHMS, default="pdq", show_default=True, help="For lines that name none.")
@click.option("--review", is_flag=True, help="Ask a person at every match, also once they are enforced.")
@click.option("--enforced", is_flag=True, help="Block matches at once, without a case. Needs --reason.")
@click.option("--reason", default="", help="Why they may block without a case. Kept in the log: name no person.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def import_list(
    file: TextIO,
    data: Path,
    name: str,
    listed_as: str,
    algorithm: str,
    review: bool,
    enforced: bool,
    reason: str,
    as_json: bool,
) -> None:
    """Add the hashes of FILE (- for standard input): lines of `staydown hash --json`, CSV with a header, or plain hex.

    A video with its frames becomes one entry; of one longer than 15 minutes frames further apart are kept.
    They are pending: a match asks a person, until one was confirmed. Importing a list again adds nothing twice.

    With --enforced it takes two people unless STAYDOWN_TWO_PEOPLE says otherwise: the first call proposes the list with
    --reason, a lead approves it in the console, the same call again imports it.
    """
    if enforced != bool(reason.strip()):
        raise click.UsageError("--enforced and --reason belong together: say why these may block without a case.")
    _start(data)
    from staydown.core.bank import Action
    from staydown.core.hashing.algorithm import Algorithm
    from staydown.core.matching import hash_list

    found = hash_list.read(file, Algorithm(algorithm))  # the whole list is read before anything is changed
    graded = [_graded(each) for each in found]
    usable = [one for parts in graded for one in parts]
    action = Action.REVIEW if review else Action.BLOCK
    new = _import(name, usable, name=listed_as, action=action, reason=reason.strip())
    if new is None:
        click.echo("Proposed. Once a lead has approved it in the console (/staff/proposals/), run this again.")
        return
    told = {"bank": name, "read": len(found), "new": new, "skipped": graded.count([])}
    if as_json:
        click.echo(json.dumps(told))
    else:
        click.echo(f"{name}: {new:,} new of {len(found):,}, {told['skipped']:,} skipped: no hash or too little detail.")


@command.command("export")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@INSTALL
@BANK
@click.option("--pending", is_flag=True, help="Also entries that no person has confirmed.")
@click.option("--yes", is_flag=True, help="Yes, write hashes to a file. Without it nothing is written.")
@click.option("--reason", default="", help="Why, for the lead who approves it. Name no person.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def export_list(file: Path, data: Path, name: str, pending: bool, yes: bool, reason: str, as_json: bool) -> None:
    """Write a bank's live entries to FILE as JSON lines, readable by you alone.

    A hash is to be guarded like the picture that it came from: from it a likeness may be recovered. The export is
    written to the audit log. A withdrawal does not reach a file; a partner who follows the feed hears of it. The file
    has this name only once it is whole: remove FILE.part, which a killed run leaves.

    It takes two people unless STAYDOWN_TWO_PEOPLE says otherwise: the first call proposes it with --reason, a lead
    approves it in the console, the next call writes the file.
    """
    if not yes:
        raise InvalidError("Hashes would leave the bank, and a withdrawal reaches no file. Add --yes if you mean it.")
    _start(data)
    from staydown.apps.audit.actor import Actor
    from staydown.apps.banks import actions, importing
    from staydown.apps.banks.models import State
    from staydown.apps.banks.querysets import live_entries

    bank = _bank(name)
    if _takes_two(bank, reason):
        click.echo("Proposed. Once a lead has approved it in the console (/staff/proposals/), run this again.")
        return
    states = [State.ENFORCED, *([State.PENDING] if pending else [])]
    entries = live_entries().filter(bank=bank, state__in=states)
    total = entries.count()
    with private_file.new(file) as out, _bar() as bar:
        actions.record_export(bank, total, by=Actor.system())  # before the first hash is written
        task = bar.add_task("Exporting", total=total)
        for entry in entries.iterator(chunk_size=importing.BATCH):
            out.write(_line(entry) + "\n")
            bar.advance(task)
    if as_json:
        click.echo(json.dumps({"bank": name, "file": str(file), "entries": total}))
    else:
        click.echo(f"{file}: {total:,} entries of {name}. Guard it like the pictures themselves.")


def _graded(listed: Listed) -> list[tuple[Hash, int | None]]:
    """The hashes to bank, with their quality if that is known: several of a long video, none without detail."""
    from staydown.core.hashing import bag

    if listed.frames:
        return [(part, None) for part in bag.parts(listed.frames)]
    return [(listed.hash, listed.quality)] if listed.hash is not None and listed.is_usable else []


def _takes_two(bank: Bank, reason: str) -> bool:
    """Whether this export has to wait for a second person; then it is proposed, with its reason."""
    from staydown.apps.audit.actor import Actor
    from staydown.apps.banks import proposals

    export = proposals.Kind.EXPORT
    if not proposals.needs_two(export) or proposals.is_approved(export, bank):
        return False
    proposals.propose(export, bank, reason=reason, by=Actor.system())
    return True


def _start(data: Path) -> None:
    from staydown.project import django

    django.open_install(data)
    from staydown.project import install

    install.require_migrated()


def _import(bank: str, hashes: list[tuple[Hash, int | None]], *, name: str, action: Action, reason: str) -> int | None:
    """How many of ``hashes`` are new to the bank of that name, which is opened when there is none.

    With a ``reason`` they block at once; None where that takes a second person, and is now proposed.
    """
    from staydown.apps.audit.actor import Actor
    from staydown.apps.banks import actions, importing

    by, new = Actor.system(), 0
    opened = actions.open_bank(bank, by=by)
    how: dict[str, Any] = {"name": name, "action": action, "by": by}
    if reason and importing.propose_list(opened, hashes, reason=reason, **how):
        return None
    with _bar() as bar:
        task = bar.add_task("Importing", total=len(hashes))
        for count in importing.import_list(opened, hashes, reason=reason, **how):
            new += count
            bar.advance(task, importing.BATCH)
    return new


def _bank(name: str) -> Bank:
    from staydown.apps.banks.models import Bank

    found = Bank.objects.filter(name=name).first()
    if found is None:
        known = ", ".join(Bank.objects.order_by("name").values_list("name", flat=True)) or "none yet"
        raise MissingError(f"There is no bank {name}. Banks: {known}.")
    return found


def _line(entry: Entry) -> str:
    """The entry as `staydown bank import` and `staydown match --against` read it."""
    from staydown.core.hashing import bag
    from staydown.core.hashing.algorithm import Algorithm

    is_video = entry.algorithm == Algorithm.VPDQ
    fields = {
        "entry": str(entry.public_id),
        "algorithm": entry.algorithm,
        **({"frames": [each.hex() for each in bag.values_of(entry.hash)]} if is_video else {"hash": entry.hash.hex()}),
        "radius": entry.radius,
        "action": entry.action,
        "state": entry.state,
    }
    return json.dumps({**fields, **({} if entry.quality is None else {"quality": entry.quality})})


def _bar() -> Progress:
    from rich.console import Console
    from rich.progress import Progress

    return Progress(console=Console(stderr=True), transient=True)
