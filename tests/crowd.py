"""A hundred thousand open cases within seconds: one real case, copied by the database itself."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import connection, models

from tests.factories import submitted

SPAN = 172_800  # seconds over which the deadlines are spread, an hour of them already over


def fill(count: int) -> None:
    """Have ``count`` open cases more with a link in each, due at all times of two days: what the queue reads of a case.

    The links are sealed for the case that they were copied from, so they do not open.
    """
    one = submitted(pictures=()).case
    digits = "CAST(1000000 + n AS TEXT)"
    number = f"'Q' || substr({digits}, 1, 3) || '-' || substr({digits}, 4, 4)"
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":  # the copies refer to copies: no need to look each of them up
            cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(_copies(one, count, {"number": number, "due_at": _moment()}))
        cursor.execute(_copies(one.items.get(), count, {"case_id": _shifted(one)}))
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL session_replication_role = DEFAULT")
        cursor.execute("ANALYZE")


def _copies(row: models.Model, count: int, changed: Mapping[str, str]) -> str:
    """The statement that copies a row ``count`` times; ``n`` counts them from 1."""
    table = row._meta.db_table
    new = {"id": _shifted(row), "public_id": _uuid(), **changed}
    columns = [field.column for field in row._meta.local_concrete_fields]
    values = ", ".join(new.get(each, f"one.{each}") for each in columns)
    return (
        f"INSERT INTO {table} ({', '.join(columns)}) "
        f"WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {count}) "
        f"SELECT {values} FROM numbers CROSS JOIN {table} AS one WHERE one.id = {row.pk}"
    )


def _shifted(row: models.Model) -> str:
    """The id of the n-th copy of a row: those of two rows do not meet."""
    return f"{row.pk} + 1000 * n"


def _moment() -> str:
    """A moment within the span, another for each n."""
    seconds = f"((n * 7919) % {SPAN} - 3600)"
    if connection.vendor == "sqlite":
        return f"strftime('%Y-%m-%d %H:%M:%S', 'now', {seconds} || ' seconds')"
    return f"now() + {seconds} * interval '1 second'"


def _uuid() -> str:
    return "lower(hex(randomblob(16)))" if connection.vendor == "sqlite" else "gen_random_uuid()"
