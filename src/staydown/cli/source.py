"""`staydown source`: other people's lists: follow one, read it now, see how each stands, pause, answer, remove."""

from __future__ import annotations

import json
import sys
import time
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from staydown.cli.serve import INSTALL
from staydown.errors import InvalidError, MissingError

if TYPE_CHECKING:
    from staydown.apps.sharing.applying import Changes
    from staydown.apps.sharing.following import Followed
    from staydown.apps.sharing.source_models import Source
    from staydown.apps.sharing.sources import Policy

JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON, one source a line.")
NAME = click.argument("name")
PATIENCE = (
    120.0  # seconds to wait for the worker that reads the same source: longer than one that hangs keeps its claim
)
READABLE_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def command() -> None:
    """Follow other people's lists of hashes: StopNCII, NCMEC, another staydown, files."""


@command.command("list")
@INSTALL
@JSON
def list_sources(data: Path, as_json: bool) -> None:
    """Say how each source stands. Exit status 1 when one asks something or cannot be read."""
    _start(data)
    from django.utils import timezone

    from staydown.apps.sharing import standing

    now, wrong, found = timezone.now(), False, standing.sources()
    if not found and not as_json:
        click.echo(
            "No source is followed yet. `staydown source add` begins, `staydown source kinds` says what there is."
        )
    for source in found:
        stands = standing.of(source, now)
        wrong = wrong or stands in (standing.Standing.ASKS, standing.Standing.FAILS)
        if as_json:
            click.echo(json.dumps(_told(source, stands.value, int(standing.lag(source, now).total_seconds()))))
            continue
        read = source.caught_up_at.isoformat(timespec="seconds") if source.caught_up_at else "never"
        click.echo(f"{source.name}: {stands.label}, {source.records:,} records, read to its end: {read}")
        why = standing.asked(source)[0] or standing.error_of(source)
        if why:
            click.echo(f"    {why}")
    sys.exit(wrong)


@command.command()
def kinds() -> None:
    """Say which kinds of source there are, and what each asks for."""
    from staydown.exchange.kinds import KINDS

    for kind in KINDS.values():
        click.echo(f"{kind.name}: {kind.title}. {kind.about}")
        click.echo(f"    address: {kind.address or 'its own'}. {kind.address_help}")
        for asked in kind.asks:
            optional = "" if asked.required else " (optional)"
            click.echo(f"    {asked.name}{optional}: {asked.label}. {asked.help}".rstrip())


@command.command()
@NAME
@INSTALL
@click.option("--kind", required=True, help="Which protocol it speaks; see `staydown source kinds`.")
@click.option("--address", required=True, help="Where it is: an https address, or the path of a file.")
@click.option("--credentials", type=READABLE_FILE, help="A TOML file with what its kind asks for. Keep it private.")
@click.option("--bank", "bank_name", default="house", show_default=True, help="Where its entries go.")
@click.option("--radius", default=31, show_default=True, type=click.IntRange(0, 63), help="How near a match must be.")
@click.option("--review", is_flag=True, help="Ask a person at every match, also once they are enforced.")
@click.option("--enforced", is_flag=True, help="Block matches at once, without a case. Needs --reason.")
@click.option("--reason", default="", help="Why they may block without a case. Kept in the log: name no person.")
@click.option("--growth", default=50_000, show_default=True, help="Records a day after which it stops and asks.")
@click.option("--tells", is_flag=True, help="Tell it what moderators decide about its matches.")
@JSON
def add(
    name: str, data: Path, kind: str, address: str, credentials: Path | None, as_json: bool, reason: str,
    enforced: bool, **policy: Any,
) -> None:  # fmt: skip
    """Follow the source NAME from now on; the worker reads it, or `staydown source follow`.

    What it brings is pending: a match asks a person, until one was confirmed. With --enforced it takes two people
    unless STAYDOWN_TWO_PEOPLE says otherwise: the source is paused until a lead has approved it in the console.
    """
    if enforced != bool(reason.strip()):
        raise click.UsageError("--enforced and --reason belong together: say why these may block without a case.")
    given = _credentials(credentials)
    _start(data)
    from staydown.apps.audit.actor import Actor
    from staydown.apps.sharing import sources

    made = sources.add_source(name, kind, address, given, _policy(reason=reason.strip(), **policy), by=Actor.system())
    told = f"{name} is followed from now on. To read it at once: staydown source follow {name}"
    if not made.enabled:
        told = f"{name} is paused, for it is to block without a case: a lead has to approve that in the console first."
    click.echo(json.dumps(_told(made, "reading" if made.enabled else "paused", 0)) if as_json else told)


