"""`staydown law`: the regimes that staydown knows, what each asks, and whether a file of one's own is valid."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import click
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from staydown.core.law.regime import Regime, load, load_all, read
from staydown.core.law.schema import Clock, Confidence, Fact, Start, Statement, Status
from staydown.errors import RegimeError

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
MARKS = {
    Confidence.PRIMARY: "primary text",
    Confidence.PRIMARY_IN_PART: "primary text, in part",
    Confidence.SECONDARY: "secondary",
    Confidence.BACKGROUND: "no source: check it",
}
STARTS = {
    Start.RECEIVED: "receipt of the report",
    Start.VALID: "receipt of a valid report",
    Start.NOTICE_SERVED: "service of the notice",
    Start.ORDER_SERVED: "service of the order",
}


@click.group()
def command() -> None:
    """Show the law regimes and what they ask."""


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_(as_json: bool) -> None:
    """List the regimes: status, limits, and when each should be checked again."""
    today = _today()
    if as_json:
        click.echo(json.dumps([_summary(each, today) for each in load_all()], ensure_ascii=False, indent=2))
        return
    table = Table(box=box.SIMPLE)
    for heading in ("Id", "Law", "Status", "Limit", "Check by"):
        table.add_column(heading, no_wrap=heading in ("Id", "Check by"))
    for each in load_all():
        table.add_row(
            each.id,
            each.short_name,
            _status(each),
            "\n".join(_limit(clock) for clock in each.clocks) or "none",
            Text(str(each.review_by), "bold red" if each.overdue(today) else ""),
        )
    Console().print(table)


@command.command()
@click.argument("regime_id", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(regime_id: str, as_json: bool) -> None:
    """Show one regime whole, with what each statement rests on."""
    regime = load(regime_id)
    if as_json:
        click.echo(json.dumps(_plain(regime), ensure_ascii=False, indent=2))
        return
    console = Console()
    console.print(Text(regime.name, "bold"))
    console.print(Text(f"{regime.id}, version {regime.version}; {regime.jurisdiction}; {_status(regime)}"))
    console.print(Text(f"Check again by {regime.review_by}. Signed off by {regime.signed_off_by}."))
    if regime.overdue(_today()):
        console.print(Text("This file should have been checked again by now.", "red"))
    for title, rows in _sections(regime):
        console.print(Text(f"\n{title}", "bold"))
        console.print(_facts(rows) if rows else Text("  None stated."))
    console.print(Text("\nSources", "bold"))
    for source in regime.sources:
        console.print(Text(f"  {source.title}\n    {source.address} (seen {source.seen}, {MARKS[source.confidence]})"))


def _facts(rows: list[tuple[str, str, Fact]]) -> Table:
    """A table of names, what is said with the law's own words below it, and what that rests on."""
    table = Table(box=None, show_header=False, padding=(0, 2))
    for name, said, fact in rows:
        words = Text(said)
        if fact.quote:
            words.append(f"\n“{fact.quote}”", "italic dim")
        words.append(f"\n{fact.cite} ({MARKS[fact.confidence]})", "dim")
        table.add_row(*([Text(name)] if any(each[0] for each in rows) else []), words)
    return table


@command.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=FILE)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
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
        "clocks": [{"id": each.id, "hours": each.hours, "starts": each.starts} for each in regime.clocks],
        "confidence": regime.confidence,
        "review_by": str(regime.review_by),
        "overdue": regime.overdue(today),
    }


def _sections(regime: Regime) -> list[tuple[str, list[tuple[str, str, Fact]]]]:
    """The parts of a regime in the order in which a lawyer asks for them."""

    def stated(*statements: Statement) -> list[tuple[str, str, Fact]]:
        return [("", each.text, each) for each in statements]

    return [
        ("In force", stated(regime.commencement)),
        ("Binds", stated(regime.duty_holder)),
        ("Who may report", [("", _who(regime), regime.reporters)]),
        ("What a report must contain", [(each.id, _asked(each.ask, each.required), each) for each in regime.elements]),
        ("Limits", [(each.id, f"{each.label}: {_limit(each)}. Stops: {each.stops}", each) for each in regime.clocks]),
        ("Copies", [(regime.copies.scope, regime.copies.text, regime.copies)]),
        ("Grounds to decline, and no others", [(each.id, each.text, each) for each in regime.grounds]),
        ("Before a decision", stated(regime.interim_action)),
        ("Notices", [(f"{each.to}, {each.duty}", each.text, each) for each in regime.notices]),
        ("Complaints", [(f"window: {regime.appeal.window}", regime.appeal.text, regime.appeal)]),
        ("To be kept", [(each.artefact, f"{each.period}. {each.text}", each) for each in regime.retention]),
        ("Somebody under 18", [("", f"{regime.minors.route} {regime.minors.text}", regime.minors)]),
        ("Penalties", stated(*regime.penalties)),
        ("Other duties", stated(*regime.duties)),
        ("Notes", stated(*regime.notes)),
    ]


def _who(regime: Regime) -> str:
    not_asked = ", ".join(regime.reporters.not_asked)
    return f"{regime.reporters.text} Not a condition: {not_asked}." if not_asked else regime.reporters.text


def _asked(ask: str, required: bool) -> str:
    return ask if required else f"{ask} (may be left out)"


def _status(regime: Regime) -> str:
    words = regime.status.replace("_", " ")
    return f"{words} since {regime.effective_from}" if regime.status is Status.IN_FORCE else words


def _limit(clock: Clock) -> str:
    length = f"{clock.hours} hours" if clock.hours is not None else clock.soft
    return f"{length} from {STARTS[clock.starts]}"


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
