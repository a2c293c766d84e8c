"""`staydown keys`: the keyring that seals personal text and hashes."""

from __future__ import annotations

from pathlib import Path

import click

from staydown.cli.serve import INSTALL


@click.group()
def command() -> None:
    """List and rotate the keys of the keyring. Never prints a key."""


@command.command("list")
@INSTALL
def list_keys(data: Path) -> None:
    """Print the ids of the keys, the oldest first; the last one seals from now on."""
    from staydown.project import django

    django.open_install(data)
    from staydown.apps.vault import keyring

    keys = keyring.current()
    for key_id in keys.key_ids:
        click.echo(f"{key_id}{'  primary' if key_id == keys.primary else ''}")


@command.command()
@INSTALL
def rotate(data: Path) -> None:
    """Make a fresh key and seal everything with it. Safe while staydown serves; broken off, run it again.

    Back up the keyring afterwards. Old keys stay in it, so that backups of the database still open.
    """
    from rich.progress import Progress

    from staydown.project import django

    django.open_install(data)
    from staydown.project import install, rotation

    install.require_migrated()
    with Progress(transient=True) as bar:
        task = bar.add_task("Sealing", total=None)
        done = rotation.rotate(lambda at, whole: bar.update(task, completed=at, total=whole))
    if not done.fresh:
        click.echo("A rotation that was broken off is finished. Run it again for another fresh key.")
    click.echo(f"{done.values} values are sealed with the key {done.key_id}. Back up the keyring now.")
