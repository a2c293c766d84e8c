"""`staydown report`: what happened in a span of time, in numbers that may be published or handed to a regulator."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import click
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from staydown.cli.serve import INSTALL
from staydown.core.figures import FIGURES, Figure
from staydown.core.transparency import COLUMNS, Number, Span, last_half_year, rows
from staydown.errors import InvalidError

DAY: Final = click.DateTime(["%Y-%m-%d"])
PUBLIC: Final = (
    "For publication. What would tell of few is not given, or as 1 to 4; then every other number is given in steps of "
    "five, so that none is found by subtraction."
)
EXACT: Final = "Exact numbers, for a regulator. Do not publish them: small ones can tell of one person."


@click.group()
def command() -> None:
    """Count what happened, to be published or for a regulator."""


@command.command()
@INSTALL
@click.option("--from", "first", type=DAY, metavar="DAY", help="The first day, like 2026-01-01.")
@click.option("--to", "last", type=DAY, metavar="DAY", help="The last day, which must be over.")
@click.option("--exact", "is_exact", is_flag=True, help="Exact numbers: for a regulator, not to be published.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--csv", "as_csv", is_flag=True, help="Print a table as CSV.")
def transparency(
    data: Path, first: datetime | None, last: datetime | None, is_exact: bool, as_json: bool, as_csv: bool
) -> None:
    """Count reports, decisions, limits, copies kept down and appeals from --from to --to, by law.

    Without both: the last half of a calendar year that is over. Days are days of UTC. It says the size and hash of the
    audit log that it was counted from, and the log keeps that it was made.
    """
    if (first is None) != (last is None):
        raise click.UsageError("Give both --from and --to, or neither.")
    if as_json and as_csv:
        raise click.UsageError("Give one of --json and --csv.")
    told = _made(data, Span(first.date(), last.date()) if first and last else None, is_exact)
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
    elif as_csv:
        csv.writer(sys.stdout).writerows([COLUMNS, *rows(told)])
    else:
        _show(told)


def _made(data: Path, span: Span | None, is_exact: bool) -> dict[str, Any]:
    """The report, made by the install in ``data``."""
    from staydown.project import django

    django.open_install(data)
    from django.utils import timezone

    from staydown.apps.audit.actor import Actor
    from staydown.apps.cases.actions import publishing
    from staydown.project import install

    install.require_migrated()
    span = span or last_half_year(timezone.now().date())
    try:
        with Console(stderr=True).status("Counting"):
            made = publishing.make_report(span, is_exact=is_exact, by=Actor.system())
    except InvalidError as error:
        raise click.UsageError(error.message) from None
    if made.overlaps:
        spans = ", ".join(f"{each.first} to {each.last}" for each in made.overlaps)
        click.secho(
            f"Made for publication before: {spans}. Publish only one of those that overlap.", fg="yellow", err=True
        )
    return {**made.told, "line": made.line}


def _show(told: Mapping[str, Any]) -> None:
    """Print it for people: what it is about, then overall, then law by law."""
    console, log = Console(), told["log"]
    console.print(Text(f"Transparency report, {told['from']} to {told['to']}", "bold"))
    console.print(Text(f"Days of UTC. Made at {told['made_at']}."))
    console.print(Text(f"From the log {log['name']}: {log['lines']:,} lines, root {log['root']}"), soft_wrap=True)
    console.print(Text(f"Line {told['line']:,} of it says so. Digest {told['digest']}"), soft_wrap=True)
    console.print(Text(EXACT if told["exact"] else PUBLIC, "yellow" if told["exact"] else ""))
    busy = {each["law"] for each in (*told["tables"], *told["times"]) if _is_something(each)}
    for law in ("", *(law for law in told["laws"] if law in busy)):
        console.print(Text(f"\n{told['laws'][law]} ({law})" if law else "\nOverall", "bold"))
        table = Table.grid(padding=(0, 2))
        table.add_column(max_width=72)
        table.add_column(justify="right", no_wrap=True)
        for each in told["tables"]:
            if each["law"] == law:
                _rows(table, FIGURES[each["figure"]], each)
        for each in told["times"]:
            if each["law"] == law:
                _times(table, FIGURES[each["figure"]], each)
        console.print(table)
    if quiet := [law for law in told["laws"] if law not in busy]:
        console.print(Text("\nNothing was counted under these laws", "bold"))
        console.print(Text(f"  {', '.join(quiet)}"))
    if told["not_counted"]:
        console.print(Text("\nWhat cannot be counted any more", "bold"))
    for text in told["not_counted"]:
        console.print(Text(f"  {text}"))


def _is_something(told: Mapping[str, Any]) -> bool:
    """Whether this table or these times count more than nothing."""
    number = told["total"] if "total" in told else told["count"]
    return number is None or bool(number["most"])


def _rows(table: Table, figure: Figure, told: Mapping[str, Any]) -> None:
    """The total, and below it the parts that are not 0."""
    _row(table, figure.label, _number(told["total"]))
    if told["parts"] is None:
        _row(table, "by part", "not given", is_part=True)
    for part, number in (told["parts"] or {}).items():
        if number["most"]:
            kind, _, ground = part.partition(":")
            label = figure.parts.get(part) or f"to {kind}: {ground.replace('_', ' ')}"
            _row(table, label, _number(number), is_part=True)


def _times(table: Table, figure: Figure, told: Mapping[str, Any]) -> None:
    _row(table, figure.label, _number(told["count"]))
    if told["count"] is None or told["count"]["most"]:
        for name, label in (("median_hours", "half within"), ("p95_hours", "95 of 100 within")):
            hours = "not given" if told[name] is None else f"{told[name]:,} h"
            _row(table, label, hours, is_part=True)


def _row(table: Table, label: str, value: str, *, is_part: bool = False) -> None:
    style, indent = ("dim", 4) if is_part else ("", 2)
    table.add_row(Padding(Text(label, style), (0, 0, 0, indent)), Text(value, style))


def _number(number: Mapping[str, int] | None) -> str:
    return "not given" if number is None else str(Number(**number))
