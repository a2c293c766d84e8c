"""`staydown doctor`: what is missing or unsafe in an install."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from staydown.cli.serve import INSTALL
from staydown.errors import StaydownError

if TYPE_CHECKING:
    from staydown.project.doctor.finding import Finding

MARKS = {"ok": ("ok  ", "green"), "warn": ("warn", "yellow"), "fail": ("FAIL", "red")}


@click.command()
@INSTALL
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def command(data: Path, as_json: bool) -> None:
    """Say in plain words what is missing or unsafe in an install. Exit status 1 when anything fails."""
    found, keys = visit(data)
    if as_json:
        click.echo(json.dumps({"findings": [asdict(each) for each in found], "verifier_keys": keys}, indent=2))
    else:
        show(found, keys)
    sys.exit(1 if any(each.level == "fail" for each in found) else 0)


def visit(data: Path) -> tuple[list[Finding], dict[str, str]]:
    """The findings, and the public keys of the install."""
    from staydown.project import django
    from staydown.project.doctor.finding import Level, fail

    try:
        django.setup(data)
    except StaydownError as error:
        return [fail(error.code, error.message, "Correct the setting and ask the doctor again.")], {}
    from staydown.project.doctor import visit as whole

    found = list(whole.findings())
    broken = {each.code for each in found if each.level is Level.FAIL}
    return found, {} if broken & {"no_install", "keyring_missing", "keyring", "bad_keyring"} else whole.verifier_keys()


def show(found: list[Finding], keys: dict[str, str]) -> None:
    """Print the findings, the worst last, where it is read first."""
    for finding in sorted(found, key=lambda each: list(MARKS).index(each.level)):
        mark, colour = MARKS[finding.level]
        click.echo(f"{click.style(mark, fg=colour)}  {finding.says}")
        if finding.do:
            click.echo(f"      {finding.do}")
    for name, key in keys.items():
        click.echo(f"Verifier key of the {name}: {key}")
    counts = {level: sum(1 for each in found if each.level == level) for level in MARKS}
    click.echo(f"{counts['ok']} in order, {counts['warn']} to look at, {counts['fail']} unsafe or broken.")
