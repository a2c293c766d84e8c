"""The `staydown` command: one sub-command a file, loaded only when it is called.

`staydown hash` must work where Django, a database and a configuration are absent, so nothing is imported up front.
"""

from __future__ import annotations

import importlib
import sys
from typing import Final

import click

from staydown.errors import StaydownError

COMMANDS: Final = {
    "serve": "Run the whole product in one process.",
    "web": "Run the portal, the console and the API.",
    "screen": "Run a screening node; needs a feed, no database.",
    "worker": "Deliver webhooks and run the daily work.",
    "demo": "Watch one report from the first click to the proof.",
    "ask": "Ask a node whether pictures may be published; only hashes are sent.",
    "synapse-adapter": "Carry out on a Matrix homeserver what was decided.",
    "hash": "Hash pictures and videos.",
    "match": "Match pictures and videos against a list of hashes, offline.",
    "bank": "Import, export and list bank entries.",
    "source": "Follow other people's lists of hashes.",
    "feed": "Make a follower's key; mirror and verify a feed.",
    "audit": "Verify and export the audit log.",
    "report": "Count what happened, to be published or for a regulator.",
    "law": "Show the law regimes and what they ask.",
    "keys": "Rotate the keyring.",
    "backup": "Copy the database of a running install to a file.",
    "vacuum": "Write the database's files without what was erased.",
    "doctor": "Say what is missing or unsafe in this install.",
    "manage": "Django's own commands.",
}


class Lazy(click.Group):
    """Imports a sub-command's module when the sub-command is named, and turns our errors into a sentence and exit 1."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        if name not in COMMANDS:
            return None
        command = importlib.import_module(f"staydown.cli.{name.replace('-', '_')}").command
        assert isinstance(command, click.Command)  # noqa: S101 - a fault in this package, not in the input
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="staydown")
def group() -> None:
    """Get intimate images shared without consent taken down, keep their copies down, and prove it."""


def main() -> None:
    """Run the command line. Exit status: 0 held, 1 an error or a check that failed, 2 a wrong call."""
    try:
        group(prog_name="staydown")
    except StaydownError as error:
        click.secho(f"staydown: {error.message}", fg="red", err=True)
        click.echo(f"          (error code {error.code})", err=True)
        sys.exit(1)
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("staydown"):
            raise
        click.secho(
            f"staydown: this command needs the package {error.name}. Install staydown[web].", fg="red", err=True
        )
        sys.exit(1)
