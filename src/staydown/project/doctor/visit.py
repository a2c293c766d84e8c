"""A whole visit: everything that is looked at, in order."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from staydown.apps.audit import actions as audit
from staydown.apps.banks import feed_key
from staydown.errors import StaydownError
from staydown.project import django
from staydown.project.doctor import followed, machine, records
from staydown.project.doctor.finding import Finding, Level, fail


def findings() -> Iterator[Finding]:
    """Every finding of the install that Django was set up for, the most basic first."""
    now = timezone.now()
    if not (settings.STAYDOWN_DATA.is_dir() and django.install_exists()):  # the keys lie in it, wherever the rows do
        yield no_install(settings.STAYDOWN_DATA)
        return
    looks: list[Callable[[], Iterator[Finding]]] = [
        machine.private_files,
        machine.keyring_apart,
        lambda: machine.configuration(os.environ),
        machine.disk,
        lambda: machine.clock(now),
        machine.decoders,
        lambda: records.law(now),
        records.screening,
    ]
    for look in looks:
        yield from _guarded(look)
    broken = False
    for finding in _guarded(records.tables):
        broken = broken or finding.level is Level.FAIL
        yield finding
    if not broken:
        for look in (
            records.sealed_values,
            lambda: records.audit_log(now),
            records.people,
            lambda: records.deliveries(now),
            lambda: followed.sources(now),
        ):
            yield from _guarded(look)


def verifier_keys() -> dict[str, str]:
    """What others verify our feed and our log with. Public."""
    return {"feed": str(feed_key.verifier()), "audit": str(audit.verifier())}


def no_install(data: Path) -> Finding:
    """There is nothing to look at."""
    return fail("no_install", f"There is no install in {data}.", django.NAME_OR_MAKE_ONE)


def _guarded(look: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """The findings of one look. One that cannot look is a finding too, and keeps none of the others from looking."""
    try:
        yield from look()
    except StaydownError as error:
        yield fail(error.code, error.message, "Mend this first, then ask the doctor again.")
    except Exception as error:  # noqa: BLE001 - whatever stands in the way is what the operator must hear
        yield fail(
            "look_failed", f"One look was not possible ({type(error).__name__}).", "Look at permissions and log."
        )
