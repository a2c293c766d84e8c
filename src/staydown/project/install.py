"""Making an install: keys, database, first administrator, first bank, the node's key. Each exactly once.

Killed between any two steps, the next start goes on where this one ended: every step looks first whether it was done.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from staydown.apps.accounts import access
from staydown.apps.accounts import actions as accounts
from staydown.apps.accounts.models import ApiKey, Role, Staff
from staydown.apps.audit import actions as audit
from staydown.apps.audit import querysets as log
from staydown.apps.audit.actor import Actor
from staydown.apps.banks import actions as banks
from staydown.apps.banks import feed_key
from staydown.apps.banks.models import Bank
from staydown.apps.cases import regimes
from staydown.apps.vault import files, keyring
from staydown.core.sealing import Keyring
from staydown.errors import DeniedError, KeyringError, SettingError, StaydownError
from staydown.screening.settings import KeyFile

FIRST_BANK: Final = "house"
FIRST_ADMIN: Final = "admin"
INSTALL: Final = "install:this"
NODE: Final = "Screening in this process"
NODE_SCOPES: Final = ("feed:read", "hit:write", "key:list")
_ADVISORY: Final = 0x57A7D0  # PostgreSQL's lock for this, any fixed number


@dataclass(frozen=True, slots=True, repr=False)
class Installed:
    """What a start found or made. ``password`` is there only while nobody was told it."""

    username: str
    password: str | None


def ensure() -> Installed:
    """Make what is missing in the install that Django was set up for. One process at a time does this."""
    data = settings.STAYDOWN_DATA
    ensure_law()
    files.make_folder(data)
    reach()
    with files.lock(data / "install.lock"):
        ensure_keys()
        with _one_process():
            migrate()
            ensure_same_keyring()
            username, password = ensure_admin(data / "first-sign-in")
            ensure_bank()
            return Installed(username, password)


def ensure_law() -> None:
    """Raise `RegimeError` when a law that is named is not there, or a file of the operator's own is not valid.

    Better now than when the first person sends a report.
    """
    regimes.bound(timezone.now())


def ensure_node() -> KeyFile:
    """Make the key file of the node that runs beside the portal, unless it is there and good. Only `serve` has one."""
    data = settings.STAYDOWN_DATA
    with files.lock(data / "install.lock"):
        return ensure_node_key(data / "screening.toml")


def ensure_keys() -> None:
    """Make the keyring, unless there is one; raises `KeyringError` when a database in use has lost its own."""
    path = Path(settings.STAYDOWN_KEYRING_FILE)
    if path.exists():
        keyring.current()
        return
    if _has_tables() and Staff.objects.exists():
        raise KeyringError("The database is in use but its keyring is gone. Restore the keyring from its backup.")
    if not path.parent.is_dir():
        raise KeyringError("The folder of STAYDOWN_KEYRING_FILE is not there. Make it, for this user alone.")
    keyring.keep(Keyring.new(), path)


def ensure_same_keyring() -> None:
    """Write down which keyring this database is used with; raises `KeyringError` when it was another one."""
    require_same_keyring()
    if not log.history(INSTALL):
        with transaction.atomic():
            audit.record("install.made", by=Actor.system(), about=INSTALL, facts=_keyring_mark())


def require_same_keyring() -> None:
    """Raise `KeyringError` when this database was made with another keyring.

    With another one nothing that is sealed opens, no receipt code is known, and the log's signatures change.
    """
    made = log.history(INSTALL)
    if made and made[0].facts != _keyring_mark():
        raise KeyringError("This is not the keyring that the database is used with. Restore that one from its backup.")


def _keyring_mark() -> dict[str, str]:
    return {"keyring": keyring.current().secret("install")[:8].hex()}


def reach() -> None:
    """Raise `SettingError` when the database does not answer."""
    try:
        connection.ensure_connection()
    except DatabaseError:
        raise SettingError(
            "STAYDOWN_DATABASE names a database that does not answer. Check the path or the address, and its server."
        ) from None


def migrate() -> None:
    """Bring the tables up to this version."""
    if pending_migrations():
        call_command("migrate", interactive=False, verbosity=0)


def pending_migrations() -> int:
    """How many migrations the database has not seen."""
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def require_migrated() -> None:
    """Raise `SettingError` when the database is not of this version, or not there."""
    reach()
    if pending_migrations():
        raise SettingError("The database is not of this version. Start `staydown web` or `staydown serve` first.")


def ensure_admin(note: Path) -> tuple[str, str | None]:
    """The first administrator's name, and the password as long as nobody was told it.

    It is random, and kept in the file ``note`` from before the account is made until `told` removes it, so that a
    process killed in between does not leave an account that nobody can use.
    """
    if not Staff.objects.exists():
        password = accounts.new_password()
        files.write(note, password + "\n")
        accounts.create_staff(
            FIRST_ADMIN, password=password, role=Role.ADMIN, pseudonym="Administrator", by=Actor.system()
        )
        return FIRST_ADMIN, password
    if not note.exists():
        return FIRST_ADMIN, None
    password = note.read_text("utf-8").strip()
    first = Staff.objects.filter(username=FIRST_ADMIN).first()
    if first is None or not first.check_password(password):  # changed since: the note is worth nothing
        told()
        return FIRST_ADMIN, None
    return FIRST_ADMIN, password


def told() -> None:
    """The first password was shown: forget it."""
    (settings.STAYDOWN_DATA / "first-sign-in").unlink(missing_ok=True)
    files.sync_folder(settings.STAYDOWN_DATA)


def ensure_bank() -> None:
    """Open the first bank, unless there is one."""
    if not Bank.objects.exists():
        banks.open_bank(FIRST_BANK, by=Actor.system())


def ensure_node_key(path: Path) -> KeyFile:
    """The key file of the node that runs beside the portal; made anew when it is missing or its key is revoked."""
    try:
        found = KeyFile.read(path)
        key = access.key_for(found.key)
    except (StaydownError, DeniedError):
        return _new_node_key(path)
    if found.verifier != str(feed_key.verifier()) or not all(key.may(scope) for scope in NODE_SCOPES):
        return _new_node_key(path)
    return found


def _new_node_key(path: Path) -> KeyFile:
    with transaction.atomic():
        for old in ApiKey.objects.live().filter(name=NODE):
            accounts.revoke_key(old, by=Actor.system())
        _, text = accounts.create_key(NODE, NODE_SCOPES, by=Actor.system())
        made = KeyFile(text, str(feed_key.verifier()))
        files.write(path, made.text())  # before the commit: a file without a row is mended at the next start
    return made


def _has_tables() -> bool:
    return Staff._meta.db_table in connection.introspection.table_names()


@contextmanager
def _one_process() -> Iterator[None]:
    """Wait until no other machine makes the same install. SQLite has one machine, and the file's lock."""
    if connection.vendor != "postgresql":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [_ADVISORY])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_ADVISORY])
