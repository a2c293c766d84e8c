"""The records: tables, sealed values, the log, people, deliveries, law."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

import httpx
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db import DatabaseError, connection
from django_tasks_db.models import DBTaskResult

from staydown.apps.accounts.models import Role, Staff
from staydown.apps.audit import actions as audit
from staydown.apps.audit import querysets as log
from staydown.apps.cases import regimes
from staydown.apps.cases.access import DECIDERS
from staydown.apps.sharing.models import Delivery, Endpoint
from staydown.apps.vault import actions as vault
from staydown.apps.vault import keyring
from staydown.errors import KeyringError, ProofError, RegimeError, SealError
from staydown.project import install
from staydown.project.doctor.finding import Finding, fail, ok, warn

WAITS_TOO_LONG: Final = timedelta(minutes=2)
AHEAD: Final = timedelta(minutes=2)


def tables() -> Iterator[Finding]:
    """Whether the database answers, is whole and is of this version. The other looks at records need all of it."""
    try:
        whole = _is_whole()
        pending = install.pending_migrations() if whole else 0
    except DatabaseError as error:
        if _says_damaged(error):
            whole = False
        else:
            yield fail("database", "The database does not answer.", "Check STAYDOWN_DATABASE and that its server runs.")
            return
    if not whole:
        yield fail(
            "database_damaged",
            "The database file is damaged, or is no database.",
            "Stop staydown, keep the file, and restore the newest backup: docs/how-to/keep-it-running.md says how.",
        )
        return
    if pending:
        yield fail(
            "migrations",
            f"The database lacks {pending} changes of this version.",
            "Back it up, then start `staydown serve` or `staydown web`, which make them.",
        )
    else:
        yield ok("migrations", "The database is of this version.")
    if connection.vendor == "sqlite":
        yield from _sqlite()


def _sqlite() -> Iterator[Finding]:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA journal_mode")
        mode = cursor.fetchone()[0]
    if mode != "wal":
        yield warn(
            "database_wal",
            "The database cannot use its write-ahead log here, so readers wait for writers.",
            "Put the data folder on a local disk, not on a network share.",
        )


def _is_whole() -> bool:
    """Whether SQLite can read its file through. PostgreSQL looks after its own."""
    if connection.vendor != "sqlite":
        return True
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA quick_check(1)")
        return bool(cursor.fetchone()[0] == "ok")


def _says_damaged(error: DatabaseError) -> bool:
    """Whether SQLite could not make sense of its file; a locked or an unreadable one is no such thing."""
    code = getattr(error.__cause__, "sqlite_errorcode", 0)
    return code & 0xFF in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}  # above it stands which kind of it


def sealed_values() -> Iterator[Finding]:
    """Whether the keyring opens what is sealed, and whether a rotation was broken off."""
    try:
        install.require_same_keyring()
        stale = vault.stale(keyring.current())
        missing = vault.unopenable(keyring.current())
    except (KeyringError, SealError) as error:
        yield fail("keyring", error.message, "Restore the keyring from its backup.")
        return
    if missing:
        yield fail(
            "keyring_lacks_key",
            f"{missing} sealed values cannot be opened: their key is not in the keyring.",
            "Restore the keyring that this database was used with.",
        )
    elif stale:
        yield warn(
            "rotation_unfinished",
            f"{stale} values are sealed with an older key: a rotation was broken off.",
            "Run `staydown keys rotate` to finish it.",
        )
    else:
        yield ok("keyring", "The keyring opens everything that is sealed.")


def audit_log(now: datetime) -> Iterator[Finding]:
    """Whether the log still is what was written."""
    try:
        report = audit.verify()
    except (ProofError, KeyringError) as error:
        yield fail("audit", f"The audit log does not verify. {error.message}", _unverified())
        return
    yield ok("audit", f"The audit log verifies: {report.size} lines, {report.erased} of them erased.")
    newest = log.recent(1)
    if newest and newest[0].at > now + AHEAD:
        yield fail(
            "clock_went_back",
            "The newest line of the audit log is in the future: the clock of this machine was set back.",
            "Set the clock, and let NTP keep it: deadlines are computed from it.",
        )


def _unverified() -> str:
    """What to do about a log that does not verify."""
    try:
        install.require_same_keyring()
    except KeyringError:
        return "Restore the keyring first: with another one no log verifies."
    return "Keep a copy of it, and find out who did."


def people() -> Iterator[Finding]:
    """Whether someone can administer this, and whether a stolen password is enough to get in."""
    active = Staff.objects.filter(is_active=True)
    if not active.filter(role=Role.ADMIN).exists():
        yield fail(
            "no_admin",
            "Nobody can administer this install.",
            "Start `staydown serve` on it, which makes an administrator.",
        )
    yield from _work_without_people(Counter(active.values_list("role", flat=True)))
    factors = Authenticator.objects.filter(type__in=[Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN])
    bare = active.exclude(pk__in=factors.values("user_id")).count()
    if bare:
        yield warn(
            "no_second_factor",
            f"{bare} of {active.count()} members of staff sign in with a password alone.",
            "Ask them to add a second factor or a passkey in the console.",
        )
    elif active.exists():
        yield ok("no_second_factor", "All staff sign in with a second factor or a passkey.")


def _work_without_people(count: Counter[str]) -> Iterator[Finding]:
    """What waits for a role that nobody has, or for a second person of it. ``count``: how many have each role."""
    add = "Add somebody in the console under Team."
    deciding = sum(count[role] for role in DECIDERS)
    if not deciding:
        yield warn("nobody_decides", "Nobody here can decide about a report: there is no moderator and no lead.", add)
    elif settings.STAYDOWN_TWO_PEOPLE and not count[Role.LEAD]:
        yield warn("no_lead", "Nobody approves what STAYDOWN_TWO_PEOPLE has two people do: there is no lead.", add)
    if deciding == 1:
        yield warn(
            "one_decides",
            "One person alone decides here: nobody may answer an appeal against that, or approve what they propose.",
            "Add another moderator or lead in the console under Team; three are better.",
        )
    if not count[Role.PROTECTION]:
        yield warn("no_protection", "Cases of people under 18 would wait unseen: nobody has that role.", add)
    elif count[Role.PROTECTION] == 1:
        yield warn(
            "one_protects",
            "A case that was locked by mistake cannot be given back: that takes two people of child protection.",
            "Give somebody else that role, or add somebody, in the console under Team.",
        )


def deliveries(now: datetime) -> Iterator[Finding]:
    """Whether the platform hears of decisions."""
    dead = Delivery.objects.dead().count()
    if dead:
        yield fail(
            "webhooks_dead",
            f"{dead} webhooks were given up: the platform may not know of decisions that its clock runs for.",
            "Look at them in the console under webhooks, mend the endpoint, and send them again.",
        )
    off = Endpoint.objects.filter(enabled=False, removed_at__isnull=True).count()
    if off:
        yield warn("webhooks_off", f"{off} webhook endpoints are off.", "Enable or remove them in the console.")
    if not Endpoint.objects.filter(enabled=True).exists():
        yield warn(
            "webhooks_none",
            "No platform is told of decisions.",
            "Add a webhook endpoint in the console, or have the platform ask the API.",
        )
    elif not dead and not off:
        yield ok("webhooks_dead", "Webhooks are delivered.")
    waiting = DBTaskResult.objects.ready().filter(enqueued_at__lt=now - WAITS_TOO_LONG).count()
    if waiting:
        yield fail(
            "no_worker", f"{waiting} tasks have been waiting for minutes: no worker runs.", "Start `staydown worker`."
        )


def law(now: datetime) -> Iterator[Finding]:
    """Whether the law that cases are held against is known and was looked at lately."""
    try:
        bound = regimes.bound(now)
    except RegimeError as error:
        yield fail("regimes", error.message, "Correct STAYDOWN_REGIMES or STAYDOWN_REGIMES_DIR, or the file.")
        return
    if not bound:
        yield fail(
            "regimes", "No law is in force for this install.", "Name the laws that bind you in STAYDOWN_REGIMES."
        )
        return
    yield ok("regimes", f"Cases are held against: {', '.join(each.id for each in bound)}.")
    early = [each.id for each in bound if not each.in_force(now.date())]
    if early:
        yield warn(
            "regimes_not_in_force",
            f"These laws are on because they are named, and are not known to be in force: {', '.join(early)}.",
            "Take them out of STAYDOWN_REGIMES, or have a lawyer look whether they bind you.",
        )
    late = [each.id for each in bound if each.overdue(now.date())]
    if late:
        yield warn(
            "regimes_late",
            f"These texts of law are past their review date: {', '.join(late)}.",
            "Update staydown, or have a lawyer look whether they still hold.",
        )


def screening() -> Iterator[Finding]:
    """Whether the node beside the portal answers and keeps up with the feed."""
    note = settings.STAYDOWN_DATA / "address"
    origin = note.read_text("utf-8").strip() if note.exists() else settings.STAYDOWN_ORIGIN
    try:
        answer = httpx.get(f"{origin}/readyz", timeout=3, trust_env=False, follow_redirects=False)
    except (httpx.HTTPError, httpx.InvalidURL):
        yield warn("not_running", "Nothing answers at the address of this install.", "Start `staydown serve`.")
        return
    if answer.status_code == 200:
        yield ok("screening", "The server answers, and screening keeps up with the feed.")
    else:
        yield fail(
            "screening_behind",
            f"The server answers that it is not ready (status {answer.status_code}).",
            "Ask it at /readyz for the reason, and look into its log.",
        )
