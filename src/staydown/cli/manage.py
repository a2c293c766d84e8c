"""`staydown manage`: Django's own commands."""

from __future__ import annotations

from typing import Final

import click

#: What is done to an install. Django's other commands are for whoever works on staydown too, and need none.
OURS: Final = ("reset_sign_in",)


@click.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []})
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
def command(words: tuple[str, ...]) -> None:
    """Run one of Django's commands (`staydown manage migrate`). STAYDOWN_DATA says for which install."""
    from staydown.project import django

    if words and words[0] in OURS:
        django.open_install()
        from staydown.project import install

        install.require_migrated()
    else:
        django.setup()
    from django.core.management import execute_from_command_line

    execute_from_command_line(["staydown manage", *words])
