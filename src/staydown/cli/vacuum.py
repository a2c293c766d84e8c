"""`staydown vacuum`: the files of the database without what was erased."""

from __future__ import annotations

from pathlib import Path

import click

from staydown.cli.serve import INSTALL


@click.command()
@INSTALL
def command(data: Path) -> None:
    """Write the files of the database anew, so that nothing of what was erased is left in them.

    PostgreSQL frees what was erased but does not overwrite it. Each table is locked while it is copied: run this in a
    quiet hour, once a week or as often as you promise. SQLite overwrites at once; there it only makes the file smaller.
    """
    from staydown.project import django

    django.open_install(data)
    from staydown.apps.vault import erasing
    from staydown.project import install

    install.require_migrated()
    for done in erasing.rewrite():
        click.echo(f"Written anew: {done}.")
