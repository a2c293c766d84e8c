"""The database's own refusal to change the log, for whoever comes with SQL instead of our actions.

A database administrator can still take the triggers off. What they then do is found by `actions.verify`, for they
cannot sign a checkpoint: the signing key is outside the database.
"""

from __future__ import annotations

from typing import Final

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

LINE: Final = "staydown_audit_line"
WHOLE: Final = ("staydown_audit_mention", "staydown_audit_checkpoint")
KEPT: Final = (
    "id", "seq", "at", "verb", "actor_kind", "actor_id", "actor_label", "about", "also", "leaf", "root",
)  # fmt: skip
SAYS: Final = "the audit log only grows"


def lay(connection: BaseDatabaseWrapper) -> list[str]:
    """The statements that put the guards on."""
    return _on_postgresql() if connection.vendor == "postgresql" else _on_sqlite()


def lift(connection: BaseDatabaseWrapper) -> list[str]:
    """The statements that take the guards off: for migrations and for emptying a test database."""
    tables = [f"{table}_{event}" for table in (LINE, *WHOLE) for event in ("delete", "update")]
    if connection.vendor == "postgresql":
        return [f"DROP TRIGGER IF EXISTS {name}_guard ON {name.rpartition('_')[0]}" for name in tables] + [
            f"DROP TRIGGER IF EXISTS {table}_truncate_guard ON {table}" for table in (LINE, *WHOLE)
        ]
    return [f"DROP TRIGGER IF EXISTS {name}_guard" for name in tables]


def on(apps: object, editor: BaseDatabaseSchemaEditor) -> None:
    """Put the guards on, as a step of a migration."""
    for statement in lay(editor.connection):
        editor.execute(statement, params=None)


def off(apps: object, editor: BaseDatabaseSchemaEditor) -> None:
    """Take the guards off, as a step of a migration."""
    for statement in lift(editor.connection):
        editor.execute(statement, params=None)


def _on_sqlite() -> list[str]:
    changed = " OR ".join(f"NEW.{column} IS NOT OLD.{column}" for column in KEPT)
    changed += " OR NEW.facts IS NOT NULL OR NEW.row_key IS NOT NULL"
    refuse = f"BEGIN SELECT RAISE(ABORT, '{SAYS}'); END"
    return [
        f"CREATE TRIGGER {LINE}_update_guard BEFORE UPDATE ON {LINE} WHEN {changed} {refuse}",
        f"CREATE TRIGGER {LINE}_delete_guard BEFORE DELETE ON {LINE} {refuse}",
        *(f"CREATE TRIGGER {table}_update_guard BEFORE UPDATE ON {table} {refuse}" for table in WHOLE),
        *(f"CREATE TRIGGER {table}_delete_guard BEFORE DELETE ON {table} {refuse}" for table in WHOLE),
    ]


def _on_postgresql() -> list[str]:
    kept = f"({', '.join('NEW.' + column for column in KEPT)})"
    old = f"({', '.join('OLD.' + column for column in KEPT)})"
    changed = f"{kept} IS DISTINCT FROM {old} OR NEW.facts IS NOT NULL OR NEW.row_key IS NOT NULL"
    call = "EXECUTE FUNCTION staydown_audit_refuse()"
    tables = (LINE, *WHOLE)
    refuse = f"$$ BEGIN RAISE EXCEPTION '{SAYS}'; END $$"
    return [
        f"CREATE OR REPLACE FUNCTION staydown_audit_refuse() RETURNS trigger LANGUAGE plpgsql AS {refuse}",
        f"CREATE TRIGGER {LINE}_update_guard BEFORE UPDATE ON {LINE} FOR EACH ROW WHEN ({changed}) {call}",
        *(f"CREATE TRIGGER {table}_update_guard BEFORE UPDATE ON {table} FOR EACH ROW {call}" for table in WHOLE),
        *(f"CREATE TRIGGER {table}_delete_guard BEFORE DELETE ON {table} FOR EACH ROW {call}" for table in tables),
        *(f"CREATE TRIGGER {table}_truncate_guard BEFORE TRUNCATE ON {table} {call}" for table in tables),
    ]
