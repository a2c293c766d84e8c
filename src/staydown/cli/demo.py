"""`staydown demo`: one report from the first click to the proof, then everything stays up to be explored."""

from __future__ import annotations

import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table

from staydown.errors import StaydownError

if TYPE_CHECKING:
    from staydown.project.demo.stage import Stage
    from staydown.project.demo.story import Step


@click.command()
@click.option("--exit", "ends", is_flag=True, help="End after the story: exit status 0 only when every step held.")
@click.option("--port", default=0, type=click.IntRange(0, 65535), help="Port of staydown; 0: any free one.")
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep the demo's install in this new folder; without it, it is gone when the demo ends.",
)
def command(ends: bool, port: int, data: Path | None) -> None:
    """Watch one report from the first click to the proof, on photographs with a free licence.

    A pretend platform and a real staydown run on this machine only. Afterwards everything stays up to be explored.
    """
    from staydown.project.demo import pictures

    out = Console(highlight=False)
    if data is not None and data.exists() and any(data.iterdir()):
        raise click.BadParameter("The demo wants a new folder, this one holds something.", param_hint="--data")
    out.print(Panel.fit("[bold]staydown[/bold]: one report, taken down and kept down", border_style="cyan"))
    out.print(
        f"The picture: {pictures.REPORTED}, a cat ({pictures.LICENCES[pictures.REPORTED]}). No person is shown.\n"
    )
    with ExitStack() as stack:
        folder = data or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="staydown-demo-")))
        held = play(out, folder, port, stack, ends=ends)
    sys.exit(0 if held else 1)


def play(out: Console, data: Path, port: int, stack: ExitStack, *, ends: bool) -> bool:
    """Set the stage, tell the story, print the summary; stay until interrupted unless it ``ends``."""
    from staydown.project.demo.stage import Stage
    from staydown.project.demo.story import Story

    began = time.monotonic()
    with out.status("Setting the stage: a new install, its keys, a platform ..."):
        stage = stack.enter_context(Stage.set(data, port))
    out.print(f"[dim]{time.monotonic() - began:6.1f} s[/dim]  a new install is up, with a platform beside it\n")
    began = time.monotonic()
    story = Story(stage.origin, data, stage.platform, stage.moderator, lambda step: tell(out, step))
    try:
        story.tell()
    except StaydownError as error:
        out.print(f"\n[red]{error.message}[/red]")
    held = all(step.held for step in story.steps) and story.ended
    out.print()
    out.print(summary(story.steps, time.monotonic() - began))
    if held and not ends:
        story.leave_work()
        explore(out, stage)
    return held


def tell(out: Console, step: Step) -> None:
    """Print a step that ended."""
    mark = "[green]held[/green]" if step.held else "[red]FAILED[/red]"
    out.print(f"[dim]{step.seconds:6.1f} s[/dim]  {mark}  [bold]{step.title}[/bold]")
    if step.seen:
        out.print(Padding(f"[dim]{step.seen}[/dim]", (0, 0, 0, 16)))


def summary(steps: list[Step], seconds: float) -> Table:
    """The table at the end."""
    table = Table(title="The story", title_justify="left", caption=f"{seconds:.1f} s", caption_justify="right")
    table.add_column("step")
    table.add_column("seconds", justify="right")
    table.add_column("held")
    for step in steps:
        table.add_row(step.title, f"{step.seconds:.1f}", "[green]yes[/green]" if step.held else "[red]no[/red]")
    return table


def explore(out: Console, stage: Stage) -> None:
    """Say where each door is, and wait for Ctrl-C."""
    table = Table.grid(padding=(0, 2))
    for door, where in stage.doors():
        table.add_row(door, where)
    out.print()
    out.print(Panel(table, title="Now look around", title_align="left", border_style="cyan", expand=False))
    out.print("Two more reports wait in the console, one with an upload to look at. Screen a picture of your own:\n")
    out.print(stage.try_it(), soft_wrap=True)
    out.print("\n[dim]Ctrl-C ends the demo.[/dim]")
    try:
        stage.wait()
    except KeyboardInterrupt:
        out.print("\nThe demo is over; nothing of it is kept.")