@command.command()
@NAME
@INSTALL
@click.option("--whole", is_flag=True, help="Read all of it again; what is not in it any more is taken out.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def follow(name: str, data: Path, whole: bool, as_json: bool) -> None:
    """Read the source NAME now, to its end. Broken off, it goes on from there the next time.

    Exit status 1 when it could not be read or stopped to ask something.
    """
    _start(data)
    from staydown.apps.sharing import following

    source = _named(name)
    with _bar() as bar:
        task = bar.add_task(f"Following {name}", total=None)

        def told(changes: Changes) -> None:
            bar.update(task, completed=sum(changes.facts().values()))

        until = time.monotonic() + PATIENCE
        while True:
            done = following.follow(source, told=told, is_due=False, is_whole=whole)
            source.refresh_from_db()
            if done.later:  # it was read on so far: the place is kept
                time.sleep(done.later)
                until = time.monotonic() + PATIENCE
                continue
            # The worker may have it just now: it is soon done, and what it did counts as well.
            if done.is_ours or not source.enabled or source.question or time.monotonic() >= until:
                break
            time.sleep(0.2)
    click.echo(json.dumps(_result(source, done)) if as_json else _sentence(source, done))
    sys.exit(bool(done.error or done.question or not done.is_ours))


@command.command()
@NAME
@INSTALL
def pause(name: str, data: Path) -> None:
    """Leave the source NAME alone. What it brought stays."""
    _change("pause", name, data)
    click.echo(f"{name} is paused. What it brought stays.")


@command.command()
@NAME
@INSTALL
def resume(name: str, data: Path) -> None:
    """Follow the source NAME again, from the place that it had reached."""
    _change("resume", name, data)
    click.echo(f"{name} is followed again.")


@command.command()
@NAME
@INSTALL
@click.option("--yes/--no", "yes", default=None, help="Go on, or pause the source.")
def answer(name: str, data: Path, yes: bool | None) -> None:
    """Answer what the source NAME asks; without --yes or --no, say what that is."""
    _start(data)
    from staydown.apps.audit.actor import Actor
    from staydown.apps.sharing import sources, standing

    source = _named(name)
    if yes is None:
        click.echo(standing.asked(source)[0] or f"{name} asks nothing.")
        return
    sources.answer(source, source.question, yes=yes, by=Actor.system())
    click.echo(f"{name} goes on." if yes else f"{name} is paused.")


@command.command()
@NAME
@INSTALL
@click.option("--yes", is_flag=True, help="Yes, withdraw what it alone brought. Without it nothing is done.")
def remove(name: str, data: Path, yes: bool) -> None:
    """Follow the source NAME no more, and withdraw what no report, import or other source keeps."""
    if not yes:
        raise InvalidError("What this source alone brought would be withdrawn. Add --yes if you mean it, or pause it.")
    _change("remove_source", name, data)
    from staydown.apps.sharing import sources

    with _bar() as bar:
        task, count = bar.add_task("Withdrawing", total=None), 0
        while part := sources.let_go_of_removed():
            count += part
            bar.update(task, completed=count)
    click.echo(f"{name} is removed, with {count:,} records.")


def _start(data: Path) -> None:
    from staydown.project import django

    django.open_install(data)
    from staydown.project import install

    install.require_migrated()


def _change(action: str, name: str, data: Path) -> None:
    _start(data)
    from staydown.apps.audit.actor import Actor
    from staydown.apps.sharing import sources

    getattr(sources, action)(_named(name), by=Actor.system())


def _named(name: str) -> Source:
    from staydown.apps.sharing import access

    return access.source_named(name)


def _policy(*, bank_name: str, radius: int, review: bool, reason: str, growth: int, tells: bool) -> Policy:
    from staydown.apps.banks.models import Bank
    from staydown.apps.sharing.sources import Policy
    from staydown.core.bank import Action

    bank = Bank.objects.filter(name=bank_name).first()
    if bank is None:
        known = ", ".join(Bank.objects.order_by("name").values_list("name", flat=True)) or "none yet"
        raise MissingError(f"There is no bank {bank_name}. Banks: {known}.")
    return Policy(bank, radius, Action.REVIEW if review else Action.BLOCK, reason, growth, tells)


def _credentials(file: Path | None) -> dict[str, str]:
    if file is None:
        return {}
    try:
        found = tomllib.loads(file.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        raise InvalidError('credentials: the file is not TOML. Write lines such as key = "...".') from None
    return {name: str(value) for name, value in found.items()}


def _told(source: Source, stands: str, lag: int) -> dict[str, object]:
    return {
        "source": source.name,
        "kind": source.kind,
        "bank": source.bank.name,
        "state": stands,
        "question": source.question,
        "error": source.last_error,
        "records": source.records,
        "skipped": source.skipped,
        "lag_seconds": lag,
    }


def _result(source: Source, done: Followed) -> dict[str, object]:
    said = {"caught_up": done.caught_up, "question": done.question, "error": done.error, "busy": not done.is_ours}
    return {"source": source.name, **done.changes.facts(), **said, "records": source.records}


def _sentence(source: Source, done: Followed) -> str:
    from staydown.apps.sharing import standing

    if not done.is_ours:
        asks = standing.asked(source)[0]
        return asks or f"{source.name} is paused, or another process reads it now."
    changes = done.changes
    told = f"{source.name}: {changes.added:,} added, {changes.removed:,} taken back, {changes.changed:,} changed"
    told += f", {changes.skipped:,} not usable" if changes.skipped else ""
    end = "" if done.caught_up else " Not read to its end."
    why = standing.asked(source)[0] or standing.error_of(source)
    return f"{told}.{end} {why}".rstrip()


def _bar() -> Any:
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True)
