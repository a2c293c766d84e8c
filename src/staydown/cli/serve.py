"""`staydown serve`: the whole product in one process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from staydown.project.install import Installed
    from staydown.project.serve import Address

Command = TypeVar("Command", bound=Callable[..., Any])


def _folder(said: str) -> Callable[[Command], Command]:
    """The option that names the folder of an install, with these words of help."""
    kind: click.Path = click.Path(file_okay=False, path_type=Path)
    return click.option("--data", type=kind, envvar="STAYDOWN_DATA", default=Path("data"), show_default=True, help=said)


DATA = _folder("Folder of the install: database, keys. Made when it is not there.")
INSTALL = _folder("Folder of the install.")
HOST = click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
PORT = click.option("--port", default=8080, show_default=True, type=click.IntRange(0, 65535), help="0: any free port.")


@click.command()
@HOST
@PORT
@DATA
def command(host: str, port: int, data: Path) -> None:
    """Run the portal, the console, the API, screening and the worker in one process.

    On a new data folder it first makes the keys, the database and the first administrator, and says how to sign in.
    Ctrl-C or SIGTERM ends it; a crash or a power cut loses nothing that was accepted.
    """
    from staydown.project import django, listening

    listener, address = listening.listen(host, port)
    django.setup_server(data, address)
    from staydown.project import serve

    serve.everything(listener, address, lambda installed: welcome(address, installed, data, screens=True))


def welcome(address: Address, installed: Installed, data: Path, *, screens: bool) -> None:
    """Say where each door is, and how to sign in."""
    from django.conf import settings
    from rich.console import Console
    from rich.table import Table

    from staydown.project import install

    origin = settings.STAYDOWN_ORIGIN
    table = Table.grid(padding=(0, 2))
    table.add_row("Report portal", f"{origin}/")
    table.add_row("Staff console", f"{origin}/staff/")
    table.add_row("API", f"{origin}/api/v1/openapi.json")
    if screens:
        table.add_row("Screening", f"{origin}/v1/screen")
    table.add_row("Data folder", str(data.absolute()))
    out = Console(highlight=False, soft_wrap=True)
    out.print(f"[bold]staydown[/bold] listens on {address.url}")
    out.print(table)
    if installed.password is not None:
        out.print()
        out.print("[bold]First sign-in[/bold] (shown this once):")
        out.print(f"  name      {installed.username}")
        out.print(f"  password  {installed.password}")
        out.print("  Then change the password, and add a second factor or a passkey.")
        out.print("Which laws bind you? `staydown law which` asks a few questions. Until you set it, all that are on.")
        out.file.flush()
        install.told()
    out.print("Ctrl-C ends it. `staydown doctor` says what is missing or unsafe.", style="dim")
    out.file.flush()
