"""`staydown backup`: a copy of the database of a running install."""

from __future__ import annotations

import signal
from pathlib import Path

import click

from staydown.cli.serve import INSTALL


@click.command()
@INSTALL
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def command(data: Path, file: Path) -> None:
    """Copy the database to FILE, which must not exist, while staydown runs; for SQLite.

    The copy has this name only once it is whole. Until then it is FILE.part: remove what a killed one left of it.

    What is sealed stays sealed in it: keep the keyring elsewhere. A copy also keeps what is erased here later, so
    throw copies away after a time that you can name. PostgreSQL has pg_dump for this.
    """
    from staydown.project import django

    django.open_install(data)
    from staydown.apps.vault import copying

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # to be stopped leaves nothing, as Ctrl-C does
    size = copying.copy_database(file)
    click.echo(f"{file}: {size:,} bytes, whole and readable by you alone. The keyring is not in it.")
