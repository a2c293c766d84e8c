"""Write the reference pages that are read off the code: errors and the command line. `make docs` runs it.

A test compares the pages with what this would write, so neither can go stale.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import click

from staydown import errors
from staydown.cli.main import COMMANDS, group
from staydown.core.law.regime import load_all
from staydown.core.law.schema import Kind, Role

REFERENCE = Path(__file__).parent / "reference"
LAWS = Path(str(files("staydown") / "locale" / "laws.txt"))
ASKED = {Role.SUBJECT, Role.AGENT, Role.ANYONE}


def tree(root: type[errors.StaydownError]) -> Iterator[type[errors.StaydownError]]:
    """Yield ``root`` and all that derive from it, as they stand in the file."""
    yield root
    for child in root.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from tree(child)


def errors_page() -> str:
    """The page of error codes."""
    rows = [
        f"| `{error.code}` | {error.__name__} | {(error.__doc__ or '').strip()} |"
        for error in tree(errors.StaydownError)
    ]
    return "\n".join(
        [
            "# Errors",
            "",
            "Every error has a stable `code` for machines and a sentence for people that ends with what to do. The API",
            'answers with a problem document (RFC 9457) that carries the code: `{"type", "title", "status", "detail",',
            '"code"}`. Made by `make docs`.',
            "",
            "| code | class | what it says |",
            "|---|---|---|",
            *rows,
            "",
        ]
    )


def commands(name: str, command: click.Command) -> Iterator[tuple[str, str]]:
    """Yield each command below ``name`` with its help, groups first."""
    context = click.Context(command, info_name=name, terminal_width=100, max_content_width=100)
    command._help_option = None  # noqa: SLF001 - click keeps that of its first context, which may know -h too
    yield name, command.get_help(context)
    if isinstance(command, click.Group):
        for sub in command.list_commands(context):
            child = command.get_command(context, sub)
            if child is not None:
                yield from commands(f"{name} {sub}", child)


def cli_page() -> str:
    """The page of the command line."""
    parts = [
        "# The command line",
        "",
        "Exit status: 0 it held, 1 an error or a check that failed, 2 a wrong call. Made by `make docs`.",
        "",
    ]
    for sub in COMMANDS:
        command = group.get_command(click.Context(group), sub)  # type: ignore[attr-defined]
        for name, text in commands(f"staydown {sub}", command):
            parts += [f"## {name}", "", "```text", text, "```", ""]
    return "\n".join(parts)


def laws_sentences() -> str:
    """What reporters read of the laws, as a template, so that it is collected for the translators like any page."""
    found: dict[str, None] = {}
    for regime in load_all():
        if ASKED & set(regime.reporter_roles):
            for element in regime.elements:
                explained = element.kind in (Kind.TEXT, Kind.SIGNATURE)
                found |= dict.fromkeys([element.ask, element.about] if explained else [element.ask])
            found |= dict.fromkeys(ground.text for ground in regime.grounds)
    lines = ["{% comment %}Made by `make docs` from the files of the laws.{% endcomment %}{% load i18n %}"]
    return "\n".join([*lines, *(f'{{% translate "{each}" %}}' for each in found), ""])


PAGES = {"errors.md": errors_page, "cli.md": cli_page}

if __name__ == "__main__":
    for file, page in PAGES.items():
        (REFERENCE / file).write_text(page())
        print(f"written: docs/reference/{file}")
    LAWS.write_text(laws_sentences())
    print("written: src/staydown/locale/laws.txt")
