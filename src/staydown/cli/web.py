"""`staydown web`: portal, console and API, as many processes as wanted."""

from __future__ import annotations

from pathlib import Path

import click

from staydown.cli.serve import DATA, HOST, PORT, welcome


@click.command()
@HOST
@PORT
@DATA
def command(host: str, port: int, data: Path) -> None:
    """Run the portal, the console and the API; `staydown screen` and `staydown worker` run apart.

    Many of these can run on one PostgreSQL. They must share the keyring and the secret key.
    """
    from staydown.project import django, listening

    listener, address = listening.listen(host, port)
    django.setup_server(data, address)
    from staydown.project.web import web

    web(listener, lambda installed: welcome(address, installed, data, screens=False))
