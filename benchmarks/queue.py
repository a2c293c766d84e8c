"""How long a page of the console's queue takes with 100,000 open cases: `python -m benchmarks.queue`.

On SQLite in a passing folder; with STAYDOWN_TEST_DATABASE=postgres on a PostgreSQL that is started for it. The target
is 200 ms for a page, rendered whole.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
from collections.abc import Iterator
from datetime import timedelta

CASES = 100_000
TARGET = 200  # milliseconds
PAGES = {
    "first page": "",
    "page 2,000": "?page=2000",
    "one law": "?law=uk-osa-10-3A",
    "one law, page 1,000": "?law=uk-osa-10-3A&page=1000",
    "overdue": "?only=overdue",
    "mine": "?only=mine",
    "nobody's": "?only=free",
}


def fill(count: int) -> None:
    """Open cases of two laws, a link in each, due at all times of two days, some of them too late."""
    from django.utils import timezone

    from staydown.apps.cases import regimes
    from staydown.apps.cases.models import Case, Clock, Item, Report

    now = timezone.now()
    pins = regimes.pin(regimes.in_force(now), now)
    for at in range(0, count, 2_000):
        numbers = range(at, min(at + 2_000, count))
        due = [now + timedelta(seconds=(n * 7919) % 172_800 - 3_600) for n in numbers]
        cases = Case.objects.bulk_create(
            Case(number=f"Q{n:07}", opened_at=now, due_at=when, regimes=pins)
            for n, when in zip(numbers, due, strict=True)
        )
        reports = Report.objects.bulk_create(
            Report(case=case, role="subject", lookup_id=case.public_id.bytes * 2, received_at=now) for case in cases
        )
        pairs = list(zip(cases, reports, strict=True))
        Item.objects.bulk_create(
            Item(case=case, report=report, kind="link", url="https://platform.test/1", added_at=now)
            for case, report in pairs
        )
        Clock.objects.bulk_create(
            Clock(case=case, report=report, regime_id=law, clock_id="remove", starts_at=now - timedelta(days=3),
                  due_at=case.due_at)
            for case, report in pairs
            for law in ("uk-osa-10-3A", "us-tida-3")
        )  # fmt: skip


def measured() -> Iterator[dict[str, object]]:
    """One row a page: the median of a few loads, in milliseconds."""
    from django.test import Client

    from staydown.apps.accounts.models import Role, Staff

    person = Staff.objects.create_user(username="bench", password="", role=Role.MODERATOR, pseudonym="bench")
    client = Client()
    client.force_login(person)
    for name, query in PAGES.items():
        took = []
        for _ in range(5):
            began = time.perf_counter()
            answer = client.get(f"/staff/{query}")
            took.append((time.perf_counter() - began) * 1000)
            assert answer.status_code == 200, (name, answer.status_code)
        middle = statistics.median(took)
        yield {"work": f"queue, {name}", "cases": CASES, "ms": round(middle, 1), "holds": middle < TARGET}


def main() -> None:
    """Fill, measure, print."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    import django
    import pytest  # noqa: F401 - the test settings start PostgreSQL only under it

    django.setup()
    from django.test.utils import setup_databases, setup_test_environment, teardown_databases

    setup_test_environment()
    old = setup_databases(verbosity=0, interactive=False)
    try:
        fill(int(sys.argv[1]) if len(sys.argv) > 1 else CASES)
        for row in measured():
            print(json.dumps(row), flush=True)
    finally:
        teardown_databases(old, verbosity=0)


if __name__ == "__main__":
    main()
