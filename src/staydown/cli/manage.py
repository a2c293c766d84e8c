"""`staydown manage`: Django's own commands."""

from __future__ import annotations

import click


@click.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []})
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
def command(words: tuple[str, ...]) -> None:
    """Run one of Django's commands (`staydown manage migrate`). STAYDOWN_DATA says for which install."""
    from staydown.project import django

    django.setup()
    from django.core.management import execute_from_command_line

    execute_from_command_line(["staydown manage", *words])
