"""Many writers at once: the order of lines is the order of commits.

Threads cannot share SQLite's database in memory; tests/project tries writers on SQLite with processes.
"""

from __future__ import annotations

import threading

import pytest
from django.db import connection, transaction

from staydown.apps.audit import actions
from staydown.apps.audit.models import Line

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


def test_writers_wait_for_each_other_and_no_line_is_lost(system):
    failed: list[Exception] = []
    first_holds, second_may = threading.Event(), threading.Event()

    def write(number: int) -> None:
        try:
            for turn in range(10):
                with transaction.atomic():
                    actions.record("case.seen", by=system, about=f"case:{number}", facts={"turn": turn})
        except Exception as error:  # noqa: BLE001 - shown by the assertion below
            failed.append(error)
        finally:
            connection.close()

    def hold() -> None:
        with transaction.atomic():
            assert actions.record("held", by=system, about="case:0").seq == 1
            first_holds.set()
            second_may.wait(10)
        connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    assert first_holds.wait(10)
    writers = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    for writer in writers:
        writer.start()
    assert Line.objects.count() == 0  # the first line is not committed, and no other may come before it
    second_may.set()
    for thread in (holder, *writers):
        thread.join(30)
    assert failed == []
    assert actions.verify().size == 61
    assert Line.objects.order_by("seq").first().verb == "held"
