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
    from django.db import transaction
    from django.test.utils import setup_databases, setup_test_environment, teardown_databases

    setup_test_environment()
    old = setup_databases(verbosity=0, interactive=False)
    try:
        from tests.crowd import fill

        with transaction.atomic():
            fill(int(sys.argv[1]) if len(sys.argv) > 1 else CASES)
        for row in measured():
            print(json.dumps(row), flush=True)
    finally:
        teardown_databases(old, verbosity=0)


if __name__ == "__main__":
    main()
