"""`staydown law`: the regimes that staydown knows, what each asks, and whether a file of one's own is valid."""

from __future__ import annotations

import dataclasses
import json
import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import click
from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from staydown.core.law.binding import QUESTIONS, SMALL, Answers, Verdict, countries, places, setting, which
from staydown.core.law.regime import Regime, catalogue, pick, read
from staydown.core.law.schema import Service, Statement
from staydown.core.law.telling import MARKS, Row, day, limit, sections, status
from staydown.errors import InvalidError, RegimeError

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
FOLDER = click.option(
    "--folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    envvar="STAYDOWN_REGIMES_DIR",
    help="Your own regime files, beside those that staydown ships.  [env: STAYDOWN_REGIMES_DIR]",
)
SERVICE = click.Choice([each.value for each in Service])
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def command() -> None:
    """Show the law regimes and what they ask."""


@command.command("list")
@FOLDER
@JSON
def list_(folder: Path | None, as_json: bool) -> None:
    """List the regimes: whether each is on, its limits, and when to check it again."""
    today, found = _today(), catalogue(folder)
    if as_json:
        click.echo(json.dumps([_summary(each, today) for each in found], ensure_ascii=False, indent=2))
        return
    table = Table(box=box.SIMPLE, pad_edge=False)
    for heading in ("Id", "Law", "Limits", "Weakest fact", "Check by"):
        table.add_column(heading, no_wrap=heading in ("Id", "Check by"))
    for each in found:
        table.add_row(
            Text(each.id, "bold" if each.on_by_default(today) else "dim"),
            Text(f"{each.short_name}\n").append(status(each), "dim"),
            "\n".join(limit(clock) for clock in each.clocks) or "none",
            MARKS[each.confidence],
            Text(day(each.review_by), "bold red" if each.overdue(today) else ""),
        )
    console = Console()
    console.print(table)
    off = [each for each in found if not each.on_by_default(today)]
    if off:
        console.print(Text("Off unless STAYDOWN_REGIMES names it", "bold"))
    for each in off:
        console.print(Text(f"  {each.id}: {each.disabled_because or 'Not in force today.'}"), soft_wrap=True)
    late = [each.id for each in found if each.overdue(today)]
    if late:
        console.print(Text(f"Past the day by which to check them again: {', '.join(late)}.", "red"), soft_wrap=True)


@command.command()
@click.argument("regime_id", metavar="ID")
@FOLDER
@JSON
def show(regime_id: str, folder: Path | None, as_json: bool) -> None:
    """Show one regime whole, with what each statement rests on."""
    regime = pick(regime_id, catalogue(folder))
    if as_json:
        click.echo(json.dumps(_plain(regime), ensure_ascii=False, indent=2))
        return
    console = Console()
    console.print(Text(regime.name, "bold"))
    console.print(Text(f"{regime.id}, version {regime.version}; {regime.jurisdiction}; {status(regime)}"))
    console.print(Text(f"Check again by {day(regime.review_by)}. Signed off by {regime.signed_off_by}."))
    if regime.disabled_because:
        console.print(Text(f"Off unless it is named: {regime.disabled_because}", "yellow"))
    if regime.overdue(_today()):
        console.print(Text("This file should have been checked again by now.", "red"))
    for section in sections(regime):
        console.print(Text(f"\n{section.title}", "bold"))
        console.print(_facts(section.rows) if section.rows else Text("  None stated."))
    console.print(Text("\nSources", "bold"))
    for source in regime.sources:
        console.print(Padding(Text(source.title), (0, 0, 0, 2)))
        where = f"{source.address} (seen {day(source.seen)}, {MARKS[source.confidence]})"
        console.print(Padding(Text(where, overflow="fold"), (0, 0, 0, 4)))


@command.command("which")
@click.option(
    "--service",
    "services",
    multiple=True,
    type=SERVICE,
    help="What the service does.",
)
@click.option("--users-in", multiple=True, metavar="CC", help="A country with users, as two letters; EU for the Union.")
@click.option("--small/--not-small", "is_small", default=None, help="Whether you are a micro or small enterprise.")
@click.option("--all", "everything", is_flag=True, help="Ask nothing: every kind of service, users everywhere.")
@FOLDER
@JSON
def which_(
    services: tuple[str, ...],
    users_in: tuple[str, ...],
    is_small: bool | None,
    everything: bool,
    folder: Path | None,
    as_json: bool,
) -> None:
    """Ask what kind of service you run, and say which laws bind it and what to set.

    What you leave open counts as a yes. With --json or --all nothing is asked. This is not legal advice.
    """
    found = catalogue(folder)
    answers = Answers(
        frozenset(Service(each) for each in services) or None,
        places(users_in) or None,
        is_small is True,
    )
    if not everything and not as_json:
        answers = _ask(answers, is_small, countries(found))
    verdicts = which(found, answers, _today())
    if as_json:
        click.echo(json.dumps(_verdicts(verdicts), ensure_ascii=False, indent=2))
        return
    _show_verdicts(verdicts)


