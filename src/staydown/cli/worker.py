"""`staydown worker`: deliveries and daily work, as many processes as wanted."""

from __future__ import annotations

import signal
from pathlib import Path

import click

from staydown.cli.serve import INSTALL


@click.command()
@INSTALL
def command(data: Path) -> None:
    """Deliver webhooks, sign the audit log every hour, and clean up. SIGTERM ends it after the present task."""
    from staydown.project import django

    django.open_install(data)
    from staydown.project import install
    from staydown.project.worker import Worker

    install.require_migrated()
    worker = Worker()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: worker.stop(0))
    click.echo("staydown worker: running. Ctrl-C ends it.")
    worker.run()