def _ask(answers: Answers, is_small: bool | None, among: list[str]) -> Answers:
    """The answers with what no option has given asked for. Enter takes the default, which is everything."""
    click.echo("Press Enter for the answer in brackets, which keeps every law that might bind you.\n")
    services, users_in = answers.services, answers.users_in
    if services is None:
        services = frozenset(each for each, asked in QUESTIONS.items() if click.confirm(asked, default=True)) or None
    if users_in is None:
        known = ", ".join(among)
        question = f"Where do you have users? Countries as two letters, separated by commas; there are laws of {known}"
        users_in = click.prompt(question, default="everywhere", value_proc=_places)
    if is_small is None:
        is_small = click.confirm(SMALL, default=False)
    click.echo()
    return Answers(services, users_in, is_small)


def _places(given: str) -> frozenset[str] | None:
    """The countries of an answer, None for everywhere; what is no country is asked for again."""
    if given.strip().lower() == "everywhere":
        return None
    try:
        return places(re.findall(r"[^\s,;]+", given)) or None
    except InvalidError as error:
        raise click.UsageError(error.message) from None


def _verdicts(verdicts: list[Verdict]) -> dict[str, Any]:
    """What JSON says of an answered questionnaire."""
    rows = [
        {"id": each.regime.id, "binds": each.binds, "why": each.why, "not_bound": list(each.not_bound)}
        for each in verdicts
    ]
    return {"STAYDOWN_REGIMES": setting(verdicts), "regimes": rows}


def _show_verdicts(verdicts: list[Verdict]) -> None:
    console = Console()
    for title, binds in (("These bind you", True), ("These do not", False)):
        rows = [each for each in verdicts if each.binds is binds]
        if not rows:
            continue
        table = Table(box=box.SIMPLE, pad_edge=False, title=title, title_justify="left", title_style="bold")
        for heading in ("Id", "Law", "Weakest fact", "When, and why"):
            table.add_column(heading, no_wrap=heading == "Id")
        for each in rows:
            spared = f" Not bound as a small enterprise: {', '.join(each.not_bound)}." if each.not_bound else ""
            table.add_row(each.regime.id, each.regime.short_name, MARKS[each.regime.confidence], each.why + spared)
        console.print(table)
    if setting(verdicts):
        console.print(Text("Put this into the environment of staydown", "bold"))
        console.print(Text(f"  export STAYDOWN_REGIMES={setting(verdicts)}"), soft_wrap=True)
    else:
        console.print(
            Text("No law that staydown knows binds you. While STAYDOWN_REGIMES is unset, all that are on apply.")
        )
    console.print(Text("This is not legal advice: let a lawyer read `staydown law show ID` of each."))


def _facts(rows: tuple[Row, ...]) -> Table:
    """A table of names, what is said with the law's own words below it, and what that rests on."""
    table = Table(box=None, show_header=False, padding=(0, 2))
    for row in rows:
        words = Text(row.said)
        if row.fact.quote:
            words.append(f"\n“{row.fact.quote}”", "italic dim")
        words.append(f"\n{row.fact.cite} ({row.mark})", "dim")
        table.add_row(*([Text(row.name)] if any(each.name for each in rows) else []), words)
    return table


@command.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=FILE)
@JSON
def check(files: tuple[Path, ...], as_json: bool) -> None:
    """Check regime files: every field known, sourced, of the right type. Exit status 1 when one is not."""
    results = [_checked(file) for file in files]
    if as_json:
        click.echo(json.dumps(results, ensure_ascii=False, indent=2))
    else:
        for result in results:
            good = f"{result['file']}: valid, {result.get('id')} version {result.get('version')}"
            click.secho(result.get("error", good), fg=None if result["valid"] else "red")
    if not all(result["valid"] for result in results):
        raise SystemExit(1)


def _checked(file: Path) -> dict[str, Any]:
    try:
        regime = read(file)
    except RegimeError as error:
        return {"file": str(file), "valid": False, "error": error.message, "code": error.code}
    return {"file": str(file), "valid": True, "id": regime.id, "version": regime.version}


def _summary(regime: Regime, today: date) -> dict[str, Any]:
    return {
        "id": regime.id,
        "name": regime.name,
        "jurisdiction": regime.jurisdiction,
        "version": regime.version,
        "status": regime.status,
        "in_force": regime.in_force(today),
        "on_by_default": regime.on_by_default(today),
        "disabled_because": regime.disabled_because,
        "intake": regime.applies.intake,
        "shown": regime.applies.shown,
        "users_in": regime.applies.users_in,
        "clocks": [{"id": each.id, "hours": each.hours, "starts": each.starts} for each in regime.clocks],
        "confidence": regime.confidence,
        "review_by": str(regime.review_by),
        "overdue": regime.overdue(today),
    }


def _plain(value: Any) -> Any:
    """What JSON can say of a regime; its text is left out, for that is the file itself."""
    if dataclasses.is_dataclass(value):
        names = [each.name for each in dataclasses.fields(value) if each.name != "text" or isinstance(value, Statement)]
        return {name: _plain(getattr(value, name)) for name in names}
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return str(value) if isinstance(value, date) else value


def _today() -> date:
    return datetime.now(UTC).date()
